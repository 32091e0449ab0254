"""The bilans: what the CIL reads, written from the published warehouse alone."""

from typing import Any

import dagster as dg
from pydantic import Field

from assets.publication import GROUP
from pipelines import bilan
from pipelines.perimetre import select_reports
from pipelines.publication import open_warehouse
from pipelines.resources import Parametres


class BilansConfig(dg.Config):
    """What to render; nothing asked: every EPCI of the warehouse, for its last year."""

    epci: list[str] = Field(default=[], description="SIREN ; vide : tous ceux de l'entrepôt.")
    annee: int | None = Field(default=None, description="Année du bilan ; vide : la dernière de chaque EPCI.")
    semestre: int | None = Field(default=None, description="1 ou 2 : suivi semestriel, au lieu du bilan.")
    formats: list[str] = Field(default=["html"], description="html, pdf, xlsx, csv.")


@dg.asset(
    key=["publication", "bilans"],
    group_name=GROUP,
    deps=[dg.AssetKey(["publication", "entrepot_publie"])],
    description="Bilans écrits depuis l'entrepôt publié.",
    kinds={"html"},
)
def bilans(config: BilansConfig, parametres: Parametres) -> dg.MaterializeResult[Any]:
    """Render the bilans asked for and say where they are."""
    entrepot, sortie = parametres.working_folder().entrepot, parametres.reports_folder()
    with open_warehouse(entrepot) as con:
        wanted = select_reports(con, config.epci, config.annee)
    written = []
    for epci, annee in wanted:
        written += bilan.render(entrepot, epci, annee, sortie, config.formats)
    return dg.MaterializeResult(metadata={"fichiers": dg.MetadataValue.json([str(path) for path in written])})
