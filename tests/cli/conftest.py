"""A real warehouse, built once by the command from a small demonstration."""

import os
import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest

from pipelines.demo import generate

SCALE = 0.02
COMMAND = str(Path(sys.executable).with_name("observatoire"))
Call = Callable[..., subprocess.CompletedProcess[str]]


@dataclass(frozen=True)
class Publie:
    """A landing folder and what `observatoire build` made of it."""

    donnees: Path
    entrepot: Path
    construction: subprocess.CompletedProcess[str]


def environment(**more: str) -> dict[str, str]:
    return {**os.environ, "OBSERVATOIRE_CLE": "une clé pour les tests, longue", **more}


@pytest.fixture(scope="session")
def appel() -> Call:
    """Run the installed command, through another one (`before`) if asked."""

    def run(
        *arguments: object, timeout: float = 900, before: Sequence[str] = (), **more: str
    ) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [*before, COMMAND, *map(str, arguments)],
            capture_output=True,
            text=True,
            check=False,
            stdin=subprocess.DEVNULL,
            timeout=timeout,
            env=environment(**more),
        )

    return run


@pytest.fixture(scope="session")
def publie(appel: Call, tmp_path_factory: pytest.TempPathFactory) -> Publie:
    folder = tmp_path_factory.mktemp("publie")
    donnees, entrepot = folder / "donnees", folder / "cia.duckdb"
    generate(donnees, echelle=SCALE)
    done = appel("build", "--donnees", donnees, "--entrepot", entrepot)
    assert done.returncode == 0, done.stderr[-4000:]
    return Publie(donnees, entrepot, done)
