"""A build that has nothing to make says so without loading the orchestrator, and only then."""

import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from pipelines.demande import request_fingerprint
from pipelines.paths import LOCK_NAME, PUBLIC_MEMORY, WorkingFolder, edition_path
from pipelines.publication import answers, record_request
from tests.cli.conftest import Publie, environment

HEAVY = """
import sys
from pipelines.cli.application import run
code = run(sys.argv[1:])
print("loaded:", *sorted({"dagster", "dbt"} & sys.modules.keys()), file=sys.stderr)
sys.exit(code)
"""
Ask = Callable[..., str]


@pytest.fixture
def demander(tmp_path: Path) -> Ask:
    """The fingerprint of a request on a small folder; what is given differs from the request of the others."""
    (tmp_path / "donnees" / "sne" / "2021").mkdir(parents=True)
    (tmp_path / "donnees" / "sne" / "2021" / "a.csv").write_text("a;b\n1;2\n")
    (tmp_path / "territoires").mkdir()
    (tmp_path / "territoires" / "ici.yml").write_text("siren: '247100589'\n")

    def ask(**given: Any) -> str:
        usual = {"epci": ["247100589", "200059228"], "annees": [2021, 2022], "tous": False, "cle": b"k" * 32}
        return request_fingerprint(tmp_path / "donnees", tmp_path / "territoires", **usual | given)

    return ask


def test_nothing_changed_is_said_without_the_orchestrator(copie: Publie) -> None:
    asked = ["build", "--donnees", str(copie.donnees), "--entrepot", str(copie.entrepot)]
    edition = edition_path(copie.entrepot, "signataires")
    edition.unlink(missing_ok=True)
    before = copie.entrepot.stat().st_ino
    done = subprocess.run(
        [sys.executable, "-c", HEAVY, *asked],
        env=environment(),
        capture_output=True,
        text=True,
        check=False,
        stdin=subprocess.DEVNULL,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    assert "rien n'a changé" in done.stdout
    assert "Rien n'a changé depuis la version 1" in done.stderr
    assert done.stderr.splitlines()[-1] == "loaded:"
    assert copie.entrepot.stat().st_ino == before
    # What is beside the warehouse is made good, as by a build.
    assert edition.is_file()
    assert not WorkingFolder(copie.entrepot).construction.exists() or not any(
        WorkingFolder(copie.entrepot).construction.iterdir()
    )


@pytest.mark.parametrize(
    "given",
    [
        {"epci": ["247100589"]},
        {"annees": [2021]},
        {"annees": []},
        {"tous": True},
        {"cle": b"another key, long enough"},
    ],
    ids=str,
)
def test_another_request_is_another_build(demander: Ask, given: dict[str, Any]) -> None:
    assert demander(**given) != demander()


def test_the_order_of_what_is_asked_is_nothing(demander: Ask) -> None:
    assert demander(epci=["200059228", "247100589"], annees=[2022, 2021, 2022]) == demander()


@pytest.mark.parametrize(
    ("path", "content"),
    [
        ("donnees/sne/2021/a.csv", "a;b\n1;3\n"),
        ("donnees/sne/2022/a.csv", "a;b\n1;2\n"),
        ("donnees/exclusions/retraits.yml", "exclusions: []\n"),
        ("donnees/diffusion/plan.yml", "tables: []\n"),
        ("donnees/notes.txt", "x"),
        ("territoires/ici.yml", "siren: '200059228'\n"),
        ("territoires/methodes/m.yml", "nom: m\n"),
    ],
)
def test_a_file_that_differs_is_another_request(
    demander: Ask, tmp_path: Path, path: str, content: str
) -> None:
    before = demander()
    (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
    (tmp_path / path).write_text(content)
    assert demander() != before


def test_a_file_moved_or_taken_out_is_another_request(demander: Ask, tmp_path: Path) -> None:
    before, file = demander(), tmp_path / "donnees" / "sne" / "2021" / "a.csv"
    file.rename(file.with_name("b.csv"))
    moved = demander()
    file.with_name("b.csv").unlink()
    assert len({before, moved, demander()}) == 3


def test_what_a_build_writes_beside_the_data_is_not_what_it_is_given(demander: Ask, tmp_path: Path) -> None:
    before = demander()
    for written in (Path(LOCK_NAME), PUBLIC_MEMORY):
        (tmp_path / "donnees" / written).parent.mkdir(exist_ok=True)
        (tmp_path / "donnees" / written).write_bytes(b"x")
    assert demander() == before


def test_a_warehouse_that_another_hand_wrote_answers_nothing(tmp_path: Path) -> None:
    """Restored, purged, changed or damaged, or a record that cannot be read: it is built again."""
    dossier = WorkingFolder(tmp_path / "w.duckdb")
    dossier.root.mkdir()
    assert not answers(dossier, "x")
    dossier.entrepot.write_bytes(b"one")
    assert not answers(dossier, "x")
    record_request(dossier, "x")
    assert answers(dossier, "x")
    assert not answers(dossier, "y")
    shutil.copy(dossier.entrepot, tmp_path / "kept")
    dossier.entrepot.write_bytes(b"two")
    assert not answers(dossier, "x")
    (tmp_path / "kept").replace(dossier.entrepot)
    assert answers(dossier, "x")
    dossier.demande.write_text('{"demande": ')
    assert not answers(dossier, "x")
    dossier.entrepot.unlink()
    assert not answers(dossier, "x")
