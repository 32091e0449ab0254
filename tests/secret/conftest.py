"""Fixtures of the small-cell tests."""

import sys
from pathlib import Path

import pytest

from pipelines.secret import Relations, load_relations

# The attack is a module of its own, so that it can be run on a built warehouse too.
sys.path.insert(0, str(Path(__file__).parent))


@pytest.fixture(scope="session")
def relations() -> Relations:
    """The relations that the product ships."""
    return load_relations()
