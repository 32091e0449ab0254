"""The published warehouse: the last step of a build, reached only when every blocking check passed."""

from collections.abc import Iterable
from typing import Any

import dagster as dg

from pipelines import projet_dbt, publication
from pipelines.resources import Atelier, progress

GROUP = "publication"


def publication_asset(tables: Iterable[dg.AssetKey], regles: projet_dbt.Regles) -> dg.AssetsDefinition:
    """Return the asset that replaces the published warehouse, after every table of the project."""

    @dg.asset(
        key=["publication", "entrepot_publie"],
        group_name=GROUP,
        deps=sorted(tables),
        description="Entrepôt publié : remplacé d'un coup, après tous les contrôles.",
        kinds={"duckdb"},
    )
    def entrepot_publie(atelier: Atelier) -> dg.MaterializeResult[Any]:
        parametres, chantier = atelier.parametres, atelier.chantier
        dossier = chantier.dossier
        with atelier.etape("publication", "Publication"):
            execution = publication.prepare(
                chantier,
                numero=publication.next_number(dossier),
                empreinte_modeles=regles.empreinte,
                etapes=atelier.etapes,
                anterieur=dossier.entrepot if dossier.entrepot.is_file() else None,
            )
            warnings = publication.publish(
                chantier,
                donnees=parametres.landing_folder() if parametres.verrou else None,
                garder=parametres.garder,
            )
        publication.write_summary(chantier, execution, atelier.etapes)
        for warning in warnings:
            progress.warning("%s", warning)
        return dg.MaterializeResult(
            metadata={
                "version": execution.version,
                "empreinte": execution.empreinte,
                "entrepot": dg.MetadataValue.path(str(dossier.entrepot)),
            }
        )

    return entrepot_publie
