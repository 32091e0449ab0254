"""`observatoire fetch` as a user meets it: sentences, exit codes, JSON, progress."""

import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from pipelines.cli.application import run

from .conftest import TABLE
from .serveur import Serveur, resumable, status, whole

# Several buffers long: its progress has something to say.
GRAND = TABLE * 12
VITE = ["--essais", "1", "--delai", "5"]


def entry(nom: str, url: str, **champs: Any) -> dict[str, Any]:
    return {
        "produit": nom,
        "source": "ops",
        "titre": f"Essai {nom}",
        "producteur": "Essai",
        "licence": "Licence Ouverte 2.0",
        "citation": "Essai",
        "page": "https://exemple.invalid/page",
        "millesimes": {2022: {"url": url, "destination": f"ops/2022/{nom}.csv", **champs}},
    }


@pytest.fixture
def registre(serveur: Serveur, donnees: Path) -> Path:
    """A landing folder whose own registry has a good product and a bad one."""
    donnees.mkdir()
    bonne = serveur.plan("/bon", resumable(GRAND))
    mauvaise = serveur.plan("/mauvais", status(404))
    entrees = [entry("bon", bonne), entry("mauvais", mauvaise)]
    (donnees / "telechargements.yml").write_text(yaml.safe_dump(entrees), encoding="utf-8")
    return donnees


def fetch(donnees: Path, *arguments: str) -> int:
    return run(["fetch", "--donnees", str(donnees), *VITE, *arguments])


def test_success_is_code_0_and_says_what_came(registre: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert fetch(registre, "--source", "bon") == 0
    captured = capsys.readouterr()
    assert "bon 2022 : ops/2022/bon.csv, " in captured.out
    assert "bon 2022…" in captured.err
    assert "\n  bon 2022 : " in captured.err
    assert f" sur {len(GRAND) / 1000:.1f} ko".replace(".", ",") in captured.err
    assert fetch(registre, "--source", "bon") == 0
    assert "déjà là" in capsys.readouterr().out


def test_a_failure_is_code_1_one_sentence_and_the_rest_is_done(
    registre: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert fetch(registre, "--source", "mauvais,bon") == 1
    captured = capsys.readouterr()
    assert (registre / "ops/2022/bon.csv").read_bytes() == GRAND
    (phrase,) = [ligne for ligne in captured.err.splitlines() if ligne.startswith("mauvais 2022 (")]
    assert "ops/2022/mauvais.csv" in phrase
    assert "n'existe pas ou plus (code 404)" in phrase
    assert "https://exemple.invalid/page" in phrase
    assert "Traceback" not in captured.err


def test_json_says_the_same_to_a_program(registre: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert fetch(registre, "--source", "mauvais", "--source", "bon", "--json") == 1
    produits = {p["produit"]: p for p in json.loads(capsys.readouterr().out)["produits"]}
    assert (produits["bon"]["etat"], produits["bon"]["octets"]) == ("telecharge", len(GRAND))
    assert produits["bon"]["fichiers"] == ["ops/2022/bon.csv"]
    assert produits["mauvais"]["etat"] == "echec"


def test_restricted_sources_say_where_to_ask_and_where_to_put(
    donnees: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert fetch(donnees, "--source", "sne_demandes_attributions,rpls_loi,ops_occupation") == 0
    said = capsys.readouterr().out
    for word in (
        "À demander : ",
        "DREAL",
        "sne/<année>/attributions*.csv",
        "rpls/<année>/",
        "ops/<année>/*.csv",
    ):
        assert word in said


def test_the_list_downloads_nothing(
    registre: Path, serveur: Serveur, capsys: pytest.CaptureFixture[str]
) -> None:
    assert fetch(registre, "--liste") == 0
    said = capsys.readouterr().out
    for word in (
        "filosofi_iris",
        "rpls_detail",
        "sur demande",
        "non confirmée",
        "Essai bon",
        "à télécharger",
    ):
        assert word in said
    assert serveur.recues == []


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--source", "toto"], "Rien ne correspond à « toto »"),
        (["--millesime", "1999"], "Ce qui existe"),
        (["--source", "bon", "--millesime", "2021"], "Rien pour bon au millésime 2021"),
        (["--millesime", "hier"], "--millesime attend des années"),
        (["--millesime", "20222"], "--millesime attend des années"),
        (["--essais", "0"], "--essais"),
        (["--delai", "vite"], "--delai"),
    ],
)
def test_bad_usage_is_one_sentence_and_code_2(
    arguments: list[str], said: str, registre: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["fetch", "--donnees", str(registre), *arguments]) == 2
    captured = capsys.readouterr()
    assert said in captured.err
    assert captured.out == ""
    assert not (registre / "telechargements.lock.json").exists()


def test_a_file_is_not_a_landing_folder(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "f").write_text("x", encoding="utf-8")
    assert fetch(tmp_path / "f") == 2
    assert "n'est pas un dossier" in capsys.readouterr().err


def test_a_wrong_registry_is_code_1(registre: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (registre / "telechargements.yml").write_text("produit: [", encoding="utf-8")
    assert fetch(registre) == 1
    assert "YAML illisible" in capsys.readouterr().err


def test_an_interruption_says_that_it_will_resume(
    registre: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("pipelines.telechargement.fetch", interrupted)
    assert fetch(registre, "--source", "bon") == 130
    assert "reprendra" in capsys.readouterr().err


def test_without_a_length_progress_is_said_in_bytes(
    serveur: Serveur, donnees: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("pipelines.cli.affichage._BYTES_STEP", 10_000)

    def unknown(r: Any) -> None:
        r.send_response(200)
        r.send_header("Content-Type", "text/csv")
        r.send_header("Connection", "close")
        r.end_headers()
        r.wfile.write(TABLE)

    donnees.mkdir()
    entrees = [entry("long", serveur.plan("/long", unknown))]
    (donnees / "telechargements.yml").write_text(yaml.safe_dump(entrees), encoding="utf-8")
    assert fetch(donnees, "--source", "long") == 0
    assert "  long 2022 : " in capsys.readouterr().err


def test_a_moving_line_on_a_terminal(
    serveur: Serveur, donnees: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("FORCE_COLOR", "1")
    donnees.mkdir()
    entrees = [entry("a", serveur.plan("/a", whole(TABLE))), entry("b", serveur.plan("/b", status(404)))]
    (donnees / "telechargements.yml").write_text(yaml.safe_dump(entrees), encoding="utf-8")
    assert fetch(donnees, "--source", "a,b") == 1
    shown = capsys.readouterr().err
    assert "✓" in shown
    assert "b 2022 : échec" in shown
