"""Readers against the floor: time and memory to read, validate and store inputs of national size.

    python benchmarks/ingestion.py [--echelle 1.0] [--dossier D] [--fils 2] [--pandas]

The floor is what DuckDB alone needs to copy the same CSV, all text, to zstd Parquet in the same run. Each
measure is a process of its own, so that its peak memory is its own. `--pandas` adds a plain `pandas.read_csv`
with the same checks.
"""

import argparse
import json
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from generer import FICHIERS, generate

RPLS = "rpls/2025/rpls_2025.csv"


def floor(dossier: Path, fils: int) -> dict[str, float]:
    """DuckDB's copy of the register, all text, to zstd Parquet."""
    import duckdb

    colonnes = ", ".join(f"'c{i}': 'VARCHAR'" for i in range(len(FICHIERS[RPLS][0])))
    lecture = f"read_csv('{dossier / RPLS}', delim = ';', header = false, skip = 1, auto_detect = false"
    with duckdb.connect() as con, tempfile.TemporaryDirectory(dir=dossier) as temporaire:
        con.execute(f"SET threads = {fils}")
        con.execute(
            f"COPY (SELECT * FROM {lecture}, columns = {{{colonnes}}})) "
            f"TO '{temporaire}/plancher.parquet' (FORMAT parquet, COMPRESSION zstd)"
        )
    return {}


def _read(source: str) -> Callable[[Path, int], dict[str, float]]:
    def read(dossier: Path, fils: int) -> dict[str, float]:
        from pipelines.ingestion import Options, ingest

        comptes = ingest(source, dossier, dossier / "magasin", b"cle du banc d'essai", Options(threads=fils))
        return {
            "lignes": sum(c.lignes_lues for c in comptes),
            "gardees": sum(c.lignes_gardees for c in comptes),
            "relus": sum(not c.reutilise for c in comptes),
        }

    return read


def pandas(dossier: Path, _fils: int) -> dict[str, float]:
    """`pandas.read_csv` of the same columns, with the same types, codes, bounds and row rules."""
    import pandas as pd

    from pipelines.ingestion import declarations
    from pipelines.ingestion.correspondances import correspondances, match

    produit = declarations()["rpls_logements"]
    with (dossier / RPLS).open() as flux:
        entete = flux.readline().rstrip("\n").split(";")
    appariement = next(
        a for c in correspondances("rpls") if (a := match(c, entete, "rpls.csv")) is not None and a.complet
    )
    noms = {entete[p]: champ for champ, p in appariement.positions.items()}
    table = pd.read_csv(dossier / RPLS, sep=";", dtype=str, usecols=list(noms)).rename(columns=noms)
    mauvaises = pd.Series(data=False, index=table.index)
    for champ in produit.champs:
        if champ.nom not in table:
            continue
        cellules = table[champ.nom].str.strip()
        cellules = cellules.where(~cellules.isin({*produit.nuls, *champ.nuls}))
        if champ.numerique:
            valeurs = pd.to_numeric(cellules.str.replace(",", "."), errors="coerce")
            mauvaises |= valeurs.isna() & cellules.notna()
            if champ.min is not None:
                mauvaises |= valeurs < champ.min
            if champ.max is not None:
                mauvaises |= valeurs > champ.max
            table[champ.nom] = valeurs
        elif champ.type == "mois":
            table[champ.nom] = pd.to_datetime(cellules, format="%m/%Y", errors="coerce")
            mauvaises |= table[champ.nom].isna() & cellules.notna()
        elif champ.codes is not None:
            mauvaises |= cellules.notna() & ~cellules.isin(set(champ.codes))
            table[champ.nom] = cellules
        elif champ.type in {"commune", "qpv", "iris"}:
            mauvaises |= cellules.notna() & ~cellules.str.fullmatch("[0-9A-Z]{5,9}").fillna(value=False)
            table[champ.nom] = cellules
    mauvaises |= table["surface_habitable"] < 5 * table["nb_pieces"]
    table[~mauvaises].to_parquet(dossier / "pandas.parquet", compression="zstd")
    return {"lignes": len(table), "gardees": int((~mauvaises).sum())}


MESURES: dict[str, Callable[[Path, int], dict[str, float]]] = {
    "plancher": floor,
    "rpls": _read("rpls"),
    "rpls_relu": _read("rpls"),
    "sne": _read("sne"),
    "sne_relu": _read("sne"),
    "pandas": pandas,
}


def measure(nom: str, dossier: Path, fils: int) -> dict[str, float]:
    """Run one measure in a process of its own."""
    commande = [sys.executable, __file__, "--mesure", nom, "--dossier", str(dossier), "--fils", str(fils)]
    sortie = subprocess.run(commande, check=True, capture_output=True, text=True).stdout
    resultat: dict[str, float] = json.loads(sortie.splitlines()[-1])
    return resultat


def main() -> None:
    """Command line."""
    analyseur = argparse.ArgumentParser(description=__doc__)
    analyseur.add_argument("--echelle", type=float, default=1.0)
    analyseur.add_argument("--dossier", type=Path)
    analyseur.add_argument("--fils", type=int, default=2)
    analyseur.add_argument("--pandas", action="store_true")
    analyseur.add_argument("--mesure", choices=list(MESURES), help=argparse.SUPPRESS)
    options = analyseur.parse_args()
    if options.mesure:
        debut, processeur = time.perf_counter(), time.process_time()
        resultat = MESURES[options.mesure](options.dossier, options.fils)
        resultat["secondes"] = time.perf_counter() - debut
        resultat["processeur"] = time.process_time() - processeur
        resultat["memoire_go"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6
        print(json.dumps(resultat))
        return
    with tempfile.TemporaryDirectory() as temporaire:
        dossier = options.dossier or Path(temporaire)
        for nom, chemin in generate(dossier, options.echelle).items():
            print(f"{nom}: {chemin.stat().st_size / 1e9:.2f} GB", flush=True)
        noms = [n for n in MESURES if n != "pandas" or options.pandas]
        mesures = {}
        for nom in noms:
            mesures[nom] = m = measure(nom, dossier, options.fils)
            plancher = mesures["plancher"]
            relus = f"{int(m['relus'])} files read again" if "relus" in m else ""
            print(
                f"{nom:10s} {m['secondes']:7.1f} s  {m['processeur']:7.1f} s CPU  {m['memoire_go']:5.2f} GB  "
                f"x{m['secondes'] / plancher['secondes']:.2f} of the floor "
                f"(CPU x{m['processeur'] / plancher['processeur']:.2f})  "
                f"{int(m.get('lignes', 0)):>9d} lines  {relus}",
                flush=True,
            )


if __name__ == "__main__":
    main()
