"""What an engine reads: the validated rows of a warehouse, as one Parquet file per table."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pipelines.lecture_seule import open_read_only


def read_by_models(manifest: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Return schema and name of the tables that the models take from the ingestion."""
    return sorted((str(n["schema"]), str(n["identifier"])) for n in manifest["sources"].values())


def export(entrepot: Path, tables: list[tuple[str, str]], dossier: Path) -> dict[tuple[str, str], Path]:
    """Write tables of a warehouse to `<dossier>/<schema>/<table>.parquet`.

    Args:
        entrepot: a published warehouse; it is only read.
        tables: schema and name of each.
        dossier: where to write; created.

    Returns:
        The file of each table.

    """
    fichiers = {}
    with open_read_only(entrepot) as con:
        for schema, table in tables:
            fichier = dossier / schema / f"{table}.parquet"
            fichier.parent.mkdir(parents=True, exist_ok=True)
            con.table(f"{schema}.{table}").write_parquet(str(fichier))
            fichiers[schema, table] = fichier
    return fichiers
