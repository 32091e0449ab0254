"""How long the explorer takes to open on the whole country: from the address to the table, in a real browser.

    python benchmarks/explorateur.py W.signataires.duckdb [--dossier D] [--territoires 1253] [--lignes 20000]

The file is that of the signatories of a demonstration. The figures of one of its territories, of the last
year that it has, are repeated under as many SIRENs, their rows mixed as a build leaves them. The command is
started once; then each page is opened by a browser that has nothing of it, then by one that has opened it
before.
"""

import argparse
import re
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import duckdb

from tests.navigateur import chromium

EPCI_OF_FRANCE = 1253
PAGES = 5


def country(modele: Path, cible: Path, territoires: int, lignes: int) -> int:
    """Write the edition of so many territories; return how many rows of figures it has."""
    with duckdb.connect(str(cible)) as con:
        con.execute(f"attach '{modele}' as modele (read_only)")
        con.execute("create schema marts; create schema meta")
        for (table,) in con.execute(
            "select table_name from duckdb_tables() where database_name = 'modele' and schema_name = 'meta' "
            "and table_name <> 'conventions'"
        ).fetchall():
            con.execute(f"create table meta.{table} as from modele.meta.{table}")
        con.execute(
            "create temp table sirens as select (200000000 + range)::varchar as siren from range(?)",
            [territoires],
        )
        con.execute(
            "create table meta.conventions as select m.* replace (s.siren as epci_siren, "
            "'Intercommunalité ' || s.siren as nom) "
            "from (from modele.meta.conventions order by epci_siren limit 1) as m cross join sirens as s"
        )
        con.execute(
            "create table marts.indicateurs as select f.* replace (s.siren as epci_siren, "
            "case when f.axe = 'epci' then s.siren else f.modalite end as modalite) from ("
            "select * from modele.marts.indicateurs "
            "where epci_siren = (select min(epci_siren) from modele.marts.indicateurs) and periode like "
            "(select max(periode) || '%' from modele.marts.indicateurs where periode_type = 'annee') "
            "order by segment_type <> 'tous', hash(indicateur, axe, modalite, segment) limit ?) as f "
            "cross join sirens as s",
            [lignes],
        )
        ((rows,),) = con.execute("select count(*) from marts.indicateurs").fetchall()
    return int(rows)


def measure(fichier: Path) -> tuple[float, list[float], list[float]]:
    """Return the seconds from the command to its address, then to the table: new browsers, opened before."""
    command = [str(Path(sys.executable).with_name("observatoire")), "explorer", "--entrepot", str(fichier)]
    start = time.perf_counter()
    served = subprocess.Popen([*command, "--port", "0"], stderr=subprocess.PIPE, text=True)
    address = ""
    for line in served.stderr or ():
        if found := re.search(r"http://127\.0\.0\.1:\d+", line):
            address = found[0]
            break
    ready, new, before = time.perf_counter() - start, [], []
    with chromium() as browser:
        for rank in range(PAGES):
            context = browser.new_context()
            for times, siren in ((new, 200000000 + 200 * rank), (before, 200000001 + 200 * rank)):
                page = context.new_page()
                begun = time.perf_counter()
                page.goto(f"{address}/?epci={siren}&indicateur=hors_qpv_q1&axe=bailleur")
                page.locator("table tbody tr td").first.wait_for(timeout=120_000)
                times.append(time.perf_counter() - begun)
                page.close()
            context.close()
    served.send_signal(signal.SIGINT)
    served.wait(30)
    return ready, new, before


def main() -> None:
    """Command line."""
    analyseur = argparse.ArgumentParser(description=__doc__)
    analyseur.add_argument("modele", type=Path)
    analyseur.add_argument("--dossier", type=Path)
    analyseur.add_argument("--territoires", type=int, default=EPCI_OF_FRANCE)
    analyseur.add_argument("--lignes", type=int, default=20_000)
    options = analyseur.parse_args()
    dossier = options.dossier or Path(tempfile.mkdtemp(prefix="observatoire-explorateur-"))
    dossier.mkdir(parents=True, exist_ok=True)
    fichier = dossier / "pays.duckdb"
    if not fichier.exists():
        country(options.modele, fichier, options.territoires, options.lignes)
    size = fichier.stat().st_size / 1e9
    with duckdb.connect(str(fichier), read_only=True) as con:
        ((rows, territories),) = con.execute(
            "select count(*), count(distinct epci_siren) from marts.indicateurs"
        ).fetchall()
    ready, new, before = measure(fichier)
    print(f"{territories} territories, {rows} figures, {size:.1f} GB")
    print(f"command to address: {ready:.1f} s")
    for name, times in (("new browser", new), ("opened before", before)):
        print(
            f"address to table, {name}: first {times[0]:.1f} s, median {statistics.median(times):.1f} s, "
            f"worst {max(times):.1f} s"
        )
    if options.dossier is None:
        shutil.rmtree(dossier)


if __name__ == "__main__":
    main()
