"""What the public edition of the whole country costs: the plan's tables of every EPCI, from made-up figures.

Thirty territories of the tests, from a few dozen leases a year to thousands, repeated under other SIRENs.
Only the public edition is timed: `python -m benchmarks.diffusion`.
"""

import argparse
import resource
import time

import duckdb
import numpy as np
import polars as pl

from pipelines.diffusion import build_public, load_plan
from tests.diffusion.territoires import SIRENS, figures

EPCI_OF_FRANCE = 1253
SIZES = 10


def country(territoires: int, annees: int) -> pl.DataFrame:
    """The exact figures of so many territories: half of them sign fewer than 250 leases a year."""
    leases = np.unique(np.geomspace(40, 4000, SIZES).astype(int))
    models = [
        figures([siren], baux_par_an=int(n)).filter(pl.col("annee") > pl.col("annee").max() - annees)
        for n in leases
        for siren in SIRENS
    ]
    found = []
    for rank in range(territoires):
        model, siren = models[rank % len(models)], f"{200000000 + rank}"
        own = model["epci_siren"][0]
        found.append(
            model.with_columns(
                epci_siren=pl.lit(siren),
                modalite=pl.when(pl.col("modalite") == own).then(pl.lit(siren)).otherwise("modalite"),
            )
        )
    return pl.concat(found)


def main() -> None:
    """Print the seconds and the memory of the public edition."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--territoires", type=int, default=EPCI_OF_FRANCE)
    parser.add_argument("--annees", type=int, choices=(1, 2), default=1)
    asked = parser.parse_args()
    exact = country(asked.territoires, asked.annees)
    with duckdb.connect() as con:
        con.register("exact", exact.to_arrow())
        start, used = time.perf_counter(), time.process_time()
        made = build_public(con, "exact", load_plan())
        seconds, processor = time.perf_counter() - start, time.process_time() - used
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(
        f"{asked.territoires} territories, {asked.annees} year(s): {made.lignes} rows, "
        f"{made.masquees} masked; {seconds:.1f} s ({processor:.1f} s of processor), {memory:.0f} MB"
    )


if __name__ == "__main__":
    main()
