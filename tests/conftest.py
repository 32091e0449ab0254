"""Fixtures shared by all tests."""

from pathlib import Path

import pytest

REAL_DATA = Path(__file__).resolve().parents[2] / "shared" / "data"


@pytest.fixture(scope="session")
def donnees_reelles() -> Path:
    """The folder of real published files; the test is skipped, and says so, where it is absent."""
    if not REAL_DATA.is_dir():
        pytest.skip("real published files are not here (../shared/data)")
    return REAL_DATA
