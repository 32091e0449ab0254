"""Whether a warehouse still holds a person or a vintage, and the removal of the kept versions that do.

A kept version is removed whole: rewriting a published file would make figures that nobody published. One that
cannot be searched, because its key is another or unknown, is removed too.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path

import duckdb

from pipelines.edition import editions, read_mark
from pipelines.errors import ObservatoireError
from pipelines.fichiers import flush_folder
from pipelines.lecture_seule import open_read_only
from pipelines.paths import WorkingFolder, edition_path
from pipelines.publication.chantier import Chantier
from pipelines.publication.lecture import open_warehouse
from pipelines.publication.versions import kept_files
from pipelines.sql import identifier, qualified


def rows_of_persons(con: duckdb.DuckDBPyConnection, pseudonymes: Sequence[str]) -> dict[str, int]:
    """Count, table by table, the rows of an open warehouse that carry one of the pseudonyms in any column."""
    columns: dict[tuple[str, str], list[str]] = {}
    for schema, table, column in con.execute(
        "select schema_name, table_name, column_name from duckdb_columns() "
        "where data_type = 'VARCHAR' and not internal order by all"
    ).fetchall():
        columns.setdefault((schema, table), []).append(column)
    found = {}
    for (schema, table), names in columns.items():
        anywhere = " or ".join(f"list_contains($1, {identifier(name)})" for name in names)
        count = con.execute(
            f"select count(*) from {qualified(schema, table)} where {anywhere}", [list(pseudonymes)]
        ).fetchall()[0][0]
        if count:
            found[f"{schema}.{table}"] = int(count)
    return found


def rows_with_persons(con: duckdb.DuckDBPyConnection, columns: Sequence[str]) -> dict[str, int]:
    """Count, table by table, the rows of an open warehouse that name somebody in one of these columns."""
    found = {}
    for schema, table, column in con.execute(
        "select schema_name, table_name, column_name from duckdb_columns() "
        "where list_contains(?, column_name) and not internal order by all",
        [list(columns)],
    ).fetchall():
        count = con.execute(f"select count({identifier(column)}) from {qualified(schema, table)}").fetchall()[
            0
        ][0]
        if count:
            found[f"{schema}.{table}"] = int(count)
    return found


def rows_of_vintage(
    con: duckdb.DuckDBPyConnection, produits: Sequence[str], millesime: int
) -> dict[str, int]:
    """Count the rows of a vintage in the tables of `sources` that an open warehouse has."""
    present = con.execute(
        "select table_name from duckdb_tables() "
        "where schema_name = 'sources' and list_contains(?, table_name)",
        [list(produits)],
    ).fetchall()
    found = {}
    for (table,) in sorted(present):
        count = con.execute(
            "select count(*) from query_table(?) where millesime = ?", [f"sources.{table}", millesime]
        ).fetchall()[0][0]
        if count:
            found[f"sources.{table}"] = int(count)
    return found


def set_aside_lines(con: duckdb.DuckDBPyConnection, messages: Sequence[str]) -> dict[str, list[int]]:
    """Return the lines of each deposited file that the quarantine says were set aside."""
    tables = con.execute(
        "select table_name from duckdb_tables() where schema_name = 'quarantaine' order by 1"
    ).fetchall()
    lines: dict[str, set[int]] = {}
    for (table,) in tables:
        for fichier, ligne in con.execute(
            "select _fichier, _ligne from query_table(?) where list_contains(?, message)",
            [f"quarantaine.{table}", list(messages)],
        ).fetchall():
            lines.setdefault(str(fichier), set()).add(int(ligne))
    return {fichier: sorted(found) for fichier, found in sorted(lines.items())}


def lines_read(
    con: duckdb.DuckDBPyConnection, pseudonymes: Sequence[str], vintage: tuple[Sequence[str], int] | None
) -> dict[str, list[int]]:
    """Return the lines of each deposited file that an open warehouse read for some persons or a vintage."""
    tables: dict[str, list[str]] = {}
    for table, column in con.execute(
        "select table_name, column_name from duckdb_columns() "
        "where schema_name = 'sources' and data_type = 'VARCHAR' and not internal order by all"
    ).fetchall():
        tables.setdefault(str(table), []).append(str(column))
    found: dict[str, set[int]] = {}
    for table, columns in tables.items():
        if "_fichier" not in columns:
            continue
        if vintage is not None and table in vintage[0]:
            condition, values = "millesime = $1", [vintage[1]]
        elif pseudonymes:
            condition = " or ".join(f"list_contains($1, {identifier(name)})" for name in columns)
            values = [list(pseudonymes)]  # type: ignore[list-item]
        else:
            continue
        rows = con.execute(
            f"select _fichier, _ligne from {qualified('sources', table)} where {condition}", values
        ).fetchall()
        for fichier, ligne in rows:
            found.setdefault(str(fichier), set()).add(int(ligne))
    return {fichier: sorted(lines) for fichier, lines in sorted(found.items())}


def key_of(con: duckdb.DuckDBPyConnection) -> str | None:
    """Return the fingerprint of the key that made an open warehouse; None when it did not record it."""
    known = con.execute(
        "select 1 from duckdb_columns() "
        "where schema_name = 'meta' and table_name = 'executions' and column_name = 'empreinte_cle'"
    ).fetchall()
    if not known:
        return None
    row = con.execute("select empreinte_cle from meta.executions order by version desc limit 1").fetchall()
    return None if row[0][0] is None else str(row[0][0])


def versions_that_hold(
    dossier: WorkingFolder,
    *,
    empreinte_cle: str,
    pseudonymes: Sequence[str] = (),
    vintage: tuple[Sequence[str], int] | None = None,
) -> list[Path]:
    """Return the kept versions that hold a person or a vintage, or cannot be proved not to."""
    found = []
    for path in kept_files(dossier):
        with open_warehouse(path, toute_version=True) as con:
            vintages: Mapping[str, int] = {} if vintage is None else rows_of_vintage(con, *vintage)
            unknown = vintage is None and key_of(con) != empreinte_cle
            if unknown or vintages or (pseudonymes and rows_of_persons(con, pseudonymes)):
                found.append(path)
    return found


def editions_that_hold(
    dossier: WorkingFolder,
    *,
    pseudonymes: Sequence[str] = (),
    vintage: tuple[Sequence[str], int] | None = None,
) -> list[Path]:
    """Return the files of the editions that name a person or a vintage, or are not those of the warehouse.

    An edition has no row about a person: what it could hold of one is a text, or what another warehouse, that
    held them, made.

    Raises:
        ObservatoireError: one of them cannot be read: nothing would be proved.

    """
    with open_read_only(dossier.entrepot) as con:
        empreinte = read_mark(con).empreinte
    found = []
    for nom in editions():
        path = edition_path(dossier.entrepot, nom)
        if not path.is_file():
            continue
        try:
            with open_read_only(path) as con:
                stale = read_mark(con).empreinte != empreinte
                held = bool(pseudonymes and rows_of_persons(con, pseudonymes))
                if stale or held or (vintage is not None and _lists_vintage(con, *vintage)):
                    found.append(path)
        except duckdb.Error as error:
            raise ObservatoireError(
                f"« {path} » ne peut pas être lu : on ne peut rien en prouver. Supprimez-le ; la "
                "construction suivante le refait."
            ) from error
    return found


def _lists_vintage(con: duckdb.DuckDBPyConnection, produits: Sequence[str], millesime: int) -> bool:
    known = con.execute(
        "from duckdb_tables() where schema_name = 'meta' and table_name = 'produits' limit 1"
    ).fetchall()
    return bool(
        known
        and con.execute(
            "from meta.produits where list_contains(?, produit) and millesime = ? limit 1",
            [list(produits), millesime],
        ).fetchall()
    )


def drop_versions(chantier: Chantier, paths: Sequence[Path]) -> None:
    """Remove kept versions, with the logs beside them; the lock of the warehouse is held."""
    for path in paths:
        path.unlink(missing_ok=True)
        path.with_name(path.name + ".wal").unlink(missing_ok=True)
    if chantier.dossier.versions.is_dir():
        flush_folder(chantier.dossier.versions)
