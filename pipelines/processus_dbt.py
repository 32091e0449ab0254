"""The `dbt` process of a build: dbt itself, given the project as it was read when the run started.

Reading the project takes dbt longer than many builds, and a file edited meanwhile would give a warehouse made
of two states of the rules. Nothing of the project belongs here.
"""

import gc
import json
import os
import sys
import threading
import time
from collections.abc import Callable, Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any

from pipelines.sql import without_values

MANIFEST_VARIABLE = "OBSERVATOIRE_MANIFESTE"
PARENT_VARIABLE = "OBSERVATOIRE_PARENT"
SELECTION_VARIABLE = "OBSERVATOIRE_SELECTION"
# Set by dagster-dbt in the process that it reads.
ORCHESTRATOR_VARIABLE = "DAGSTER_DBT_CLI"
_SILENT = ("--log-level", "none", "--log-level-file", "none")
_READ_EVENTS = frozenset({"LogModelResult", "LogTestResult"})
_READ_LEVELS = frozenset({"warn", "error"})
# Where an event of dbt holds the text of an error.
_MESSAGES = frozenset({"msg", "message", "base_msg", "exc", "exc_info"})
_BETWEEN_LOOKS = 0.1
_TELLING = threading.Lock()
# A manifest is a hundred thousand objects that live as long as the process: looking through them again and
# again for garbage, as Python does by default, is a tenth of a small build.
_GARBAGE_THRESHOLDS = (100_000, 50, 1000)


def main() -> None:
    """Run dbt with the manifest named by the environment, and exit with dbt's own codes."""
    _end_with_parent()
    gc.set_threshold(*_GARBAGE_THRESHOLDS)
    if sys.argv[1:] == ["--version"]:
        # Asked by the orchestrator before each build; dbt would load everything and ask a registry first.
        print(f"installed: {version('dbt-core')}")
        return
    from dbt.contracts.graph.manifest import Manifest

    path = os.environ.get(MANIFEST_VARIABLE)
    manifest: Any = None
    if path:
        manifest = Manifest.from_msgpack(Path(path).read_bytes())
        manifest.build_flat_graph()
    arguments = _arguments(sys.argv[1:])
    if os.environ.get(ORCHESTRATOR_VARIABLE):
        result = _invoke([*_SILENT, *arguments], manifest, [_tell])
    else:
        result = _invoke(arguments, manifest)
    sys.exit(0 if result.success else 2 if result.exception is not None else 1)


def _tell(event: Any) -> None:
    """Write for the orchestrator, a line each, the events that it reads: results and what went wrong.

    dbt would write every event, those of debugging too, in a file that nobody reads, and put them all in JSON
    before it drops them: a quarter of a small build. What goes out is kept with the run, by whoever reads it:
    an engine's error is said without the cells that it quotes.
    """
    if event.info.name in _READ_EVENTS or event.info.level in _READ_LEVELS:
        from dbt_common.events.functions import msg_to_dict

        told = json.dumps(_without_values(msg_to_dict(event)), default=str) + "\n"
        # Each of dbt's threads tells of its own: in pieces, two events make one line that nobody can read.
        with _TELLING:
            sys.stdout.write(told)
            sys.stdout.flush()


def _without_values(said: Any) -> Any:
    if isinstance(said, dict):
        return {
            name: without_values(value)
            if name in _MESSAGES and isinstance(value, str)
            else _without_values(value)
            for name, value in said.items()
        }
    return [_without_values(part) for part in said] if isinstance(said, list) else said


def _arguments(asked: list[str]) -> list[str]:
    """Return the arguments, restricted to the nodes listed in the file that the environment names.

    The orchestrator adds a selection of its own (everything), and dbt would take the union of the two.
    """
    path = os.environ.get(SELECTION_VARIABLE)
    if not path or "--select" not in asked:
        return asked
    selectors = Path(path).read_text(encoding="utf-8").splitlines()
    kept, skip = list[str](), False
    for argument in asked:
        if argument == "--select":
            skip = True
        elif skip:
            skip = False
        else:
            kept.append(argument)
    return [*kept, "--indirect-selection", "empty", "--select", *selectors]


def _end_with_parent() -> None:
    """End at once when the build that asked for this process is dead: kill -9 tells its children nothing.

    An orphan would go on writing in the folder that the next build cleans.
    """
    parent = os.environ.get(PARENT_VARIABLE)
    if parent:
        threading.Thread(target=_watch, args=(int(parent),), daemon=True).start()


def _watch(parent: int) -> None:
    while os.getppid() == parent:
        time.sleep(_BETWEEN_LOOKS)
    os._exit(1)


def run(arguments: list[str]) -> bool:
    """Run dbt in this very process, for an engine whose session lives in it; True when all went well."""
    return bool(_invoke(arguments).success)


def _invoke(
    arguments: list[str], manifest: Any = None, listeners: Sequence[Callable[[Any], None]] = ()
) -> Any:
    from dbt.cli.main import dbtRunner

    return dbtRunner(manifest=manifest, callbacks=list(listeners)).invoke(arguments)
