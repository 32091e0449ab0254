"""Fingerprint of the program itself: what, besides the data and the rules, makes a warehouse what it is.

Only what decides whether tables of another build can be taken over belongs here.
"""

import hashlib
import sys
from functools import cache
from importlib.metadata import distributions
from pathlib import Path

from pipelines.paths import PROJECT_ROOT

_CODE = ("assets", "pipelines")
_SUFFIXES = frozenset({".py", ".yml", ".csv", ".parquet"})


@cache
def program_fingerprint(racine: Path = PROJECT_ROOT) -> str:
    """Fingerprint of the code and its declarations, of Python and of every installed package.

    Wide on purpose: a change that touches no table costs one complete build, the reverse a wrong figure.
    """
    digest = hashlib.sha256(sys.version.encode())
    for installed in sorted({f"{d.name}=={d.version}" for d in distributions()}):
        digest.update(f"\0{installed}".encode())
    for part in _CODE:
        for path in sorted((racine / part).rglob("*")):
            if path.suffix in _SUFFIXES and path.is_file():
                digest.update(f"\0{path.relative_to(racine).as_posix()}\0".encode())
                digest.update(path.read_bytes())
    return digest.hexdigest()
