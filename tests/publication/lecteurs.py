"""Readers in a loop, each a process of its own: what analysts do while versions are published.

What they must see is in the tests.
"""

import multiprocessing
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import duckdb

READERS = 20
Question = Callable[[duckdb.DuckDBPyConnection], int]


def _read_in_a_loop(entrepot: str, ask: Question, pause: float, stop: Any, found: Any) -> None:
    reads, versions = 0, set[int]()
    try:
        while not stop.is_set():
            with duckdb.connect(entrepot, read_only=True) as con:
                versions.add(ask(con))
            reads += 1
            time.sleep(pause)
    except Exception as error:
        found.put((reads, versions, repr(error)))
    else:
        found.put((reads, versions, None))


@contextmanager
def reading(entrepot: Path, ask: Question, pause: float) -> Iterator[set[int]]:
    """Twenty readers open, ask, close, again, for as long as the block lasts; each succeeds every time.

    Args:
        entrepot: the published file.
        ask: a function of a module: asks questions that must agree, and returns the version that it saw.
        pause: seconds between two readings of one reader.

    The set has the versions that they saw, once the block is over.

    """
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["duckdb"])
    stop, found = context.Event(), context.Queue()
    readers = [
        context.Process(target=_read_in_a_loop, args=(str(entrepot), ask, pause, stop, found))
        for _ in range(READERS)
    ]
    for reader in readers:
        reader.start()
    versions = set[int]()
    try:
        yield versions
    finally:
        stop.set()
    results = [found.get(timeout=120) for _ in readers]
    for reader in readers:
        reader.join(60)
    assert [error for *_, error in results if error] == []
    assert all(reads > 0 for reads, *_ in results)
    versions.update(*(seen for _, seen, _ in results))
