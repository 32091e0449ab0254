"""What leaves the published warehouse for other engines and other machines: the lake, the shared lake."""

from typing import Any

import dagster as dg

from assets.publication import ENTREPOT_PUBLIE, GROUP
from pipelines.lac import publish_territories, write_lake
from pipelines.resources import Parametres, progress


@dg.asset(
    key=["publication", "lac"],
    group_name=GROUP,
    deps=[ENTREPOT_PUBLIE],
    description="Lac : les tables de l'entrepôt publié en fichiers Parquet, par table et par millésime.",
    kinds={"parquet"},
)
def lac(parametres: Parametres) -> dg.MaterializeResult[Any]:
    """Write the published warehouse as a new version of the lake."""
    dossier = parametres.lake_folder()
    progress.info("Écriture du lac dans %s", dossier)
    version = write_lake(parametres.working_folder().entrepot, dossier, parametres.garder)
    return dg.MaterializeResult(
        metadata={
            "lac": dg.MetadataValue.path(str(version.chemin)),
            "fichiers": version.fichiers,
            "octets": version.octets,
        }
    )


@dg.asset(
    key=["publication", "ducklake"],
    group_name=GROUP,
    deps=[ENTREPOT_PUBLIE],
    description="Lac partagé : les lignes des territoires de l'entrepôt publié, remplacées d'un coup.",
    kinds={"ducklake", "postgres"},
)
def ducklake(parametres: Parametres) -> dg.MaterializeResult[Any]:
    """Replace in the shared lake what the territories of the published warehouse have in it."""
    progress.info("Publication dans le lac partagé")
    done = publish_territories(parametres.working_folder().entrepot, parametres.shared_lake())
    if done.autres_verrous:
        progress.warning(
            "%d territoire(s) du lac partagé viennent d'autres fichiers que ceux-ci : %s. Reconstruisez-les.",
            len(done.autres_verrous),
            ", ".join(done.autres_verrous),
        )
    return dg.MaterializeResult(
        metadata={
            "territoires": dg.MetadataValue.json(list(done.epci)),
            "instantane": done.instantane,
            "tranches": done.tranches,
            "lignes": done.lignes,
            "essais": done.essais,
            "autres_verrous": dg.MetadataValue.json(list(done.autres_verrous)),
        }
    )
