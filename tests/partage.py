"""What is built once for a whole run of tests, whichever worker needs it first."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest
from filelock import FileLock

COMMAND = str(Path(sys.executable).with_name("observatoire"))


@dataclass(frozen=True)
class Publie:
    """A landing folder and what `observatoire build` made of it."""

    donnees: Path
    entrepot: Path
    construction: subprocess.CompletedProcess[str]


def environment(**more: str) -> dict[str, str]:
    """The environment of a command that the tests start."""
    return {**os.environ, "OBSERVATOIRE_CLE": "une clé pour les tests, longue", **more}


def once(temporaires: pytest.TempPathFactory, nom: str, fabriquer: Callable[[Path], None]) -> Path:
    """Return a folder of the run, filled by `fabriquer` the first time; nobody writes in it afterwards.

    Raises:
        AssertionError: it was tried and failed, in this worker or in another one.

    """
    racine = temporaires.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:
        racine = racine.parent
    dossier, fait, echec = racine / nom, racine / f"{nom}.fait", racine / f"{nom}.echec"
    with FileLock(racine / f"{nom}.verrou"):
        if echec.exists():
            raise AssertionError(echec.read_text(encoding="utf-8"))
        if not fait.exists():
            shutil.rmtree(dossier, ignore_errors=True)
            dossier.mkdir()
            try:
                fabriquer(dossier)
            except BaseException as error:
                echec.write_text(f"{nom}: {error}", encoding="utf-8")
                raise
            fait.touch()
    return dossier


def published(temporaires: pytest.TempPathFactory, nom: str, deposer: Callable[[Path], object]) -> Publie:
    """The warehouse that the real command makes of the folder that `deposer` fills, built once for a whole run.

    All tests read it: one that writes in it takes a copy.
    """

    def build(folder: Path) -> None:
        deposer(folder / "donnees")
        arguments = ["build", "--donnees", folder / "donnees", "--entrepot", folder / "cia.duckdb"]
        done = subprocess.run(
            [COMMAND, *arguments],
            capture_output=True,
            text=True,
            check=False,
            stdin=subprocess.DEVNULL,
            env=environment(),
        )
        assert done.returncode == 0, done.stderr[-4000:]
        said = {
            "args": list(map(str, done.args)),
            "returncode": 0,
            "stdout": done.stdout,
            "stderr": done.stderr,
        }
        (folder / "construction.json").write_text(json.dumps(said), encoding="utf-8")

    folder = once(temporaires, nom, build)
    said = json.loads((folder / "construction.json").read_text(encoding="utf-8"))
    return Publie(folder / "donnees", folder / "cia.duckdb", subprocess.CompletedProcess(**said))
