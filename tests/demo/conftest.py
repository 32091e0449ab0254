"""Synthetic folders shared by the tests of the generator: one small, one of full size, each made once."""

from pathlib import Path

import pytest

from pipelines.demo import Resume, generate

PETITE = 0.02


@pytest.fixture(scope="session")
def petit_dossier(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Resume]:
    dossier = tmp_path_factory.mktemp("demo_petite")
    return dossier, generate(dossier, echelle=PETITE)


@pytest.fixture(scope="session")
def grand_dossier(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Resume]:
    dossier = tmp_path_factory.mktemp("demo_grande")
    return dossier, generate(dossier)
