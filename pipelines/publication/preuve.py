"""Whether a warehouse comes from given bytes: the lock against the files, one set of hashes against another.

The rebuild itself is run by the command; only comparisons belong here.
"""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import duckdb

from pipelines.publication.empreintes import Empreinte


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
        path = donnees / str(fichier)
        if not path.is_file():
            differences.append(EcartFichier(str(fichier), "absent"))
        elif path.stat().st_size != taille or file_hash(path) != sha256:
            differences.append(EcartFichier(str(fichier), "modifie"))
    return differences


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
