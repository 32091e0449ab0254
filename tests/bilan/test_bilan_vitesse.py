"""How long a large territory takes."""

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from pipelines.bilan import FORMATS, render


@pytest.mark.slow
def test_sixty_communes_and_twenty_landlords_take_under_twenty_seconds(
    construire: Callable[..., Any], tmp_path: Path
) -> None:
    entrepot = construire(nb_communes=60, nb_bailleurs=20).remplir().ecrire(tmp_path / "W.duckdb")
    depart = time.process_time()
    chemins = render(entrepot, "247100589", 2021, tmp_path, FORMATS)
    # Time of the processor, all threads together: what others do on the machine does not count.
    assert time.process_time() - depart < 20
    assert len(chemins) == len(FORMATS)
