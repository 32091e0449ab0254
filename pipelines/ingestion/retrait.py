"""Take a source out of the store, and find where the deposited files still name a person.

The store is emptied of a whole source, not of a few rows: an entry of another key or of an older reader
cannot be searched, and what is needed is read again from the files. Nothing here is logged.
"""

import contextlib
import gzip
import json
import re
import shutil
import zipfile
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import duckdb
import pyarrow.parquet as pq

from pipelines.ingestion.declarations import declarations, ident

# What may stand between two characters of a number: spaces of any kind, hyphens, invisible characters, and
# the null bytes of a UTF-16 text; in UTF-8 and in Latin-1.
_BETWEEN = (
    rb"(?:[ \t'\x00\xa0\xad-]|\xc2[\xa0\xad]|\xe2\x80[\x80-\x95\xaf]"
    rb"|\xe2\x81[\x9f\xa0]|\xe3\x80\x80|\xef\xbb\xbf)*"
)


@dataclass(frozen=True)
class Endroit:
    """A line of a deposited file that names a person; no line for a format that has none."""

    fichier: str
    ligne: int | None


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


def find_in_landing(donnees: Path, numeros: Sequence[str]) -> list[Endroit]:
    """Find the numbers of some persons in every file of the landing folder, read or not by the readers.

    Text is searched line by line, in gzip and zip files too; workbooks as a whole. Parquet is searched by the
    readers only: its lines are those of the quarantine.
    """
    pattern = _any_form(numeros)
    found = []
    for path in sorted(p for p in donnees.rglob("*") if p.is_file()):
        name = path.relative_to(donnees).as_posix()
        for part, stream, lined in _streams(path):
            where = f"{name}#{part}" if part else name
            lines = [n for n, line in enumerate(stream, 1) if pattern.search(line)]
            found += [Endroit(where, n) for n in lines] if lined else [Endroit(where, None)] * bool(lines)
    return found


def find_in_traces(dossiers: Iterable[Path], numeros: Sequence[str]) -> list[Path]:
    """Find the files of some folders that hold a number of some persons, in whatever form, or a pseudonym.

    What these files are does not matter (logs, databases of Dagster, reports): their bytes are searched, and
    the content of archives.
    """
    pattern = _any_form(numeros)
    found = []
    for folder in dossiers:
        for path in sorted(p for p in folder.rglob("*") if p.is_file()):
            if any(pattern.search(line) for _, stream, _ in _streams(path) for line in stream):
                found.append(path)
    return found


def _any_form(textes: Sequence[str]) -> re.Pattern[bytes]:
    """A pattern of every form in which one of the texts may be written: spaced, of full width, without its
    first zero."""
    formes = []
    for texte in textes:
        caracteres = [_character(c) for c in texte]
        if texte.startswith("0"):
            caracteres[0] = b"(?:" + caracteres[0] + _BETWEEN + b")?"
            formes.append(caracteres[0] + _BETWEEN.join(caracteres[1:]))
        else:
            formes.append(_BETWEEN.join(caracteres))
    return re.compile(rb"(?<![0-9A-Za-z])(?:" + b"|".join(formes) + rb")(?![0-9A-Za-z])", re.IGNORECASE)


def _character(c: str) -> bytes:
    simple = re.escape(c.encode())
    return (
        b"(?:" + simple + b"|" + chr(ord(c) + 0xFEE0).encode() + b")"
        if c.isascii() and c.isalnum()
        else simple
    )


def _streams(path: Path) -> Iterator[tuple[str, Iterable[bytes], bool]]:
    """The texts of a file: name of the member, its bytes, whether its lines mean something."""
    lower = path.name.lower()
    if lower.endswith(".parquet"):
        return
    if lower.endswith((".zip", ".xlsx", ".ods")):
        with contextlib.suppress(zipfile.BadZipFile), zipfile.ZipFile(path) as archive:
            sheet = not lower.endswith(".zip")
            for member in archive.infolist():
                if not member.is_dir():
                    with archive.open(member) as stream:
                        yield "" if sheet else member.filename, stream, not sheet
        return
    with path.open("rb") as raw, contextlib.suppress(gzip.BadGzipFile, EOFError):
        yield "", gzip.GzipFile(fileobj=raw) if lower.endswith(".gz") else raw, True


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
