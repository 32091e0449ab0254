"""Days when figures stop and when reports are due, from the lines of a calendar.

Only arithmetic of dates belongs here: the lines are data (`territoires/*.yml`), what is launched on those
days is in `schedules`, what is said about them in `alertes`.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from zoneinfo import ZoneInfo

TIMEZONE = "Europe/Paris"
PARIS = ZoneInfo(TIMEZONE)
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


@dataclass(frozen=True)
class Echeance:
    """One report of one EPCI: the day its figures stop and the day it must be sent, when there is a delay."""

    rapport: str
    epci: str
    arrete_au: date
    a_remettre_le: date | None


@dataclass(frozen=True)
class Ligne:
    """One line of a calendar: a report and one day when its figures stop, each year or once.

    Attributes:
        rapport: kind of report.
        epci: SIREN of the EPCI.
        periodicite: how often, for what is rarer than yearly.
        arrete_au: `MM-JJ` of every year, or a full date.
        delai_jours: days left to send it, None when none is set.
        debut: first day of the convention, from which years are counted.

    """

    rapport: str
    epci: str
    periodicite: str
    arrete_au: str
    delai_jours: int | None
    debut: date | None

    def stops_on(self, jour: date) -> bool:
        """Whether the figures stop on that day."""
        years = _PERIODS.get(self.periodicite, 1)
        counted = self.debut is None or (jour.year - self.debut.year) % years == 0
        annee, mois, quantieme = _parts(self.arrete_au)
        return counted and annee in (None, jour.year) and (jour.month, jour.day) == (mois, quantieme)

    def last_stop(self, jour: date) -> date | None:
        """The last day before `jour` when the figures stopped, None when there was none yet."""
        annee, mois, quantieme = _parts(self.arrete_au)
        years = range(jour.year, jour.year - max(_PERIODS.values()) - 1, -1) if annee is None else [annee]
        stops = (date(year, mois, quantieme) for year in years)
        return next((stop for stop in stops if stop < jour and self.stops_on(stop)), None)

    def due(self, stop: date) -> Echeance:
        """The report whose figures stop on that day."""
        limit = None if self.delai_jours is None else stop + timedelta(days=self.delai_jours)
        return Echeance(self.rapport, self.epci, stop, limit)

    def crons(self) -> Iterator[str]:
        """Crons of the following morning; the last of February has two candidates, the tick decides."""
        annee, mois, quantieme = _parts(self.arrete_au)
        for any_year in (1, 4):
            following = date(annee or any_year, mois, quantieme) + timedelta(days=1)
            yield f"0 {HOUR} {following.day} {following.month} *"


def _parts(text: str) -> tuple[int | None, int, int]:
    *annee, mois, quantieme = (int(part) for part in text.split("-"))
    return (annee[0] if annee else None), mois, quantieme


def due_on(lignes: Iterable[Ligne], jour: date) -> list[Echeance]:
    """Return the reports whose figures stopped the day before, in order of kind and EPCI."""
    veille = jour - timedelta(days=1)
    return _in_order({ligne.due(veille) for ligne in lignes if ligne.stops_on(veille)})


def last_due(lignes: Iterable[Ligne], jour: date) -> list[Echeance]:
    """Return, for each kind of report and EPCI, the last one whose figures stopped before a day."""
    last: dict[tuple[str, str], Echeance] = {}
    for ligne in lignes:
        stop = ligne.last_stop(jour)
        known = last.get((ligne.rapport, ligne.epci))
        if stop is not None and (known is None or known.arrete_au < stop):
            last[ligne.rapport, ligne.epci] = ligne.due(stop)
    return _in_order(last.values())


def _in_order(echeances: Iterable[Echeance]) -> list[Echeance]:
    return sorted(echeances, key=lambda e: (e.rapport, e.epci, e.arrete_au, e.a_remettre_le or e.arrete_au))


def document(rapport: str, stop: date) -> dict[str, int | bool]:
    """What document a kind of report is, for a day when figures stop, as the configuration of a run."""
    kind = DOCUMENTS.get(rapport)
    values = {"semestre": _semestre(stop), "trimestre": _trimestre(stop), "evaluation": True}
    return {} if kind is None else {kind: values[kind]}


def period(rapport: str, stop: date) -> tuple[str, str]:
    """Type and name of the period that a report is about, as `marts.indicateurs` writes them."""
    return named_period(stop.year, **{k: v for k, v in document(rapport, stop).items() if k != "evaluation"})


def named_period(annee: int, semestre: int | None = None, trimestre: int | None = None) -> tuple[str, str]:
    """Type and name of a half-year, of a quarter or of a year, as `marts.indicateurs` writes them."""
    if semestre is not None:
        return "semestre", f"{annee}-S{semestre}"
    if trimestre is not None:
        return "trimestre", f"{annee}-T{trimestre}"
    return "annee", str(annee)


def _semestre(stop: date) -> int:
    return (stop.month + 5) // 6


def _trimestre(stop: date) -> int:
    return (stop.month + 2) // 3
