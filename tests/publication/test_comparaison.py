"""`diff` names each changed figure and the cause recorded for it; `verify` compares bytes with the lock."""

import hashlib
import shutil
from pathlib import Path

import pytest

from pipelines.errors import ObservatoireError
from pipelines.paths import WorkingFolder
from pipelines.publication import Changement, compare, compare_lock, open_warehouse, read_parameters
from tests.publication.conftest import Build


@pytest.fixture
def before(build: Build, dossier: WorkingFolder, tmp_path: Path) -> Path:
    build()
    return Path(shutil.copy(dossier.entrepot, tmp_path / "avant.duckdb"))


def changes(build: Build, before: Path, dossier: WorkingFolder, **content: object) -> list[Changement]:
    build(**content)
    return compare(before, dossier.entrepot)


def test_no_difference_is_a_result(build: Build, before: Path, dossier: WorkingFolder) -> None:
    assert changes(build, before, dossier, ordre="desc") == []


def test_a_changed_figure_carries_both_values(build: Build, before: Path, dossier: WorkingFolder) -> None:
    (change,) = changes(build, before, dossier, valeur=13.04, sha256="bb")
    assert change.cle["indicateur"] == "hors_qpv_q1"
    assert change.ecart == pytest.approx(1.0)
    assert change.causes == ["fichier modifié : sne/2021/attributions.csv"]


@pytest.mark.parametrize(
    ("content", "cause"),
    [
        ({"convention": "c2"}, "convention (c1 → c2)"),
        ({"methode": "2"}, "méthode de l'indicateur (1 → 2)"),
        ({"modeles": "m2"}, "règles de calcul (projet dbt)"),
        ({}, "aucune cause enregistrée"),
    ],
)
def test_each_cause_is_named(
    build: Build, before: Path, dossier: WorkingFolder, content: dict[str, str], cause: str
) -> None:
    (change,) = changes(build, before, dossier, valeur=13.0, **content)
    assert change.causes == [cause]


def test_a_file_added_is_a_cause(build: Build, before: Path, dossier: WorkingFolder) -> None:
    (change,) = changes(build, before, dossier, valeur=13.0, fichier="sne/2021/autre.csv")
    assert change.causes == [
        "fichier retiré : sne/2021/attributions.csv",
        "fichier ajouté : sne/2021/autre.csv",
    ]


def test_comparing_with_something_else_is_a_sentence(before: Path, tmp_path: Path) -> None:
    with pytest.raises(ObservatoireError, match="n'existe pas"):
        compare(before, tmp_path / "absent.duckdb")


def test_lock_against_the_files(build: Build, dossier: WorkingFolder, donnees: Path) -> None:
    path = donnees / "sne" / "2021" / "attributions.csv"
    build(sha256=hashlib.sha256(path.read_bytes()).hexdigest())
    with open_warehouse(dossier.entrepot) as con:
        assert compare_lock(con, donnees) == []
        assert read_parameters(con) == {"annee": ["2021"]}
        path.write_text("a;b\n1;3\n", encoding="utf-8")
        assert [e.ecart for e in compare_lock(con, donnees)] == ["modifie"]
        path.unlink()
        assert [e.ecart for e in compare_lock(con, donnees)] == ["absent"]
