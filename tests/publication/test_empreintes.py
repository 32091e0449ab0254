"""Same content, same hash, whatever the order, threads and file names; anything else changes it."""

import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipelines.publication import Empreinte, compare_hashes, content_hashes, overall_hash

ROWS = st.lists(
    st.tuples(st.integers(-5, 5) | st.none(), st.text(max_size=4) | st.none()), min_size=1, max_size=20
)


def hash_of(rows: list[tuple[object, object]]) -> str:
    with duckdb.connect() as con:
        con.execute("create table t (a integer, b varchar)")
        con.executemany("insert into t values (?, ?)", rows)
        return content_hashes(con)[0].empreinte


@settings(max_examples=40, deadline=None)
@given(rows=ROWS, data=st.data())
def test_order_of_rows_does_not_matter(rows: list[tuple[object, object]], data: st.DataObject) -> None:
    assert hash_of(rows) == hash_of(data.draw(st.permutations(rows)))


@settings(max_examples=40, deadline=None)
@given(rows=ROWS, other=ROWS)
def test_other_rows_give_another_hash(
    rows: list[tuple[object, object]], other: list[tuple[object, object]]
) -> None:
    key = lambda row: (row[0] is None, row[0] or 0, row[1] is None, row[1] or "")  # noqa: E731
    assert (hash_of(rows) == hash_of(other)) == (sorted(rows, key=key) == sorted(other, key=key))


def test_a_repeated_row_counts() -> None:
    assert hash_of([(1, "x")]) != hash_of([(1, "x"), (1, "x")])


def test_null_is_neither_empty_nor_a_word() -> None:
    hashes = {hash_of([(1, None)]), hash_of([(1, "")]), hash_of([(1, "NULL")])}
    assert len(hashes) == 3


def test_a_value_does_not_slide_into_its_neighbour() -> None:
    with duckdb.connect() as con:
        con.execute("create table x as select 'ab' as a, 'c' as b")
        con.execute("create table y as select 'a' as a, 'bc' as b")
        first, second = content_hashes(con)
    assert first.empreinte != second.empreinte


def test_threads_do_not_matter() -> None:
    found = set()
    for threads in (1, 4):
        with duckdb.connect(config={"threads": threads}) as con:
            con.execute(
                "create table t as select i, i / 3.0 as d, 'c' || i % 11 as c from range(300000) as r(i)"
            )
            found.add(overall_hash(content_hashes(con)))
    assert len(found) == 1


def test_order_of_columns_does_not_matter_but_names_and_types_do() -> None:
    def of(query: str) -> str:
        with duckdb.connect() as con:
            con.execute(f"create table t as {query}")
            return content_hashes(con)[0].empreinte

    assert of("select 1 as a, 2 as b") == of("select 2 as b, 1 as a")
    assert of("select 1 as a") != of("select 1 as b")
    assert of("select 1 as a") != of("select 1::bigint as a")


@pytest.mark.parametrize("column", ["_fichier", "fichier", "demandeur_id", "attribution_id"])
def test_names_of_files_and_pseudonyms_are_left_out(column: str) -> None:
    with duckdb.connect() as con:
        con.execute(f"create table x as select 1 as a, 'un' as {column}")
        con.execute(f"create table y as select 1 as a, 'deux' as {column}")
        first, second = content_hashes(con)
    assert first.empreinte == second.empreinte


def test_what_says_when_a_run_was_made_is_left_out() -> None:
    with duckdb.connect() as con:
        con.execute("create schema meta")
        for table in ("executions", "etapes", "empreintes", "verrou"):
            con.execute(f"create table meta.{table} as select 1 as a")
        assert [e.nom for e in content_hashes(con)] == ["meta.verrou"]


def test_names_that_need_quoting_are_hashed() -> None:
    with duckdb.connect() as con:
        con.execute('create table "l\'""été" as select 1 as "co""l"')
        assert content_hashes(con)[0].lignes == 1


def test_comparison_names_the_tables_of_either_side() -> None:
    a, b, c = (Empreinte("marts", name, 1, name) for name in "abc")
    changed = Empreinte("marts", "b", 1, "autre")
    assert compare_hashes([a, b], [changed, c]) == [
        ("marts.a", a, None),
        ("marts.b", b, changed),
        ("marts.c", None, c),
    ]
