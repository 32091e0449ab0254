"""Synthetic folders shared by the tests of the generator: one small, one of full size, each made once."""

import json
from dataclasses import asdict
from pathlib import Path

import pytest

from pipelines.demo import Resume, generate
from tests.partage import once

PETITE = 0.02


def _generated(temporaires: pytest.TempPathFactory, nom: str, echelle: float) -> tuple[Path, Resume]:
    """The folder of that scale, which nobody writes in, and what the generator said of it."""

    def make(dossier: Path) -> None:
        resume = generate(dossier / "depot", echelle=echelle)
        (dossier / "resume.json").write_text(json.dumps(asdict(resume)), encoding="utf-8")

    dossier = once(temporaires, nom, make)
    return dossier / "depot", Resume(**json.loads((dossier / "resume.json").read_text(encoding="utf-8")))


@pytest.fixture(scope="session")
def petit_dossier(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Resume]:
    return _generated(tmp_path_factory, "demo_petite", PETITE)


@pytest.fixture(scope="session")
def grand_dossier(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Resume]:
    return _generated(tmp_path_factory, "demo_grande", 1.0)
