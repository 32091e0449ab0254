"""The bilans: what the CIL reads, written from the published warehouse alone."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import dagster as dg
import duckdb
from pydantic import Field

from assets.publication import ANNEES, ENTREPOT_PUBLIE, GROUP
from pipelines import bilan
from pipelines.bilan.plusieurs import write
from pipelines.calendrier import named_period
from pipelines.edition import SIGNATAIRES
from pipelines.errors import MauvaisUsage
from pipelines.perimetre import choose_reports, published_years, select_reports, with_figures
from pipelines.publication import open_warehouse
from pipelines.resources import Parametres, progress


class BilansConfig(dg.Config):
    """What to render; nothing asked: every EPCI of the warehouse, for its last year."""

    epci: list[str] = Field(default=[], description="SIREN ; vide : tous ceux de l'entrepôt.")
    annee: int | None = Field(default=None, description="Année du bilan ; vide : la dernière de chaque EPCI.")
    semestre: int | None = Field(default=None, description="1 ou 2 : suivi semestriel, au lieu du bilan.")
    trimestre: int | None = Field(default=None, description="1 à 4 : tableau de bord, au lieu du bilan.")
    evaluation: bool = Field(default=False, description="Évaluation de la convention, au lieu du bilan.")
    comparaison: bool = Field(default=False, description="Comparaison des EPCI, au lieu des bilans.")
    edition: str = Field(default=SIGNATAIRES, description="signataires ou publique.")
    bailleur: str | None = Field(default=None, description="SIREN d'un bailleur : ce qui est à lui seul.")
    commune: str | None = Field(default=None, description="Code d'une commune : sa fiche.")
    fiches: bool = Field(default=False, description="La fiche de chaque lieu et de chaque acteur.")
    formats: list[str] = Field(default=["html"], description="html, pdf, xlsx, csv.")
    presents_seulement: bool = Field(default=False, description="Écarte ce qui n'a pas de chiffres.")


class BilansAnnuelsConfig(dg.Config):
    """How to render the bilans of a year."""

    formats: list[str] = Field(default=["html"], description="html, pdf, xlsx, csv.")


@dg.asset(
    key=["publication", "bilans"],
    group_name=GROUP,
    deps=[ENTREPOT_PUBLIE],
    description="Bilans écrits depuis l'entrepôt publié.",
    kinds={"html"},
)
def bilans(config: BilansConfig, parametres: Parametres) -> dg.MaterializeResult[Any]:
    """Render the bilans asked for and say where they are."""
    entrepot, sortie = parametres.working_folder().entrepot, parametres.reports_folder()
    if config.edition != SIGNATAIRES or config.bailleur is not None:
        there = bilan.lister(entrepot, edition=config.edition, bailleur=config.bailleur)
        if not there and config.bailleur is not None:
            raise MauvaisUsage(f"L'entrepôt n'a aucun chiffre du bailleur {config.bailleur}.")
        wanted = choose_reports({siren: years for siren, _, years in there}, config.epci, config.annee)
        missing: list[str] = []
    else:
        with open_warehouse(entrepot, accepte=[SIGNATAIRES]) as con:
            wanted, missing = select(con, config)
    if missing:
        progress.warning("Sans chiffres pour la période, rapport non écrit : %s", ", ".join(missing))
    return _written(config, wanted, entrepot, sortie, missing)


@dg.asset(
    key=["publication", "bilans_annuels"],
    group_name=GROUP,
    deps=[ENTREPOT_PUBLIE],
    partitions_def=ANNEES,
    description="Bilans d'une année, pour chaque EPCI qui en a les chiffres ; une partition par année.",
    kinds={"html"},
)
def bilans_annuels(
    context: dg.AssetExecutionContext, config: BilansAnnuelsConfig, parametres: Parametres
) -> dg.MaterializeResult[Any]:
    """Render the bilans of one year from the published warehouse."""
    entrepot, sortie = parametres.working_folder().entrepot, parametres.reports_folder()
    asked = BilansConfig(annee=int(context.partition_key), formats=config.formats, presents_seulement=True)
    with open_warehouse(entrepot) as con:
        wanted, missing = select(con, asked)
    return _written(asked, wanted, entrepot, sortie, missing)


def select(con: duckdb.DuckDBPyConnection, config: BilansConfig) -> tuple[list[tuple[str, int]], list[str]]:
    """Return the (EPCI, year) of the reports to write, and the EPCI left out because they have no figures."""
    if config.annee is not None and not config.epci and not config.presents_seulement:
        # Every EPCI, for one year: those that do not have it do not keep the others from theirs.
        years = published_years(con)
        with_it = [siren for siren in years if config.annee in years[siren]]
        return select_reports(con, with_it, config.annee), sorted(years.keys() - set(with_it))
    if not config.presents_seulement or config.annee is None:
        return select_reports(con, config.epci, config.annee, ensemble=config.comparaison), []
    present = with_figures(con, config.epci, *named_period(config.annee, config.semestre, config.trimestre))
    asked = config.epci or list(published_years(con))
    return [(siren, config.annee) for siren in present], sorted(set(asked) - set(present))


def _written(
    config: BilansConfig,
    wanted: Sequence[tuple[str, int]],
    entrepot: Path,
    sortie: Path,
    missing: Sequence[str],
) -> dg.MaterializeResult[Any]:
    progress.info("Écriture de %d rapport(s)", len(wanted))
    paths = write(config, wanted, entrepot, sortie) if wanted else []
    return dg.MaterializeResult(
        metadata={
            "fichiers": dg.MetadataValue.json([str(path) for path in paths]),
            "sans_chiffres": dg.MetadataValue.json(list(missing)),
        }
    )
