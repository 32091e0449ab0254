"""Content hash of each table: what a warehouse holds, whatever wrote it, in whatever order.

Only the definition of "same content" belongs here.
"""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass

import duckdb

from pipelines.sql import identifier, qualified

# What says when and by whom a run was made, and the hashes themselves.
RUN_SPECIFIC = frozenset(
    ("meta", table) for table in ("executions", "empreintes", "etapes", "reprise", "variations")
)
# What each publication writes anew, from the rest: never taken over, nor shared.
WRITTEN_AT_PUBLICATION = RUN_SPECIFIC | {("meta", table) for table in ("empreinte", "dictionnaire")}
_LOW_HALF = f"{2**64 - 1}::uhugeint"
# Serve the build and the explanation of a figure; nothing is published from them.
INTERNAL_SCHEMAS = frozenset({"staging", "intermediate"})
# A file keeps its content when it is renamed; a pseudonym, and what is made from it, depend on a key that is
# not in the data.
LEFT_OUT = frozenset({"_fichier", "fichier", "demandeur_id", "attribution_id"})


@dataclass(frozen=True)
class Empreinte:
    """The content hash of one table: a multiset of rows, independent of their order and of threads."""

    schema: str
    table: str
    lignes: int
    empreinte: str

    @property
    def nom(self) -> str:
        """Schema and table, as a reader writes them."""
        return f"{self.schema}.{self.table}"


def content_hashes(con: duckdb.DuckDBPyConnection, catalogue: str | None = None) -> list[Empreinte]:
    """Return the content hash of every published table of a catalogue, the current one by default, by name.

    Each row is written as text with explicit nulls and hashed; the halves of the hashes are summed
    exactly, so neither the order of rows nor the number of threads matters and a repeated row counts twice.
    """
    name = catalogue or _scalar(con, "select current_database()")
    tables: dict[tuple[str, str], list[tuple[str, str]]] = {}
    for schema, table, column, kind in con.execute(
        "select t.schema_name, t.table_name, c.column_name, c.data_type from duckdb_tables() as t "
        "join duckdb_columns() as c using (database_name, schema_name, table_name) "
        "where t.database_name = ? and not t.internal order by all",
        [name],
    ).fetchall():
        tables.setdefault((schema, table), []).append((column, kind))
    return [
        _hash(con, str(name), schema, table, columns)
        for (schema, table), columns in tables.items()
        if (schema, table) not in RUN_SPECIFIC and schema not in INTERNAL_SCHEMAS
    ]


def overall_hash(empreintes: list[Empreinte]) -> str:
    """One hash for a whole warehouse."""
    lines = (f"{e.nom} {e.lignes} {e.empreinte}\n" for e in sorted(empreintes, key=lambda e: e.nom))
    return hashlib.sha256("".join(lines).encode()).hexdigest()


def _hash(
    con: duckdb.DuckDBPyConnection, catalogue: str, schema: str, table: str, layout: list[tuple[str, str]]
) -> Empreinte:
    columns = [(name, kind) for name, kind in layout if name not in LEFT_OUT]
    count, low, high = con.execute(
        f"select {row_sums(name for name, _ in columns)} from {qualified(catalogue, schema, table)}"
    ).fetchall()[0]
    content = f"{columns!r} {count} {low or 0} {high or 0}"
    return Empreinte(schema, table, int(count), hashlib.sha256(content.encode()).hexdigest())


def row_sums(columns: Iterable[str]) -> str:
    """Return, as SQL columns, what says which rows there are: their number, the sums of their half hashes."""
    # chr(31) separates values and chr(30) stands for null: neither can be typed in a source file's field.
    values = ", ".join(f"coalesce(cast({identifier(name)} as varchar), chr(30))" for name in columns)
    hashed = f"md5_number({f'concat_ws(chr(31), {values})' if values else chr(39) * 2})::uhugeint"
    halves = (f"{hashed} & {_LOW_HALF}", f"{hashed} >> 64")
    return ", ".join(["count(*)", *(f"sum(({half})::hugeint)" for half in halves)])


def _scalar(con: duckdb.DuckDBPyConnection, query: str) -> object:
    return con.execute(query).fetchall()[0][0]
