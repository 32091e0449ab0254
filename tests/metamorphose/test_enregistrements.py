"""Metamorphic tests of reading: whatever is done to the files that changes no thing changes no record."""

import random
from collections.abc import Sequence
from pathlib import Path

import duckdb
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pipelines.ingestion import Options, declarations, ingest, load
from tests.metamorphose.depots import Depot, base
from tests.metamorphose.transformations import TRANSFORMATIONS

CLE = b"cle des transformations, sans secret"
# What a record says of where it was read, which may change. Requests keep the date of each of their states.
ORIGINE = {
    "sne_attributions": {"millesime", "date_extraction", "_fichier", "_ligne"},
    "sne_demandes": {"millesime", "_fichier", "_ligne"},
    "rpls_logements": {"_fichier", "_ligne"},
    "ops_occupation": {"_fichier", "_ligne"},
}
AU_PLUS = 10

Contenu = dict[str, list[tuple[object, ...]]]


def content(depot: Depot, dossier: Path) -> Contenu:
    """The records of a folder, in an order of their own; lines must add up."""
    donnees = depot.write(dossier / "depot")
    with duckdb.connect() as con:
        for source in ("sne", "rpls", "ops"):
            load(con, source, ingest(source, donnees, dossier / "magasin", CLE, Options(threads=2)))
        refusees = con.execute("select sum(lignes_quarantaine) from meta.verrou").fetchall()
        assert refusees == [(0,)], con.execute("from meta.verrou").fetchall()
        contenu: Contenu = {}
        for produit, origine in ORIGINE.items():
            colonnes = [c for c in declarations()[produit].colonnes if c not in origine]
            # A residence is compared as the product compares it.
            lues = ", ".join(f"lower({c}) as {c}" if c == "residence" else c for c in colonnes)
            contenu[produit] = con.execute(f"select {lues} from sources.{produit} order by all").fetchall()
        return contenu


def apply(noms: Sequence[str], graine: int) -> Depot:
    """The base folder after these transformations, one after the other."""
    rng = random.Random(graine)  # noqa: S311 - draws transformations
    depot = base()
    for nom in noms:
        depot = TRANSFORMATIONS[nom](depot, rng)
    return depot


@pytest.fixture(scope="module")
def attendu(tmp_path_factory: pytest.TempPathFactory) -> Contenu:
    return content(base(), tmp_path_factory.mktemp("base"))


def differences(vu: Contenu, attendu: Contenu) -> dict[str, object]:
    """A few of the records that differ, per product."""
    return {
        p: (
            sorted(set(vu[p]) - set(attendu[p]), key=str)[:2],
            sorted(set(attendu[p]) - set(vu[p]), key=str)[:2],
        )
        for p in attendu
        if vu[p] != attendu[p]
    }


def test_there_are_enough_of_them() -> None:
    assert len(TRANSFORMATIONS) >= 30


@pytest.mark.parametrize("lot", range(-(-len(TRANSFORMATIONS) // AU_PLUS)))
def test_each_transformation_among_ten(
    lot: int, attendu: Contenu, tmp_path_factory: pytest.TempPathFactory
) -> None:
    noms = list(TRANSFORMATIONS)[lot :: -(-len(TRANSFORMATIONS) // AU_PLUS)]
    vu = content(apply(noms, lot), tmp_path_factory.mktemp("lot"))
    if vu == attendu:
        return
    seules = {n: content(apply([n], lot), tmp_path_factory.mktemp("seule")) for n in noms}
    fautives = {n: differences(c, attendu) for n, c in seules.items() if c != attendu}
    pytest.fail(f"{noms}: {differences(vu, attendu)}; alone: {fautives}")


@pytest.mark.parametrize("tirages", [2, pytest.param(12, marks=pytest.mark.slow)])
def test_ten_drawn_transformations_change_no_record(
    tirages: int, attendu: Contenu, tmp_path_factory: pytest.TempPathFactory
) -> None:
    @settings(
        max_examples=tirages,
        deadline=None,
        derandomize=True,
        suppress_health_check=list(HealthCheck),
        database=None,
    )
    @given(
        noms=st.lists(st.sampled_from(sorted(TRANSFORMATIONS)), min_size=5, max_size=AU_PLUS, unique=True),
        graine=st.integers(0, 10_000),
    )
    def draw(noms: list[str], graine: int) -> None:
        assert not differences(content(apply(noms, graine), tmp_path_factory.mktemp("tirage")), attendu)

    draw()


def test_other_persons_are_other_records(attendu: Contenu, tmp_path: Path) -> None:
    """Every row twice under new numbers: twice the allocations and the requests."""
    depot = base().change(
        lambda f: f.dossier.startswith("sne/"),
        lambda f: [
            f,
            f.map_rows(lambda x: {**x, "numero_unique": "0692" + x["numero_unique"][4:]}).with_rows(
                [{**x, "numero_unique": "0692" + x["numero_unique"][4:]} for x in f.lignes],
                nom=f"{f.nom}_autres",
            ),
        ],
    )
    vu = content(depot, tmp_path)
    for produit in ("sne_attributions", "sne_demandes"):
        assert len(vu[produit]) == 2 * len(attendu[produit])
