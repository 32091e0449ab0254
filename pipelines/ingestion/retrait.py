"""Take a source out of the store.

The store is emptied of a whole source, not of a few rows: an entry of another key or of an older reader
cannot be searched, and what is needed is read again from the files. Nothing here is logged. Where files
still name a person is found by `recherche`.
"""

import json
import shutil
from collections.abc import Iterable, Sequence
from pathlib import Path

import duckdb
import pyarrow.parquet as pq

from pipelines.ingestion.declarations import declarations, ident


def purge_store(magasin: Path, sources: Iterable[str]) -> int:
    """Remove from the store every entry of some sources, and every entry that says of no source.

    Returns:
        Number of entries removed.
    """
    wanted, removed = set(sources), 0
    if not magasin.is_dir():
        return 0
    for path in sorted(magasin.glob("*.parquet")):
        key = path.name.split(".")[0]
        if _source(magasin / f"{key}.json") not in _others(wanted) and path.exists():
            for part in magasin.glob(f"{key}.*"):
                part.unlink()
            removed += 1
    for path in sorted((magasin / "index").glob("*.json")):
        if not _index_sources(path) <= _others(wanted):
            path.unlink()
    for path in magasin.glob("tmp-*"):
        shutil.rmtree(path, ignore_errors=True)
    return removed


def count_in_store(magasin: Path, pseudonymes: Sequence[str]) -> int:
    """Count the rows of the store that carry one of the pseudonyms, whatever the product."""
    champs = {champ for produit in declarations().values() for champ in produit.personnes}
    total = 0
    with duckdb.connect() as con:
        for path in sorted(magasin.glob("*.parquet")) if magasin.is_dir() else []:
            for champ in sorted(champs & set(pq.ParquetFile(path).schema_arrow.names)):
                row = con.execute(
                    f"SELECT count(*) FROM read_parquet(?) WHERE list_contains(?, {ident(champ)})",
                    [str(path), list(pseudonymes)],
                ).fetchall()
                total += int(row[0][0])
    return total


def count_vintage_in_store(magasin: Path, source: str, millesime: int) -> int:
    """Count the rows of a source and vintage in the store."""
    total = 0
    with duckdb.connect() as con:
        for path in sorted(magasin.glob("*.json")) if magasin.is_dir() else []:
            parquet = path.with_suffix(".parquet")
            if _source(path) == source and parquet.is_file():
                row = con.execute(
                    "SELECT count(*) FROM read_parquet(?) WHERE millesime = ?", [str(parquet), millesime]
                ).fetchall()
                total += int(row[0][0])
    return total


def _others(wanted: set[str]) -> set[str]:
    return {p.source for p in declarations().values()} - wanted


def _source(account: Path) -> str | None:
    try:
        return str(json.loads(account.read_text(encoding="utf-8"))["source"])
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _index_sources(path: Path) -> set[str | None]:
    try:
        return {str(account["source"]) for _, account in json.loads(path.read_text(encoding="utf-8"))}
    except (OSError, ValueError, KeyError, TypeError):
        return {None}
