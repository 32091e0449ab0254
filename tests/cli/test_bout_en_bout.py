"""The whole path by the command: files in, warehouse and reports out, proved, replaced or left as it was."""

import hashlib
import json
import shutil
import signal
import subprocess
import time
from pathlib import Path

import duckdb
import pytest

from pipelines.paths import LOCK_NAME, PUBLIC_MEMORY, WorkingFolder, edition_path
from tests.cli.conftest import COMMAND, Call, Publie, environment

EPCI, ANNEE = "247100589", "2021"
COLUMNS = {
    "VARCHAR": "epci_siren periode_type periode indicateur axe modalite modalite_libelle segment_type segment unite "
    "operateur statut source version_methode",
    "BIGINT": "numerateur denominateur inconnus manque",
    "DOUBLE": "valeur cible",
    "BOOLEAN": "atteint petit_effectif",
}


def read(entrepot: Path, query: str) -> list[tuple[object, ...]]:
    with duckdb.connect(str(entrepot), read_only=True) as con:
        return con.execute(query).fetchall()


def test_the_build_says_what_it_did(publie: Publie) -> None:
    said = publie.construction
    assert "Lecture de rpls…" in said.stderr
    assert "Publication" in said.stderr
    assert f"Entrepôt publié : {publie.entrepot} (version 1)" in said.stdout
    assert "Running with dbt" not in said.stdout + said.stderr
    assert "\x1b" not in said.stdout + said.stderr


def test_indicators_have_the_columns_of_the_contract(publie: Publie) -> None:
    found = read(
        publie.entrepot,
        "select column_name, data_type from duckdb_columns() "
        "where schema_name = 'marts' and table_name = 'indicateurs' order by all",
    )
    assert found == sorted((name, kind) for kind, names in COLUMNS.items() for name in names.split())


def test_every_line_read_is_accounted_for(publie: Publie) -> None:
    lost = read(
        publie.entrepot,
        "select fichier, produit from meta.verrou "
        "where lignes_lues <> lignes_gardees + lignes_fusionnees + lignes_quarantaine + lignes_doublons",
    )
    assert lost == []
    ((refused,),) = read(publie.entrepot, "select sum(lignes_quarantaine) from meta.verrou")
    assert refused


def test_everything_published_is_described(publie: Publie) -> None:
    schemas = "schema_name in ('sources', 'entrepot', 'marts', 'diffusion', 'meta', 'quarantaine')"
    assert (
        read(publie.entrepot, f"select table_name from duckdb_tables() where {schemas} and comment is null")
        == []
    )
    assert (
        read(
            publie.entrepot,
            f"select table_name, column_name from duckdb_columns() where {schemas} and comment is null",
        )
        == []
    )


def test_no_person_is_in_the_warehouse(publie: Publie) -> None:
    names = read(
        publie.entrepot, "select distinct lower(column_name) from duckdb_columns() where not internal"
    )
    assert not {"numero_unique", "nom_demandeur", "prenom", "date_naissance", "nir"} & {
        str(n) for (n,) in names
    }


def test_lock_is_beside_the_data_and_in_the_warehouse(publie: Publie) -> None:
    lock = json.loads((publie.donnees / LOCK_NAME).read_text(encoding="utf-8"))
    stored = read(publie.entrepot, "select distinct fichier, sha256 from meta.verrou order by all")
    assert sorted({(f["fichier"], f["sha256"]) for f in lock["fichiers"]}) == stored


def test_nothing_is_left_of_the_build(publie: Publie) -> None:
    dossier = WorkingFolder(publie.entrepot)
    assert list(dossier.construction.iterdir()) == []
    assert sorted(p.suffix for p in dossier.executions.iterdir()) == [".json", ".md"]
    assert not publie.entrepot.with_name("cia.duckdb.wal").exists()


@pytest.mark.parametrize("indicateur", ["hors_qpv_q1", "qpv_q234", "prioritaires", "mutations"])
def test_a_figure_is_explained_by_its_rows(ici: Call, publie: Publie, indicateur: str) -> None:
    common = ("expliquer", "--entrepot", publie.entrepot, "--epci", "200059228", "--indicateur", indicateur)
    done = ici(*common, "--periode", "2023", "--toutes", "--json")
    assert done.returncode == 0, done.stderr
    said = json.loads(done.stdout)
    ((numerateur, denominateur, inconnus),) = read(
        publie.entrepot,
        "select numerateur, denominateur, inconnus from marts.indicateurs where epci_siren = '200059228' "
        f"and indicateur = '{indicateur}' and periode = '2023' and axe = 'epci' and segment = 'tous'",
    )
    roles = [set(ligne["role"].split(" et ")) for ligne in said["lignes"]]
    assert sum("numérateur" in role for role in roles) == numerateur
    assert sum("dénominateur" in role for role in roles) == denominateur
    assert sum("inconnu" in role for role in roles) == (inconnus or 0)
    # Leases of January may follow decisions that the year before's extraction holds.
    assert {f["fichier"] for f in said["fichiers"]} <= {f"sne/{a}/attributions.csv" for a in (2022, 2023)}
    # Objectives of other years are not this figure's.
    assert "2022-12-31" not in said["objectif"]


def test_each_edition_is_read_by_what_it_has(ici: Call, publie: Publie, tmp_path: Path) -> None:
    """The files beside the warehouse: which commands take them, what they refuse, what they give."""
    signataires, publique = (edition_path(publie.entrepot, nom) for nom in ("signataires", "publique"))
    common = ("--epci", EPCI, "--annee", ANNEE, "--sortie", tmp_path)
    pages = []
    for entrepot in (publie.entrepot, publique):
        done = ici("bilan", "--entrepot", entrepot, *common, "--edition", "publique")
        assert done.returncode == 0, done.stderr
        pages.append(Path(done.stdout.strip()).read_bytes())
    assert pages[0] == pages[1]
    refused = ici("bilan", "--entrepot", publique, *common)
    assert (refused.returncode, "est l'édition publique" in refused.stderr) == (1, True)
    assert ici("bilan", "--entrepot", signataires, *common).returncode == 0

    ((siren,),) = read(
        publie.entrepot,
        "select modalite from marts.indicateurs where axe = 'bailleur' and indicateur = 'baux' "
        f"and epci_siren = '{EPCI}' and periode = '{ANNEE}' and segment = 'tous' and modalite <> 'inconnu' "
        "order by numerateur desc, modalite limit 1",
    )
    done = ici("bilan", "--entrepot", signataires, "--bailleur", siren, *common[2:])
    assert done.returncode == 0, done.stderr
    assert f"bilan-{EPCI}-{ANNEE}-{siren}.html" in done.stdout
    assert ici("bilan", "--entrepot", signataires, "--bailleur", "123456789", *common[2:]).returncode == 2
    assert ici("bilan", "--entrepot", signataires, *common[2:]).returncode == 2

    asked = ("--epci", EPCI, "--indicateur", "hors_qpv_q1", "--periode", ANNEE)
    for entrepot, rows in ((publie.entrepot, True), (signataires, False), (publique, False)):
        done = ici("expliquer", "--entrepot", entrepot, *asked, "--json")
        assert done.returncode == 0, done.stderr
        assert bool(json.loads(done.stdout)["lignes"]) == rows
    for entrepot in (signataires, publique):
        folder = tmp_path / f"dictionnaire-{entrepot.stem}"
        done = ici("dictionnaire", "--entrepot", entrepot, "--sortie", folder)
        assert done.returncode == 0, done.stderr
        assert "fct_attribution" not in (folder / "dictionnaire.csv").read_text(encoding="utf-8-sig")
        done = ici("diff", publie.entrepot, entrepot, "--json")
        assert (done.returncode, json.loads(done.stdout)) == (0, {"changements": []}), done.stderr
    refused = ici("diff", signataires, publique)
    assert (refused.returncode, "ne se comparent pas" in refused.stderr) == (1, True)
    told = [
        ici("alertes", "--entrepot", e, "--date", "2024-02-29", "--json")
        for e in (publie.entrepot, signataires)
    ]
    assert told[0].stdout == told[1].stdout
    refused = ici("alertes", "--entrepot", publique)
    assert (refused.returncode, "l'édition signataires" in refused.stderr) == (1, True)
    done = ici("diffuser", "--entrepot", publie.entrepot, "--edition", "publique", "--sortie", tmp_path / "ouvert",
                 "--format", "csv")  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "ouvert" / "csv" / "diffusion.objectifs.csv").is_file()
    assert (
        ici("diffuser", "--entrepot", publique, "--edition", "signataires", "--sortie", tmp_path).returncode
        == 1
    )


def test_the_memory_of_the_public_edition_lies_beside_the_data(publie: Publie) -> None:
    assert (publie.donnees / PUBLIC_MEMORY).is_file()
    lock = json.loads((publie.donnees / LOCK_NAME).read_text(encoding="utf-8"))
    assert (
        lock["memoire_publique"] == hashlib.sha256((publie.donnees / PUBLIC_MEMORY).read_bytes()).hexdigest()
    )


def test_a_bilan_that_cannot_be_made_says_what_there_is(ici: Call, publie: Publie, tmp_path: Path) -> None:
    common = ("bilan", "--entrepot", publie.entrepot, "--sortie", tmp_path)
    unknown = ici(*common, "--epci", "123456789", "--annee", ANNEE)
    assert (unknown.returncode, EPCI in unknown.stderr) == (2, True)
    without = ici(*common, "--epci", EPCI, "--annee", "1999")
    assert (without.returncode, ANNEE in without.stderr) == (2, True)
    assert "Traceback" not in unknown.stderr + without.stderr


def test_refused_data_are_said_before_anything_is_read_and_change_nothing(
    ici: Call, copie: Publie, tmp_path: Path
) -> None:
    """A required column removed: one sentence naming file and column, the published bytes as they were."""
    donnees = tmp_path / "donnees"
    shutil.copytree(copie.donnees, donnees)
    path = next((donnees / "sne" / ANNEE).glob("attributions*.csv"))
    path.write_text(
        path.read_text(encoding="utf-8").replace("date_signature_bail", "autre_chose"), encoding="utf-8"
    )
    before = copie.entrepot.read_bytes()
    done = ici("build", "--donnees", donnees, "--entrepot", copie.entrepot)
    assert done.returncode == 1
    assert str(path.name) in done.stderr
    assert "date_signature_bail" in done.stderr
    assert "Traceback" not in done.stderr
    assert "Lecture de" not in done.stderr
    assert copie.entrepot.read_bytes() == before
    assert list(WorkingFolder(copie.entrepot).construction.iterdir()) == []


def test_an_unknown_epci_is_a_sentence(ici: Call, copie: Publie) -> None:
    done = ici("build", "--donnees", copie.donnees, "--entrepot", copie.entrepot, "--epci", "123456789")
    assert done.returncode == 2
    assert "EPCI inconnu : 123456789" in done.stderr
    assert EPCI in done.stderr


def test_an_empty_landing_folder_is_a_sentence(ici: Call, tmp_path: Path) -> None:
    (tmp_path / "vide").mkdir()
    done = ici("build", "--donnees", tmp_path / "vide", "--entrepot", tmp_path / "w.duckdb")
    assert done.returncode == 1
    assert "vide" in done.stderr
    assert "rpls/2022" in done.stderr
    assert "Traceback" not in done.stderr
    assert not (tmp_path / "w.duckdb").exists()


def test_a_landing_folder_that_cannot_be_read_or_a_target_that_cannot_be_written(
    ici: Call, publie: Publie, tmp_path: Path
) -> None:
    (tmp_path / "fichier").write_text("x", encoding="utf-8")
    done = ici("build", "--donnees", publie.donnees, "--entrepot", tmp_path / "fichier" / "w.duckdb")
    assert done.returncode == 1
    assert "Traceback" not in done.stderr


def test_two_builds_at_once_and_an_interruption(appel: Call, copie: Publie) -> None:
    """The second says who holds the lock; the first, stopped politely, leaves everything as it was."""
    before = copie.entrepot.read_bytes()
    command = [COMMAND, "build"]
    # Nothing has changed: everything is computed again, or it would be over too soon.
    command += ["--donnees", str(copie.donnees), "--entrepot", str(copie.entrepot), "--complet"]
    first = subprocess.Popen(command, stderr=subprocess.PIPE, text=True, env=environment())
    assert first.stderr is not None
    for line in first.stderr:
        if line.startswith("Calcul de l'entrepôt"):
            break
    second = appel("build", "--donnees", copie.donnees, "--entrepot", copie.entrepot)
    assert second.returncode == 1
    assert f"processus {first.pid}" in second.stderr
    time.sleep(1)
    first.send_signal(signal.SIGTERM)
    _, rest = first.communicate(timeout=120)
    assert first.returncode == 130, rest
    assert "Interrompu" in rest
    assert copie.entrepot.read_bytes() == before
    assert list(WorkingFolder(copie.entrepot).construction.iterdir()) == []


def test_verify_names_the_file_whose_bytes_changed(ici: Call, publie: Publie, tmp_path: Path) -> None:
    donnees = tmp_path / "donnees"
    shutil.copytree(publie.donnees, donnees)
    path = next((donnees / "rpls" / "2022").glob("*.csv"))
    path.write_bytes(path.read_bytes() + b"\n")
    done = ici("verify", "--donnees", donnees, "--entrepot", publie.entrepot)
    assert done.returncode == 1
    assert path.name in done.stdout


@pytest.mark.slow
def test_verify_proves_where_the_warehouse_comes_from(appel: Call, publie: Publie) -> None:
    """Another process, another folder, one thread instead of two, another time zone: the same content."""
    lock = (publie.donnees / LOCK_NAME).stat().st_mtime_ns
    done = appel(
        *("verify", "--donnees", publie.donnees, "--entrepot", publie.entrepot, "--json"),
        TZ="Pacific/Auckland",
        OBSERVATOIRE_FILS="1",
    )
    answer = json.loads(done.stdout)
    assert [table for table in answer["tables"] if table["etat"] != "identique"] == []
    assert (done.returncode, answer["prouve"]) == (0, True)
    assert len(answer["tables"]) > 50
    assert (publie.donnees / LOCK_NAME).stat().st_mtime_ns == lock


@pytest.mark.slow
def test_demo_ends_with_the_reports_and_the_figures(appel: Call, tmp_path: Path) -> None:
    start = time.monotonic()
    done = appel("demo", "--dir", tmp_path / "demo")
    spent = time.monotonic() - start
    assert done.returncode == 0, done.stderr[-3000:]
    assert done.stdout.count("Bilan : ") == 5
    assert "82 / 681" in done.stdout
    assert spent < 180
