"""The whole build for every EPCI against a hand-written script that computes their yearly figures only.

    python benchmarks/entrepot.py [--echelle 0.01] [--dossier D] [--fils 2] [--memoire 6GB] [--sans-reference]

Inputs of national size (`generer.py`) are read, validated and built with `observatoire build --tous`; then
`entrepot_reference.sql` computes the yearly figures of each EPCI from the same validated Parquet. The figures
of both are compared, then the seconds and the peak memory of each; the profile says what the build spends its
time on.
"""

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import duckdb
from generer import ATTRIBUTIONS, DEMANDES, LOGEMENTS, generate_warehouse_inputs

REFERENCE = Path(__file__).with_name("entrepot_reference.sql")
ANNEE = 2021
SOURCES = ("rpls_logements", "sne_attributions", "sne_demandes", "geo_epci_membres", "ref_seuils_q1")
# Rates of the reference: name -> (table, base, answer); an unknown answer leaves the denominator.
_BAIL = "est_bail"
TAUX = {
    "hors_qpv_q1": (
        "attributions",
        f"{_BAIL} and not en_qpv",
        "case when est_releve then true else quartile = 1 end",
    ),
    "hors_qpv_q1_strict": ("attributions", f"{_BAIL} and not en_qpv", "quartile = 1"),
    "qpv_q234": ("attributions", f"{_BAIL} and en_qpv", "quartile > 1"),
    "qpv_q2": ("attributions", f"{_BAIL} and en_qpv", "quartile = 2"),
    "qpv_q34": ("attributions", f"{_BAIL} and en_qpv", "quartile > 2"),
    "prioritaires": ("attributions", "est_effective", "coalesce(est_prioritaire, false)"),
    "dalo": ("attributions", "est_effective", "dalo"),
    "mal_loges": ("attributions", "est_effective", "reservataire = '2'"),
    "travailleurs_essentiels": ("attributions", "est_effective", "travailleur_essentiel"),
    "mutations": ("attributions", _BAIL, "mutation"),
    "bas_revenus": ("attributions", _BAIL, "pct_plafond_plus < 40"),
    "porteurs_mixite": ("attributions", _BAIL, "est_solvable and pct_plafond_plus > 60"),
    "relogements_hors_qpv": ("attributions", f"{_BAIL} and relogement is not null", "not en_qpv"),
    "relogements_neuf": ("attributions", f"{_BAIL} and relogement is not null", "est_recent"),
    "refus": ("attributions", "issue in ('attribue', 'refus', 'desistement')", "issue = 'refus'"),
    "completude_ressources": ("attributions", _BAIL, "ressources is not null and uc > 0"),
    "completude_qpv": ("attributions", _BAIL, "en_qpv is not null"),
    "completude_num_rpls": ("attributions", _BAIL, "num_rpls is not null"),
    "completude_reservataire": ("attributions", _BAIL, "reservataire is not null"),
    "rattachement_rpls": ("attributions", _BAIL, "est_rattache"),
    "part_mutations_demande": ("demandes", "true", "mutation"),
    "part_endogene": (
        "demandes",
        "code_commune_origine is not null",
        "coalesce(epci_origine = epci_siren, false)",
    ),
    "ressources_renseignees": ("demandes", "true", "ressources_mensuelles is not null and uc > 0"),
    "part_anciennete_5ans": ("demandes", "true", "anciennete * 12 / 365.25 >= 60"),
    "part_qpv": ("parc", "true", "en_qpv"),
    "vacance": ("parc", "est_loue or est_vacant", "est_vacant"),
    "vacance_3mois": (
        "parc",
        "est_loue or est_vacant",
        "coalesce(est_vacant and date_remise_location < make_date(millesime - 1, 10, 1), false)",
    ),
    "vacance_technique": ("parc", "mode is not null", "mode = '3'"),
    "mobilite": (
        "parc",
        "(est_loue or est_vacant) and annee_location < millesime - 1",
        "coalesce(est_loue and year(date_bail) >= millesime - 1, false)",
    ),
}
TABLES = {"attributions": "attributions", "demandes": "actives", "parc": "parc"}


def reference_sql(sources: Path) -> str:
    """Return the script of reference, its rates unfolded."""
    unfolded = {name: _rates(name, table) for name, table in TABLES.items()}
    text = REFERENCE.read_text(encoding="utf-8")
    for name, value in {**unfolded, "sources": str(sources), "annee": str(ANNEE)}.items():
        text = text.replace("{" + name + "}", value)
    return text


def _rates(kind: str, table: str) -> str:
    """One pass over a table for all its rates, then one row per rate."""
    rates = {name: (base, answer) for name, (of, base, answer) in TAUX.items() if of == kind}
    counts = ", ".join(
        f"count(*) filter (({base}) and ({answer})) as {name}_num, "
        f"count(*) filter (({base}) and ({answer}) is not null) as {name}_den"
        for name, (base, answer) in rates.items()
    )
    rows = " union all ".join(
        f"select epci_siren, '{name}', {name}_num, {name}_den, 100.0 * {name}_num / nullif({name}_den, 0) "
        "from sommes"
        for name in rates
    )
    sums = f"select epci_siren, {counts} from {table} group by epci_siren"
    return f"insert into figures with sommes as ({sums}) {rows};"


def timed(
    command: list[str], environment: dict[str, str] | None = None, **streams: Any
) -> tuple[float, float, float]:
    """Run a command; return its seconds, the processor's, the peak memory of its largest process in GB.

    On a machine that does something else, the processor's seconds are the ones to compare. `streams` says
    where its outputs go; the first one goes nowhere by itself.
    """
    start = time.perf_counter()
    process = subprocess.Popen(command, env=environment, **{"stdout": subprocess.DEVNULL, **streams})
    _, status, usage = os.wait4(process.pid, 0)
    if status:
        raise SystemExit(f"failed: {' '.join(command)}")
    return time.perf_counter() - start, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1e6


def build(dossier: Path, fils: int, memoire: str) -> dict[str, Any]:
    """Build everything for every EPCI, from an empty working folder."""
    entrepot = dossier / "entrepot.duckdb"
    environment = {
        **os.environ,
        "OBSERVATOIRE_CLE": os.environ.get("OBSERVATOIRE_CLE", "cle du banc d'essai, longue"),
        "OBSERVATOIRE_FILS": str(fils),
        "OBSERVATOIRE_MEMOIRE": memoire,
    }
    command = [str(Path(sys.executable).with_name("observatoire")), "build", "--tous", "--json"]
    command += ["--donnees", str(dossier / "donnees"), "--entrepot", str(entrepot)]
    seconds, processor, _ = timed(command, environment)
    with duckdb.connect(str(entrepot), read_only=True) as con:
        steps = dict(
            con.execute(
                "select etape, duree_s from meta.etapes "
                "where execution = (select max_by(execution, version) from meta.executions)"
            ).fetchall()
        )
        ((memory, rows),) = con.execute(
            "select max_by(memoire_max_mo, version) / 1e3, max_by(lignes_gardees, version) "
            "from meta.executions"
        ).fetchall()
        ((figures, epci),) = con.execute(
            "select count(*), count(distinct epci_siren) from marts.indicateurs"
        ).fetchall()
        _export(con, dossier / "sources")
    return {
        "secondes": seconds,
        "processeur": processor,
        "entrepot": steps["entrepot"],
        "lecture": sum(spent for step, spent in steps.items() if step.startswith("sources/")),
        "publication": seconds
        - sum(s for step, s in steps.items() if step == "entrepot" or "sources/" in step),
        "memoire_go": memory,
        "lignes": int(rows),
        "chiffres": int(figures),
        "epci": int(epci),
        "octets": entrepot.stat().st_size,
        "profil": sorted(((s, n) for n, s in steps.items() if "." in n), reverse=True)[:20],
    }


def _export(con: duckdb.DuckDBPyConnection, dossier: Path) -> None:
    dossier.mkdir(exist_ok=True)
    for table in SOURCES:
        con.execute(f"copy sources.{table} to '{dossier / table}.parquet' (format parquet, compression zstd)")


def reference(dossier: Path, fils: int, memoire: str) -> None:
    """Run the script of reference in this process, in a file of its own."""
    base = dossier / "reference.duckdb"
    base.unlink(missing_ok=True)
    with duckdb.connect(str(base), config={"threads": fils, "memory_limit": memoire}) as con:
        con.execute(reference_sql(dossier / "sources"))


# The synthetic codes of communes meet real ones: merged, moved to another département, members of an EPCI
# whose list is in the project. The build knows them, the script of reference does not: EPCI that have one are
# left out.
_RECODED = """
    select epci_siren from w.sources.geo_epci_membres where code_commune in (
        select unnest([code_commune_historique, code_commune]) from w.sources.livre_passage
        union
        select code_commune from w.sources.livre_epci_membres
        union
        select unnest([code_arrondissement, code_commune]) from w.seeds.ref_plm
    )
"""


def differences(dossier: Path) -> list[tuple[Any, ...]]:
    """Return the indicators of the reference that are not those of the build, with how many EPCI."""
    with duckdb.connect() as con:
        con.execute(f"attach '{dossier / 'reference.duckdb'}' as r (read_only)")
        con.execute(f"attach '{dossier / 'entrepot.duckdb'}' as w (read_only)")
        return con.execute(
            "select indicateur, count(*) as epci, any_value((r.epci_siren, r.numerateur, f.numerateur, "
            "r.denominateur, f.denominateur, r.valeur, f.valeur)) "
            "from r.figures as r left join w.marts.indicateurs as f using (epci_siren, indicateur) "
            "where f.axe = 'epci' and f.segment_type = 'tous' and f.periode_type in ('annee', 'millesime') "
            f"and left(f.periode, 4) in ('{ANNEE}', '{ANNEE + 1}') and f.valeur is not null and ("
            "f.numerateur is distinct from r.numerateur or f.denominateur is distinct from r.denominateur "
            "or abs(f.valeur - r.valeur) > 1e-6 * abs(f.valeur)) "
            f"and epci_siren not in ({_RECODED}) group by indicateur order by indicateur"
        ).fetchall()


def copy_of_the_figures(dossier: Path, fils: int, memoire: str) -> float:
    """Seconds that DuckDB needs to copy the table of figures: no build that keeps it is faster."""
    copy = dossier / "copie.duckdb"
    copy.unlink(missing_ok=True)
    with duckdb.connect(str(copy), config={"threads": fils, "memory_limit": memoire}) as con:
        con.execute(f"attach '{dossier / 'entrepot.duckdb'}' as w (read_only)")
        start = time.perf_counter()
        con.execute("create table indicateurs as from w.marts.indicateurs")
        spent = time.perf_counter() - start
    copy.unlink()
    return spent


def measure(
    dossier: Path, echelle: float, fils: int, memoire: str, *, avec_reference: bool
) -> dict[str, Any]:
    """Generate, build, compute the reference, compare; return the measures."""
    generate_warehouse_inputs(dossier / "donnees", echelle)
    found = {"echelle": echelle, "fils": fils, "memoire": memoire, **build(dossier, fils, memoire)}
    if avec_reference:
        command = [sys.executable, __file__, "--mesure", "--dossier", str(dossier)]
        command += ["--fils", str(fils), "--memoire", memoire]
        seconds, processor, memory = timed(command)
        found |= {"reference": seconds, "reference_processeur": processor, "reference_go": memory}
        found["ecarts"] = differences(dossier)
        found["copie"] = copy_of_the_figures(dossier, fils, memoire)
        found["rapport"] = found["entrepot"] / found["reference"]
    return found


def show(found: dict[str, Any]) -> None:
    """Print the measures of one scale."""
    print(
        f"scale {found['echelle']:g} of {LOGEMENTS + DEMANDES + ATTRIBUTIONS:,} lines: "
        f"{found['lignes']:,} lines, {found['epci']} EPCI, {found['chiffres']:,} figures, "
        f"file {found['octets'] / 1e9:.2f} GB\n"
        f"  reading {found['lecture']:.0f} s, dbt build {found['entrepot']:.0f} s, publication "
        f"{found['publication']:.0f} s; peak {found['memoire_go']:.2f} GB"
    )
    if "reference" in found:
        print(
            f"  reference {found['reference']:.1f} s, peak {found['reference_go']:.2f} GB; "
            f"dbt build = {found['rapport']:.1f} x reference; processor {found['processeur']:.0f} s for the "
            f"whole build, {found['reference_processeur']:.1f} s for the reference"
        )
        print(f"  figures that differ: {found['ecarts'] or 'none'}")
        print(f"  copying the two tables of figures alone: {found['copie']:.1f} s")
    for seconds, name in found["profil"]:
        print(f"    {seconds:8.1f} s  {name}")


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--echelle", type=float, default=0.01)
    parser.add_argument("--dossier", type=Path)
    parser.add_argument("--fils", type=int, default=2)
    parser.add_argument("--memoire", default="6GB")
    parser.add_argument("--sans-reference", action="store_true")
    parser.add_argument("--json", type=Path, help="also write the measures there")
    parser.add_argument("--mesure", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.mesure:
        reference(options.dossier, options.fils, options.memoire)
        print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
        return
    with tempfile.TemporaryDirectory() as temporary:
        dossier = options.dossier or Path(temporary)
        found = measure(
            dossier, options.echelle, options.fils, options.memoire, avec_reference=not options.sans_reference
        )
    show(found)
    if options.json:
        options.json.write_text(json.dumps(found, indent=1, default=str) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
