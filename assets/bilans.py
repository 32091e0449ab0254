"""The bilans: what the CIL reads, written from the published warehouse alone."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import dagster as dg
from pydantic import Field

from assets.publication import GROUP
from pipelines import bilan
from pipelines.perimetre import select_reports
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
    progress.info("Écriture de %d rapport(s)", len(wanted))
    written = write(config, wanted, entrepot, sortie)
    return dg.MaterializeResult(metadata={"fichiers": dg.MetadataValue.json([str(path) for path in written])})


def write(
    config: BilansConfig, wanted: Sequence[tuple[str, int]], entrepot: Path, sortie: Path
) -> list[Path]:
    """Write the kind of report that was asked for, for each EPCI and year."""
    formats = config.formats
    if config.comparaison:
        last = max(annee for _, annee in wanted)
        return bilan.render_comparaison(entrepot, [epci for epci, _ in wanted], last, sortie, formats=formats)
    written: list[Path] = []
    for epci, annee in wanted:
        if config.evaluation:
            written += bilan.render_evaluation(entrepot, epci, annee, sortie, formats=formats)
        elif config.trimestre is not None:
            written += bilan.render_trimestre(
                entrepot, epci, annee, config.trimestre, sortie, formats=formats
            )
        else:
            written += bilan.render(entrepot, epci, annee, sortie, formats, semestre=config.semestre)
    return written
