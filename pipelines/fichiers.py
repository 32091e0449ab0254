"""Durable writes: a file is either the old one or the whole new one, whatever happens.

The one place that makes a file aside and renames it: where others may write too, a temporary name that can be
guessed lets them choose what is overwritten, or read what is not finished.
"""

import contextlib
import hashlib
import json
import os
import re
import shutil
import socket
import stat
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import cache
from pathlib import Path

from pipelines.errors import ObservatoireError

# Pseudonymised rows are personal data: the owner writes, the group given the file reads, nobody else.
_PUBLISHED = 0o640
_PRIVATE = 0o700
_ASIDE = ".observatoire-"
# What a killed run left is removed once nobody can be writing it, on this machine or on another.
_LEFT_SECONDS = 3600


def keep_access(path: Path, published: Path, first: int = _PUBLISHED) -> None:
    """Give a file the rights and the group of the published one that it will replace, else `first`."""
    try:
        known = published.stat()
    except FileNotFoundError:
        path.chmod(first)
        return
    # A group that this user is not in: the rights below still hold for the user's own.
    with contextlib.suppress(OSError):
        os.chown(path, -1, known.st_gid)
    path.chmod(known.st_mode & 0o777)


def flush(path: Path) -> None:
    """Force the content of a file to the disk."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def flush_folder(path: Path) -> None:
    """Force the names of a folder to the disk, so that a rename survives a power cut."""
    flush(path)


@contextmanager
def replacing(path: Path, mode: int | None = None) -> Iterator[Path]:
    """Give a place to write a file in, then put it in place of the one named, on the disk and in one rename.

    The place is a new folder of a random name that only this user enters, beside the file: nobody can foresee
    it, put a link in it or look at it. Nothing is left of it, whatever happens.

    Args:
        path: the file to make or to replace.
        mode: its rights; those of the file that it replaces, or what the user's mask leaves, unless given.

    """
    parent = path.parent
    remove_left_over(parent)
    aside = Path(tempfile.mkdtemp(prefix=f"{_ASIDE}{_machine()}-{os.getpid()}-", dir=parent))
    try:
        temporary = aside / path.name
        yield temporary
        flush(temporary)
        _give_access(temporary, path, mode)
        temporary.replace(path)
        flush_folder(parent)
    finally:
        shutil.rmtree(aside, ignore_errors=True)


def write_text(path: Path, text: str, mode: int | None = None) -> None:
    """Write a text file whole or not at all, as UTF-8."""
    with replacing(path, mode) as temporary:
        # Never through what is already there: the folder is ours, and stays so even if it were not.
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW
        with os.fdopen(os.open(temporary, flags, 0o600), "w", encoding="utf-8") as stream:
            stream.write(text)


def write_json(path: Path, content: Mapping[str, object], mode: int | None = None) -> None:
    """Write a JSON file atomically; an identical file is left untouched, unless its rights are given."""
    text = json.dumps(content, ensure_ascii=False, indent=1, default=str) + "\n"
    if mode is None and path.is_file() and path.read_text(encoding="utf-8") == text:
        return
    write_text(path, text, mode)


def private_folder(path: Path) -> Path:
    """Make a folder for its owner alone, or close one that others can look into.

    Raises:
        ObservatoireError: it is someone else's, or anybody may write in it: not ours to close.

    """
    path.mkdir(mode=_PRIVATE, parents=True, exist_ok=True)
    found = path.stat()
    # Closed by someone else is open to them: what they put there would be read, and run.
    if found.st_uid != os.geteuid() or found.st_mode & stat.S_IWOTH:
        raise ObservatoireError(
            f"Le dossier « {path} » est ouvert à d'autres utilisateurs de cette machine : ce qui y serait "
            "gardé doit rester privé. Choisissez-en un autre, ou fermez-le : chmod 700."
        )
    if found.st_mode & 0o077:
        path.chmod(_PRIVATE)
    return path


def _give_access(temporary: Path, path: Path, mode: int | None) -> None:
    if mode is not None:
        temporary.chmod(mode)
    elif path.exists():
        keep_access(temporary, path)
    else:
        mask = os.umask(0o077)
        os.umask(mask)
        temporary.chmod(0o666 & ~mask)


def remove_left_over(folder: Path, seconds: float = _LEFT_SECONDS) -> None:
    """Remove the folders that killed runs of this user left beside a file.

    Args:
        folder: where they wrote.
        seconds: how old one must be when its process may still be there, on this machine or on another; 0
            where a lock says that nobody is writing.

    """
    own = re.compile(re.escape(f"{_ASIDE}{_machine()}-") + r"(\d+)-")
    for aside in folder.glob(f"{_ASIDE}*"):
        with contextlib.suppress(OSError):
            found = aside.lstat()
            writer = own.match(aside.name)
            dead = writer is not None and not _is_alive(int(writer[1]))
            old = time.time() - found.st_mtime >= seconds
            if stat.S_ISDIR(found.st_mode) and found.st_uid == os.geteuid() and (dead or old):
                shutil.rmtree(aside, ignore_errors=True)


@cache
def _machine() -> str:
    """What tells the processes of this machine, or container, from those of another that writes here too."""
    return hashlib.sha256(socket.gethostname().encode()).hexdigest()[:8]


def _is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except (PermissionError, OverflowError):
        return True
    return True
