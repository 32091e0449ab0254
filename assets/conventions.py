"""The conventions and the parameters of the run: what each EPCI decided, and what was asked."""

from typing import Any

import dagster as dg

from assets.geographie import geographie
from assets.lecture import GROUP
from pipelines import references, saisies
from pipelines.conventions import write_tables
from pipelines.perimetre import select_conventions, write_parameters
from pipelines.resources import Atelier


@dg.asset(
    key=["sources", "conventions"],
    group_name=GROUP,
    deps=[geographie],
    description="Conventions (territoires/*.yml), méthodes de fragilité, saisies, références livrées et "
    "paramètres de l'exécution.",
    kinds={"python", "yaml"},
)
def conventions(atelier: Atelier) -> dg.MaterializeResult[Any]:
    """Write the conventions of the EPCI that the run covers, and what was typed for them."""
    parametres = atelier.parametres
    with atelier.etape("sources/conventions", "Lecture des conventions"), atelier.connect() as con:
        chosen = select_conventions(con, parametres.territories_folder(), parametres.epci, parametres.tous)
        write_tables(con, chosen)
        references.load(con, [convention.siren for convention in chosen])
        typed = saisies.load_typed(parametres.landing_folder(), [c.siren for c in chosen])
        saisies.write_tables(con, typed)
        write_parameters(
            con, parametres.epci, parametres.annees, parametres.tous, parametres.landing_folder()
        )
    names = {convention.siren: f"{convention.nom}, version {convention.version}" for convention in chosen}
    return dg.MaterializeResult(
        metadata={"dagster/row_count": len(chosen), "epci": dg.MetadataValue.json(names)}
    )
