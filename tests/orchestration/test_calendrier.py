"""Schedules evaluated at frozen dates: each figure date once, leap years and both clock changes included."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import dagster as dg
import pytest
from dagster._utils.schedules import cron_string_iterator

from pipelines.calendrier import TIMEZONE, Ligne, due_on, last_due, period
from pipelines.conventions import Convention, default_convention, load_conventions
from pipelines.jobs import BILANS_OP
from pipelines.paths import TERRITOIRES
from pipelines.schedules import ALERTES, calendar_lines, due_reports, run_requests, schedules

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


def test_alerts_are_looked_at_every_day_and_once_per_day() -> None:
    daily = next(schedule for schedule in schedules() if schedule.name == ALERTES)
    year = ticks(daily, date(2024, 1, 1), date(2025, 1, 1))
    assert len(year) == 366
    days = [date(2024, 2, 29), date(2024, 3, 31), date(2024, 10, 27)]
    looked = [moment for moment in year if moment.date() in days]
    assert [(m.hour, m.minute) for m in looked] == [(8, 30)] * 3
    keys = [evaluate(daily, moment)[0].run_key for moment in looked]
    assert keys == [f"alertes:{day.isoformat()}" for day in days]


def test_a_leap_day_stops_only_in_its_year() -> None:
    once = Ligne("evaluation_finale", "200066009", "unique", "2024-02-29", 10, None)
    assert [d for d in (date(2024, 3, 1), date(2025, 3, 1), date(2028, 3, 1)) if due_on([once], d)] == [
        date(2024, 3, 1)
    ]
    assert set(once.crons()) == {"0 6 1 3 *"}
    (asked,) = due_on([once], date(2024, 3, 1))
    assert asked.a_remettre_le == date(2024, 3, 10)


@pytest.mark.parametrize(
    ("jour", "attendu"),
    [
        (date(2024, 2, 29), date(2023, 12, 31)),
        (date(2024, 1, 1), date(2023, 12, 31)),
        (date(2023, 12, 31), date(2022, 12, 31)),
    ],
)
def test_the_last_stop_is_strictly_before_the_day(jour: date, attendu: date) -> None:
    assert Ligne("bilan_annuel", "200066009", "annuelle", "12-31", None, None).last_stop(jour) == attendu


def test_what_is_rarer_than_yearly_is_counted_from_the_convention() -> None:
    ligne = Ligne("residences_a_enjeu", "200066009", "triennale", "12-31", None, date(2023, 1, 1))
    stops = [day.year for day in (date(year, 12, 31) for year in range(2023, 2031)) if ligne.stops_on(day)]
    assert stops == [2023, 2026, 2029]
    assert ligne.last_stop(date(2026, 6, 1)) == date(2023, 12, 31)


def test_each_day_of_two_years_agrees_with_the_last_stop(conventions: list[Convention]) -> None:
    """What a morning asks for is, that morning, the last thing that stopped."""
    lignes = calendar_lines(conventions)
    for n in range(731):
        jour = date(2024, 1, 1) + timedelta(days=n)
        due = due_on(lignes, jour)
        assert set(due) <= set(last_due(lignes, jour))


def test_periods_are_those_of_the_published_figures() -> None:
    assert period("suivi_semestriel", date(2023, 6, 30)) == ("semestre", "2023-S1")
    assert period("tableau_de_bord", date(2023, 9, 30)) == ("trimestre", "2023-T3")
    assert period("bilan_annuel", date(2023, 12, 31)) == ("annee", "2023")
    assert period("evaluation_finale", date(2023, 12, 31)) == ("annee", "2023")
