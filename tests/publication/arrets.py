"""Kills a process just before its n-th step on the disk: each moment at which a build can die, one by one.

What the steps leave behind is judged by the tests.
"""

import multiprocessing
import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

# Opening, renaming, linking, removing, making a folder: what changes names and files from Python. Between two of
# them DuckDB writes the base under construction, which nobody reads.
_STEPS = frozenset(
    {
        "open",
        "os.rename",
        "os.link",
        "os.remove",
        "os.mkdir",
        "os.rmdir",
        "os.truncate",
        "os.chmod",
        "shutil.rmtree",
    }
)
_MODULES = ["duckdb", "polars", "pandera.polars", "pipelines.publication", "pipelines.ingestion"]


def _kill_at(step: int, folder: str) -> None:
    seen = 0

    def look(event: str, arguments: tuple[Any, ...]) -> None:
        nonlocal seen
        if event in _STEPS and any(isinstance(a, str | os.PathLike) and folder in str(a) for a in arguments):
            seen += 1
            if seen == step:
                os.kill(os.getpid(), signal.SIGKILL)

    sys.addaudithook(look)


def _run(step: int, folder: str, action: Callable[..., None], arguments: tuple[Any, ...]) -> None:
    _kill_at(step, folder)
    action(*arguments)


def killed_at(step: int, folder: Path, action: Callable[..., None], *arguments: object) -> bool:
    """Run an action in a process that dies at one of its steps in a folder; False: it ended before that step."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(_MODULES)
    process = context.Process(target=_run, args=(step, str(folder), action, arguments))
    process.start()
    process.join(120)
    assert process.exitcode in {0, -signal.SIGKILL}, process.exitcode
    return process.exitcode != 0
