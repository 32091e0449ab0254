"""How long the annual bilans of a warehouse take, in every format.

    python benchmarks/bilan.py demo/observatoire.duckdb

One line per EPCI for its last year, then all of them: seconds of the clock and of the processor, sizes of the
files.
"""

import argparse
import resource
import tempfile
import time
from pathlib import Path

import duckdb

from pipelines.bilan import FORMATS, lister, render


def main() -> None:
    """Render every EPCI of a warehouse and print what each took."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("entrepot", type=Path)
    entrepot = parser.parse_args().entrepot
    with duckdb.connect(str(entrepot), read_only=True) as con:
        tailles = {
            siren: (communes, bailleurs)
            for siren, communes, bailleurs in con.execute(
                "select epci_siren, count(distinct modalite) filter (where axe = 'commune'), "
                "count(distinct modalite) filter (where axe = 'bailleur') from marts.indicateurs group by all"
            ).fetchall()
        }
    debut = time.perf_counter()
    for siren, nom, annees in lister(entrepot):
        with tempfile.TemporaryDirectory() as dossier:
            depart, processeur = time.perf_counter(), time.process_time()
            chemins = render(entrepot, siren, annees[-1], Path(dossier), FORMATS)
            ecoule, occupe = time.perf_counter() - depart, time.process_time() - processeur
            poids = ", ".join(f"{c.suffix[1:]} {c.stat().st_size / 1e6:.1f} MB" for c in chemins)
        communes, bailleurs = tailles[siren]
        print(
            f"{nom} {annees[-1]} ({communes} communes, {bailleurs} landlords): "
            f"{ecoule:.1f} s, processor {occupe:.1f} s; {poids}"
        )
    memoire = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"All: {time.perf_counter() - debut:.1f} s, {memoire:.0f} MB at most")


if __name__ == "__main__":
    main()
