"""The `observatoire` command, thin over the Dagster definitions.

What is typed, shown and returned belongs here; the work is done by the same assets that a schedule runs.
Nothing heavy is imported before a command needs it: help and usage errors answer at once.
"""

import os
import sys


def main() -> None:
    """Run the command line and exit with 0 (success), 1 (refused) or 2 (bad usage)."""
    from pipelines.cli.application import run

    # Rows and reports are for their owner and the group given them, whatever the mask of the terminal.
    os.umask(os.umask(0o077) | 0o027)

    sys.exit(run(sys.argv[1:]))
