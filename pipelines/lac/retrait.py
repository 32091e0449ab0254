"""Whether a lake of Parquet still holds a person or a vintage, and the removal of its versions that do.

A version is removed whole, as a kept warehouse is: the files that others share with it keep their other name.
One that cannot be searched, because its key is another or unknown, holds what it may.
"""

import shutil
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import duckdb

from pipelines.errors import ObservatoireError
from pipelines.fichiers import flush_folder
from pipelines.lac.ecriture import current_version, locked
from pipelines.lac.manifeste import VERSIONS, read_manifest
from pipelines.sql import identifier


def lake_versions_that_hold(
    lac: Path,
    *,
    empreinte_cle: str,
    pseudonymes: Sequence[str] = (),
    vintage: tuple[Sequence[str], int] | None = None,
) -> list[Path]:
    """Return the versions of a lake that hold a person or a vintage, or cannot be proved not to.

    Raises:
        ObservatoireError: the folder is not a lake, or a version of it cannot be read.

    """
    if not (lac / VERSIONS).is_dir():
        raise ObservatoireError(f"« {lac} » n'est pas un lac d'Observatoire : rien n'y sera cherché.")
    found = []
    with duckdb.connect() as con:
        for version in sorted(p for p in (lac / VERSIONS).iterdir() if p.is_dir()):
            manifeste = read_manifest(version)
            if vintage is not None:
                holds = _has_vintage(manifeste, *vintage)
            else:
                holds = _key(con, version, manifeste) != empreinte_cle or _has_persons(
                    con, version, manifeste, pseudonymes
                )
            if holds:
                found.append(version)
    return found


def drop_lake_versions(lac: Path, versions: Sequence[Path]) -> None:
    """Remove versions of a lake; the current one stays, for its readers: write the lake again first."""
    with locked(lac):
        for version in versions:
            if version != current_version(lac):
                shutil.rmtree(version)
        flush_folder(lac / VERSIONS)


def _files(manifeste: Mapping[str, Any], schema: str, tables: Sequence[str]) -> Iterator[Mapping[str, Any]]:
    for table in manifeste["tables"]:
        if table["schema"] == schema and table["table"] in tables:
            yield from table["fichiers"]


def _has_vintage(manifeste: Mapping[str, Any], produits: Sequence[str], millesime: int) -> bool:
    return any(
        file["lignes"] and Path(file["chemin"]).parent.name == f"millesime={millesime}"
        for file in _files(manifeste, "sources", produits)
    )


def _has_persons(
    con: duckdb.DuckDBPyConnection, version: Path, manifeste: Mapping[str, Any], pseudonymes: Sequence[str]
) -> bool:
    for table in manifeste["tables"]:
        names = [c["nom"] for c in table["colonnes"] if c["type"] == "VARCHAR"]
        paths = [str(version / file["chemin"]) for file in table["fichiers"] if file["lignes"]]
        if not (names and paths):
            continue
        anywhere = " or ".join(f"list_contains($who, {identifier(name)})" for name in names)
        ((here,),) = con.execute(
            "select exists(from read_parquet($paths, hive_partitioning = true, hive_types_autocast = false) "
            f"where {anywhere})",
            {"who": list(pseudonymes), "paths": paths},
        ).fetchall()
        if here:
            return True
    return False


def _key(con: duckdb.DuckDBPyConnection, version: Path, manifeste: Mapping[str, Any]) -> str | None:
    """The fingerprint of the key that made a version; None when it did not record it."""
    for table in manifeste["tables"]:
        if (table["schema"], table["table"]) != ("meta", "executions"):
            continue
        if "empreinte_cle" not in [c["nom"] for c in table["colonnes"]]:
            return None
        paths = [str(version / file["chemin"]) for file in table["fichiers"]]
        rows = con.execute(
            "select empreinte_cle from read_parquet(?) order by version desc limit 1", [paths]
        ).fetchall()
        return str(rows[0][0]) if rows and rows[0][0] is not None else None
    return None
