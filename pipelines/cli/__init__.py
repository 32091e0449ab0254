"""The `observatoire` command, thin over the Dagster definitions.

What is typed, shown and returned belongs here; the work is done by the same assets that a schedule runs.
Nothing heavy is imported before a command needs it: help and usage errors answer at once.
"""

import sys


def main() -> None:
    """Run the command line and exit with 0 (success), 1 (refused) or 2 (bad usage)."""
    from pipelines.cli.application import run

    sys.exit(run(sys.argv[1:]))
