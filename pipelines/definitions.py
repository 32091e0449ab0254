"""The only place where assets, jobs, schedules, sensors and resources are put together.

Loads without an environment variable and without a network; tests assemble the same definitions with other
resources through `build_defs(resource_overrides=…)`.
"""

import logging
import os
from collections.abc import Mapping
from typing import Any

# Before Dagster is imported: nothing is sent anywhere.
os.environ.setdefault("DAGSTER_DISABLE_TELEMETRY", "yes")

import dagster as dg

from assets import (
    alertes,
    bilans,
    compte,
    conventions,
    depot,
    filosofi,
    geographie,
    lac,
    ops,
    referentiels,
    rpls,
    sne,
)
from assets.entrepot import entrepot_assets
from assets.publication import publication_asset
from assets.references import references_asset
from pipelines import journal, projet_dbt
from pipelines.jobs import jobs
from pipelines.paths import DBT_PROJECT
from pipelines.resources import Atelier, Dbt, Parametres
from pipelines.schedules import schedules
from pipelines.sensors import sensors

# Who answers for every asset: the team of the atelier (docs/diffusion.md).
_OWNER = "team:observatoire"


def _console(context: dg.InitLoggerContext) -> logging.Logger:
    """What Dagster says of a run on the error stream of its process, as the project writes it."""
    made = logging.Logger("dagster", context.logger_config["log_level"].upper())
    made.addHandler(journal.run_handler())
    return made


# Dagster's own logger of the console is that of every run whose configuration names none, whatever the
# definitions hold: names of files would act on the terminal, and no line would be JSON.
setattr(dg.colored_console_logger, "_logger_fn", _console)  # noqa: B010


def build_defs(resource_overrides: Mapping[str, Any] | None = None) -> dg.Definitions:
    """Assemble the definitions.

    Args:
        resource_overrides: resources that replace those of the project, by key.

    Raises:
        ObservatoireError: the dbt project cannot be read.

    """
    journal.configure()
    regles = projet_dbt.read_rules()
    entrepot = entrepot_assets(regles)
    parametres = Parametres.configure_at_launch()
    resources: dict[str, Any] = {
        "parametres": parametres,
        "atelier": Atelier(parametres=parametres),
        # Closed to the configuration of a run, which could otherwise name a program of its choice.
        "dbt": dg.ResourceDefinition.hardcoded_resource(
            Dbt(
                project_dir=str(DBT_PROJECT),
                profiles_dir=str(DBT_PROJECT),
                dbt_executable=projet_dbt.executable(),
            )
        ),
        # Closed too: it would write, and read as code, in a folder of its choice. Steps share the base, and
        # pass nothing else to each other.
        "io_manager": dg.IOManagerDefinition.hardcoded_io_manager(
            dg.InMemoryIOManager()  # type: ignore[no-untyped-call]
        ),
    }
    made = [
        depot.depot,
        rpls.rpls,
        sne.sne,
        ops.ops,
        filosofi.filosofi,
        geographie.geographie,
        referentiels.referentiels,
        conventions.conventions,
        references_asset(regles),
        compte.lecture,
        entrepot,
        publication_asset(entrepot.keys, regles),
        bilans.bilans,
        lac.lac,
        lac.ducklake,
        bilans.bilans_annuels,
        alertes.alertes,
    ]
    return dg.Definitions(
        assets=dg.map_asset_specs(lambda spec: spec.replace_attributes(owners=[_OWNER]), made),
        asset_checks=[alertes.freshness_checks()],
        jobs=jobs(),
        schedules=schedules(),
        sensors=sensors(),
        resources={**resources, **(resource_overrides or {})},
        executor=dg.in_process_executor,
    )


@dg.definitions
def defs() -> dg.Definitions:
    """Return the definitions that `workspace.yaml` loads."""
    return build_defs()
