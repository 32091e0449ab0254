"""The landing folder, looked at before anything is read: a file that nobody can read is said at once."""

from typing import Any

import dagster as dg

from assets.lecture import DEPOT, GROUP
from pipelines import ingestion
from pipelines.resources import Atelier, progress


@dg.asset(
    key=DEPOT,
    group_name=GROUP,
    description="Dossier de dépôt : en-têtes de tous les fichiers, avant que l'un d'eux soit lu.",
    kinds={"python"},
)
def depot(atelier: Atelier) -> dg.MaterializeResult[Any]:
    """Refuse the folder with all the files whose header cannot be read."""
    with atelier.etape("sources/depot", "Examen du dossier de dépôt"):
        fichiers = ingestion.refuse_unreadable(
            atelier.parametres.landing_folder(), atelier.chantier.dossier.magasin, progress.info
        )
    return dg.MaterializeResult(metadata={"fichiers": fichiers})
