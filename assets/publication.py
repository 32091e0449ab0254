"""The published warehouse: the last step of a build, reached only when every blocking check passed."""

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import dagster as dg

from pipelines import projet_dbt, publication
from pipelines.ingestion import key_fingerprint
from pipelines.perimetre import published_years
from pipelines.resources import Atelier, progress

GROUP = "publication"
# One partition per year that the published warehouse has figures of: known from the data, never written here.
ANNEES = dg.DynamicPartitionsDefinition(name="annees")


def publication_asset(tables: Iterable[dg.AssetKey], regles: projet_dbt.Regles) -> dg.AssetsDefinition:
    """Return the asset that replaces the published warehouse, after every table of the project."""

    @dg.asset(
        key=["publication", "entrepot_publie"],
        group_name=GROUP,
        deps=sorted(tables),
        description="Entrepôt publié : remplacé d'un coup, après tous les contrôles.",
        kinds={"duckdb"},
    )
    def entrepot_publie(context: dg.AssetExecutionContext, atelier: Atelier) -> dg.MaterializeResult[Any]:
        parametres, chantier = atelier.parametres, atelier.chantier
        dossier = chantier.dossier
        with atelier.etape("publication", "Publication"):
            execution = publication.prepare(
                chantier,
                numero=publication.next_number(dossier),
                empreinte_modeles=regles.empreinte,
                etapes=atelier.etapes,
                anterieur=dossier.entrepot if dossier.entrepot.is_file() else None,
                empreinte_cle=key_fingerprint(parametres.pseudonym_key()),
            )
            warnings = publication.publish(
                chantier,
                donnees=parametres.landing_folder() if parametres.verrou else None,
                garder=parametres.garder,
            )
        resume = publication.write_summary(chantier, execution, atelier.etapes)
        name_years(context.instance, dossier.entrepot)
        for warning in warnings:
            progress.warning("%s", warning)
        return dg.MaterializeResult(
            metadata={
                "version": execution.version,
                "empreinte": execution.empreinte,
                "entrepot": dg.MetadataValue.path(str(dossier.entrepot)),
                "resume": dg.MetadataValue.md(resume.with_suffix(".md").read_text(encoding="utf-8")),
            }
        )

    return entrepot_publie


def name_years(instance: dg.DagsterInstance, entrepot: Path) -> None:
    """Make the partitions of the bilans those of the years that a warehouse has figures of."""
    name = str(ANNEES.name)
    with publication.open_warehouse(entrepot) as con:
        wanted = {str(year) for years in published_years(con).values() for year in years}
    known = set(instance.get_dynamic_partitions(name))
    instance.add_dynamic_partitions(name, sorted(wanted - known))
    for year in sorted(known - wanted):
        instance.delete_dynamic_partition(name, year)
