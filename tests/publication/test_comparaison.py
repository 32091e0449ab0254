"""`diff` names each changed figure and the cause recorded for it; `verify` compares bytes with the lock."""

import hashlib
import shutil
from pathlib import Path

import duckdb
import pytest

from pipelines.edition import editions
from pipelines.errors import ObservatoireError
from pipelines.paths import WorkingFolder
from pipelines.publication import (
    Changement,
    compare,
    compare_lock,
    open_warehouse,
    read_parameters,
    write_edition,
)
from pipelines.publication.causes import CauseFichier, Causes
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
        ({"annees": "2022"}, "paramètres de la construction (années ou EPCI demandés)"),
        ({"programme": "p2"}, "programme (version d'Observatoire ou de ses bibliothèques)"),
        ({"fragilite": "2"}, "méthode de fragilité (methodes/*.yml)"),
        (
            {"lecture": "c2"},
            "fichier lu autrement : sne/2021/attributions.csv "
            "(sne_attributions c déclaration 1 → sne_attributions c2 déclaration 1)",
        ),
        (
            {"fichier": "sne/2021/autre_nom.csv"},
            "fichier renommé : sne/2021/attributions.csv → sne/2021/autre_nom.csv "
            "(entre fichiers qui donnent la même ligne, le dernier nom l'emporte)",
        ),
        ({}, "aucune cause enregistrée"),
    ],
)
def test_each_cause_is_named(
    build: Build, before: Path, dossier: WorkingFolder, content: dict[str, str], cause: str
) -> None:
    (change,) = changes(build, before, dossier, valeur=13.0, **content)
    assert change.causes == [cause]


def test_a_file_replaced_by_another_is_two_causes(build: Build, before: Path, dossier: WorkingFolder) -> None:
    (change,) = changes(build, before, dossier, valeur=13.0, fichier="sne/2021/autre.csv", sha256="bb")
    assert change.causes == [
        "fichier ajouté : sne/2021/autre.csv",
        "fichier retiré : sne/2021/attributions.csv",
    ]


def test_several_causes_are_all_named(build: Build, before: Path, dossier: WorkingFolder) -> None:
    (change,) = changes(
        *(build, before, dossier), valeur=13.0, sha256="bb", convention="c2", modeles="m2", programme="p2"
    )
    assert change.causes == [
        "convention (c1 → c2)",
        "fichier modifié : sne/2021/attributions.csv",
        "règles de calcul (projet dbt)",
    ]


SNE_2021 = CauseFichier("sne", "modifié : sne/2021/a.csv", frozenset([2021]))
SNE_2020 = CauseFichier("sne", "modifié : sne/2020/a.csv", frozenset([2020]))
SNE_2023 = CauseFichier("sne", "modifié : sne/2023/a.csv", frozenset([2023]))
RPLS_2022 = CauseFichier("rpls", "modifié : rpls/2022/r.csv", frozenset([2022]))
SANS_MILLESIME = CauseFichier("sne", "modifié : sne/histoire.csv", frozenset([None]))
BAILLEURS = CauseFichier("referentiels", "modifié : referentiels/bailleurs.csv", frozenset([None]))


@pytest.mark.parametrize(
    ("sources", "changed", "named"),
    [
        ("SNE 2021", [SNE_2021, SNE_2023, RPLS_2022], [SNE_2021]),
        # The demand of the year before gives the quartiles.
        ("SNE 2021", [SNE_2020, SNE_2021], [SNE_2020, SNE_2021]),
        ("SNE 2021, RPLS 2022", [SNE_2021, SNE_2023, RPLS_2022], [SNE_2021, RPLS_2022]),
        ("SNE 2021 (absent ou incomplet)", [SNE_2021], [SNE_2021]),
        ("SNE 2021", [SNE_2023, RPLS_2022], [SNE_2023]),
        ("SNE 2021", [SANS_MILLESIME, SNE_2023], [SANS_MILLESIME]),
        ("OPS,RPLS,SNE", [SNE_2021, RPLS_2022], [SNE_2021, RPLS_2022]),
        ("SNE 2021", [SNE_2021, BAILLEURS], [SNE_2021, BAILLEURS]),
        ("OPS 2022", [BAILLEURS], [BAILLEURS]),
    ],
)
def test_files_named_are_those_of_the_sources_of_the_figure(
    sources: str, changed: list[CauseFichier], named: list[CauseFichier]
) -> None:
    found = Causes(fichiers=changed).of("247100589", "hors_qpv_q1", sources, ["1", "1"])
    assert found == [f"fichier {cause.texte}" for cause in named]


def test_a_file_of_another_source_is_named_when_nothing_else_explains() -> None:
    """A mask may move because of a figure that it is linked to."""
    causes = Causes(fichiers=[RPLS_2022])
    assert causes.of("247100589", "hors_qpv_q1", "SNE 2021", ["1"]) == [
        "fichier modifié : rpls/2022/r.csv, par un lien entre sources"
    ]


def test_a_convention_explains_its_own_epci_alone() -> None:
    causes = Causes(conventions={"247100589": "1 → 2"}, fichiers=[SNE_2021])
    assert causes.of("242100410", "hors_qpv_q1", "SNE 2021", ["1"]) == ["fichier modifié : sne/2021/a.csv"]
    assert causes.of("247100589", "hors_qpv_q1", "OPS 2020", ["1"]) == ["convention (1 → 2)"]


def test_a_fragility_method_explains_fragility_first() -> None:
    causes = Causes(methodes=True, fichiers=[SNE_2021])
    assert causes.of("247100589", "hors_qpv_q1", "SNE 2021", ["1"]) == ["fichier modifié : sne/2021/a.csv"]
    assert causes.of("247100589", "fragilite_points", "OPS,RPLS,SNE", ["1"]) == [
        "méthode de fragilité (methodes/*.yml)",
        "fichier modifié : sne/2021/a.csv",
    ]


def with_public_tables(entrepot: Path, vers: Path) -> Path:
    """A copy of a warehouse, to which the public tables that a build makes are added."""
    path = Path(shutil.copy(entrepot, vers))
    with duckdb.connect(str(path)) as con:
        con.execute("create schema diffusion")
        con.execute(
            "create table diffusion.objectifs as select * exclude (inconnus, manque, petit_effectif) replace "
            "(null::bigint as numerateur) from marts.indicateurs"
        )
    return path


@pytest.fixture
def two(build: Build, before: Path, dossier: WorkingFolder, tmp_path: Path) -> dict[str, tuple[Path, Path]]:
    """Two versions of each kind of file, of which the value, the file read and the convention differ."""
    build(valeur=13.04, sha256="bb", convention="c2")
    sides = [
        with_public_tables(path, tmp_path / f"{name}.duckdb")
        for name, path in (("un", before), ("deux", dossier.entrepot))
    ]
    found = {"atelier": (sides[0], sides[1])}
    for nom in editions():
        paths = [side.with_name(f"{side.stem}-{nom}.duckdb") for side in sides]
        for side, path in zip(sides, paths, strict=True):
            write_edition(side, nom, path)
        found[nom] = (paths[0], paths[1])
    return found


FILE_CAUSE = "fichier modifié : sne/2021/attributions.csv"


# An exact file and the public one: their public tables, since an exact figure beside a masked one would say what is
# masked.
COMPARED = [
    ("signataires", "signataires", 82, ["convention (c1 → c2)", FILE_CAUSE]),
    ("atelier", "signataires", 82, ["convention (c1 → c2)", FILE_CAUSE]),
    ("publique", "publique", None, ["convention (c1 → c2)"]),
    ("atelier", "publique", None, ["convention (c1 → c2)"]),
    ("publique", "atelier", None, ["convention (c1 → c2)"]),
]


def test_editions_are_compared_on_what_both_hold(two: dict[str, tuple[Path, Path]]) -> None:
    for left, right, numerateur, causes in COMPARED:
        (change,) = compare(two[left][0], two[right][1])
        assert change.ecart == pytest.approx(1.0), (left, right)
        assert change.avant is not None
        assert change.avant["numerateur"] == numerateur, (left, right)
        assert change.causes == causes, (left, right)
        assert compare(two[left][0], two[right][0]) == []
    for left, right in (("signataires", "publique"), ("publique", "signataires")):
        with pytest.raises(ObservatoireError, match=f"édition {left}.*édition {right}"):
            compare(two[left][0], two[right][1])


def test_the_public_edition_says_when_it_knows_no_cause() -> None:
    unknown = Causes(fichiers_connus=False)
    assert unknown.of("247100589", "baux", "SNE 2021", ["1"]) == [
        "l'édition publique n'enregistre pas la cause"
    ]
    assert unknown.of("247100589", "baux", "SNE 2021", ["1", "2"]) == ["méthode de l'indicateur (1 → 2)"]


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
