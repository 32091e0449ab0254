"""Runs a job of the definitions in this process and turns its failure into the sentence behind it.

The only module of the command that imports the orchestrator.
"""

import contextlib
import logging
import os
import warnings
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any

from pipelines.errors import ObservatoireError
from pipelines.fichiers import private_folder
from pipelines.publication import explain_disk_error


def run_job(
    name: str, parametres: Mapping[str, Any], config: Mapping[str, Any] | None = None
) -> dict[str, dict[str, Any]]:
    """Execute a job and return the metadata of what it materialized, by asset (`publication/bilans`, …).

    The run is kept in the Dagster instance of `DAGSTER_HOME` when there is one, in memory otherwise.

    Raises:
        ObservatoireError: the step that failed said why.

    """
    warnings.simplefilter("ignore")
    logging.getLogger("observatoire.alerte").setLevel(logging.CRITICAL)
    logging.getLogger("dagster-dbt").setLevel(logging.ERROR)

    from dagster import DagsterExecutionInterruptedError, DagsterInstance

    if home := os.environ.get("DAGSTER_HOME"):
        # What a run said is kept there, and the text of what made it fail.
        private_folder(Path(home))
    job = _definitions().resolve_job_def(name)
    run_config = {
        **(config or {}),
        "resources": {"parametres": {"config": {k: v for k, v in parametres.items() if v is not None}}},
        # What a user needs is said by the progress lines; a failure by its own sentence.
        "loggers": {"console": {"config": {"log_level": "CRITICAL"}}},
    }
    try:
        with DagsterInstance.get() if home else DagsterInstance.ephemeral() as instance:
            result = _silently(job, run_config, instance)
    except DagsterExecutionInterruptedError as error:
        raise KeyboardInterrupt from error
    except Exception as error:
        sentence = find_sentence(error, Path(str(parametres.get("entrepot", "."))).parent)
        if sentence is None:
            raise
        raise sentence from error
    return {
        "/".join(event.asset_key.path): {k: v.value for k, v in event.materialization.metadata.items()}
        for event in result.get_asset_materialization_events()
        if event.asset_key is not None
    }


def automatic_states(*, stop: bool) -> dict[str, str]:
    """Return what each schedule and sensor of the Dagster instance is, after stopping them when asked."""
    from dagster import DagsterInstance
    from dagster._core.scheduler.instigation import InstigatorStatus

    words = {InstigatorStatus.RUNNING: "en marche", InstigatorStatus.STOPPED: "arrêté"}
    with DagsterInstance.get() as instance:
        if stop:
            for state in instance.all_instigator_state():
                if state.status is not InstigatorStatus.STOPPED:
                    instance.update_instigator_state(state.with_status(InstigatorStatus.STOPPED))
        return {
            state.instigator_name: words.get(state.status, "arrêté")
            for state in instance.all_instigator_state()
        }


def kept_texts() -> Iterator[tuple[str, bytes]]:
    """Return what the Dagster instance keeps of each run, schedule and sensor: a name, and all of it as text.

    By its interface, whatever its storage: files here, or a server.
    """
    from dagster import DagsterInstance
    from dagster._serdes import serialize_value

    with DagsterInstance.get() as instance:
        for run in instance.get_runs():
            texts = [serialize_value(run), *(serialize_value(e) for e in instance.all_logs(run.run_id))]
            yield f"exécution {run.run_id} de Dagster (dagster run delete)", "\n".join(texts).encode()
        for state in instance.all_instigator_state():
            ticks = instance.get_ticks(state.instigator_origin_id, state.selector_id)
            texts = [serialize_value(state), *(serialize_value(tick) for tick in ticks)]
            yield f"automate {state.instigator_name} de Dagster", "\n".join(texts).encode()


@cache
def _definitions() -> Any:
    """The definitions, assembled once for a command that runs several jobs."""
    from pipelines.definitions import build_defs

    return build_defs()


def _silently(job: Any, run_config: Mapping[str, Any], instance: Any) -> Any:
    """Keep the output for results: dbt's own lines go to its log."""
    with Path(os.devnull).open("w") as nowhere, contextlib.redirect_stdout(nowhere):
        return job.execute_in_process(run_config=run_config, instance=instance)


def find_sentence(error: BaseException, lieu: Path) -> ObservatoireError | None:
    """Find, behind the errors of the orchestrator, the one that was meant for a user."""
    seen: set[int] = set()
    current: BaseException | None = error
    while current is not None and id(current) not in seen:
        seen.add(id(current))
        if isinstance(current, ObservatoireError):
            return current
        explained = explain_disk_error(current, lieu)
        if explained is not None:
            return explained
        current = getattr(current, "user_exception", None) or current.__cause__ or current.__context__
    return None
