"""The `dbt` process of a build: dbt itself, given the project as it was read when the run started.

Reading the project takes dbt longer than many builds, and a file edited meanwhile would give a warehouse made
of two states of the rules. Nothing of the project belongs here.
"""

import os
import sys
from pathlib import Path
from typing import Any

MANIFEST_VARIABLE = "OBSERVATOIRE_MANIFESTE"


def main() -> None:
    """Run dbt with the manifest named by the environment, and exit with dbt's own codes."""
    from dbt.cli.main import dbtRunner
    from dbt.contracts.graph.manifest import Manifest

    path = os.environ.get(MANIFEST_VARIABLE)
    manifest: Any = None
    if path:
        manifest = Manifest.from_msgpack(Path(path).read_bytes())
        manifest.build_flat_graph()
    result = dbtRunner(manifest=manifest).invoke(sys.argv[1:])
    sys.exit(0 if result.success else 2 if result.exception is not None else 1)
