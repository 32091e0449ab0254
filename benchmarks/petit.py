"""What a build costs besides its data: fifty rows, the rules never read, again, and nothing changed.

    python benchmarks/petit.py [--dossier D]

The rows are the first ones of the demonstration's requests and allocations of one year. Processor seconds
are those of the command and of the processes that it starts: they hold on a busy machine, where the others
do not.
"""

import argparse
import os
import shutil
import sys
import tempfile
from pathlib import Path

from entrepot import timed

from pipelines.demo import generate
from pipelines.paths import DBT_PROJECT

YEAR = "sne/2021"
ROWS = {"attributions.csv": 30, "demandes.csv": 20}


def write_rows(dossier: Path) -> None:
    """Write a landing folder of fifty rows."""
    with tempfile.TemporaryDirectory() as temporary:
        generate(Path(temporary), echelle=0.02)
        (dossier / YEAR).mkdir(parents=True)
        for name, rows in ROWS.items():
            lines = (Path(temporary) / YEAR / name).read_text(encoding="utf-8").splitlines(keepends=True)
            (dossier / YEAR / name).write_text("".join(lines[: rows + 1]), encoding="utf-8")


def main() -> None:
    """Command line."""
    analyseur = argparse.ArgumentParser(description=__doc__)
    analyseur.add_argument("--dossier", type=Path)
    options = analyseur.parse_args()
    dossier = options.dossier or Path(tempfile.mkdtemp(prefix="observatoire-petit-"))
    donnees, entrepot = dossier / "donnees", dossier / "w.duckdb"
    write_rows(donnees)
    command = [str(Path(sys.executable).with_name("observatoire")), "build"]
    command += ["--donnees", str(donnees), "--entrepot", str(entrepot)]
    environment = {"OBSERVATOIRE_CLE": "cle du banc d'essai, longue", **os.environ}
    shutil.rmtree(DBT_PROJECT / "target" / "lectures", ignore_errors=True)
    print("| build of 50 rows | s | processor, s | peak, GB |\n|---|---|---|---|")
    for name, more in (("rules never read", []), ("rules read", ["--complet"]), ("nothing changed", [])):
        seconds, processor, peak = timed([*command, *more], environment, stdout=-3, stderr=-3)
        print(f"| {name} | {seconds:.0f} | {processor:.1f} | {peak:.2f} |")


if __name__ == "__main__":
    main()
