"""What a build takes over from the published warehouse, because nothing it is made from has changed.

Only contents are compared and copied here; which table is made from which is said by the dbt project. A
table is taken over when it is, row for row, the one that its build recorded in `meta.reprise`: a published
file that someone changed by hand is never the start of another one.
"""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from pathlib import Path

import duckdb

from pipelines.errors import ObservatoireError
from pipelines.publication.empreintes import WRITTEN_AT_PUBLICATION
from pipelines.publication.lecture import open_warehouse
from pipelines.sql import identifier, in_one_go, literal, qualified

TABLE = "reprise"
_PUBLISHED = "publie"


@dataclass(frozen=True)
class Publie:
    """The published warehouse as its own build recorded it: version and fingerprint of each table."""

    chemin: Path
    version: int
    empreintes: dict[str, str]


def full_hashes(
    con: duckdb.DuckDBPyConnection, catalogue: str | None = None, only: Collection[str] | None = None
) -> dict[str, str]:
    """Fingerprint of every table of a catalogue by `schema.table`, names of files and pseudonyms included.

    Not the content hash of the contract: it only has to hold on one machine, from one build to the next, with
    the same program, and it must see what the other leaves out.
    """
    name = catalogue or str(con.execute("select current_database()").fetchall()[0][0])
    columns: dict[tuple[str, str], list[tuple[str, str]]] = {}
    for schema, table, column, kind in con.execute(
        "select c.schema_name, c.table_name, c.column_name, c.data_type from duckdb_columns() as c "
        "semi join duckdb_tables() as t using (database_name, schema_name, table_name) "
        "where database_name = ? order by c.schema_name, c.table_name, c.column_index",
        [name],
    ).fetchall():
        columns.setdefault((schema, table), []).append((column, kind))
    found = {}
    for (schema, table), layout in columns.items():
        label = f"{schema}.{table}"
        if (schema, table) in WRITTEN_AT_PUBLICATION or (only is not None and label not in only):
            continue
        rows, total, parity = con.execute(
            "select count(*), sum(hash(t)::hugeint), bit_xor(hash(t)) "
            f"from {qualified(name, schema, table)} as t"
        ).fetchall()[0]
        found[label] = f"{rows} {total or 0:x} {parity or 0:x} {layout!r}"
    return found


def published(entrepot: Path, empreinte_modeles: str, programme: str) -> Publie | None:
    """Return what the published warehouse recorded, when the same rules and the same program made it."""
    if not entrepot.is_file():
        return None
    try:
        with open_warehouse(entrepot) as con:
            rows = con.execute(
                "select version from meta.executions "
                "where version = (select max(version) from meta.executions) "
                "and empreinte_modeles = ? and empreinte_programme = ?",
                [empreinte_modeles, programme],
            ).fetchall()
            if not rows:
                return None
            recorded = dict(
                con.execute(
                    f"select nom_schema || '.' || nom_table, contenu from meta.{identifier(TABLE)}"
                ).fetchall()
            )
    except (ObservatoireError, duckdb.Error):
        # Not readable, open for writing elsewhere, or written by an older program: everything is computed.
        return None
    return Publie(entrepot, int(rows[0][0]), recorded)


def changed_tables(con: duckdb.DuckDBPyConnection, publie: Publie, tables: Collection[str]) -> set[str]:
    """Return those of the tables just read whose content is not the one that the published build read."""
    now = full_hashes(con, only=tables)
    return {table for table in tables if now.get(table) != publie.empreintes.get(table)}


def is_unchanged(con: duckdb.DuckDBPyConnection, publie: Publie) -> bool:
    """Whether every table just read is the one that the published build read, and its file is intact."""
    now = full_hashes(con)
    if any(publie.empreintes.get(table) != content for table, content in now.items()):
        return False
    with open_warehouse(publie.chemin) as other:
        return full_hashes(other) == publie.empreintes


def take_over(con: duckdb.DuckDBPyConnection, publie: Publie, tables: Iterable[str]) -> bool:
    """Copy tables of the published warehouse, with their types, constraints and comments.

    Returns:
        Whether every copy is the table that was recorded; when one is not, nothing is left of any.

    """
    wanted = sorted(set(tables))
    if not set(wanted) <= publie.empreintes.keys():
        return False
    con.execute(f"attach {literal(str(publie.chemin))} as {_PUBLISHED} (read_only)")
    try:
        for table in wanted:
            _copy(con, *table.split(".", 1))
    finally:
        con.execute(f"detach {_PUBLISHED}")
    if full_hashes(con, only=wanted) == {table: publie.empreintes[table] for table in wanted}:
        return True
    for table in wanted:
        con.execute(f"drop table {qualified(*table.split('.', 1))}")
    return False


def _copy(con: duckdb.DuckDBPyConnection, schema: str, table: str) -> None:
    where = "where database_name = ? and schema_name = ? and table_name = ?"
    key = [_PUBLISHED, schema, table]
    ((ddl, comment),) = con.execute(f"select sql, comment from duckdb_tables() {where}", key).fetchall()
    con.execute(f"create schema if not exists {identifier(schema)}")
    con.execute(ddl)
    target = qualified(schema, table)
    con.execute(f"insert into {target} select * from {qualified(_PUBLISHED, schema, table)}")
    columns = con.execute(
        f"select column_name, comment from duckdb_columns() {where} and comment is not null", key
    ).fetchall()
    described = [f"comment on table {target} is {literal(comment)}"] if comment is not None else []
    described += [
        f"comment on column {target}.{identifier(column)} is {literal(text)}" for column, text in columns
    ]
    in_one_go(con, described)
