"""One process of the service, as Dagster makes it, with what Dagster leaves open closed.

`python -m pipelines.cli.processus page|daemon|code …`: the options are those of Dagster's own command. The
page has a guard before it; none of the three outlives the process that started it.
"""

import os
import shutil
import signal
import sys
import threading
import time
from importlib import import_module
from typing import Any

from pipelines.cli.garde import Garde, allowed_hosts

PARENT_VARIABLE = "OBSERVATOIRE_SERVICE"
FOLDER_VARIABLE = "OBSERVATOIRE_SERVICE_DOSSIER"
_BETWEEN_LOOKS = 0.5


def main() -> None:
    """Run the process that the first argument names."""
    # Dagster's storage and logs hold what the runs said: for their owner, and its group at most.
    os.umask(os.umask(0o077) | 0o027)
    kind, *arguments = sys.argv[1:]
    _end_with_parent()
    sys.argv = [kind, *arguments]
    _PROCESSES[kind](arguments)


def _page(arguments: list[str]) -> None:
    cli: Any = import_module("dagster_webserver.cli")
    make = cli.create_app_from_workspace_process_context
    hote = arguments[arguments.index("--host") + 1] if "--host" in arguments else ""

    def guarded(*args: Any, **options: Any) -> Any:
        return Garde(make(*args, **options), allowed_hosts(hote, os.environ))

    cli.create_app_from_workspace_process_context = guarded
    cli.main()


def _daemon(_: list[str]) -> None:
    import_module("dagster._daemon.cli").main()


def _code(_: list[str]) -> None:
    import_module("dagster._cli").main()


_PROCESSES = {"page": _page, "daemon": _daemon, "code": _code}


def _end_with_parent() -> None:
    """End, with all that this process started, when the one that started it is dead: kill -9 tells nobody."""
    parent = os.environ.get(PARENT_VARIABLE)
    if parent:
        threading.Thread(target=_watch, args=(int(parent),), daemon=True).start()


def _watch(parent: int) -> None:
    while os.getppid() == parent:
        time.sleep(_BETWEEN_LOOKS)
    if folder := os.environ.get(FOLDER_VARIABLE):
        # Its secrets, that nobody else would remove.
        shutil.rmtree(folder, ignore_errors=True)
    # The service makes each of its processes the leader of a group.
    if os.getpgrp() == os.getpid():
        os.killpg(os.getpgrp(), signal.SIGKILL)
    os._exit(1)


if __name__ == "__main__":
    main()
