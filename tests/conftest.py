"""Fixtures shared by all tests."""

from pathlib import Path

import pytest

REAL_DATA = Path(__file__).resolve().parents[2] / "shared" / "data"


# Files, then folders, whose tests build warehouses by the real command, or wait for a browser: started first, so that
# the workers of a run end together. The first two build each its own warehouse, which the next ones read.
# A worker takes whole files in this order (--no-loadscope-reorder).
LONGEST_FIRST = (
    *("cli/test_reproductible.py", "metamorphose/test_chiffres.py", "cli/test_pannes_reelles.py"),
    *("explorateur/test_page.py", "metamorphose/test_enregistrements.py", "modeles/test_absences.py"),
    *("analyses/test_fragilite_publiee.py", "lac/test_partage.py", "orchestration/test_annee.py"),
    *("cli", "bilan", "ingestion", "publication", "modeles", "analyses", "lac", "orchestration"),
)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put the longest files first, those of a folder together."""
    ranks = {name: rank for rank, name in enumerate(LONGEST_FIRST)}

    def rank(item: pytest.Item) -> int:
        folder = item.path.parent.name
        return ranks.get(f"{folder}/{item.path.name}", ranks.get(folder, len(ranks)))

    items.sort(key=rank)


@pytest.fixture(scope="session")
def donnees_reelles() -> Path:
    """The folder of real published files; the test is skipped, and says so, where it is absent."""
    if not REAL_DATA.is_dir():
        pytest.skip("real published files are not here (../shared/data)")
    return REAL_DATA
