"""The jobs: what can be launched by hand, by a schedule, by a sensor or by the command.

Which assets a job holds belongs here, and what is said when a step fails; what an asset does belongs in
`assets/`.
"""

import csv
import logging
from functools import cache
from typing import Any

import dagster as dg

from pipelines.alertes import alert_of_failure, send
from pipelines.errors import ObservatoireError
from pipelines.partitions import partitioned_config
from pipelines.paths import DBT_PROJECT

CONSTRUIRE, BILANS, ECRIRE_BILANS = "construire", "bilans", "ecrire_bilans"
BILANS_PAR_ANNEE, ALERTER = "bilans_par_annee", "alerter"
# The checks of the sources with a calendar: what the published warehouse should have on a day.
FRAICHEUR = "millesimes_attendus"

# On every run of one request: which of them failed is asked of the orchestrator, which forgets nothing.
DEMANDE_TAG = "observatoire/demande"
BILANS_OP = "publication__bilans"
_BILANS = dg.AssetSelection.assets(["publication", "bilans"])
_BILANS_ANNUELS = dg.AssetSelection.assets(["publication", "bilans_annuels"])
_ALERTES = dg.AssetSelection.assets(["publication", "alertes"])
_LAC = dg.AssetSelection.assets(["publication", "lac"])
_DUCKLAKE = dg.AssetSelection.assets(["publication", "ducklake"])

logger = logging.getLogger("observatoire.alerte")


@dg.failure_hook(required_resource_keys={"parametres"})
def alert(context: dg.HookContext) -> None:
    """Say that a step failed, in the log and by the channels set; the reason stays in the summary."""
    parametres = context.resources.parametres
    try:
        resume = str(parametres.working_folder().executions)
        settings = parametres.alert_settings()
    except ObservatoireError as error:
        logger.error("%s", error)
        return
    step = context.op.name.replace("__", "/")
    send([alert_of_failure(context.job_name, step, context.run_id, resume)], settings)


@cache
def dated_sources() -> tuple[str, ...]:
    """Return the sources that have a calendar of release, from the rows of `ref_diffusion`."""
    with (DBT_PROJECT / "seeds" / "ref_diffusion.csv").open(encoding="utf-8", newline="") as lines:
        # A product is a table of its source: `sne_demandes` of `sne`.
        return tuple(sorted({row["produit"].split("_")[0] for row in csv.DictReader(lines)}))


@cache
def jobs() -> list[Any]:
    """Return the jobs of the project."""
    fresh = dg.AssetSelection.checks(
        *(dg.AssetCheckKey(dg.AssetKey(["sources", source]), FRAICHEUR) for source in dated_sources())
    )
    everything = dg.AssetSelection.all() - _BILANS_ANNUELS - _ALERTES - _LAC - _DUCKLAKE - fresh
    return [
        _job(
            CONSTRUIRE,
            everything - _BILANS,
            "Lit le dossier de dépôt, valide, calcule, contrôle et publie l'entrepôt.",
        ),
        _job(BILANS, everything, "Construit et publie l'entrepôt, puis écrit les bilans."),
        _job(ECRIRE_BILANS, _BILANS, "Écrit des bilans depuis l'entrepôt déjà publié."),
        _job(
            BILANS_PAR_ANNEE,
            _BILANS_ANNUELS,
            "Écrit tous les bilans d'une année (une partition).",
        ),
        _job("ecrire_lac", _LAC, "Écrit l'entrepôt déjà publié en fichiers Parquet."),
        dg.define_asset_job(
            "territoires",
            (everything - _BILANS) | _DUCKLAKE,
            description="Construit à part les territoires d'une partition, les publie dans le lac partagé.",
            config=partitioned_config(),
            executor_def=dg.in_process_executor,
            hooks={alert},
        ),
        _job("publier_ducklake", _DUCKLAKE, "Publie l'entrepôt déjà publié dans le lac partagé."),
        _job(ALERTER, _ALERTES | fresh, "Cherche les alertes du jour et envoie les nouvelles."),
    ]


def _job(name: str, selection: dg.AssetSelection, description: str) -> Any:
    """One process: the steps share one DuckDB file, and a process per step costs more than the steps."""
    return dg.define_asset_job(
        name,
        selection,
        description=description,
        executor_def=dg.in_process_executor,
        hooks={alert},
    )


def bilans_config(**asked: Any) -> dict[str, Any]:
    """Return the part of a run's configuration that says which reports to write (`BilansConfig`)."""
    return {
        "ops": {BILANS_OP: {"config": {name: value for name, value in asked.items() if value is not None}}}
    }
