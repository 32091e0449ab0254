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
ENTREPOT_PUBLIE = dg.AssetKey([GROUP, "entrepot_publie"])
# One partition per year that the published warehouse has figures of: known from the data, never written here.
ANNEES = dg.DynamicPartitionsDefinition(name="annees")


def publication_asset(tables: Iterable[dg.AssetKey], regles: projet_dbt.Regles) -> dg.AssetsDefinition:
    """Return the asset that replaces the published warehouse, after every table of the project."""

    manifest = regles.manifest
    relations = [
        projet_dbt.relation(manifest["nodes"][node]) for node in projet_dbt.tables_in_order(manifest)
    ]

    @dg.asset(
        key=ENTREPOT_PUBLIE,
        group_name=GROUP,
        deps=sorted(tables),
        description="Entrepôt publié : remplacé d'un coup, après tous les contrôles.",
        kinds={"duckdb"},
    )
    def entrepot_publie(context: dg.AssetExecutionContext, atelier: Atelier) -> dg.MaterializeResult[Any]:
        parametres, chantier = atelier.parametres, atelier.chantier
        dossier = chantier.dossier
        donnees = parametres.landing_folder() if parametres.verrou else None
        if atelier.inchange is not None:
            name_years(context.instance, dossier.entrepot)
            return _left(atelier, donnees)
        with atelier.etape("publication", "Publication"):
            with atelier.connect() as con:
                atelier.require(con, relations)
                publique = publication.make_public(con, parametres.landing_folder(), dossier)
            execution = publication.prepare(
                chantier,
                numero=publication.next_number(dossier),
                empreinte_modeles=regles.empreinte,
                programme=publication.program_fingerprint(),
                etapes=atelier.etapes,
                anterieur=dossier.entrepot if dossier.entrepot.is_file() else None,
                empreinte_cle=key_fingerprint(parametres.pseudonym_key()),
            )
            # First: a memory of what was not published hides too much, and that of nothing shows too much.
            warnings = publication.keep_memory(publique, donnees, dossier)
            warnings += publication.publish(chantier, donnees=donnees, garder=parametres.garder)
        name_years(context.instance, dossier.entrepot)
        resume = None
        try:
            atelier.remember()
            resume = publication.write_summary(chantier, execution, atelier.etapes)
        except OSError as error:
            # The warehouse is published: an account that finds no room must not say otherwise.
            warnings.append(f"Le compte de l'exécution n'a pas pu être écrit ({error.strerror}).")
        for warning in warnings:
            progress.warning("%s", warning)
        return _result(dossier.entrepot, execution, resume, inchange=False)

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


def _left(atelier: Atelier, donnees: Path | None) -> dg.MaterializeResult[Any]:
    """Leave the published file in place, and the lock beside the data as it must be."""
    left = publication.leave_in_place(atelier.chantier, donnees, atelier.etapes)
    atelier.remember()
    progress.info("Rien n'a changé depuis la version %d, qui reste en place", left.execution.version)
    for warning in left.avertissements:
        progress.warning("%s", warning)
    return _result(atelier.chantier.dossier.entrepot, left.execution, left.resume, inchange=True)


def _result(
    entrepot: Path, execution: publication.Execution, resume: Path | None, *, inchange: bool
) -> dg.MaterializeResult[Any]:
    text = "" if resume is None else resume.with_suffix(".md").read_text(encoding="utf-8")
    return dg.MaterializeResult(
        metadata={
            "version": execution.version,
            "empreinte": execution.empreinte,
            "inchange": inchange,
            "entrepot": dg.MetadataValue.path(str(entrepot)),
            "resume": dg.MetadataValue.md(text),
        }
    )
