"""Publishes one small version, as a program of its own: `python -m tests.publication.construire W D VALEUR`.

What the disk refuses is said as the command says it, with its exit code.
"""

import sys
from pathlib import Path

import duckdb

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


def tables_of_a_whole_warehouse(con: duckdb.DuckDBPyConnection) -> list[Empreinte]:
    """The hashes of the tables, once each was found to be the one that was published."""
    recorded = con.execute("select nom_schema, nom_table, lignes, empreinte from meta.empreintes").fetchall()
    found = content_hashes(con)
    for name, left, right in compare_hashes([Empreinte(*row) for row in recorded], found):
        assert left == right, name
    return found


def value_of_a_whole_warehouse(entrepot: Path) -> float:
    """The figure that readers see, once every table was found to be the one that was published."""
    with open_warehouse(entrepot) as con:
        tables_of_a_whole_warehouse(con)
        return float(con.execute("select valeur from marts.indicateurs").fetchall()[0][0])


def check_what_is_left(dossier: WorkingFolder) -> None:
    """Nothing of the dead run is left once another one has been there."""
    assert list(dossier.construction.iterdir()) == []
    assert [p.name for p in dossier.versions.glob(".*")] == []
    assert [p.name for p in dossier.executions.iterdir() if p.name.startswith((".", "en_cours"))] == []
    assert not dossier.entrepot.with_name(f"{dossier.entrepot.name}.wal").exists()


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
