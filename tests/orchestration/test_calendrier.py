"""Schedules evaluated at frozen dates: each figure date once, leap years and both clock changes included."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import dagster as dg
import pytest
from dagster._utils.schedules import cron_string_iterator

from pipelines.calendrier import TIMEZONE
from pipelines.conventions import Convention, default_convention, load_conventions
from pipelines.jobs import BILANS_OP
from pipelines.paths import TERRITOIRES
from pipelines.schedules import ALERTES, due_reports, run_requests, schedules

PARIS = ZoneInfo(TIMEZONE)


@pytest.fixture(scope="module")
def conventions() -> list[Convention]:
    return load_conventions(TERRITOIRES, None)


@pytest.fixture(scope="module")
def par_nom() -> dict[str, dg.ScheduleDefinition]:
    return {schedule.name: schedule for schedule in schedules() if schedule.name != ALERTES}


def evaluate(schedule: dg.ScheduleDefinition, moment: datetime) -> list[dg.RunRequest]:
    context = dg.build_schedule_context(scheduled_execution_time=moment)
    return list(schedule.evaluate_tick(context).run_requests or [])


def ticks(schedule: dg.ScheduleDefinition, start: date, end: date) -> list[datetime]:
    crons = schedule.cron_schedule if isinstance(schedule.cron_schedule, list) else [schedule.cron_schedule]
    found = set()
    for cron in crons:
        for moment in cron_string_iterator(
            datetime(start.year, start.month, start.day, tzinfo=PARIS).timestamp(), cron, TIMEZONE
        ):
            if moment.date() >= end:
                break
            found.add(moment)
    return sorted(found)


def test_half_yearly_follow_up_is_asked_the_morning_after(
    par_nom: dict[str, dg.ScheduleDefinition],
) -> None:
    (request,) = evaluate(par_nom["suivi_semestriel"], datetime(2023, 7, 1, 6, tzinfo=PARIS))
    config = request.run_config["ops"][BILANS_OP]["config"]
    assert (config["annee"], config["semestre"]) == (2023, 1)
    assert request.tags["observatoire/a_remettre_le"] == "2023-07-15"
    assert request.run_key == "suivi_semestriel:2023-06-30"


def test_second_half_belongs_to_the_year_that_ended(par_nom: dict[str, dg.ScheduleDefinition]) -> None:
    (request,) = evaluate(par_nom["suivi_semestriel"], datetime(2024, 1, 1, 6, tzinfo=PARIS))
    config = request.run_config["ops"][BILANS_OP]["config"]
    assert (config["annee"], config["semestre"]) == (2023, 2)


def test_asking_twice_for_the_same_morning_gives_the_same_key(conventions: list[Convention]) -> None:
    first = run_requests("bilan_annuel", conventions, date(2024, 1, 1))
    second = run_requests("bilan_annuel", conventions, date(2024, 1, 1))
    assert [r.run_key for r in first] == [r.run_key for r in second] != []


def test_nothing_is_asked_on_any_other_morning(conventions: list[Convention]) -> None:
    assert run_requests("bilan_annuel", conventions, date(2024, 1, 2)) == []
    assert run_requests("bilan_annuel", conventions, date(2023, 12, 31)) == []


@pytest.mark.parametrize("year", [2021, 2022, 2023, 2024, 2025, 2028])
def test_every_stop_of_the_year_has_exactly_one_tick(
    par_nom: dict[str, dg.ScheduleDefinition], conventions: list[Convention], year: int
) -> None:
    """Crons and calendar agree on every day of the year: a tick that nobody asked for is skipped."""
    days = [date(year, 1, 1) + timedelta(days=n) for n in range(366 if year % 4 == 0 else 365)]
    for name, schedule in par_nom.items():
        due = {day for day in days if any(e.rapport == name for e in due_reports(conventions, day))}
        moments = ticks(schedule, days[0], days[-1] + timedelta(days=1))
        asked = {moment.date() for moment in moments if evaluate(schedule, moment)}
        assert asked == due, name
        assert len({moment.date() for moment in moments}) == len(moments), name


def test_end_of_february_is_the_next_morning_in_every_year() -> None:
    """28 February stops the figures of a leap year too: the run is on the 29th, on 1 March otherwise."""
    (convention,) = [default_convention("200066009", "Essai")]
    ligne = convention.calendrier[0].model_copy(update={"arrete_au": ("02-28",)})
    contenu = convention.contenu.model_copy(update={"calendrier": (ligne,)})
    changed = type(convention)(contenu, convention.socle, convention.slug, convention.empreinte, None)
    asked = [d for d in (date(2024, 2, 29), date(2024, 3, 1), date(2023, 3, 1)) if due_reports([changed], d)]
    assert asked == [date(2024, 2, 29), date(2023, 3, 1)]


@pytest.mark.parametrize(
    "day", [date(2024, 3, 31), date(2024, 10, 27), date(2025, 3, 30), date(2025, 10, 26)]
)
def test_the_hour_of_the_runs_exists_once_on_the_days_when_clocks_change(day: date) -> None:
    cron = f"0 6 {day.day} {day.month} *"
    start = datetime(day.year, day.month, day.day, tzinfo=PARIS) - timedelta(hours=1)
    moments = cron_string_iterator(start.timestamp(), cron, TIMEZONE)
    first, second = next(moments), next(moments)
    assert (first.date(), first.astimezone(PARIS).hour) == (day, 6)
    assert second.year == day.year + 1
    assert first.astimezone(UTC).hour == (
        4 if first.astimezone(PARIS).utcoffset() == timedelta(hours=2) else 5
    )
