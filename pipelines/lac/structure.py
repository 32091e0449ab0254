"""What a table is, whatever holds it: name, columns, comments; read from a database, written in another.

Only the structure belongs here; the rows are copied by the modules that know where they go.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import duckdb

from pipelines.edition import SIGNATAIRES, editions
from pipelines.sql import identifier, literal, qualified

# Who may read: their owner alone, an edition's readers by their group, or whoever the owner's mask lets in.
ATELIER, GROUPE, PUBLIC = (0o700, 0o600), (0o750, 0o640), (0o777, 0o666)
# Rows of SNE and OPS, and what names one household or one dwelling.
_PRIVES = frozenset({"sources", "quarantaine", "entrepot", "intermediate"})
# The vintage of a table: that of the file, else the year that the row is about.
_VINTAGES = ("millesime", "annee")
_TYPE = re.compile(r"[A-Z]+(\(\d+,\d+\))?")


def rights(schema: str, table: str | None = None) -> tuple[int, int]:
    """Rights of the folder and of the files of a table, or of a schema: each edition has its own.

    What an edition holds is said once, in `pipelines.edition`.
    """
    if schema in _PRIVES:
        return ATELIER
    edition = editions()[SIGNATAIRES]
    if schema in edition.schemas:
        return GROUPE
    if schema == "meta":
        return GROUPE if table is None or table in {*edition.meta, "dictionnaire"} else ATELIER
    return PUBLIC


@dataclass(frozen=True)
class Colonne:
    """One column, with what a reader is told about it."""

    nom: str
    type: str
    obligatoire: bool
    commentaire: str | None


@dataclass(frozen=True)
class Table:
    """One table: a row of the catalogue of a warehouse."""

    schema: str
    nom: str
    commentaire: str | None
    colonnes: tuple[Colonne, ...]

    @property
    def nom_complet(self) -> str:
        """Schema and table, as a reader writes them."""
        return f"{self.schema}.{self.nom}"

    @property
    def noms(self) -> list[str]:
        """Names of the columns, in order."""
        return [colonne.nom for colonne in self.colonnes]

    @property
    def vintage(self) -> str | None:
        """The column that says of which year a row is, when the table has one."""
        return next((name for name in _VINTAGES if name in self.noms), None)

    def to_json(self) -> dict[str, Any]:
        """Return the structure as the manifest writes it."""
        return {
            "schema": self.schema,
            "table": self.nom,
            "commentaire": self.commentaire,
            "colonnes": [vars(colonne) for colonne in self.colonnes],
        }

    @classmethod
    def from_json(cls, content: Mapping[str, Any]) -> "Table":
        """Read a structure from a manifest.

        Raises:
            ValueError: a type is not one that DuckDB would write.

        """
        colonnes = tuple(Colonne(**colonne) for colonne in content["colonnes"])
        for colonne in colonnes:
            if not _TYPE.fullmatch(colonne.type):
                raise ValueError(f"type of {content['table']}.{colonne.nom}: {colonne.type}")
        return cls(content["schema"], content["table"], content["commentaire"], colonnes)


def read_structure(con: duckdb.DuckDBPyConnection, catalogue: str | None = None) -> list[Table]:
    """Return the tables of a catalogue, the current one by default, by name."""
    name = catalogue or current_catalogue(con)
    columns = read_columns(con, name)
    return [
        Table(schema, table, comment, tuple(columns[schema, table]))
        for schema, table, comment in con.execute(
            "select schema_name, table_name, comment from duckdb_tables() "
            "where database_name = ? and not internal order by all",
            [name],
        ).fetchall()
    ]


def current_catalogue(con: duckdb.DuckDBPyConnection) -> str:
    """Return the name of the current catalogue."""
    return str(con.execute("select current_database()").fetchall()[0][0])


def read_columns(con: duckdb.DuckDBPyConnection, catalogue: str) -> dict[tuple[str, str], list[Colonne]]:
    """Return the columns of each table of a catalogue, in order, by schema and table."""
    columns: dict[tuple[str, str], list[Colonne]] = {}
    for schema, table, *column in con.execute(
        "select schema_name, table_name, column_name, data_type, not is_nullable, comment "
        "from duckdb_columns() where database_name = ? and not internal order by schema_name, table_name, "
        "column_index",
        [catalogue],
    ).fetchall():
        columns.setdefault((schema, table), []).append(Colonne(*column))
    return columns


def definitions(table: Table, catalogue: str) -> Iterator[str]:
    """Return the statements that make a table, empty, with its comments."""
    target = qualified(catalogue, table.schema, table.nom)
    body = ", ".join(definition(colonne) for colonne in table.colonnes)
    yield f"create table {target} ({body})"
    if table.commentaire is not None:
        yield f"comment on table {target} is {literal(table.commentaire)}"
    for colonne in table.colonnes:
        yield from described(target, colonne)


def definition(colonne: Colonne) -> str:
    """Return a column as `create table` writes it."""
    return f"{identifier(colonne.nom)} {colonne.type}" + (" not null" if colonne.obligatoire else "")


def described(target: str, colonne: Colonne) -> Iterator[str]:
    """Return the statement that describes a column, when it has a description."""
    if colonne.commentaire is not None:
        yield f"comment on column {target}.{identifier(colonne.nom)} is {literal(colonne.commentaire)}"
