"""Whether a warehouse comes from given bytes: the lock against the files, one set of hashes against another.

The rebuild itself is run by the command; only comparisons belong here.
"""

import hashlib
import zipfile
import zlib
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import duckdb

from pipelines.errors import DonneesRefusees
from pipelines.inspection import open_archive
from pipelines.publication.empreintes import Empreinte

# How the readers name a file inside an archive.
_MEMBER = ".zip#"
_PIECE = 4 << 20


@dataclass(frozen=True)
class EcartFichier:
    """A file of the lock that is not the one of the landing folder."""

    fichier: str
    ecart: Literal["absent", "modifie"]


def compare_lock(con: duckdb.DuckDBPyConnection, donnees: Path) -> list[EcartFichier]:
    """Compare the files recorded in a warehouse with those of a landing folder, by size then SHA-256."""
    rows = con.execute(
        "select distinct fichier, taille, sha256 from meta.verrou where fichier is not null order by fichier"
    ).fetchall()
    differences = []
    for fichier, taille, sha256 in rows:
        found = _identity(donnees, str(fichier))
        if found is None:
            differences.append(EcartFichier(str(fichier), "absent"))
        elif found != (taille, sha256):
            differences.append(EcartFichier(str(fichier), "modifie"))
    return differences


def _identity(donnees: Path, fichier: str) -> tuple[int, str] | None:
    """Size and hash of a file, or of a member of an archive (`a.zip#member`); None when it is not there."""
    path = donnees / fichier
    if path.is_file():
        return path.stat().st_size, file_hash(path)
    before, separator, member = fichier.partition(_MEMBER)
    path = donnees / (before + separator.removesuffix("#"))
    if not separator or not path.is_file():
        return None
    try:
        with open_archive(path, fichier) as archive, archive.open(member) as stream:
            digest, size = hashlib.sha256(), 0
            while piece := stream.read(_PIECE):
                digest.update(piece)
                size += len(piece)
            return size, digest.hexdigest()
    except KeyError:
        return None
    except (
        DonneesRefusees,
        zipfile.BadZipFile,
        OSError,
        EOFError,
        RuntimeError,
        NotImplementedError,
        zlib.error,
    ):
        return 0, ""


def file_hash(path: Path) -> str:
    """SHA-256 of a file's bytes."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def compare_hashes(
    left: Iterable[Empreinte], right: Iterable[Empreinte]
) -> list[tuple[str, Empreinte | None, Empreinte | None]]:
    """Return every table of either side with its two hashes, None where a side lacks it, in name order."""
    first, second = ({e.nom: e for e in side} for side in (left, right))
    return [(nom, first.get(nom), second.get(nom)) for nom in sorted(first.keys() | second.keys())]
