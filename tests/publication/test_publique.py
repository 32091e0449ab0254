"""The public tables at each publication: where they are, and that no later version shows what an earlier hid."""

import json
from collections.abc import Callable
from pathlib import Path

import duckdb
import polars as pl
import pytest

from pipelines.diffusion import load_plan
from pipelines.errors import DonneesRefusees, MauvaisUsage
from pipelines.lecture_seule import open_read_only
from pipelines.paths import LOCK_NAME, PUBLIC_MEMORY, PUBLIC_PLAN, WorkingFolder, edition_path
from pipelines.perimetre import write_parameters
from pipelines.publication import (
    content_hashes,
    keep_memory,
    make_public,
    next_number,
    open_chantier,
    prepare,
    publish,
    restore,
)
from tests.diffusion.territoires import SIRENS, figures
from tests.publication.conftest import fill

Version = Callable[..., list[str]]
CELL = ("epci_siren", "periode", "indicateur", "axe", "modalite", "segment")


def write_figures(con: duckdb.DuckDBPyConnection, exact: pl.DataFrame) -> None:
    """The relations of a build that the public edition reads, from one frame of exact figures."""
    con.register("exact", exact.to_arrow())
    con.execute("create schema seeds")
    con.execute("delete from marts.indicateurs")
    con.execute("insert into marts.indicateurs by name select * exclude (annee, objectif, domaine, nature, "
                "base_menages, seuil_secret, base_mesure), false as petit_effectif from exact")  # fmt: skip
    con.execute(
        "create table seeds.ref_indicateurs as select distinct indicateur, nature, base_menages from exact"
    )
    con.execute(
        "create table intermediate.int_parametres as select distinct epci_siren, seuil_secret from exact"
    )
    con.execute(
        "create table intermediate.int_figures_valeurs as select epci_siren, periode_type, periode, indicateur, axe, "
        "modalite, segment_type, segment, annee, coalesce(base_mesure, denominateur) as denominateur from exact"
    )
    con.unregister("exact")


@pytest.fixture
def version(dossier: WorkingFolder, donnees: Path) -> Version:
    """Publish one version of given exact figures; return what a user is told."""

    def run(exact: pl.DataFrame, run_id: str = "essai", garder_memoire: bool = True) -> list[str]:
        with open_chantier(dossier, run_id) as chantier:
            fill(chantier)
            with duckdb.connect(str(chantier.base)) as con:
                write_figures(con, exact)
                write_parameters(con, [], [], False, donnees)
                resume = make_public(con, donnees, dossier)
            prepare(
                chantier,
                numero=next_number(dossier),
                empreinte_modeles="m",
                programme="p",
                etapes=[],
                anterieur=dossier.entrepot if dossier.entrepot.is_file() else None,
            )
            told = keep_memory(resume, donnees, dossier) if garder_memoire else []
            return [*told, *publish(chantier, donnees=donnees, garder=3)]

    return run


def hidden(path: Path) -> set[tuple[str, ...]]:
    """The masked counts of an edition."""
    with open_read_only(path) as con:
        tables = con.execute(
            "select table_name from duckdb_tables() where schema_name = 'diffusion'"
        ).fetchall()
        return {
            (measure, *row)
            for (table,) in tables
            for measure, words in (
                ("numerateur", "('numerateur', 'tout')"),
                ("denominateur", "('denominateur', 'tout')"),
            )
            for row in con.execute(
                f"select {', '.join(CELL)} from diffusion.{table} where masque in {words}"
            ).fetchall()
        }


def moved(rows: pl.DataFrame) -> pl.DataFrame:
    """Other leases of the last neighbourhoods: other counts are small."""
    return rows.with_columns(
        prioritaire=pl.when(pl.col("commune").str.ends_with("3")).then(False).otherwise("prioritaire")
    )


def test_the_public_tables_are_in_the_warehouse_and_alone_in_their_file(
    version: Version, dossier: WorkingFolder, donnees: Path
) -> None:
    assert version(figures(SIRENS[:1])) == []
    names = set(load_plan().toutes())
    for path in (dossier.entrepot, edition_path(dossier.entrepot, "publique")):
        with open_read_only(path) as con:
            assert {t for (t,) in con.execute(
                "select table_name from duckdb_tables() where schema_name = 'diffusion' and comment is not null"
            ).fetchall()} == names  # fmt: skip
            described = con.execute(
                'select count(distinct "table"), count(*) filter (where description is null) '
                "from meta.dictionnaire where schema = 'diffusion'"
            ).fetchall()
            assert described == [(len(names), 0)]
    assert hidden(dossier.entrepot) == hidden(edition_path(dossier.entrepot, "publique"))
    assert hidden(dossier.entrepot)
    lock = json.loads((donnees / LOCK_NAME).read_text(encoding="utf-8"))
    assert len(lock["memoire_publique"]) == 64
    assert (donnees / PUBLIC_MEMORY).read_bytes() == dossier.memoire.read_bytes()


def test_the_same_figures_and_memory_give_the_same_content(version: Version, dossier: WorkingFolder) -> None:
    contents = []
    for _ in range(2):
        version(figures(SIRENS[:1]))
        with open_read_only(dossier.entrepot) as con:
            contents.append([e for e in content_hashes(con) if e.schema == "diffusion"])
    assert contents[0] == contents[1]
    assert len(contents[0]) == len(load_plan().toutes())


def test_a_later_version_and_one_put_back_never_show_what_another_hid(
    version: Version, dossier: WorkingFolder
) -> None:
    exact = figures(SIRENS[:1])
    version(exact.filter(pl.col("annee") == exact["annee"].min()))
    first = hidden(dossier.entrepot)
    # A later year closes the first one: its late changes are published.
    version(figures(SIRENS[:1], change=moved), "deux")
    second = {cell for cell in hidden(dossier.entrepot) if cell[2] in {cell[2] for cell in first}}
    assert first < second
    with open_chantier(dossier, "retour") as chantier:
        restore(chantier, 1)
    for path in (dossier.entrepot, edition_path(dossier.entrepot, "publique")):
        assert hidden(path) >= second
    with open_read_only(dossier.entrepot) as con:
        # What is proved of the warehouse is what it now holds.
        stored = {(e.schema, e.table): e.empreinte for e in content_hashes(con)}
        recorded = con.execute("select nom_schema, nom_table, empreinte from meta.empreintes").fetchall()
        assert {(schema, table): empreinte for schema, table, empreinte in recorded} == stored


def test_without_the_memory_the_mask_of_a_former_version_would_be_forgotten(
    version: Version, dossier: WorkingFolder, donnees: Path
) -> None:
    """The check above sees something: the memory is what keeps the mask."""
    version(figures(SIRENS[:1], change=moved))
    first = hidden(dossier.entrepot)
    (donnees / PUBLIC_MEMORY).unlink()
    dossier.memoire.unlink()
    with pytest.raises(DonneesRefusees, match="sa mémoire n'est plus là"):
        version(figures(SIRENS[:1]), "deux")
    # A new history, for who never handed anything over.
    dossier.entrepot.unlink()
    version(figures(SIRENS[:1]), "trois")
    assert not first <= hidden(dossier.entrepot)


def test_a_landing_folder_that_cannot_be_written_keeps_no_memory_but_the_working_folder_does(
    version: Version, dossier: WorkingFolder, donnees: Path
) -> None:
    # A file where the folder should be: even who may write everywhere cannot.
    (donnees / PUBLIC_MEMORY.parent).write_text("", encoding="utf-8")
    (told,) = version(figures(SIRENS[:1], change=moved))
    assert "mémoire de l'édition publique" in told
    first = hidden(dossier.entrepot)
    version(figures(SIRENS[:1]), "deux")
    assert first <= hidden(dossier.entrepot)


def test_a_damaged_memory_stops_the_build(version: Version, dossier: WorkingFolder, donnees: Path) -> None:
    version(figures(SIRENS[:1]))
    (donnees / PUBLIC_MEMORY).write_bytes(b"PAR1 autre chose")
    with pytest.raises(DonneesRefusees, match="mémoire de l'édition publique illisible"):
        version(figures(SIRENS[:1]), "deux")


def test_a_territory_removes_a_table_of_the_plan_and_the_warehouse_keeps_why(
    version: Version, dossier: WorkingFolder, donnees: Path
) -> None:
    (donnees / PUBLIC_PLAN).parent.mkdir()
    (donnees / PUBLIC_PLAN).write_text(
        f'territoires: {{"{SIRENS[0]}": {{retirer: [attributions_qpv]}}}}\n', encoding="utf-8"
    )
    version(figures(SIRENS[:1]))
    with open_read_only(dossier.entrepot) as con:
        assert con.execute("select count(*) from diffusion.attributions_qpv").fetchall() == [(0,)]
        assert con.execute("select count(*) > 0 from diffusion.attributions_commune").fetchall() == [(True,)]
        assert con.execute(
            "select count(*) from sources.parametres where parametre = 'plan_public'"
        ).fetchall() == [(1,)]


@pytest.mark.parametrize(
    ("text", "match"),
    [
        ("territoires: {abc: {retirer: [baux]}}", "n'est pas un SIREN"),
        ('territoires: {"900000001": {retirer: [inconnue]}}', "table « inconnue » inconnue"),
        ("territoires: [", "YAML lisible"),
        ("autre: 1", "plan de diffusion refusé"),
    ],
)
def test_an_addition_that_is_no_plan_is_refused_before_anything_is_computed(
    donnees: Path, text: str, match: str
) -> None:
    (donnees / PUBLIC_PLAN).parent.mkdir()
    (donnees / PUBLIC_PLAN).write_text(text, encoding="utf-8")
    with duckdb.connect() as con, pytest.raises(MauvaisUsage, match=match):
        write_parameters(con, [], [], False, donnees)
