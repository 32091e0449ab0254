"""How a published warehouse is opened, recognised and asked which run made it.

Only reading belongs here; the tables read are written in `entrepot`.
"""

from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import duckdb

from pipelines.edition import refuse_edition
from pipelines.errors import ObservatoireError
from pipelines.lecture_seule import open_read_only
from pipelines.sql import identifier

# Structure of the tables that the commands read. To be raised when a table or a column that one of them reads
# changes its name, its type or its meaning (docs/evolutions.md); 1 is what did not record it yet.
VERSION_SCHEMA = 4
_UNRECORDED = 1


@dataclass(frozen=True)
class Execution:
    """The account of the run that published a warehouse: the last row of its `meta.executions`."""

    version: int
    execution: str
    fin: datetime
    empreinte: str
    empreinte_modeles: str
    version_observatoire: str


@contextmanager
def open_warehouse(
    entrepot: Path, *, toute_version: bool = False, accepte: Collection[str] = ()
) -> Iterator[duckdb.DuckDBPyConnection]:
    """Open a published warehouse, or the file of one of its editions, for reading.

    Args:
        entrepot: the warehouse.
        accepte: the editions whose file will do as well.
        toute_version: also one whose tables are not those of this version, for who only reads its account.

    Raises:
        ObservatoireError: no such file, not a warehouse of Observatoire, made by another version of it (the
            message says what to do), or open for writing elsewhere.

    """
    if not entrepot.is_file():
        raise ObservatoireError(
            f"« {entrepot} » n'existe pas. Construisez-le d'abord : "
            f"observatoire build --donnees DOSSIER --entrepot {entrepot}"
        )
    try:
        con = open_read_only(entrepot)
    except duckdb.Error as error:
        if is_busy(error):
            raise ObservatoireError(
                f"« {entrepot} » est ouvert en écriture par un autre programme : fermez-le, "
                "ou ouvrez-le là-bas en lecture seule."
            ) from error
        raise ObservatoireError(f"« {entrepot} » n'est pas un fichier DuckDB lisible.") from error
    try:
        if not _is_warehouse(con):
            raise ObservatoireError(
                f"« {entrepot} » est une base DuckDB, mais pas un entrepôt publié par Observatoire "
                "(table meta.executions absente)."
            )
        if not toute_version and (problem := other_schema(schema_version(con), entrepot)) is not None:
            raise ObservatoireError(problem)
        refuse_edition(entrepot, con, accepte)
        yield con
    finally:
        con.close()


def schema_version(con: duckdb.DuckDBPyConnection) -> int:
    """Return the version of the structure of an open warehouse."""
    recorded = con.execute(
        "select min(table_name) from duckdb_columns() where schema_name = 'meta' "
        "and table_name in ('edition', 'executions') and column_name = 'version_schema'"
    ).fetchall()[0][0]
    if recorded is None:
        return _UNRECORDED
    row = con.execute(
        f"select version_schema from meta.{identifier(recorded)} order by version desc limit 1"
    ).fetchall()
    return int(row[0][0] or _UNRECORDED)


def other_schema(found: int, entrepot: Path) -> str | None:
    """Return what to do with a warehouse of another structure, None when it is the one of this version."""
    if found == VERSION_SCHEMA:
        return None
    if found > VERSION_SCHEMA:
        return (
            f"« {entrepot} » a été construit par une version plus récente d'Observatoire (structure {found}, "
            f"celle-ci lit la {VERSION_SCHEMA}) : mettez Observatoire à jour (make setup), puis relancez."
        )
    return (
        f"« {entrepot} » a été construit par une version plus ancienne d'Observatoire (structure {found}, "
        f"celle-ci lit la {VERSION_SCHEMA}) : reconstruisez-le depuis le même dossier de dépôt, "
        f"observatoire build --donnees DOSSIER --entrepot {entrepot}. Les fichiers déjà validés ne sont pas "
        "relus, et l'ancien entrepôt reste gardé."
    )


def is_busy(error: duckdb.Error) -> bool:
    """Whether DuckDB refused to open a file because another program writes in it."""
    text = str(error)
    return "lock" in text or "different configuration" in text


def _is_warehouse(con: duckdb.DuckDBPyConnection) -> bool:
    return bool(
        con.execute(
            "select 1 from duckdb_tables() "
            "where schema_name = 'meta' and table_name in ('edition', 'executions')"
        ).fetchall()
    )


def refuse_foreign(entrepot: Path) -> None:
    """Refuse to replace a file that Observatoire did not write.

    Raises:
        ObservatoireError: the file exists and is something else.

    """
    if not entrepot.exists() or entrepot.stat().st_size == 0:
        return
    try:
        con = open_read_only(entrepot)
    except duckdb.Error as error:
        if is_busy(error):
            return
        ours = False
    else:
        with con:
            ours = _is_warehouse(con)
    if not ours:
        raise ObservatoireError(
            f"« {entrepot} » existe et n'est pas un entrepôt d'Observatoire : il ne sera pas remplacé. "
            "Choisissez un autre nom avec --entrepot."
        )


def published_execution(con: duckdb.DuckDBPyConnection) -> Execution:
    """Return the account of the run that wrote an open warehouse."""
    row = con.execute(
        "select version, execution, fin, empreinte, empreinte_modeles, version_observatoire "
        "from meta.executions order by version desc limit 1"
    ).fetchall()[0]
    return Execution(*row)


def read_parameters(con: duckdb.DuckDBPyConnection) -> dict[str, list[str]]:
    """Return the parameters that a warehouse was built with: name → values, in order."""
    rows = con.execute(
        "select parametre, valeur from sources.parametres order by parametre, valeur"
    ).fetchall()
    values: dict[str, list[str]] = {}
    for parametre, valeur in rows:
        values.setdefault(str(parametre), []).append(str(valeur))
    return values
