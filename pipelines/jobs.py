"""The jobs: what can be launched by hand, by a schedule or by the command.

Which assets a job holds belongs here; what an asset does belongs in `assets/`.
"""

import logging
from typing import Any

import dagster as dg

alerts = logging.getLogger("observatoire.alerte")

BILANS_OP = "publication__bilans"
BILANS = dg.AssetSelection.assets(["publication", "bilans"])
LAC = dg.AssetSelection.assets(["publication", "lac"])
DUCKLAKE = dg.AssetSelection.assets(["publication", "ducklake"])


@dg.failure_hook
def alert(context: dg.HookContext) -> None:
    """Say that a step failed, where whoever watches the machine looks: the log."""
    alerts.error("%s : l'étape %s a échoué (%s)", context.job_name, context.step_key, context.op_exception)


def jobs() -> list[Any]:
    """Return the jobs of the project."""
    everything = dg.AssetSelection.all() - LAC - DUCKLAKE
    return [
        _job(
            "construire",
            everything - BILANS,
            "Lit le dossier de dépôt, valide, calcule, contrôle et publie l'entrepôt.",
        ),
        _job("bilans", everything, "Construit et publie l'entrepôt, puis écrit les bilans."),
        _job("ecrire_bilans", BILANS, "Écrit des bilans depuis l'entrepôt déjà publié."),
        _job("ecrire_lac", LAC, "Écrit l'entrepôt déjà publié en fichiers Parquet."),
        _job("publier_ducklake", DUCKLAKE, "Publie l'entrepôt déjà publié dans le lac partagé."),
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
