"""Durable writes: a file is either the old one or the whole new one, whatever happens."""

import contextlib
import json
import os
from collections.abc import Mapping
from pathlib import Path

# Pseudonymised rows are personal data: the owner writes, the group given the file reads, nobody else.
_PUBLISHED = 0o640


def keep_access(path: Path, published: Path) -> None:
    """Give a file the rights and the group of the published one that it will replace; tight ones at first."""
    try:
        known = published.stat()
    except FileNotFoundError:
        path.chmod(_PUBLISHED)
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


def write_json(path: Path, content: Mapping[str, object]) -> None:
    """Write a JSON file atomically; an identical file is left untouched."""
    text = json.dumps(content, ensure_ascii=False, indent=1, default=str) + "\n"
    if path.is_file() and path.read_text(encoding="utf-8") == text:
        return
    _remove_left_over(path)
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        temporary.write_text(text, encoding="utf-8")
        flush(temporary)
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)
    flush_folder(path.parent)


def _remove_left_over(path: Path) -> None:
    """Remove what a killed run left of the same file; its name says which process wrote it."""
    for temporary in path.parent.glob(f".{path.name}.*"):
        number = temporary.suffix[1:]
        if number.isdigit() and not _is_alive(int(number)):
            temporary.unlink(missing_ok=True)


def _is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
