"""Says in one sentence what the disk refused: full, read-only, not permitted, not a folder.

Only errors of the file system that a user can act on belong here; everything else goes through untouched.
"""

import errno
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import duckdb

from pipelines.errors import ObservatoireError

# A file larger than the disk or the account allows is a matter of room too.
_FULL = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})
_READ_ONLY = frozenset({errno.EROFS, errno.EACCES, errno.EPERM})
_NO_FOLDER = frozenset({errno.ENOTDIR, errno.EEXIST, errno.ENAMETOOLONG, errno.ELOOP})
_FULL_WORDS = (
    "no space left on device",
    "could not write all bytes",
    "disk quota exceeded",
    "disk is full",
    "file too large",
)
_READ_ONLY_WORDS = ("read-only file system", "permission denied")


def is_full(error: OSError) -> bool:
    """Whether the disk had no room, or no room for a file of that size."""
    return error.errno in _FULL


def explain_disk_error(error: BaseException, lieu: Path) -> ObservatoireError | None:
    """Return the sentence for an error of the disk under `lieu`, or None when it is something else."""
    number = error.errno if isinstance(error, OSError) else None
    if number in _NO_FOLDER:
        return ObservatoireError(
            f"« {lieu} » n'est pas un dossier où écrire ({os.strerror(number or 0)}). "
            "Choisissez un autre emplacement."
        )
    text = str(error).lower() if isinstance(error, duckdb.Error) else ""
    return _sentence(lieu, number in _FULL, number in _READ_ONLY) or explain_disk_text(text, lieu)


def explain_disk_text(text: str, lieu: Path) -> ObservatoireError | None:
    """Same as `explain_disk_error`, from the message of another process (dbt)."""
    lowered = text.lower()
    return _sentence(
        lieu,
        any(word in lowered for word in _FULL_WORDS),
        any(word in lowered for word in _READ_ONLY_WORDS),
    )


def _sentence(lieu: Path, full: bool, read_only: bool) -> ObservatoireError | None:
    if full:
        return ObservatoireError(
            f"Plus de place sur le disque qui porte « {lieu} ». L'entrepôt publié n'a pas changé : "
            "libérez de la place puis relancez la même commande."
        )
    if read_only:
        return ObservatoireError(
            f"« {lieu} » ne peut pas être écrit (dossier en lecture seule ou droits insuffisants). "
            "L'entrepôt publié n'a pas changé : choisissez un autre emplacement avec --entrepot, "
            "ou donnez le droit d'écriture."
        )
    return None


@contextmanager
def disk_errors_explained(lieu: Path) -> Iterator[None]:
    """Turn the disk errors of the block into one sentence naming `lieu`.

    Raises:
        ObservatoireError: the disk is full or not writable.

    """
    try:
        yield
    except (OSError, duckdb.Error) as error:
        explained = explain_disk_error(error, lieu)
        if explained is None:
            raise
        raise explained from error
