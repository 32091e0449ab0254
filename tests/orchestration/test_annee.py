"""A year of the daemon: whatever happened to the landing folder, what is published at the end is what is in it."""

import logging
import os
import random
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from functools import cache
from itertools import pairwise
from pathlib import Path

import dagster as dg
import pytest
from alembic.script import ScriptDirectory
from dagster._core.remote_origin import InProcessCodeLocationOrigin
from dagster._core.scheduler.instigation import InstigatorStatus, SensorInstigatorData
from dagster._core.test_utils import create_run_for_test, create_test_daemon_workspace_context, freeze_time
from dagster._core.types.loadable_target_origin import LoadableTargetOrigin
from dagster._core.workspace.load_target import InProcessWorkspaceLoadTarget
from dagster._daemon.sensor import execute_sensor_iteration

from pipelines import sensors
from pipelines.jobs import BILANS, DEMANDE_TAG
from tests.orchestration.definitions_annee import BUILDS, FULL_DISK, REFUSED, REPORTS, landed

# SQLite waits for the disk at each of thousands of writes.
MEMORY = "/dev/shm" if Path("/dev/shm").is_dir() else None  # noqa: S108
# The night when a clock goes forward and the one when it goes back (Europe/Paris), and one that is simply wrong.
CLOCK_CHANGES = {84: timedelta(hours=1), 300: -timedelta(hours=1), 200: -timedelta(days=2)}


class Annee:
    """The two sensors, run by Dagster's own loop on a clock of the test's."""

    def __init__(self, folder: Path, instance: dg.DagsterInstance, workspace: object) -> None:
        self.donnees, self.entrepot = folder / "donnees", folder / "w.duckdb"
        self.instance, self.workspace = instance, workspace
        self.now = datetime(2023, 1, 2, 8, tzinfo=UTC)
        (self.donnees / "rpls").mkdir(parents=True)

    def put(self, name: str, text: str) -> None:
        (self.donnees / "rpls" / name).write_text(text, encoding="utf-8")

    def remove(self, name: str) -> None:
        (self.donnees / "rpls" / name).unlink(missing_ok=True)

    @property
    def full_disk(self) -> Path:
        return self.entrepot.with_name(FULL_DISK)

    def look(self, times: int = 1, every: timedelta = timedelta(seconds=61)) -> None:
        for _ in range(times):
            self.now += every
            os.environ["ESSAI_MAINTENANT"] = self.now.replace(tzinfo=None).isoformat()
            with freeze_time(self.now):
                list(execute_sensor_iteration(self.workspace, logging.getLogger("essai"), None, None))  # type: ignore[arg-type]

    def settle(self) -> None:
        """Long enough for what failed to be asked again."""
        self.look(4)
        self.look(6, timedelta(days=1.1))

    def damage_cursors(self, text: str) -> None:
        for state in self.instance.all_instigator_state():
            data = state.instigator_data
            assert isinstance(data, SensorInstigatorData)
            self.instance.update_instigator_state(state.with_data(data._replace(cursor=text)))

    @property
    def published(self) -> str | None:
        import duckdb

        if not self.entrepot.exists():
            return None
        with duckdb.connect(str(self.entrepot), read_only=True) as con:
            return str(con.execute("select empreinte from meta.executions").fetchall()[0][0])

    @property
    def reported(self) -> str | None:
        path = self.entrepot.with_name(REPORTS)
        return path.read_text(encoding="utf-8") if path.exists() else None

    @property
    def builds(self) -> int:
        path = self.entrepot.with_name(BUILDS)
        return len(path.read_text(encoding="utf-8").splitlines()) if path.exists() else 0

    @property
    def failed_ticks(self) -> int:
        return sum(
            tick.error is not None
            for state in self.instance.all_instigator_state()
            for tick in self.instance.get_ticks(state.instigator_origin_id, state.selector_id)
        )


@pytest.fixture
def home() -> Iterator[str]:
    with tempfile.TemporaryDirectory(dir=MEMORY) as folder:
        yield folder


@pytest.fixture
def annee(tmp_path: Path, home: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Annee]:
    for name, value in (("DONNEES", tmp_path / "donnees"), ("ENTREPOT", tmp_path / "w.duckdb")):
        monkeypatch.setenv(f"OBSERVATOIRE_{name}", str(value))
    monkeypatch.setenv("ESSAI_MAINTENANT", "")
    overrides = {
        "run_launcher": {
            "module": "dagster._core.launcher.sync_in_memory_run_launcher",
            "class": "SyncInMemoryRunLauncher",
        },
        "event_log_storage": {
            "module": "dagster._core.storage.event_log",
            "class": "ConsolidatedSqliteEventLogStorage",
            "config": {"base_dir": home},
        },
        "run_coordinator": {
            "module": "dagster._core.run_coordinator.sync_in_memory_run_coordinator",
            "class": "SyncInMemoryRunCoordinator",
        },
    }
    # Each look opens the storage again, and reads there the history of its migrations: half of the time.
    number = ScriptDirectory.as_revision_number
    known = cache(lambda folder, head: number(ScriptDirectory(folder), head))
    monkeypatch.setattr(ScriptDirectory, "as_revision_number", lambda self, head: known(self.dir, head))
    target = InProcessWorkspaceLoadTarget(
        InProcessCodeLocationOrigin(
            LoadableTargetOrigin(
                executable_path=sys.executable,
                python_file=str(Path(__file__).with_name("definitions_annee.py")),
                attribute="annee",
            ),
            location_name="essai",
        )
    )
    with (
        dg.DagsterInstance.local_temp(home, overrides=overrides) as instance,
        create_test_daemon_workspace_context(target, instance) as workspace,
    ):
        (location,) = workspace.create_request_context().code_locations
        for sensor in location.get_repositories()["annee"].get_sensors():
            instance.start_sensor(sensor)
        made = Annee(tmp_path, instance, workspace)

        class Clock(datetime):
            @classmethod
            def now(cls, tz: object = None) -> datetime:  # type: ignore[override]
                return made.now.astimezone(tz)  # type: ignore[arg-type]

        monkeypatch.setattr(sensors, "datetime", Clock)
        assert {s.status for s in instance.all_instigator_state()} == {InstigatorStatus.RUNNING}
        yield made


def test_bytes_that_come_back_are_built_again_with_their_reports(annee: Annee) -> None:
    for content in ("A", "B", "A", "B"):
        annee.put("a.csv", content)
        annee.look(6)
        assert annee.published == landed(annee.donnees)
        assert annee.reported == annee.published
    built = annee.builds
    annee.look(20)
    assert annee.builds == built == 4


def test_a_version_put_back_has_its_reports_again(annee: Annee) -> None:
    annee.put("a.csv", "A")
    annee.look(6)
    kept = annee.entrepot.with_name("garde")
    shutil.copyfile(annee.entrepot, kept)
    annee.put("a.csv", "B")
    annee.look(6)
    kept.replace(annee.entrepot)
    annee.look(4)
    assert "=A" in str(annee.published)
    assert annee.reported == annee.published


def test_a_failed_build_is_asked_again_later_and_later(annee: Annee) -> None:
    annee.full_disk.touch()
    annee.put("a.csv", "A")
    annee.look(40)
    assert 2 < annee.builds < 6, "asked again, and not each minute"
    annee.full_disk.unlink()
    annee.settle()
    assert annee.published == annee.reported == landed(annee.donnees)


def test_a_scheduled_report_that_failed_is_asked_again_until_it_is_written(annee: Annee) -> None:
    """A full disk on the morning of a half-year run: nobody else would ask for it."""
    annee.put("a.csv", "A")
    annee.look(4)
    reports = annee.entrepot.with_name(REPORTS)
    reports.unlink()
    for rapport, stop in (("suivi", "2022-12-31"), ("suivi", "2022-06-30"), ("bilan", "2022-12-31")):
        asked = {"observatoire/rapport": rapport, DEMANDE_TAG: f"{rapport}:{stop}"}
        status = dg.DagsterRunStatus.SUCCESS if rapport == "bilan" else dg.DagsterRunStatus.FAILURE
        with freeze_time(annee.now):
            create_run_for_test(
                annee.instance, job_name=BILANS, tags=asked, status=status,
                run_config={"ops": {"publication__bilans": {"config": {"epci": ["247100589"]}}}},
            )  # fmt: skip
    annee.full_disk.touch()
    annee.look(8)
    annee.full_disk.unlink()
    annee.settle()
    assert reports.exists()
    again = [
        r for r in annee.instance.get_runs(dg.RunsFilter(job_name=BILANS)) if "dagster/sensor_name" in r.tags
    ]
    assert {r.tags[DEMANDE_TAG] for r in again} == {"suivi:2022-06-30"}, "the last of each, when it failed"
    assert [r.status for r in again].count(dg.DagsterRunStatus.SUCCESS) == 1
    assert all(r.run_config["ops"]["publication__bilans"]["config"]["epci"] for r in again)


def test_what_a_person_stopped_is_left_alone(annee: Annee) -> None:
    annee.full_disk.touch()
    annee.put("a.csv", "A")
    annee.look(3)
    (run,) = annee.instance.get_runs()
    storage = annee.instance.run_storage
    storage.handle_run_event(
        run.run_id, dg.DagsterEvent(dg.DagsterEventType.RUN_CANCELED.value, run.job_name)
    )
    annee.full_disk.unlink()
    annee.settle()
    assert annee.builds == 1


def test_a_damaged_cursor_starts_afresh(annee: Annee) -> None:
    annee.put("a.csv", "A")
    annee.look(4)
    annee.damage_cursors("{")
    annee.put("a.csv", "B")
    annee.look(4)
    assert annee.published == annee.reported == landed(annee.donnees)
    assert annee.failed_ticks == 0


@pytest.mark.parametrize("cursor", [None, "", "{", "[1]", "null", "12", '{"demande": 1}', "\udcff"])
def test_what_a_cursor_never_held_is_nothing(cursor: str | None) -> None:
    assert sensors.read_cursor(cursor) == {}


def test_a_file_that_cannot_be_read_does_not_stop_the_others(annee: Annee) -> None:
    annee.put("a.csv", "A")
    (annee.donnees / "rpls" / "parti.csv").symlink_to("nulle-part")
    (annee.donnees / "rpls" / os.fsdecode(b"\xe9t\xe9.csv")).write_text("C", encoding="utf-8")
    annee.look(6)
    assert annee.published == landed(annee.donnees)
    annee.put("a.csv", "B")
    annee.look(6)
    assert annee.published == landed(annee.donnees)
    assert annee.failed_ticks == 0


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(2))
def test_after_a_year_what_is_published_is_what_is_there(annee: Annee, seed: int) -> None:
    draw = random.Random(seed)  # noqa: S311
    kept = annee.entrepot.with_name("garde")

    def restore() -> None:
        if kept.exists():
            kept.replace(annee.entrepot)

    def keep() -> None:
        if annee.entrepot.exists():
            shutil.copyfile(annee.entrepot, kept)

    names = [f"{i}.csv" for i in range(4)]
    events: list[Callable[[], object]] = [
        lambda: annee.put(draw.choice(names), draw.choice("AB")),
        lambda: annee.put(draw.choice(names), draw.choice("AB")),
        lambda: annee.remove(draw.choice(names)),
        lambda: annee.put(draw.choice(names), REFUSED),
        annee.full_disk.touch,
        lambda: annee.full_disk.unlink(missing_ok=True),
        lambda: annee.damage_cursors(draw.choice(["{", "", "[]"])),
        keep,
        restore,
    ]
    # The days when something happens, and those when the clock changes; the others are alike.
    days = sorted({*draw.sample(range(365), 90), *CLOCK_CHANGES})
    for day, following in pairwise([*days, 365]):
        annee.now += CLOCK_CHANGES.get(day, timedelta(0))
        draw.choice(events)()
        # A file that arrives between two looks, now and then.
        annee.look(draw.choice([1, 2]), timedelta(seconds=61))
        annee.now += timedelta(days=following - day)
    annee.full_disk.unlink(missing_ok=True)
    for name in names:
        annee.put(name, draw.choice("AB") + "!")
    annee.settle()
    assert annee.published == landed(annee.donnees)
    assert annee.reported == annee.published
    assert annee.failed_ticks == 0
    built = annee.builds
    annee.look(10)
    assert annee.builds == built, "nothing new, nothing built"
