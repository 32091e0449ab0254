"""`observatoire examiner` as a user meets it: what it says, its exit codes, without anything heavy."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from pipelines.cli.application import run
from tests.ingestion.exemples import ATTRIBUTION, DEMANDE, table


@pytest.fixture
def donnees(tmp_path: Path) -> Path:
    folder = tmp_path / "donnees" / "sne" / "2022"
    folder.mkdir(parents=True)
    bail = {"date_decision": "2022-02-01", "date_signature_bail": "2022-03-01", "date_entree": ""}
    (folder / "attributions.csv").write_text(table(ATTRIBUTION | bail), encoding="utf-8")
    (folder / "demandes.csv").write_text(table(DEMANDE), encoding="utf-8")
    return tmp_path / "donnees"


def test_what_can_be_read_is_code_0(donnees: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["examiner", "--donnees", str(donnees), "--epci", "247100589"]) == 0
    said = capsys.readouterr().out
    assert "lu      sne/2022/attributions.csv → sne_attributions" in said
    assert "Le Grand Chalon (247100589, grand-chalon.yml)" in said
    assert "oui        Demande au 31/12/2022 et tension" in said
    assert "non        Parc à la fin de 2022 (RPLS 2023)" in said
    assert "manque     seuil du premier quartile de 2022" in said
    assert "À déposer : referentiels/seuils_q1_2022.csv" in said
    assert "Tous les fichiers peuvent être lus." in said


def test_what_cannot_is_code_1(donnees: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (donnees / "sne" / "2022" / "autre.csv").write_text("a;b\n1;2\n", encoding="utf-8")
    assert run(["examiner", "--donnees", str(donnees)]) == 1
    said = capsys.readouterr().out
    assert "REFUSÉ  sne/2022/autre.csv : fichier non reconnu" in said
    assert "lu      sne/2022/attributions.csv" in said
    assert "1 fichier(s) ne peuvent pas être lus" in said


def test_a_first_mapping_is_proposed_for_what_is_not_recognised(
    donnees: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = donnees / "sne" / "2022"
    header = "N° unique de demande;Date du premier dépôt;Commune du premier choix;Teinte"
    (folder / "outil.csv").write_text(f"{header}\n071;2020-01-02;71076;mauve\n", encoding="utf-8")
    (folder / "autre.csv").write_text("a;b\n1;2\n", encoding="utf-8")
    assert run(["examiner", "--donnees", str(donnees), "--ebauche", str(folder / "outil.csv")]) == 0
    said = capsys.readouterr().out
    assert "sne/2022/outil.csv → correspondances/ebauche_outil.yml (sne_demandes)" in said
    assert "à trouver : statut" in said
    assert "mauve" not in said + (donnees / "correspondances" / "ebauche_outil.yml").read_text(
        encoding="utf-8"
    )
    (donnees / "correspondances" / "ebauche_outil.yml").unlink()
    assert run(["examiner", "--donnees", str(donnees), "--ebauche", "sne"]) == 1
    said = capsys.readouterr().out
    assert "SANS ÉBAUCHE  sne/2022/autre.csv" in said
    assert "inutile       sne/2022/demandes.csv : déjà lu" in said
    (donnees / "correspondances" / "ebauche_outil.yml").unlink()
    assert run(["examiner", "--donnees", str(donnees), "--ebauche", "absent.csv"]) == 2
    assert "ne répond à --ebauche" in capsys.readouterr().err


def test_json_holds_the_same(donnees: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["examiner", "--donnees", str(donnees), "--json"]) == 0
    seen = json.loads(capsys.readouterr().out)
    assert seen["lisible"] is True
    assert {f["produit"] for f in seen["fichiers"]} == {"sne_attributions", "sne_demandes"}
    (territory,) = seen["territoires"]
    (year,) = [a for a in territory["annees"] if a["annee"] == 2022]
    assert {c["possible"] for c in year["calculs"]} == {"oui", "non"}
    assert [r["fichier"] for r in year["a_trouver"]] == ["referentiels/seuils_q1_2022.csv"]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--donnees", "absent"], "« absent » n'existe pas"),
        (["--donnees", ".", "--epci", "12"], "SIREN à 9 chiffres"),
        ([], "Il manque --donnees"),
    ],
)
def test_bad_usage_is_code_2(arguments: list[str], said: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["examiner", *arguments]) == 2
    assert said in capsys.readouterr().err


def test_an_empty_folder_is_code_1(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["examiner", "--donnees", str(tmp_path)]) == 1
    assert "aucun fichier de données" in capsys.readouterr().err


def test_neither_the_orchestrator_nor_dbt_is_imported(donnees: Path) -> None:
    code = (
        f"import sys; from pipelines.cli.application import run; run(['examiner', '--donnees', {str(donnees)!r}]); "
        "sys.exit(', '.join({'dagster', 'dbt'} & set(sys.modules)) or 0)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
