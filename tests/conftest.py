"""Fixtures shared by all tests."""

from pathlib import Path

import pytest

REAL_DATA = Path(__file__).resolve().parents[2] / "shared" / "data"


# Folders whose tests build warehouses by the real command, or wait for a browser: started first, so that the workers of a
# run end together.
# A worker takes whole files in this order (--no-loadscope-reorder).
LONGEST_FIRST = ("cli", "metamorphose", "bilan", "publication", "ingestion", "modeles", "lac")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put the longest files first, those of a folder together."""

    def rank(item: pytest.Item) -> int:
        folder = item.path.parent.name
        return LONGEST_FIRST.index(folder) if folder in LONGEST_FIRST else len(LONGEST_FIRST)

    items.sort(key=rank)


@pytest.fixture(scope="session")
def donnees_reelles() -> Path:
    """The folder of real published files; the test is skipped, and says so, where it is absent."""
    if not REAL_DATA.is_dir():
        pytest.skip("real published files are not here (../shared/data)")
    return REAL_DATA
