"""Publishes one small version, as a program of its own: `python -m tests.publication.construire W D VALEUR`.

What the disk refuses is said as the command says it, with its exit code.
"""

import sys
from pathlib import Path

from pipelines.errors import ObservatoireError
from pipelines.paths import WorkingFolder
from pipelines.publication import (
    Etape,
    begin_summary,
    compare_hashes,
    content_hashes,
    disk_errors_explained,
    next_number,
    open_chantier,
    open_warehouse,
    prepare,
    publish,
    write_summary,
)
from pipelines.publication.empreintes import Empreinte
from tests.publication.conftest import fill

KEPT = 2


def build_version(entrepot: str, donnees: str, valeur: float) -> list[str]:
    """One run, from the lock to its account, as the orchestrator drives it; what it has to say."""
    dossier = WorkingFolder(Path(entrepot))
    with open_chantier(dossier, f"run-{valeur:.0f}") as chantier:
        begin_summary(chantier)
        fill(chantier, valeur=valeur, sha256=f"{valeur:.0f}")
        etapes = [Etape("e", 0.1, 1)]
        execution = prepare(
            chantier,
            numero=next_number(dossier),
            empreinte_modeles="m",
            etapes=etapes,
            anterieur=dossier.entrepot if dossier.entrepot.is_file() else None,
        )
        warnings = publish(chantier, donnees=Path(donnees), garder=KEPT)
        write_summary(chantier, execution, etapes)
    return warnings


def value_of_a_whole_warehouse(entrepot: Path) -> float:
    """The figure that readers see, once every table was found to be the one that was published."""
    with open_warehouse(entrepot) as con:
        recorded = con.execute(
            "select nom_schema, nom_table, lignes, empreinte from meta.empreintes"
        ).fetchall()
        for name, left, right in compare_hashes([Empreinte(*row) for row in recorded], content_hashes(con)):
            assert left == right, name
        return float(con.execute("select valeur from marts.indicateurs").fetchall()[0][0])


def main(entrepot: str, donnees: str, valeur: str) -> int:
    """Build, and say on the error output what stopped it or what it warns of."""
    try:
        with disk_errors_explained(Path(entrepot).parent):
            for warning in build_version(entrepot, donnees, float(valeur)):
                print(warning, file=sys.stderr)
    except ObservatoireError as error:
        print(error, file=sys.stderr)
        return error.exit_code
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
