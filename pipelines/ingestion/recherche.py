"""Find the numbers of some persons in files of any kind, in every form that the readers take for them.

The forms are those of `identifiants`: what may stand between two characters, and what is read as each. Bytes
are searched, whatever the encoding; nothing is kept nor logged.
"""

import contextlib
import gzip
import re
import sqlite3
import sys
import unicodedata
import zipfile
import zlib
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import IO, Any

import pyarrow as pa
import pyarrow.parquet as pq

from pipelines.errors import ObservatoireError
from pipelines.ingestion.identifiants import variants
from pipelines.sql import identifier

# Encodings whose texts are searched alike, and that nothing of the number stands before nor after.
_ENCODINGS = (
    (("utf-8", "cp1252", "latin-1"), rb"(?<![0-9A-Za-z])", rb"(?![0-9A-Za-z])"),
    (("utf-16-le",), rb"(?<![0-9A-Za-z]\x00)", rb"(?![0-9A-Za-z]\x00)"),
    (("utf-16-be",), rb"(?<!\x00[0-9A-Za-z])", rb"(?!\x00[0-9A-Za-z])"),
)
_NOT_ALPHANUMERIC = bytes(b for b in range(256) if not bytes([b]).isalnum())
_IGNORED = frozenset({"Cc", "Cf", "Zs", "Zl", "Zp"})
_CHUNK = 4 << 20
# More bytes than any form of a number or of a pseudonym takes.
_LONGEST = 1 << 12
_SQLITE = b"SQLite format 3\0"
_UNREADABLE = (OSError, EOFError, RuntimeError, NotImplementedError, zlib.error, zipfile.BadZipFile)


@dataclass(frozen=True)
class Endroit:
    """A line of a deposited file that names a person; no line for a format that has none, nor for a file that
    cannot be searched, which its name says."""

    fichier: str
    ligne: int | None


def find_in_landing(donnees: Path, numeros: Sequence[str]) -> list[Endroit]:
    """Find the numbers of some persons in every file of the landing folder, read or not by the readers.

    Text is searched line by line, in gzip and zip files too; workbooks as a whole. Parquet is searched by the
    readers only: its lines are those of the quarantine.
    """
    formes = Formes(numeros)
    found = []
    for path in sorted(p for p in donnees.rglob("*") if p.is_file()):
        name = path.relative_to(donnees).as_posix()
        try:
            for part, stream, lined in _streams(path):
                where = f"{name}#{part}" if part else name
                lines = _lines(stream, formes)
                found += [Endroit(where, n) for n in lines] if lined else [Endroit(where, None)] * bool(lines)
        except _UNREADABLE:
            found.append(Endroit(f"{name} (illisible : rien n'en est prouvé)", None))
    return found


def find_in_traces(dossiers: Iterable[Path], numeros: Sequence[str]) -> list[Path]:
    """Find the files, given or in some folders, that hold a number of some persons, or a pseudonym.

    What these files are does not matter (logs, databases of Dagster, reports): their bytes are searched, the
    content of archives, the values of Parquet and SQLite files.

    Raises:
        ObservatoireError: a file may not be read: nothing would be proved.
    """
    formes = Formes(numeros)
    found = []
    for folder in dossiers:
        inside = [folder] if folder.is_file() else sorted(p for p in folder.rglob("*") if p.is_file())
        for path in inside:
            try:
                here = any(_lines(stream, formes) for _, stream, _ in _streams(path))
                values = _parquet(path) if path.suffix == ".parquet" else _sqlite(path)
                if here or any(formes.search(value) for value in values):
                    found.append(path)
            except FileNotFoundError:
                continue  # a log that its writer took away
            except _UNREADABLE as error:
                raise ObservatoireError(
                    f"« {path} » ne peut pas être lu : on ne peut rien en prouver. Donnez le droit de le "
                    "lire, ou supprimez-le."
                ) from error
    return found


class Formes:
    """Every form in which one of some texts may be written: spaced by characters that are seen or not, on two
    lines of a cell, of full width, without its first zero, in any of the encodings."""

    def __init__(self, textes: Sequence[str]) -> None:
        """Prepare the search of some numbers or pseudonyms."""
        self._noyaux = [texte.removeprefix("0").lower().encode() for texte in textes]
        formes = []
        for encodings, avant, apres in _ENCODINGS:
            between = _between(encodings)
            ecrits = []
            for texte in textes:
                premier, *suite = (_character(c, encodings) for c in texte)
                zero = b"(?:" + premier + between + (b")?" if texte.startswith("0") else b")")
                ecrits.append(zero + between.join(suite))
            formes.append(avant + b"(?:" + b"|".join(ecrits) + b")" + apres)
        self._motif = re.compile(b"|".join(formes), re.IGNORECASE)

    def search(self, octets: bytes) -> bool:
        """Whether one of them is there."""
        return next(self.places(octets), None) is not None

    def places(self, octets: bytes, debut: int = 0) -> Iterator[int]:
        """Where each of them begins."""
        if self._may_hold(octets):
            yield from (trouve.start() for trouve in self._motif.finditer(octets, debut))

    def _may_hold(self, octets: bytes) -> bool:
        """False where a search a hundred times faster than the pattern's proves that there is none.

        Without UTF-16 nor full width, what stands between the characters holds neither letter nor digit.
        """
        if any(signe in octets for signe in (b"\0", b"\xff", b"\xef\xbc")):
            return True
        nus = octets.translate(None, _NOT_ALPHANUMERIC).lower()
        return any(noyau in nus for noyau in self._noyaux)


@cache
def _between(encodings: tuple[str, ...]) -> bytes:
    """What may stand between two characters."""
    caracteres = [c for c in map(chr, range(sys.maxunicode + 1)) if unicodedata.category(c) in _IGNORED]
    connus = (*caracteres, "-", "'", *variants("-"), *variants("'"))
    par_debut: dict[bytes, set[int]] = defaultdict(set)
    for code in {code for c in connus for code in _encoded(c, encodings)}:
        par_debut[code[:-1]].add(code[-1])
    # No code begins another: a run of them is read in one way, and never again.
    codes = b"|".join(re.escape(debut) + _class(fins) for debut, fins in sorted(par_debut.items()))
    return b"(?:" + codes + b")*+"


def _class(octets: Iterable[int]) -> bytes:
    return b"[" + b"".join(b"\\x%02x" % b for b in sorted(octets)) + b"]"


def _character(c: str, encodings: tuple[str, ...]) -> bytes:
    """A character, or what is read as it."""
    codes = {code for v in (c, *variants(c)) for code in _encoded(v, encodings)}
    return b"(?:" + b"|".join(map(re.escape, sorted(codes))) + b")"


def _encoded(c: str, encodings: tuple[str, ...]) -> set[bytes]:
    codes = set()
    for encoding in encodings:
        with contextlib.suppress(UnicodeEncodeError):
            codes.add(c.encode(encoding))
    return codes


def _lines(stream: IO[bytes], formes: Formes) -> list[int]:
    """The lines of a stream where one of the forms begins."""
    found: list[int] = []
    bloc, debut, ligne = b"", 0, 1
    while True:
        morceau = stream.read(_CHUNK)
        bloc += morceau
        # What begins near the end is looked for again with what follows.
        fin = len(bloc) - _LONGEST if morceau else len(bloc)
        found += [ligne + bloc.count(b"\n", debut, x) for x in formes.places(bloc, debut) if x < fin]
        if not morceau:
            return list(dict.fromkeys(found))
        if fin > debut:
            ligne += bloc.count(b"\n", debut, fin)
            bloc, debut = bloc[fin - 1 :], 1


def _streams(path: Path) -> Iterator[tuple[str, IO[bytes], bool]]:
    """The texts of a file: name of the member, its bytes, whether its lines mean something."""
    lower = path.name.lower()
    if lower.endswith(".parquet"):
        return
    if lower.endswith((".zip", ".xlsx", ".ods")):
        with zipfile.ZipFile(path) as archive:
            sheet = not lower.endswith(".zip")
            for member in archive.infolist():
                if not member.is_dir():
                    with archive.open(member) as stream:
                        yield "" if sheet else member.filename, stream, not sheet
        return
    with path.open("rb") as raw:
        if lower.endswith(".gz"):
            with gzip.open(raw) as stream:
                yield "", stream, True  # type: ignore[misc]
        else:
            yield "", raw, True


def _parquet(path: Path) -> Iterator[bytes]:
    """The texts of a Parquet file."""
    try:
        fichier = pq.ParquetFile(path)
        noms = [
            f.name
            for f in fichier.schema_arrow
            if pa.types.is_string(f.type) or pa.types.is_large_string(f.type)
        ]
        for lot in fichier.iter_batches(columns=noms):
            for colonne in lot.columns:
                yield "\n".join(t for t in colonne.to_pylist() if t is not None).encode()
    except pa.ArrowInvalid as error:
        raise EOFError from error


def _sqlite(path: Path) -> Iterator[bytes]:
    """The values of an SQLite database: a long one is cut among pages of its file."""
    with path.open("rb") as raw:
        if raw.read(len(_SQLITE)) != _SQLITE:
            return
    with contextlib.closing(sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro", uri=True)) as con:
        try:
            tables = con.execute("select name from sqlite_master where type = 'table'").fetchall()
            for (table,) in tables:
                for row in con.execute(f"select * from {identifier(str(table))}"):
                    yield from (_bytes(v) for v in row if isinstance(v, str | bytes))
        except sqlite3.Error as error:
            raise EOFError from error


def _bytes(value: Any) -> bytes:
    return value if isinstance(value, bytes) else str(value).encode("utf-8", "surrogatepass")
