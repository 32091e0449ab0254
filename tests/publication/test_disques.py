"""A disk that is full, or that nothing can be written on, stops a build in one sentence and changes nothing."""

import resource
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from pipelines.paths import LOCK_NAME, WorkingFolder
from tests.publication.construire import build_version, value_of_a_whole_warehouse
from tests.publication.disques import PetitDisque, petit_disque

BUILD = ("-m", "tests.publication.construire")
ROOM = 64 * 2**20


@pytest.fixture
def disque(tmp_path: Path) -> Iterator[PetitDisque]:
    with petit_disque(tmp_path / "disque", f"{ROOM}") as disque:
        yield disque


def used(disque: PetitDisque) -> int:
    done = disque.run(["df", "--output=used", "--block-size=1", str(disque.chemin)])
    return int(done.stdout.split()[1])


def published(disque: PetitDisque) -> float:
    return value_of_a_whole_warehouse(disque.copy("cia.duckdb", disque.chemin.with_name("copie.duckdb")))


@pytest.mark.parametrize(
    "part", [0.1, 0.9, *(pytest.param(p, marks=pytest.mark.slow) for p in (0.01, 0.3, 0.6, 0.97))]
)
def test_a_full_disk_leaves_the_published_file(
    disque: PetitDisque, dossier: WorkingFolder, donnees: Path, part: float
) -> None:
    """Room for a part of what a build needs: the lock alone, the first tables, all of them but the account…"""
    entrepot = disque.chemin / "cia.duckdb"
    first = disque.python(*BUILD, entrepot, donnees, 1)
    assert first.returncode == 0, first.stderr
    taken = used(disque)
    assert disque.python(*BUILD, entrepot, donnees, 2).returncode == 0
    needed = used(disque) - taken
    before = (disque.vu / "cia.duckdb").read_bytes()
    disque.remount(f"size={used(disque) + int(part * needed)}")
    refused = disque.python(*BUILD, entrepot, donnees, 3)
    assert refused.returncode == 1
    assert "Plus de place" in refused.stderr
    assert "Traceback" not in refused.stderr
    assert (disque.vu / "cia.duckdb").read_bytes() == before
    assert published(disque) == 2
    disque.remount(f"size={ROOM}")
    done = disque.python(*BUILD, entrepot, donnees, 4)
    assert done.returncode == 0, done.stderr
    assert published(disque) == 4
    seen = WorkingFolder(disque.vu / "cia.duckdb")
    assert list(seen.construction.iterdir()) == []
    assert sorted(path.name for path in seen.versions.iterdir()) == ["0001.duckdb", "0002.duckdb"]


def test_a_disk_that_nothing_can_be_written_on(disque: PetitDisque, donnees: Path) -> None:
    entrepot = disque.chemin / "cia.duckdb"
    assert disque.python(*BUILD, entrepot, donnees, 1).returncode == 0
    disque.remount("ro")
    refused = disque.python(*BUILD, entrepot, donnees, 2)
    assert refused.returncode == 1
    assert "ne peut pas être écrit" in refused.stderr
    assert "Traceback" not in refused.stderr
    # A reader needs to write nothing.
    assert published(disque) == 1
    disque.remount("rw")
    assert disque.python(*BUILD, entrepot, donnees, 3).returncode == 0
    assert published(disque) == 3


@pytest.mark.parametrize(("options", "word"), [("ro", "inscriptible"), (None, "place")])
def test_a_landing_folder_that_takes_no_lock_does_not_stop_a_publication(
    disque: PetitDisque, dossier: WorkingFolder, options: str | None, word: str
) -> None:
    if options:
        disque.remount(options)
    else:
        filler = disque.run(["dd", "if=/dev/zero", f"of={disque.chemin}/plein", "bs=1M"])
        assert "No space left" in filler.stderr
    done = disque.python(*BUILD, dossier.entrepot, disque.chemin, 1)
    assert done.returncode == 0, done.stderr
    assert LOCK_NAME in done.stderr
    assert word in done.stderr
    assert value_of_a_whole_warehouse(dossier.entrepot) == 1
    assert [p.name for p in disque.vu.iterdir() if LOCK_NAME in p.name] == []


@pytest.mark.parametrize("kilobytes", [256, *(pytest.param(k, marks=pytest.mark.slow) for k in (16, 1024))])
def test_a_file_that_may_not_grow_is_no_room_either(
    dossier: WorkingFolder, donnees: Path, kilobytes: int
) -> None:
    """The same without a disk of its own: the kernel refuses a file past a size."""
    build_version(str(dossier.entrepot), str(donnees), 1)

    def limit() -> None:
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (kilobytes * 1024, kilobytes * 1024))

    refused = subprocess.run(
        [sys.executable, *BUILD, str(dossier.entrepot), str(donnees), "2"],
        capture_output=True,
        text=True,
        check=False,
        preexec_fn=limit,
    )
    assert refused.returncode == 1, refused.stderr
    assert "Plus de place" in refused.stderr
    assert value_of_a_whole_warehouse(dossier.entrepot) == 1
    build_version(str(dossier.entrepot), str(donnees), 3)
    assert value_of_a_whole_warehouse(dossier.entrepot) == 3
