"""The work that a build saves when little has changed: a year added, one territory's file, nothing at all.

    python benchmarks/increment.py [--echelle 0.3] [--dossier D]

The demonstration is built without its last year, then again as it is, then with its last survey of
occupation, then with that year, then with the file that one intercommunality sends late; last, everything
again from nothing (`--complet`). Each line is one run of `observatoire build`.
"""

import argparse
import json
import os
import shutil
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

import duckdb
from entrepot import timed

from pipelines.demo import generate

YEAR = ("sne/2023", "rpls/2024")
SURVEY = "ops/2022"
LATE = "rpls/2024/rpls_loi_2024_grand_chalon.csv"


@dataclass(frozen=True)
class Mesure:
    """What one build did and cost."""

    nom: str
    secondes: float
    processeur: float
    fichiers_lus: int
    fichiers_connus: int
    tables_faites: int
    entrepot: float


def build(nom: str, donnees: Path, entrepot: Path, *options: str) -> Mesure:
    """Run one build; raises SystemExit with what it said when it fails."""
    command = [str(Path(sys.executable).with_name("observatoire")), "build", "--json", *options]
    command += ["--donnees", str(donnees), "--entrepot", str(entrepot)]
    environment = {"OBSERVATOIRE_CLE": "cle du banc d'essai, longue", **os.environ}
    said, answer = entrepot.with_name("dit.txt"), entrepot.with_name("resume.json")
    try:
        with said.open("w") as errors, answer.open("w") as summary:
            seconds, processor, _ = timed(command, environment, stdout=summary, stderr=errors)
    except SystemExit as failure:
        raise SystemExit(said.read_text(encoding="utf-8")) from failure
    lines = [line for line in said.read_text(encoding="utf-8").splitlines() if "lignes lues" in line]
    unchanged = json.loads(answer.read_text(encoding="utf-8"))["inchange"]
    known = sum(line.endswith("(déjà validé)") for line in lines)
    with duckdb.connect(str(entrepot), read_only=True) as con:
        ((made,), (spent,)) = (
            con.execute(
                f"select {what} from meta.etapes where execution = "
                f"(select max_by(execution, version) from meta.executions) and {which}"
            ).fetchall()[0]
            for what, which in (
                ("count(*)", "regexp_matches(etape, '^(intermediate|entrepot|marts|meta|seeds)[.]')"),
                ("coalesce(sum(duree_s), 0)", "etape = 'entrepot'"),
            )
        )
    return Mesure(
        nom,
        seconds,
        processor,
        len(lines) - known,
        known,
        # A run that publishes nothing leaves the account of the one before.
        0 if unchanged else int(made),
        0.0 if unchanged else float(spent),
    )


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--echelle", type=float, default=0.3)
    parser.add_argument("--dossier", type=Path)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        dossier = options.dossier or Path(temporary)
        tout, donnees, entrepot = dossier / "tout", dossier / "donnees", dossier / "cia.duckdb"
        generate(tout, echelle=options.echelle)
        shutil.copytree(tout, donnees)
        for folder in (*YEAR, SURVEY):
            shutil.rmtree(donnees / folder)
        found = [build("complete, without the last year", donnees, entrepot)]
        found.append(build("nothing changed", donnees, entrepot))
        shutil.copytree(tout / SURVEY, donnees / SURVEY)
        found.append(build("a survey of occupation added", donnees, entrepot))
        for folder in YEAR:
            shutil.copytree(tout / folder, donnees / folder, ignore=shutil.ignore_patterns(Path(LATE).name))
        found.append(build("a year added", donnees, entrepot))
        shutil.copy(tout / LATE, donnees / LATE)
        found.append(build("one territory's file added", donnees, entrepot))
        found.append(build("the same, from nothing (`--complet`)", donnees, entrepot, "--complet"))
    print("| build | files parsed | files known | tables made | dbt, s | whole, s | processor, s |")
    print("|---|---|---|---|---|---|---|")
    for m in found:
        print(
            f"| {m.nom} | {m.fichiers_lus} | {m.fichiers_connus} | {m.tables_faites} | {m.entrepot:.0f} "
            f"| {m.secondes:.0f} | {m.processeur:.0f} |"
        )


if __name__ == "__main__":
    main()
