"""When reports are due: one schedule per kind of report, from the calendar of each convention.

Dates are data (`territoires/*.yml`, the national default among them); only their reading belongs here. Every
schedule is off until someone turns it on.
"""

import logging
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, timedelta

import dagster as dg

from pipelines.conventions import Convention, load_conventions
from pipelines.errors import ObservatoireError
from pipelines.jobs import bilans_config
from pipelines.resources import Parametres

TIMEZONE = "Europe/Paris"
# The morning after the day when the figures stop; this hour exists on the days when the clocks change.
HOUR = 6
# Kinds of report that are not the yearly bilan, and what each is made as.
DOCUMENTS = {
    "bilan_semestriel": "semestre",
    "suivi_semestriel": "semestre",
    "tableau_de_bord": "trimestre",
    "evaluation_mi_parcours": "evaluation",
    "evaluation_finale": "evaluation",
}

_PERIODS = {"biennale": 2, "triennale": 3}
logger = logging.getLogger("observatoire.calendrier")


@dataclass(frozen=True, order=True)
class Echeance:
    """One report of one EPCI: the day its figures stop and the day it must be sent, when there is a delay."""

    rapport: str
    epci: str
    arrete_au: date
    a_remettre_le: date | None


@dataclass(frozen=True)
class _Arret:
    """A day when figures stop: every year (`annee` empty) or once."""

    mois: int
    jour: int
    annee: int | None

    @classmethod
    def parse(cls, text: str) -> "_Arret":
        *annee, mois, jour = (int(part) for part in text.split("-"))
        return cls(mois, jour, annee[0] if annee else None)

    def reached_on(self, jour: date) -> date | None:
        """The day itself when it is the one before `jour`."""
        veille = jour - timedelta(days=1)
        same_year = self.annee is None or self.annee == veille.year
        return veille if same_year and (veille.month, veille.day) == (self.mois, self.jour) else None

    def crons(self) -> Iterator[str]:
        """Crons of the following morning; the last of February has two candidates, the tick decides."""
        for bissextile in (False, True):
            annee = self.annee or (4 if bissextile else 1)
            suivant = date(annee, self.mois, self.jour) + timedelta(days=1)
            yield f"0 {HOUR} {suivant.day} {suivant.month} *"


def due_reports(conventions: Iterable[Convention], jour: date) -> list[Echeance]:
    """Return the reports whose figures stopped the day before, in order of kind and EPCI."""
    due = []
    for convention in conventions:
        for ligne in convention.calendrier:
            for text in ligne.stops(convention.debut):
                stop = _Arret.parse(text).reached_on(jour) if text else None
                if stop is None or not _in_period(ligne.periodicite, convention.debut, stop):
                    continue
                limit = None if ligne.delai_jours is None else stop + timedelta(days=ligne.delai_jours)
                due.append(Echeance(ligne.rapport, convention.siren, stop, limit))
    return sorted(due)


def _in_period(periodicite: str, debut: date | None, stop: date) -> bool:
    years = _PERIODS.get(periodicite, 1)
    return debut is None or (stop.year - debut.year) % years == 0


def run_requests(rapport: str, conventions: Iterable[Convention], jour: date) -> list[dg.RunRequest]:
    """Return the runs of one kind of report for one morning; asking twice for the same morning runs once."""
    due = [echeance for echeance in due_reports(conventions, jour) if echeance.rapport == rapport]
    requests = []
    for stop in sorted({echeance.arrete_au for echeance in due}):
        epci = [echeance.epci for echeance in due if echeance.arrete_au == stop]
        limits = sorted({e.a_remettre_le for e in due if e.arrete_au == stop and e.a_remettre_le is not None})
        tags = {"observatoire/rapport": rapport, "observatoire/arrete_au": stop.isoformat()}
        if limits:
            tags["observatoire/a_remettre_le"] = limits[0].isoformat()
        requests.append(
            dg.RunRequest(
                run_key=f"{rapport}:{stop.isoformat()}",
                run_config=bilans_config(epci=epci, annee=stop.year, **_document(rapport, stop)),
                tags=tags,
            )
        )
    return requests


def _document(rapport: str, stop: date) -> dict[str, int | bool]:
    """What document a kind of report is, for a day when figures stop, as configuration."""
    document = DOCUMENTS.get(rapport)
    values = {"semestre": (stop.month + 5) // 6, "trimestre": (stop.month + 2) // 3, "evaluation": True}
    return {} if document is None else {document: values[document]}


def schedules() -> list[dg.ScheduleDefinition]:
    """Return one schedule per kind of report that a convention holds, all off."""
    try:
        conventions = load_conventions(Parametres().territories_folder(), None)
    except ObservatoireError as error:
        # A wrong file must not hide the page that shows what is wrong: the build says it in full.
        logger.error("no schedule: %s", error)
        return []
    crons: dict[str, set[str]] = {}
    for convention in conventions:
        for ligne in convention.calendrier:
            for text in ligne.stops(convention.debut):
                if text:
                    crons.setdefault(ligne.rapport, set()).update(_Arret.parse(text).crons())
    return [_schedule(rapport, sorted(lines), conventions) for rapport, lines in sorted(crons.items())]


def _schedule(rapport: str, crons: list[str], conventions: list[Convention]) -> dg.ScheduleDefinition:
    @dg.schedule(
        name=rapport,
        job_name="bilans",
        cron_schedule=crons,
        execution_timezone=TIMEZONE,
        default_status=dg.DefaultScheduleStatus.STOPPED,
        description=f"Rapport « {rapport} » : le lendemain du jour où ses chiffres sont arrêtés.",
    )
    def evaluate(context: dg.ScheduleEvaluationContext) -> list[dg.RunRequest] | dg.SkipReason:
        jour = context.scheduled_execution_time.date()
        requests = run_requests(rapport, conventions, jour)
        return requests or dg.SkipReason(f"rien n'était à arrêter la veille du {jour}")

    return evaluate
