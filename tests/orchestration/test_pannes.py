"""A run that fails is told: by the step that failed, or by the sensor when no step could; never with its reason."""

import logging
from pathlib import Path
from typing import Any

import dagster as dg
import pytest

from pipelines import alertes
from pipelines.jobs import alert
from pipelines.resources import Parametres
from pipelines.sensors import sensors

REASON = "la cellule 'DUPONT' de la ligne 12"


@dg.op
def publication__essai() -> None:
    raise ValueError(REASON)


@dg.job(hooks={alert}, resource_defs={"parametres": Parametres.configure_at_launch()})
def casse() -> None:
    publication__essai()


def run(instance: dg.DagsterInstance, entrepot: Path) -> Any:
    config = {"resources": {"parametres": {"config": {"entrepot": str(entrepot)}}}}
    return casse.execute_in_process(run_config=config, instance=instance, raise_on_error=False)


def test_the_step_that_fails_says_where_the_reason_is(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with (
        dg.DagsterInstance.ephemeral() as instance,
        caplog.at_level(logging.INFO, logger="observatoire.alerte"),
    ):
        result = run(instance, tmp_path / "w.duckdb")
    (said,) = [r.getMessage() for r in caplog.records if r.name == "observatoire.alerte"]
    assert "casse" in said
    assert "publication/essai" in said
    assert result.run_id in said
    assert "DUPONT" not in said


def test_a_failure_is_sent_by_the_channels_that_are_set(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sent: list[tuple[list[alertes.Alerte], alertes.Reglages]] = []
    monkeypatch.setattr("pipelines.jobs.send", lambda found, settings: sent.append((list(found), settings)))
    monkeypatch.setenv("OBSERVATOIRE_ALERTES_WEBHOOK", "https://exemple.fr/x")
    with dg.DagsterInstance.ephemeral() as instance:
        run(instance, tmp_path / "w.duckdb")
    (((found,), settings),) = sent
    assert found.gravite == "urgent"
    assert settings.webhook == "https://exemple.fr/x"
    assert str(tmp_path / "w.duckdb.d" / "executions") in found.a_faire


@pytest.mark.parametrize("by_a_step", [True, False])
def test_the_sensor_speaks_only_for_runs_that_died_without_a_word(
    by_a_step: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OBSERVATOIRE_ENTREPOT", str(tmp_path / "w.duckdb"))
    sent: list[str] = []
    monkeypatch.setattr("pipelines.sensors.send", lambda found, _: sent.extend(a.message for a in found))
    sensor = next(s for s in sensors() if s.name == "pannes")
    with dg.DagsterInstance.ephemeral() as instance:
        if by_a_step:
            result = run(instance, tmp_path / "w.duckdb")
            dead, event = result.dagster_run, result.get_run_failure_event()
        else:
            dead = instance.create_run_for_job(casse)
            event = instance.report_run_failed(dead, "killed")
        context = dg.build_run_status_sensor_context("pannes", event, instance, dead).for_run_failure()
        sensor(context)
    assert len(sent) == (0 if by_a_step else 1)
