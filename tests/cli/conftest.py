"""Real warehouses, built once by the command, and the command itself."""

import logging
import shutil
import subprocess
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pytest

from pipelines.cli.application import run
from pipelines.demo import generate
from pipelines.paths import WorkingFolder
from tests.metamorphose.depots import base
from tests.partage import COMMAND, Publie, environment, published

SCALE = 0.02
Call = Callable[..., subprocess.CompletedProcess[str]]


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
def publie(tmp_path_factory: pytest.TempPathFactory) -> Publie:
    """The warehouse of the five territories of a small demonstration, which nobody writes in."""
    return published(tmp_path_factory, "publie", lambda donnees: generate(donnees, echelle=SCALE))


@pytest.fixture(scope="session")
def petit(tmp_path_factory: pytest.TempPathFactory) -> Publie:
    """That of a few hundred rows of one territory, half as long to build: for what no content decides."""
    return published(tmp_path_factory, "petit", base().write)


def copy_of_the_warehouse(entrepot: Path, vers: Path) -> None:
    """The published file, with its working folder."""
    shutil.copy2(entrepot, vers)
    shutil.copytree(WorkingFolder(entrepot).root, WorkingFolder(vers).root)


@pytest.fixture
def copie(petit: Publie, tmp_path: Path) -> Publie:
    """A copy of the small warehouse, for a test that asks for another build of it."""
    entrepot = tmp_path / "cia.duckdb"
    copy_of_the_warehouse(petit.entrepot, entrepot)
    return Publie(petit.donnees, entrepot, petit.construction)
