"""Growth curves: what a build, a lake and a way back cost from 1/100 to the whole country.

    python benchmarks/croissance.py [--echelles 0.01,0.1,1] [--dossier D] [--fils 2] [--memoire 6GB]

Each scale is built by `observatoire build --tous` and held against the script of reference (`entrepot.py`),
then written as a lake and made again from it. The table and the exponents (cost ~ rows^p between two scales:
1 is linear) are those of `docs/passage-a-l-echelle.md`; `--annees` says what that many years would hold.
"""

import argparse
import json
import math
import shutil
import sys
import tempfile
from itertools import pairwise
from pathlib import Path
from typing import Any

from entrepot import measure, show, timed

MEASURED = ("lecture", "entrepot", "publication", "processeur", "lac", "retour")


def copies(dossier: Path) -> dict[str, Any]:
    """Write the lake of a built warehouse, make the warehouse again from it, and say what each costs."""
    entrepot, lac, refait = (dossier / name for name in ("entrepot.duckdb", "lac", "refait.duckdb"))
    write = (
        "import sys; from pathlib import Path; from pipelines.lac import write_lake; "
        "write_lake(Path(sys.argv[1]), Path(sys.argv[2]))"
    )
    restore = str(Path(sys.executable).with_name("observatoire"))
    commands = {
        "lac": [sys.executable, "-c", write, str(entrepot), str(lac)],
        "retour": [restore, "restaurer", "--entrepot", str(refait), "--lac", str(lac)],
    }
    found: dict[str, Any] = {}
    for name, command in commands.items():
        found[name], _, found[f"{name}_go"] = timed(command)
    files = list((lac / "courant").resolve().rglob("*.parquet"))
    found["lac_fichiers"], found["lac_octets"] = len(files), sum(path.stat().st_size for path in files)
    shutil.rmtree(lac)
    for path in dossier.glob("refait.duckdb*"):
        shutil.rmtree(path) if path.is_dir() else path.unlink()
    return found


def table(found: list[dict[str, Any]]) -> list[str]:
    """Return the lines of the table, in Markdown."""
    rows = [
        ("scale", *(f"{m['echelle']:g}" for m in found)),
        ("lines read", *(f"{m['lignes']:,}" for m in found)),
        ("EPCI", *(f"{m['epci']:,}" for m in found)),
        ("figures published", *(f"{m['chiffres']:,}" for m in found)),
        ("reading, s", *(f"{m['lecture']:.0f}" for m in found)),
        ("dbt build with its tests, s", *(f"{m['entrepot']:.0f}" for m in found)),
        ("publication, s", *(f"{m['publication']:.0f}" for m in found)),
        ("peak memory of the build, GB", *(f"{m['memoire_go']:.1f}" for m in found)),
        ("DuckDB file, GB", *(f"{m['octets'] / 1e9:.2f}" for m in found)),
        ("lake: seconds", *(f"{m['lac']:.0f}" for m in found)),
        ("lake: GB", *(f"{m['lac_octets'] / 1e9:.2f}" for m in found)),
        ("back from the lake, s", *(f"{m['retour']:.0f}" for m in found)),
        ("processor of the whole build, s", *(f"{m['processeur']:.0f}" for m in found)),
        ("processor of the reference, s", *(f"{m['reference_processeur']:.1f}" for m in found)),
        ("script of reference, s", *(f"{m['reference']:.1f}" for m in found)),
        ("dbt build / reference", *(f"{m['rapport']:.0f}" for m in found)),
    ]
    head = f"| | {' | '.join(['national size x'] * len(found))} |"
    return [head, "|---|" + "---|" * len(found), *(f"| {' | '.join(row)} |" for row in rows)]


def exponents(found: list[dict[str, Any]]) -> list[str]:
    """Return how each cost grows between two scales: 1 is linear, less is better."""
    lines = []
    for before, after in pairwise(found):
        growth = math.log(after["lignes"] / before["lignes"])
        powers = ", ".join(
            f"{name} {math.log(max(after[name], 1e-9) / max(before[name], 1e-9)) / growth:.2f}"
            for name in (*MEASURED, "memoire_go", "octets")
        )
        lines.append(f"exponents {before['echelle']:g} -> {after['echelle']:g}: {powers}")
    return lines


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--echelles", default="0.01,0.1,1")
    parser.add_argument("--dossier", type=Path, help="where to work; several times the size of the inputs")
    parser.add_argument("--fils", type=int, default=2)
    parser.add_argument("--memoire", default="6GB")
    parser.add_argument("--annees", type=int, default=10)
    parser.add_argument("--json", type=Path, help="also write the measures there")
    options = parser.parse_args()
    found = []
    for echelle in (float(text) for text in options.echelles.split(",")):
        with tempfile.TemporaryDirectory(dir=options.dossier) as temporary:
            dossier = Path(temporary)
            measures = measure(dossier, echelle, options.fils, options.memoire, avec_reference=True)
            found.append({**measures, **copies(dossier)})
            show(found[-1])
    print("\n".join([*table(found), *exponents(found)]))
    last = found[-1]
    print(
        f"{options.annees} years at scale {last['echelle']:g}: {last['lignes'] * options.annees:,} lines, "
        f"{last['octets'] * options.annees / 1e9:.0f} GB in one file, "
        f"{last['lac_octets'] * options.annees / 1e9:.0f} GB of Parquet"
    )
    if options.json:
        options.json.write_text(json.dumps(found, indent=1, default=str) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
