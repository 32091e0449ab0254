"""What runs at fixed times: the reports of each convention's calendar, and the daily look for alerts.

Dates are data (`territoires/*.yml`, the national default among them) and their arithmetic is in `calendrier`;
only what is launched belongs here. Every schedule is off until someone turns it on.
"""

import logging
from collections.abc import Iterable
from datetime import date

import dagster as dg

from pipelines.calendrier import HOUR, TIMEZONE, Echeance, Ligne, document, due_on
from pipelines.conventions import Convention, load_conventions
from pipelines.errors import ObservatoireError
from pipelines.jobs import ALERTER, BILANS, DEMANDE_TAG, bilans_config
from pipelines.resources import Parametres

ALERTES = "alertes"
RAPPORT_TAG = "observatoire/rapport"
# Once the reports of the morning had their time.
ALERTES_CRON = f"30 {HOUR + 2} * * *"

logger = logging.getLogger("observatoire.calendrier")


def calendar_lines(conventions: Iterable[Convention]) -> list[Ligne]:
    """Return the lines of the calendars of several conventions, those without a known day left out."""
    return [
        Ligne(ligne.rapport, convention.siren, ligne.periodicite, text, ligne.delai_jours, convention.debut)
        for convention in conventions
        for ligne in convention.calendrier
        for text in ligne.stops(convention.debut)
        if text
    ]


def due_reports(conventions: Iterable[Convention], jour: date) -> list[Echeance]:
    """Return the reports whose figures stopped the day before, in order of kind and EPCI."""
    return due_on(calendar_lines(conventions), jour)


def run_requests(rapport: str, conventions: Iterable[Convention], jour: date) -> list[dg.RunRequest]:
    """Return the runs of one kind of report for one morning; asking twice for the same morning runs once."""
    due = [echeance for echeance in due_reports(conventions, jour) if echeance.rapport == rapport]
    requests = []
    for stop in sorted({echeance.arrete_au for echeance in due}):
        same = [echeance for echeance in due if echeance.arrete_au == stop]
        requests.append(
            dg.RunRequest(
                run_key=(demande := f"{rapport}:{stop.isoformat()}"),
                run_config=reports_config(same),
                tags={**reports_tags(same), DEMANDE_TAG: demande},
            )
        )
    return requests


def reports_config(echeances: list[Echeance]) -> dict[str, object]:
    """Return the configuration of a run that writes reports of one kind, stopped on one day.

    A scheduled run writes what the data allow and says what they do not: one EPCI without data must not
    deprive the others of their report.
    """
    first = echeances[0]
    return bilans_config(
        epci=[echeance.epci for echeance in echeances],
        annee=first.arrete_au.year,
        presents_seulement=True,
        **document(first.rapport, first.arrete_au),
    )


def reports_tags(echeances: list[Echeance]) -> dict[str, str]:
    """Return what the page of a run says of the reports that it writes."""
    first = echeances[0]
    tags = {RAPPORT_TAG: first.rapport, "observatoire/arrete_au": first.arrete_au.isoformat()}
    limits = sorted(e.a_remettre_le for e in echeances if e.a_remettre_le is not None)
    if limits:
        tags["observatoire/a_remettre_le"] = limits[0].isoformat()
    return tags


def turned_on(kind: str, name: str) -> str:
    """Return how a schedule or a sensor is turned on: its page shows this beside its state."""
    return (
        "Éteint tant que personne ne l'allume : « observatoire automatiser » les allume tous, "
        f"« dagster {kind} start {name} » celui-ci, le bouton de cette page aussi."
    )


def schedules() -> list[dg.ScheduleDefinition]:
    """Return one schedule per kind of report that a convention holds, and that of the alerts, all off."""
    return [*_reports(), _alerts()]


def _reports() -> list[dg.ScheduleDefinition]:
    try:
        conventions = load_conventions(Parametres().territories_folder(), None)
    except ObservatoireError as error:
        # A wrong file must not hide the page that shows what is wrong: the build says it in full.
        logger.error("no schedule of reports: %s", error)
        return []
    crons: dict[str, set[str]] = {}
    for ligne in calendar_lines(conventions):
        crons.setdefault(ligne.rapport, set()).update(ligne.crons())
    return [_schedule(rapport, sorted(lines), conventions) for rapport, lines in sorted(crons.items())]


def _schedule(rapport: str, crons: list[str], conventions: list[Convention]) -> dg.ScheduleDefinition:
    @dg.schedule(
        name=rapport,
        job_name=BILANS,
        cron_schedule=crons,
        execution_timezone=TIMEZONE,
        default_status=dg.DefaultScheduleStatus.STOPPED,
        description=f"Rapport « {rapport} » : le lendemain du jour où ses chiffres sont arrêtés. "
        + turned_on("schedule", rapport),
    )
    def evaluate(context: dg.ScheduleEvaluationContext) -> list[dg.RunRequest] | dg.SkipReason:
        jour = context.scheduled_execution_time.date()
        requests = run_requests(rapport, conventions, jour)
        return requests or dg.SkipReason(f"rien n'était à arrêter la veille du {jour}")

    return evaluate


def _alerts() -> dg.ScheduleDefinition:
    @dg.schedule(
        name=ALERTES,
        job_name=ALERTER,
        cron_schedule=ALERTES_CRON,
        execution_timezone=TIMEZONE,
        default_status=dg.DefaultScheduleStatus.STOPPED,
        description="Chaque jour : millésimes en retard, entrepôt ancien, contrôles, objectifs manqués. "
        + turned_on("schedule", ALERTES),
    )
    def evaluate(context: dg.ScheduleEvaluationContext) -> dg.RunRequest:
        jour = context.scheduled_execution_time.date().isoformat()
        return dg.RunRequest(run_key=f"{ALERTES}:{jour}", tags={"observatoire/jour": jour})

    return evaluate
