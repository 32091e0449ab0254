"""No file takes more than 1 GB and 20 s to be read or refused, whatever it was made to do: measured in a process of its own."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from pipelines.paths import PROJECT_ROOT

from .memoire import CAS

OCTETS_MAX, SECONDES_MAX = 1 << 30, 20
# What is past a limit is refused, before it costs anything; the rest, at the limit, is read.
REFUSES = {"la cellule XFD1048576", "une espace en A1048576", "40 millions de lignes", "2 000 colonnes"}

pytestmark = pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="needs Linux's /proc")


def memoire(*arguments: str) -> str:
    return subprocess.run(
        [sys.executable, "-W", "ignore", "-m", "tests.ingestion.memoire", *arguments],
        cwd=PROJECT_ROOT, capture_output=True, text=True, check=True,
    ).stdout.strip()  # fmt: skip


# Written in twenty seconds, read in none.
LONGS = {"40 millions de lignes"}


@pytest.mark.parametrize(
    "cas", [pytest.param(cas, marks=pytest.mark.slow if cas in LONGS else ()) for cas in CAS]
)
def test_a_file_made_to_exhaust_memory_does_not(cas: str, tmp_path: Path) -> None:
    source = CAS[cas](tmp_path / "depot")
    dit: dict[str, Any] = json.loads(memoire(str(tmp_path), source))
    assert dit["octets"] < OCTETS_MAX, dit
    assert dit["secondes"] < SECONDES_MAX, dit
    assert bool(dit["phrase"]) == (cas in REFUSES), dit
    assert bool(dit["lues"]) == (cas not in REFUSES), dit


def test_what_is_measured_is_the_peak(tmp_path: Path) -> None:
    """Of the program and of those that it starts, once their memory is given back."""
    for code in (
        "x = bytearray(300 << 20); del x",
        "import subprocess, sys; subprocess.run([sys.executable, '-c', 'bytearray(300 << 20)'])",
    ):
        call = f"{code}\nfrom tests.ingestion.memoire import peak\nprint(peak())"
        said = subprocess.run(
            [sys.executable, "-c", call], cwd=PROJECT_ROOT, capture_output=True, text=True, check=True
        )
        assert int(said.stdout) > 300 << 20
