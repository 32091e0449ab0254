"""The wide marts say what `marts.indicateurs` says, side by side."""

import csv

import duckdb
import pytest

from pipelines.paths import DBT_PROJECT
from pipelines.publication.larges import wide_marts, write_wide_marts
from tests.publication.conftest import INDICATEURS

# period type, period, indicator, segment type, segment, part, base, unknowns, value, status, small
ROWS = (
    ("annee", "2021", "tension", "tous", "tous", 90, 30, None, 3.0, "publiable", False),
    ("annee", "2021", "demandes", "tous", "tous", 90, None, 0, 90.0, "publiable", False),
    ("annee", "2021", "baux", "tous", "tous", 30, None, 0, 30.0, "publiable", True),
    ("annee", "2021", "baux", "type_mutation", "primo", 20, None, 0, 20.0, "publiable", False),
    ("annee", "2021", "baux", "quartile", "Q1", 10, None, 0, 10.0, "publiable", False),
    ("trimestre", "2021-T1", "baux", "tous", "tous", 8, None, 0, 8.0, "publiable", False),
    ("annee", "2021", "delai_median", "tous", "tous", None, None, 2, None, "indisponible", False),
)


@pytest.fixture
def con() -> duckdb.DuckDBPyConnection:
    con = duckdb.connect()
    con.execute("create schema marts; create schema meta")
    con.execute(INDICATEURS)
    for column in (
        "epci_siren",
        "periode_type",
        "periode",
        "axe",
        "modalite",
        "modalite_libelle",
        "segment_type",
        "segment",
        "source",
    ):
        con.execute(f"comment on column marts.indicateurs.{column} is 'Dit : {column}.'")
    con.execute(
        "create table meta.indicateurs as select * from read_csv(?, header = true)",
        [str(DBT_PROJECT / "seeds" / "ref_indicateurs.csv")],
    )
    for period_type, period, name, kind, segment, part, base, unknown, value, status, small in ROWS:
        con.execute(
            "insert into marts.indicateurs values ('1', ?, ?, ?, 'epci', '1', 'T', ?, ?, ?, ?, ?, ?, '', null, null, "
            "null, null, ?, 'SNE 2021', '1', ?)",
            [period_type, period, name, kind, segment, part, base, unknown, value, status, small],
        )
    write_wide_marts(con)
    return con


def test_a_row_has_the_figures_of_its_place_side_by_side(con: duckdb.DuckDBPyConnection) -> None:
    row = con.sql(
        "select modalite_libelle, tension, tension_numerateur, tension_denominateur, demandes, baux, baux_inconnus, "
        "delai_median, delai_median_inconnus, delai_median_statut, petit_effectif, source from marts.tension "
        "where segment_type = 'tous' and periode = '2021'"
    ).fetchall()
    assert row == [("T", 3.0, 90, 30, 90.0, 30.0, 0, None, 2, "indisponible", True, "SNE 2021")]


def test_only_the_listed_segments_and_periods_are_kept(con: duckdb.DuckDBPyConnection) -> None:
    cuts = "select periode_type, segment_type from marts.{} where baux is not null order by all"
    assert con.sql(cuts.format("mutations")).fetchall() == [("annee", "tous"), ("annee", "type_mutation")]
    assert len(con.sql(cuts.format("tension")).fetchall()) == 4


def test_figures_without_counts_have_no_column_of_counts(con: duckdb.DuckDBPyConnection) -> None:
    columns = con.table("marts.revenus").columns
    assert "revenu_median" in columns
    assert "revenu_median_statut" in columns
    assert "revenu_median_denominateur" not in columns


def test_every_column_says_what_it_is_and_whether_it_is_added_up(con: duckdb.DuckDBPyConnection) -> None:
    tables = con.execute(
        "select table_name, comment from duckdb_tables() where table_name <> 'indicateurs'"
    ).fetchall()
    assert {name for name, _ in tables} == set(wide_marts())
    assert all("fixe" in said and "Grain" in said for _, said in tables)
    columns = con.execute(
        "select table_name || '.' || column_name, data_type, comment from duckdb_columns() "
        "where schema_name = 'marts' and table_name <> 'indicateurs'"
    ).fetchall()
    assert [name for name, _, said in columns if not said] == []
    reals = [(name, said) for name, kind, said in columns if kind == "DOUBLE"]
    assert [name for name, said in reals if "en nombre" not in said and "additionn" not in said] == []
    assert len(reals) > 50


def test_every_listed_indicator_is_in_the_catalogue() -> None:
    with (DBT_PROJECT / "seeds" / "ref_indicateurs.csv").open(encoding="utf-8") as lines:
        known = {row["indicateur"] for row in csv.DictReader(lines)}
    assert {i for mart in wide_marts().values() for i in mart["indicateurs"]} <= known
