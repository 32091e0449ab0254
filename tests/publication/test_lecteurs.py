"""Readers in a loop while versions are published and put back: each sees a whole version, none sees an error."""

import multiprocessing
import time
from pathlib import Path
from typing import Any

import duckdb
import pytest

from pipelines.paths import WorkingFolder
from pipelines.publication import open_chantier, restore
from tests.publication.construire import build_version
from tests.publication.lecteurs import reading


def version_and_its_content(con: duckdb.DuckDBPyConnection) -> int:
    """The version, once two questions agreed with it."""
    version = con.execute("select max(version) from meta.executions").fetchall()[0][0]
    valeur = con.execute("select valeur from marts.indicateurs").fetchall()[0][0]
    facts = con.execute("select count(*) from entrepot.fct_attribution").fetchall()[0][0]
    # Version N was built with the figure N: an older file put back keeps both.
    assert (valeur, facts) == (float(version), 5000)
    return int(version)


@pytest.mark.parametrize(
    ("publications", "pause"),
    [pytest.param(2, 0.2, id="some"), pytest.param(40, 0.02, id="many", marks=pytest.mark.slow)],
)
def test_twenty_readers_never_see_an_error(
    dossier: WorkingFolder, donnees: Path, publications: int, pause: float
) -> None:
    build_version(str(dossier.entrepot), str(donnees), 1)
    with reading(dossier.entrepot, version_and_its_content, pause=pause) as versions:
        for number in range(2, publications + 2):
            build_version(str(dossier.entrepot), str(donnees), number)
        with open_chantier(dossier, "restauration") as chantier:
            restore(chantier, publications)
    assert len(versions) > 1


def test_of_builds_that_start_together_one_goes_on(dossier: WorkingFolder, donnees: Path) -> None:
    """The others say who holds the lock, and change nothing."""
    context = multiprocessing.get_context("forkserver")
    barrier, found = context.Barrier(4), context.Queue()
    racers = [
        context.Process(target=race, args=(str(dossier.entrepot), barrier, found, number))
        for number in range(4)
    ]
    for racer in racers:
        racer.start()
    said = dict(found.get(timeout=60) for _ in racers)
    for racer in racers:
        racer.join(60)
    winners = [pid for pid, refusal in said.items() if refusal is None]
    assert len(winners) == 1
    assert all(f"processus {winners[0]}" in refusal for refusal in said.values() if refusal is not None)


def race(entrepot: str, barrier: Any, found: Any, number: int) -> None:
    import os

    from pipelines.errors import ObservatoireError

    barrier.wait()
    try:
        with open_chantier(WorkingFolder(Path(entrepot)), f"course-{number}"):
            # Until the three others have been refused.
            time.sleep(3)
    except ObservatoireError as error:
        found.put((os.getpid(), str(error)))
    else:
        found.put((os.getpid(), None))
