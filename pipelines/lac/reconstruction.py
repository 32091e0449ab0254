"""The DuckDB file made again from the Parquet of a lake alone: same tables, comments and content hashes.

Nothing but the manifest and the files it names is read.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import duckdb

from pipelines.errors import DonneesRefusees
from pipelines.lac.ecriture import literal_or_null
from pipelines.lac.manifeste import check_files, choose_version, read_manifest
from pipelines.lac.structure import Table, current_catalogue, definitions
from pipelines.publication import Chantier, Empreinte, compare_hashes, content_hashes, next_number
from pipelines.sql import identifier, literal, qualified


def rebuild_from_lake(chantier: Chantier, lac: Path, numero: int | None = None) -> dict[str, Any]:
    """Fill the base of a building site from a version of a lake and return its manifest.

    Args:
        chantier: the building site, with no base yet.
        lac: folder of the lake.
        numero: version of the lake; None: the current one.

    Raises:
        ObservatoireError: no such lake or version.
        DonneesRefusees: the files are not those of the manifest, or give another content.

    """
    version = choose_version(lac, numero)
    manifeste = read_manifest(version)
    check_files(version, manifeste)
    with duckdb.connect(str(chantier.base)) as con:
        for entry in manifeste["tables"]:
            _load(con, current_catalogue(con), entry, version)
        check_content(con, _expected(manifeste), str(lac))
        close_base(con, chantier)
    return manifeste


def _load(con: duckdb.DuckDBPyConnection, catalogue: str, entry: Mapping[str, Any], version: Path) -> None:
    table = Table.from_json(entry)
    con.execute(f"create schema if not exists {qualified(catalogue, table.schema)}")
    for statement in definitions(table, catalogue):
        con.execute(statement)
    partition = entry["partition"]
    for file in entry["fichiers"]:
        chemin = version / file["chemin"]
        value = chemin.parent.name.partition("=")[2] if partition else ""
        columns = ", ".join(
            f"cast({_vintage(value)} as {colonne.type})"
            if colonne.nom == partition
            else identifier(colonne.nom)
            for colonne in table.colonnes
        )
        con.execute(
            f"insert into {qualified(catalogue, table.schema, table.nom)} select {columns} "
            f"from read_parquet({literal(str(chemin))}, hive_partitioning = false)"
        )


def _vintage(value: str) -> str:
    return literal_or_null(value if value.lstrip("-").isdigit() else None)


def _expected(manifeste: Mapping[str, Any]) -> list[Empreinte]:
    return [
        Empreinte(entry["schema"], entry["table"], entry["lignes"], entry["empreinte"])
        for entry in manifeste["tables"]
        if entry["empreinte"] is not None
    ]


def check_content(con: duckdb.DuckDBPyConnection, expected: list[Empreinte], origine: str) -> None:
    """Refuse a rebuilt base whose tables do not have the hashes that were recorded.

    Raises:
        DonneesRefusees: a table differs (the message names them).

    """
    names = {e.nom for e in expected}
    found = [e for e in content_hashes(con) if e.nom in names]
    different = [nom for nom, left, right in compare_hashes(expected, found) if left != right]
    if different:
        raise DonneesRefusees(
            f"« {origine} » ne redonne pas le contenu enregistré : {', '.join(different)}. "
            "Rien n'a été publié."
        )


def close_base(con: duckdb.DuckDBPyConnection, chantier: Chantier) -> None:
    """Give the base a number that no kept version of the target has, and checkpoint it."""
    con.execute(
        "update meta.executions set version = ? where version = (select max(version) from meta.executions) "
        "and version < ?",
        [number := next_number(chantier.dossier), number],
    )
    con.execute("force checkpoint")
