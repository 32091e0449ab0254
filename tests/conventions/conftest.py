"""A convention written in the test, loaded from a temporary folder."""

from collections.abc import Callable
from pathlib import Path

import pytest

from pipelines.conventions import Convention, load_conventions

ENTETE = """\
siren: "247100589"
nom: Le Grand Chalon
version: "3"
debut: 2023-01-01
fin: 2028-12-31
"""


@pytest.fixture
def charger(tmp_path: Path) -> Callable[..., Convention]:
    """Write `entete` + `suite` to a file and load it."""

    def load(suite: str = "", entete: str = ENTETE) -> Convention:
        (tmp_path / "essai.yml").write_text(entete + suite, encoding="utf-8")
        (convention,) = load_conventions(tmp_path)
        return convention

    return load
