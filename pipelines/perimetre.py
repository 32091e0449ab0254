"""Which EPCI, years and reports a run covers, and which alerts there are: what joins parts that do not know
each other.

The choice belongs here; what a convention says belongs in `conventions`, what a year means in `dbt_project/`.
"""

from collections.abc import Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from datetime import date
from pathlib import Path

import duckdb

from pipelines import references
from pipelines.alertes import Alerte, Echec, decide, read_state
from pipelines.conventions import Convention, default_convention, load_conventions
from pipelines.diffusion import load_plan
from pipelines.edition import SIGNATAIRES
from pipelines.errors import MauvaisUsage
from pipelines.paths import PUBLIC_PLAN, WorkingFolder
from pipelines.publication import PARAMETRE_PLAN, last_failure, open_warehouse
from pipelines.sql import declare

# How many of the EPCI without a year a refusal names.
_NAMED = 5


def select_conventions(
    con: duckdb.DuckDBPyConnection, territoires: Path, epci: Iterable[str], tous: bool
) -> list[Convention]:
    """Return the conventions of the EPCI that a run covers; an EPCI without a file gets the legal defaults.

    Args:
        con: base under construction, with the geography loaded.
        territoires: folder of the convention files.
        epci: SIREN asked for; none: every EPCI that has a file.
        tous: also every EPCI of the lists given; without a list, of the shipped one, with the territories
            that are inside an EPCI in place of it.

    Raises:
        MauvaisUsage: an EPCI asked for has no file and is in no list of EPCI, or is inside another one.
        DonneesRefusees: a convention file is refused.

    """
    wanted = sorted(set(epci))
    conventions = load_conventions(territoires, wanted or None)
    with_file = {convention.siren for convention in conventions}
    given = _given_epci(con)
    shipped = references.territories()
    names = {siren: nom for siren, (nom, _) in shipped.items()} | given
    if tous and not wanted:
        wholes = {whole for _, whole in shipped.values()}
        wanted = sorted({*with_file, *(given or shipped.keys() - wholes)})
    _check_apart({*wanted, *with_file}, shipped)
    unknown = [siren for siren in wanted if siren not in with_file and siren not in names]
    if unknown:
        known = ", ".join(f"{c.siren} ({c.nom})" for c in load_conventions(territoires, None))
        raise MauvaisUsage(
            f"EPCI inconnu : {', '.join(unknown)}. Il n'a ni convention dans « {territoires} » ni commune "
            f"dans les listes de membres (geo/ du dossier de dépôt). "
            f"Conventions présentes : {known or 'aucune'}."
        )
    defaults = [default_convention(s, names[s], territoires) for s in wanted if s not in with_file]
    return sorted([*conventions, *defaults], key=lambda convention: convention.siren)


def _given_epci(con: duckdb.DuckDBPyConnection) -> dict[str, str]:
    """SIREN and name of every EPCI in the lists of the landing folder."""
    rows = con.execute(
        "select epci_siren, max_by(epci_nom, millesime) from sources.geo_epci_membres group by all"
    ).fetchall()
    return {str(siren): str(nom or siren) for siren, nom in rows}


def _check_apart(chosen: AbstractSet[str], shipped: Mapping[str, tuple[str, str | None]]) -> None:
    """Refuse a territory beside the one that it is inside: a commune has one territory in a warehouse."""
    for siren in sorted(chosen & shipped.keys()):
        nom, whole = shipped[siren]
        if whole is not None and whole in chosen:
            raise MauvaisUsage(
                f"{nom} ({siren}) est dans {shipped[whole][0]} ({whole}) : ses communes ne peuvent être "
                "comptées deux fois dans un entrepôt. Construisez-les séparément, avec --epci et deux "
                "entrepôts."
            )


def write_parameters(
    con: duckdb.DuckDBPyConnection,
    epci: Iterable[str],
    annees: Iterable[int],
    tous: bool,
    donnees: Path | None = None,
) -> None:
    """Write `sources.parametres`: what the run was asked, one row per value; empty when nothing was asked.

    What the landing folder adds to the public edition is kept with it: a change of it is a change of the run.

    Raises:
        MauvaisUsage: that addition is not a plan.

    """
    rows = [("annee", str(annee)) for annee in sorted(set(annees))]
    rows += [("epci", siren) for siren in sorted(set(epci))]
    rows += [("tous", "oui")] if tous else []
    if donnees is not None and (donnees / PUBLIC_PLAN).is_file():
        text = (donnees / PUBLIC_PLAN).read_text(encoding="utf-8-sig", errors="replace")
        load_plan(text)
        rows.append((PARAMETRE_PLAN, text))
    con.execute("create schema if not exists sources")
    declare(
        con,
        "sources.parametres",
        "Ce qui a été demandé à la construction : une ligne par valeur",
        {
            "parametre": ("varchar", "annee, epci, tous ou plan_public"),
            "valeur": ("varchar", "Année, SIREN, oui ou texte du plan"),
        },
    )
    if rows:
        con.executemany("insert into sources.parametres values (?, ?)", rows)


def select_reports(
    con: duckdb.DuckDBPyConnection, epci: Iterable[str], annee: int | None, *, ensemble: bool = False
) -> list[tuple[str, int]]:
    """Return the (EPCI, year) of the reports to write from an open warehouse, in SIREN order.

    Args:
        con: published warehouse.
        epci: SIREN asked for; none: every EPCI of the warehouse.
        annee: year of the reports; None: the last year of each EPCI.
        ensemble: the reports are one, which none may be missing from.

    Raises:
        MauvaisUsage: an EPCI asked for is not in the warehouse, none of them has the year, or one has not
            where all are needed (the message says which EPCI or years there are).

    """
    return choose_reports(published_years(con), epci, annee, ensemble=ensemble)


def choose_reports(
    years: Mapping[str, Sequence[int]], epci: Iterable[str], annee: int | None, *, ensemble: bool = False
) -> list[tuple[str, int]]:
    """Return the (EPCI, year) of the reports to write, among those there are; raises as `select_reports`.

    Of several that were named, one without the year stays: writing it says which years it has, when the
    others are written.
    """
    named = sorted(set(epci))
    asked = named or list(years)
    if unknown := [siren for siren in asked if siren not in years]:
        raise MauvaisUsage(
            f"L'EPCI {', '.join(unknown)} n'est pas dans l'entrepôt, qui contient : "
            f"{', '.join(years) or 'aucun'}."
        )
    without = [siren for siren in asked if annee is not None and annee not in years[siren]]
    if without and (ensemble or len(without) == len(asked)):
        told = [
            f"pour l'EPCI {siren} ; il a : {', '.join(str(year) for year in years[siren]) or 'aucune'}"
            for siren in without[:_NAMED]
        ]
        more = f" ; ni pour {len(without) - _NAMED} autres" if len(without) > _NAMED else ""
        raise MauvaisUsage(f"L'entrepôt n'a pas l'année {annee} {' ; ni '.join(told)}{more}.")
    kept = [siren for siren in asked if named or siren not in without]
    return [(siren, annee if annee is not None else years[siren][-1]) for siren in kept]


def with_figures(
    con: duckdb.DuckDBPyConnection, epci: Iterable[str], periode_type: str, periode: str
) -> list[str]:
    """Return, of the EPCI asked for (none: all), those whose allocations of a period have figures."""
    rows = con.execute(
        "select distinct f.epci_siren from marts.indicateurs as f "
        "inner join meta.indicateurs as i on f.indicateur = i.indicateur "
        "where i.famille = 'attributions' and f.axe = 'epci' and f.statut <> 'indisponible' "
        "and f.periode_type = ? and f.periode = ? order by 1",
        [periode_type, periode],
    ).fetchall()
    asked = set(epci)
    return [str(siren) for (siren,) in rows if not asked or siren in asked]


def published_years(con: duckdb.DuckDBPyConnection) -> dict[str, list[int]]:
    """Return the years that an open warehouse has figures of, by EPCI."""
    rows = con.execute(
        "select epci_siren, list_sort(list(distinct cast(periode as integer))) from marts.indicateurs "
        "where periode_type = 'annee' group by all order by all"
    ).fetchall()
    return {str(siren): list(found) for siren, found in rows}


def alerts_on(dossier: WorkingFolder, jour: date) -> list[Alerte]:
    """Return the alerts of a day about a published warehouse, or its signataires edition, and its last run.

    Raises:
        ObservatoireError: there is no warehouse, or not one that can be read.

    """
    failed = last_failure(dossier)
    echec = None if failed is None else Echec(failed.execution, failed.debut, failed.etape)
    with open_warehouse(dossier.entrepot, accepte=[SIGNATAIRES]) as con:
        return decide(read_state(con, echec), jour)
