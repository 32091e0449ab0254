"""The reference data that the project ships: dated tables and code lists, loaded like any source."""

from typing import Any

import dagster as dg

from assets.lecture import GROUP
from pipelines import projet_dbt
from pipelines.resources import Atelier


def references_asset(regles: projet_dbt.Regles) -> dg.AssetsDefinition:
    """Return the asset that loads the references of the dbt project as it was read."""

    @dg.asset(
        key=[GROUP, "references"],
        group_name=GROUP,
        description="Données de référence livrées avec le produit (dbt_project/seeds).",
        kinds={"duckdb"},
    )
    def references(atelier: Atelier) -> dg.MaterializeResult[Any]:
        with atelier.etape("sources/references", "Chargement des références"), atelier.connect() as con:
            loaded = projet_dbt.load_references(con, regles.manifest)
        return dg.MaterializeResult(metadata={"dagster/row_count": len(loaded), "tables": loaded})

    return references
