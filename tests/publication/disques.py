"""A small disk that can be filled, grown and made read-only, in a mount namespace of its own.

Nothing is mounted for the rest of the machine, and everything goes away with the process that holds it.
"""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

_HOLD = 'mount -t tmpfs -o size="$1" petit "$2" && echo pret && read -r _'


class PetitDisque:
    """A disk of a few megabytes; commands see it at `chemin`, tests through `vu`."""

    def __init__(self, holder: subprocess.Popen[str], chemin: Path) -> None:
        self._holder = holder
        self.chemin = chemin

    @property
    def vu(self) -> Path:
        """The same folder, as it is seen from outside of the namespace."""
        return Path(f"/proc/{self._holder.pid}/root{self.chemin}")

    def run(self, command: list[str], **options: Any) -> subprocess.CompletedProcess[str]:
        """Run a command that sees the disk."""
        return subprocess.run(
            [*self._enter(), *command],
            capture_output=True,
            text=True,
            check=False,
            stdin=subprocess.DEVNULL,
            **options,
        )

    def copy(self, nom: str, vers: Path) -> Path:
        """Copy a file out of the disk: DuckDB follows no path into another namespace."""
        return Path(shutil.copyfile(self.vu / nom, vers))

    def python(self, *arguments: object, **options: Any) -> subprocess.CompletedProcess[str]:
        """Run the interpreter of the tests where it sees the disk."""
        return self.run([sys.executable, *map(str, arguments)], **options)

    def remount(self, options: str) -> None:
        """Change the disk: `size=20m`, `ro`, `rw`."""
        done = self.run(["mount", "-o", f"remount,{options}", str(self.chemin)])
        assert done.returncode == 0, done.stderr

    def _enter(self) -> list[str]:
        command = ["nsenter", f"--target={self._holder.pid}", "--mount"]
        if os.geteuid() != 0:
            command += ["--user", "--preserve-credentials"]
        return [*command, f"--wd={Path.cwd()}", "--"]


@contextmanager
def petit_disque(chemin: Path, taille: str) -> Iterator[PetitDisque]:
    """Mount a small disk on a new folder; the test is skipped, and says so, where this is not allowed."""
    chemin.mkdir()
    isolate = ["unshare", "--mount"] if os.geteuid() == 0 else ["unshare", "--map-root-user", "--mount"]
    try:
        holder = subprocess.Popen(
            [*isolate, "sh", "-c", _HOLD, "sh", taille, str(chemin)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
    except FileNotFoundError:
        pytest.skip("no small disk can be mounted here: unshare is not installed")
    assert holder.stdin is not None
    assert holder.stdout is not None
    try:
        if holder.stdout.readline().strip() != "pret":
            pytest.skip("no small disk can be mounted here: neither root nor user namespaces")
        yield PetitDisque(holder, chemin)
    finally:
        holder.stdin.close()
        holder.wait(30)
