"""The tables written to a warehouse: names, content, comments, determinism."""

from pathlib import Path

import duckdb
import pytest

from pipelines.conventions import default_convention, load_conventions, write_tables
from pipelines.conventions.tables import PUBLISHED, TABLES
from pipelines.conventions.vocabulary import vocabulary
from pipelines.errors import DonneesRefusees
from pipelines.paths import TERRITOIRES

AGREE = {
    "conventions": "epci_siren slug nom debut fin version empreinte fichier",
    "convention_parametres": "epci_siren parametre valeur",
    "convention_objectifs": (
        "epci_siren objectif indicateur axe modalite operateur cible cible_indicateur evenement debut fin "
        "article statut libelle segment_type segment"
    ),
    "convention_zones": "epci_siren zone type_zone nom critere valeur debut fin",
    "convention_bailleurs": "epci_siren siren nom alias",
    "convention_calendrier": "epci_siren rapport periodicite arrete_au delai_jours",
    "convention_methodes": "epci_siren methode role millesimes",
}


def where(table: str) -> str:
    return f"{'meta' if table in PUBLISHED else 'sources'}.{table}"


def dump(con: duckdb.DuckDBPyConnection) -> dict[str, list[tuple[object, ...]]]:
    return {table: con.execute(f"select * from {where(table)}").fetchall() for table in TABLES}


@pytest.fixture(scope="module")
def con() -> duckdb.DuckDBPyConnection:
    connexion = duckdb.connect()
    write_tables(connexion, [*load_conventions(TERRITOIRES), default_convention("200000172", "Faucigny")])
    return connexion


def test_columns_are_the_agreed_ones(con: duckdb.DuckDBPyConnection) -> None:
    for table, colonnes in AGREE.items():
        recues = [ligne[0] for ligne in con.execute(f"describe {where(table)}").fetchall()]
        assert recues == colonnes.split(), table


def test_every_table_and_column_has_a_comment(con: duckdb.DuckDBPyConnection) -> None:
    muets = con.execute(
        """select table_name from duckdb_tables() where schema_name in ('sources', 'meta') and comment is null
           union all
           select table_name || '.' || column_name from duckdb_columns()
           where schema_name in ('sources', 'meta') and comment is null"""
    ).fetchall()
    assert muets == []


def test_every_parameter_for_every_epci(con: duckdb.DuckDBPyConnection) -> None:
    comptes = con.execute(
        "select epci_siren, count(*), count(distinct parametre) from meta.convention_parametres group by 1"
    ).fetchall()
    attendu = len(vocabulary().parametres)
    assert len(comptes) == 6
    assert {(n, d) for _, n, d in comptes} == {(attendu, attendu)}


def test_an_epci_without_a_file(con: duckdb.DuckDBPyConnection) -> None:
    lignes = con.execute(
        "select slug, fichier, debut from meta.conventions where epci_siren = '200000172'"
    ).fetchall()
    assert lignes == [("faucigny", None, None)]
    assert con.execute(
        "select count(*) from meta.convention_objectifs where epci_siren = '200000172'"
    ).fetchall() == [(8,)]
    assert con.execute("select count(*) from meta.conventions where fichier like '%/%'").fetchall() == [(0,)]


def test_one_objective_per_day(con: duckdb.DuckDBPyConnection) -> None:
    doubles = con.execute(
        """select a.epci_siren, a.objectif, b.objectif
           from meta.convention_objectifs a join meta.convention_objectifs b
             on (a.epci_siren, a.indicateur, a.axe) = (b.epci_siren, b.indicateur, b.axe)
            and a.modalite is not distinct from b.modalite
            and (a.objectif, a.debut) < (b.objectif, b.debut)
            and a.debut <= coalesce(b.fin, date '9999-12-31')
            and b.debut <= coalesce(a.fin, date '9999-12-31')"""
    ).fetchall()
    assert doubles == []


def test_landlord_names(con: duckdb.DuckDBPyConnection) -> None:
    lignes = con.execute(
        "select nom, alias from sources.convention_bailleurs where nom = 'OPAC 71'"
    ).fetchall()
    assert lignes[0] == ("OPAC 71", "OPAC 71")
    assert len(lignes) == 3


def test_same_content_whatever_the_order_and_twice(con: duckdb.DuckDBPyConnection) -> None:
    autre = duckdb.connect()
    conventions = [default_convention("200000172", "Faucigny"), *reversed(load_conventions(TERRITOIRES))]
    write_tables(autre, conventions)
    write_tables(autre, conventions)
    assert dump(autre) == dump(con)


def test_empty_tables_exist(tmp_path: Path) -> None:
    connexion = duckdb.connect(str(tmp_path / "w.duckdb"))
    write_tables(connexion, [], methodes=[])
    assert dump(connexion) == {table: [] for table in TABLES}


def test_two_conventions_for_one_epci_are_refused() -> None:
    double = [default_convention("200000172", "Un"), default_convention("200000172", "Deux")]
    with pytest.raises(DonneesRefusees, match="deux conventions pour l'EPCI 200000172"):
        write_tables(duckdb.connect(), double)


def test_pinned_vintages_and_zones_without_criteria(tmp_path: Path) -> None:
    (tmp_path / "a.yml").write_text(
        'siren: "200000172"\nnom: N\nversion: "1"\n'
        "methodes:\n  - {methode: dijon_2015_annexe2, millesimes: {rpls: 2014, ops: 2012}}\n"
        "zones:\n  - {zone: z, type: qva, nom: Zone}\n",
        encoding="utf-8",
    )
    connexion = duckdb.connect()
    write_tables(connexion, load_conventions(tmp_path))
    assert connexion.execute("select millesimes from sources.convention_methodes").fetchall() == [
        ('{"ops": 2012, "rpls": 2014}',)
    ]
    assert connexion.execute("select zone, critere, valeur, debut from meta.convention_zones").fetchall() == [
        ("z", None, None, None)
    ]
