"""What a build takes over from the published warehouse: only tables that are, row for row, those it recorded."""

from pathlib import Path

import duckdb
import pytest

from pipelines.paths import WorkingFolder
from pipelines.publication import (
    Publie,
    changed_tables,
    full_hashes,
    is_unchanged,
    program_fingerprint,
    published,
    take_over,
)
from tests.publication.conftest import Build

READ = ("meta.verrou", "sources.parametres", "meta.conventions")


@pytest.fixture
def publie(build: Build, dossier: WorkingFolder) -> Publie:
    build()
    found = published(dossier.entrepot, "m1", "p1")
    assert found is not None
    return found


@pytest.fixture
def base(tmp_path: Path, publie: Publie) -> duckdb.DuckDBPyConnection:
    """A base under construction in which the same sources were just read."""
    con = duckdb.connect(str(tmp_path / "observatoire.duckdb"))
    con.execute(f"attach '{publie.chemin}' as w (read_only)")
    for table in (*READ, "meta.avertissements"):
        con.execute(f"create schema if not exists {table.partition('.')[0]}")
        con.execute(f"create table {table} as select * from w.{table}")
    con.execute("detach w")
    return con


def tamper(publie: Publie, statement: str) -> None:
    with duckdb.connect(str(publie.chemin)) as con:
        con.execute(statement)


@pytest.mark.parametrize(("modeles", "programme"), [("m2", "p1"), ("m1", "p2")])
def test_other_rules_or_another_program_take_nothing_over(
    publie: Publie, modeles: str, programme: str
) -> None:
    assert published(publie.chemin, modeles, programme) is None


def test_without_a_readable_published_warehouse_everything_is_computed(tmp_path: Path) -> None:
    assert published(tmp_path / "absent.duckdb", "m1", "p1") is None
    (tmp_path / "vide.duckdb").touch()
    assert published(tmp_path / "vide.duckdb", "m1", "p1") is None


def test_a_warehouse_of_an_older_program_takes_nothing_over(publie: Publie) -> None:
    tamper(publie, "alter table meta.executions drop column empreinte_programme")
    assert published(publie.chemin, "m1", "p1") is None


def test_the_same_sources_change_nothing(base: duckdb.DuckDBPyConnection, publie: Publie) -> None:
    assert changed_tables(base, publie, READ) == set()
    assert is_unchanged(base, publie)


@pytest.mark.parametrize(
    ("statement", "table"),
    [
        ("update meta.verrou set fichier = 'sne/2021/autre_nom.csv'", "meta.verrou"),
        ("update sources.parametres set valeur = '2022'", "sources.parametres"),
        ("insert into meta.conventions select * from meta.conventions", "meta.conventions"),
        ("alter table meta.conventions add column c integer", "meta.conventions"),
        ("drop table meta.conventions", "meta.conventions"),
    ],
)
def test_a_source_that_differs_is_changed(
    base: duckdb.DuckDBPyConnection, publie: Publie, statement: str, table: str
) -> None:
    """Even by a name of file, which the content hash of the contract leaves out: a figure is explained by it."""
    base.execute(statement)
    assert changed_tables(base, publie, READ) == {table}


def test_a_published_file_changed_by_hand_is_not_left_in_place(
    base: duckdb.DuckDBPyConnection, publie: Publie
) -> None:
    tamper(publie, "update entrepot.fct_attribution set quartile = 1 where rang = 0")
    assert not is_unchanged(base, publie)


def test_tables_are_taken_over_as_they_are(base: duckdb.DuckDBPyConnection, publie: Publie) -> None:
    assert take_over(base, publie, ["entrepot.fct_attribution", "intermediate.int_attribution"])
    with duckdb.connect(str(publie.chemin), read_only=True) as con:
        layout = (
            "select column_name, data_type, is_nullable, comment from duckdb_columns() "
            "where table_name = 'fct_attribution' order by column_index"
        )
        rows = "select * from entrepot.fct_attribution"
        assert base.execute(rows).fetchall() == con.execute(rows).fetchall()
        assert base.execute(layout).fetchall() == con.execute(layout).fetchall()


def test_comments_and_constraints_come_along(base: duckdb.DuckDBPyConnection, publie: Publie) -> None:
    tamper(
        publie,
        'create table marts.m (a integer not null, "d\'été" varchar); '
        "comment on table marts.m is 'l''ensemble'; comment on column marts.m.\"d'été\" is 'une colonne'",
    )
    with duckdb.connect(str(publie.chemin), read_only=True) as con:
        known = Publie(publie.chemin, publie.version, full_hashes(con))
    assert take_over(base, known, ["marts.m"])
    assert base.execute("select comment from duckdb_tables() where table_name = 'm'").fetchall() == [
        ("l'ensemble",)
    ]
    assert base.execute(
        "select is_nullable, comment from duckdb_columns() where table_name = 'm' order by column_index"
    ).fetchall() == [(False, None), (True, "une colonne")]


def test_a_table_changed_by_hand_is_not_taken_over(base: duckdb.DuckDBPyConnection, publie: Publie) -> None:
    tamper(publie, "delete from intermediate.int_attribution")
    assert not take_over(base, publie, ["entrepot.fct_attribution", "intermediate.int_attribution"])
    made = base.execute(
        "select schema_name from duckdb_tables() where schema_name in ('entrepot', 'intermediate')"
    ).fetchall()
    assert made == []


def test_a_table_that_was_not_recorded_is_not_taken_over(
    base: duckdb.DuckDBPyConnection, publie: Publie
) -> None:
    assert not take_over(base, publie, ["entrepot.inconnue"])


def test_program_fingerprint_sees_code_and_declarations(tmp_path: Path) -> None:
    (tmp_path / "pipelines").mkdir()
    (tmp_path / "assets").mkdir()
    seen = set()
    for name, content in (("a.py", "x = 1"), ("a.py", "x = 2"), ("b.yml", "k: 1"), ("b.yml", "k: 2")):
        (tmp_path / "pipelines" / name).write_text(content, encoding="utf-8")
        seen.add(program_fingerprint.__wrapped__(tmp_path))
    assert len(seen) == 4
    (tmp_path / "pipelines" / "notes.txt").write_text("rien", encoding="utf-8")
    assert program_fingerprint.__wrapped__(tmp_path) in seen
