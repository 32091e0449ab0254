"""What is built once for a whole run of tests, whichever worker needs it first."""

import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from filelock import FileLock


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
