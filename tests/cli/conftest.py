"""A real warehouse, built once by the command from a small demonstration."""

import json
import logging
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest

from pipelines.cli.application import run
from pipelines.demo import generate
from pipelines.paths import WorkingFolder
from tests.partage import once

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


@pytest.fixture
def ici(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Iterator[Call]:
    """The same command without a process of its own, for what only reads: each start costs a second.

    What a command silences for its process is heard again afterwards.
    """
    loggers = [logging.getLogger(name) for name in ("observatoire.alerte", "dagster-dbt")]
    levels = [logger.level for logger in loggers]
    for name, value in environment().items():
        monkeypatch.setenv(name, value)

    def run_here(*arguments: object) -> subprocess.CompletedProcess[str]:
        given = [str(argument) for argument in arguments]
        code = run(given)
        said = capsys.readouterr()
        return subprocess.CompletedProcess(given, code, said.out, said.err)

    yield run_here
    for logger, level in zip(loggers, levels, strict=True):
        logger.setLevel(level)


@pytest.fixture(scope="session")
def publie(appel: Call, tmp_path_factory: pytest.TempPathFactory) -> Publie:
    """The warehouse that all tests read: one that writes in it takes a copy (`copie`)."""

    def build(folder: Path) -> None:
        generate(folder / "donnees", echelle=SCALE)
        done = appel("build", "--donnees", folder / "donnees", "--entrepot", folder / "cia.duckdb")
        assert done.returncode == 0, done.stderr[-4000:]
        said = {"args": done.args, "returncode": 0, "stdout": done.stdout, "stderr": done.stderr}
        (folder / "construction.json").write_text(json.dumps(said), encoding="utf-8")

    folder = once(tmp_path_factory, "publie", build)
    said = json.loads((folder / "construction.json").read_text(encoding="utf-8"))
    return Publie(folder / "donnees", folder / "cia.duckdb", subprocess.CompletedProcess(**said))


def copy_of_the_warehouse(entrepot: Path, vers: Path) -> None:
    """The published file, with its working folder."""
    shutil.copy2(entrepot, vers)
    shutil.copytree(WorkingFolder(entrepot).root, WorkingFolder(vers).root)


@pytest.fixture
def copie(publie: Publie, tmp_path: Path) -> Publie:
    """A copy of the warehouse, for a test that asks for another build of it."""
    entrepot = tmp_path / "cia.duckdb"
    copy_of_the_warehouse(publie.entrepot, entrepot)
    return Publie(publie.donnees, entrepot, publie.construction)
