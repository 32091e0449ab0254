"""A published warehouse as Parquet: one folder per table, one per vintage, a manifest, one atomic switch.

The layout of the lake belongs here (`docs/lac.md` describes it for those who read it); the way back to a
DuckDB file is in `reconstruction`.
"""

import fcntl
import hashlib
import os
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb

from pipelines.errors import ObservatoireError
from pipelines.fichiers import flush, flush_folder, write_json
from pipelines.lac.manifeste import COURANT, FORMAT, MANIFESTE, VERSIONS, read_manifest
from pipelines.lac.structure import GROUPE, Table, current_catalogue, read_structure, rights
from pipelines.publication import disk_errors_explained, open_warehouse, published_execution
from pipelines.publication.entrepot import lock_content
from pipelines.sql import identifier, literal, qualified

# Hive's own word, that every engine reads as null.
SANS_MILLESIME = "__HIVE_DEFAULT_PARTITION__"
# Parquet has no integer of 128 bits: DuckDB would write a double.
EXACT = {"HUGEINT": "decimal(38,0)"}
_KEPT = {
    *(
        "BOOLEAN",
        "TINYINT",
        "SMALLINT",
        "INTEGER",
        "BIGINT",
        "DOUBLE",
        "FLOAT",
        "VARCHAR",
        "DATE",
        "TIMESTAMP",
    ),
}
_EN_COURS = ".construction"


@dataclass(frozen=True)
class VersionLac:
    """One version of a lake."""

    chemin: Path
    manifeste: Mapping[str, Any]
    nouvelle: bool

    @property
    def fichiers(self) -> int:
        """Number of Parquet files."""
        return sum(len(table["fichiers"]) for table in self.manifeste["tables"])

    @property
    def octets(self) -> int:
        """Size of the Parquet files."""
        return sum(f["octets"] for table in self.manifeste["tables"] for f in table["fichiers"])


def write_lake(entrepot: Path, lac: Path, garder: int = 3) -> VersionLac:
    """Write a published warehouse as a new version of a lake, and make it the current one.

    Everything is written aside, then the folder takes its name and the link `courant` is replaced: two
    renames, each atomic. A file whose bytes did not change is the previous version's, under a second name.

    Args:
        entrepot: published warehouse.
        lac: folder of the lake; made when it does not exist.
        garder: how many replaced versions are kept, for readers that are still on them.

    Raises:
        ObservatoireError: the folder holds something else, another process writes in it, or the disk refuses.

    """
    with disk_errors_explained(lac), open_warehouse(entrepot) as con, locked(lac):
        execution = published_execution(con)
        versions = lac / VERSIONS
        version = versions / f"{execution.version:04d}-{execution.empreinte[:12]}"
        previous = current_version(lac)
        for dead in versions.glob(f"{_EN_COURS}*"):
            shutil.rmtree(dead)
        if version.is_dir() and previous == version:
            return VersionLac(version, read_manifest(version), nouvelle=False)
        aside = versions / f"{_EN_COURS}-{os.getpid()}"
        aside.mkdir()
        try:
            manifeste = _write_version(con, aside, {} if previous is None else _hashes(previous), previous)
            if version.is_dir():
                shutil.rmtree(version)
            aside.rename(version)
        finally:
            shutil.rmtree(aside, ignore_errors=True)
        flush_folder(versions)
        _switch(lac, version)
        _prune(versions, version, garder)
    return VersionLac(version, manifeste, nouvelle=True)


@contextmanager
def locked(lac: Path) -> Iterator[None]:
    """Hold the lake for one writer; the kernel frees it when the process dies, however it dies."""
    if lac.exists() and (not lac.is_dir() or (any(lac.iterdir()) and not (lac / VERSIONS).is_dir())):
        raise ObservatoireError(
            f"« {lac} » existe et n'est pas un lac d'Observatoire : rien n'y sera écrit. "
            "Choisissez un dossier vide."
        )
    (lac / VERSIONS).mkdir(parents=True, exist_ok=True)
    with (lac / ".verrou").open("a") as verrou:
        try:
            fcntl.flock(verrou, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise ObservatoireError(
                f"Un autre processus écrit déjà dans le lac « {lac} » : attendez sa fin."
            ) from error
        yield


def current_version(lac: Path) -> Path | None:
    """The folder of the version that readers of a lake are on; None before the first."""
    link = lac / COURANT
    return lac / VERSIONS / link.readlink().name if link.is_symlink() and link.is_dir() else None


def _hashes(version: Path) -> dict[str, str]:
    return {f["chemin"]: f["sha256"] for table in read_manifest(version)["tables"] for f in table["fichiers"]}


def _write_version(
    con: duckdb.DuckDBPyConnection, aside: Path, before: Mapping[str, str], previous: Path | None
) -> dict[str, Any]:
    known = {
        (schema, table): empreinte
        for schema, table, empreinte in con.execute(
            "select nom_schema, nom_table, empreinte from meta.empreintes"
        ).fetchall()
    }
    tables = []
    for table in read_structure(con):
        files = []
        for chemin, lignes in _write_table(con, table, aside):
            files.append(_account(aside, chemin, lignes, before, previous))
        tables.append(
            {
                **table.to_json(),
                "partition": table.vintage,
                "lignes": sum(f["lignes"] for f in files),
                "empreinte": known.get((table.schema, table.nom)),
                "fichiers": files,
            }
        )
    execution = published_execution(con)
    manifeste = {
        "format": FORMAT,
        "version": execution.version,
        "empreinte": execution.empreinte,
        "empreinte_modeles": execution.empreinte_modeles,
        "version_observatoire": execution.version_observatoire,
        "version_duckdb": duckdb.__version__,
        "tables": tables,
        "verrou": lock_content(con),
    }
    write_json(aside / MANIFESTE, manifeste)
    # It has the files that were read, and how many rows every table has.
    (aside / MANIFESTE).chmod(GROUPE[1])
    for folder in sorted({path.parent for path in aside.rglob("*")}):
        flush_folder(folder)
    return manifeste


def _write_table(con: duckdb.DuckDBPyConnection, table: Table, aside: Path) -> Iterator[tuple[Path, int]]:
    """Write one table, one file per vintage, rows in the order of their columns: same rows, same bytes."""
    # With its catalogue: a file may have the name of a schema (`entrepot.duckdb`).
    source = qualified(current_catalogue(con), table.schema, table.nom)
    folder = aside / table.schema / table.nom
    _make(folder, table)
    if table.vintage is None:
        path = folder / "donnees.parquet"
        yield path, _copy(con, table, source, path, [])
        return
    column = identifier(table.vintage)
    values = con.execute(f"select distinct {column} from {source} order by all nulls last").fetchall()
    # An empty table keeps its structure for those who read the folder.
    for (value,) in values or [(None,)]:
        part = folder / f"{table.vintage}={SANS_MILLESIME if value is None else value}"
        _make(part, table)
        path = part / "donnees.parquet"
        rows = f"(select * from {source} where {column} is not distinct from {literal_or_null(value)})"
        yield path, _copy(con, table, rows, path, [table.vintage])


def _copy(con: duckdb.DuckDBPyConnection, table: Table, rows: str, path: Path, left_out: list[str]) -> int:
    columns = [colonne for colonne in table.colonnes if colonne.nom not in left_out]
    selected = ", ".join(exact(identifier(c.nom), c.type) + f" as {identifier(c.nom)}" for c in columns)
    order = ", ".join(str(rank) for rank in range(1, len(columns) + 1))
    (count,) = con.execute(
        f"copy (select {selected} from {rows} order by {order}) to {literal(str(path))} "
        "(format parquet, compression zstd)"
    ).fetchall()[0]
    path.chmod(path.stat().st_mode & rights(table.schema, table.nom)[1])
    return int(count)


def exact(expression: str, kind: str) -> str:
    """Return an expression that Parquet keeps exactly."""
    if kind in EXACT:
        return f"cast({expression} as {EXACT[kind]})"
    if kind not in _KEPT and not kind.startswith("DECIMAL("):
        raise ValueError(f"no exact Parquet type for {kind}")
    return expression


def literal_or_null(value: object) -> str:
    """Return a vintage as SQL."""
    return "null" if value is None else literal(str(value))


def _make(folder: Path, table: Table) -> None:
    folder.parent.mkdir(mode=rights(table.schema)[0], exist_ok=True)
    folder.mkdir(mode=rights(table.schema, table.nom)[0], exist_ok=True)


def _account(
    aside: Path, path: Path, lignes: int, before: Mapping[str, str], previous: Path | None
) -> dict[str, Any]:
    chemin = path.relative_to(aside).as_posix()
    with path.open("rb") as stream:
        sha256 = hashlib.file_digest(stream, "sha256").hexdigest()
    if previous is not None and before.get(chemin) == sha256:
        _share(previous / chemin, path)
    flush(path)
    return {"chemin": chemin, "lignes": lignes, "octets": path.stat().st_size, "sha256": sha256}


def _share(old: Path, new: Path) -> None:
    """Give the previous version's file a second name, in the place of the same bytes written again."""
    temporary = new.with_name(".meme")
    try:
        os.link(old, temporary)
    except OSError:
        # A disk without hard links, or a file taken away: the new copy stays.
        return
    temporary.replace(new)


def _switch(lac: Path, version: Path) -> None:
    temporary = lac / f".{COURANT}"
    temporary.unlink(missing_ok=True)
    temporary.symlink_to(Path(VERSIONS) / version.name)
    temporary.replace(lac / COURANT)
    flush_folder(lac)


def _prune(versions: Path, current: Path, garder: int) -> None:
    others = sorted(path for path in versions.iterdir() if path.is_dir() and path != current)
    for path in others[: max(len(others) - max(garder, 0), 0)]:
        shutil.rmtree(path)
