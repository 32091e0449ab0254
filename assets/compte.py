"""The account of the reading: every file and every warning, once all sources are read."""

from typing import Any

import dagster as dg

from assets.filosofi import filosofi
from assets.geographie import geographie
from assets.lecture import GROUP
from assets.ops import ops
from assets.referentiels import referentiels
from assets.rpls import rpls
from assets.sne import sne
from pipelines import ingestion
from pipelines.errors import DonneesRefusees
from pipelines.resources import Atelier


@dg.asset(
    key=["sources", "lecture"],
    group_name=GROUP,
    deps=[rpls, sne, ops, filosofi, geographie, referentiels],
    description="Compte de la lecture : fichiers (meta.verrou) et avertissements (meta.avertissements).",
    kinds={"python", "duckdb"},
)
def lecture(atelier: Atelier) -> dg.MaterializeResult[Any]:
    """Refuse a landing folder in which nothing was recognised; show what was read."""
    with atelier.etape("sources/lecture", "Compte de la lecture"):
        with atelier.connect() as con:
            atelier.require(con, ["meta.verrou", "meta.avertissements"])
            files = con.execute("select count(*) from meta.verrou where produit is not null").fetchall()[0][0]
            warnings = con.execute("select count(*), sum(nombre) from meta.avertissements").fetchall()[0]
        if not files:
            raise DonneesRefusees(
                f"Aucun fichier reconnu dans « {atelier.parametres.landing_folder()} ». Attendu : "
                f"<source>/<millésime>/<fichiers>, où <source> est {', '.join(ingestion.sources())} ; "
                "par exemple rpls/2022/rpls.csv ou sne/2021/attributions.csv."
            )
    return dg.MaterializeResult(
        metadata={"fichiers": int(files), "avertissements": int(warnings[0]), "lignes": int(warnings[1] or 0)}
    )
