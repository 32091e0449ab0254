"""When a file was extracted: the date that says which of two states of one thing is the later.

A column of the file comes first, row by row; then the file's own name, then `extractions.yml` in the landing
folder, then the end of the folder's vintage. Nothing else of a name or of a folder counts.
"""

import calendar
import datetime as dt
import fnmatch
import re
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import yaml
from pydantic import BaseModel, ConfigDict, TypeAdapter, ValidationError

from pipelines.errors import DonneesRefusees
from pipelines.ingestion.declarations import load_yaml

FILE = "extractions.yml"
# Where the date of a file comes from, as reports and `examiner` say it.
NOM, DECLARATION, MILLESIME = "nom du fichier", FILE, "fin du millésime"

# Months as people write them, in lower case without accents, from the first to the twelfth.
MOIS = (
    *("janv(?:ier)?", "fevr?(?:ier)?", "mars", "avr(?:il)?", "mai", "juin", "juil(?:let)?", "aout"),
    *("sept(?:embre)?", "oct(?:obre)?", "nov(?:embre)?", "dec(?:embre)?"),
)
_A, _M, _J = r"(?P<a>(?:19|20)\d{2})", r"(?P<m>0[1-9]|1[0-2])", r"(?P<j>0[1-9]|[12]\d|3[01])"
_T, _S = r"(?:t(?:rim(?:estre)?)?|q)[ ._-]?(?P<t>[1-4])", r"s(?:em(?:estre)?)?[ ._-]?(?P<s>[12])"
_NOM_DE_MOIS = rf"(?P<n>{'|'.join(MOIS)})"
# What a name may state; each is understood as the last day of what it names. A year and two digits apart by
# anything but a hyphen may be the second part of a file cut in two: it is no month.
_FORMES = tuple(
    re.compile(rf"(?<![0-9]){motif}(?![0-9])")
    for motif in (
        rf"{_A}{_M}{_J}(?:[01]\d|2[0-3])[0-5]\d(?:[0-5]\d)?",
        rf"{_A}(?P<x>[ ._-]?){_M}(?P=x){_J}",
        rf"{_A}(?P<x>[._-])(?P<m>0?[1-9]|1[0-2])(?P=x)(?P<j>0?[1-9]|[12]\d|3[01])",
        rf"{_J}(?P<x>[ ._-]?){_M}(?P=x){_A}",
        rf"(?P<j>[12]\d|3[01]|0?[1-9])(?:er)?[ ._-]{_NOM_DE_MOIS}[ ._-]?{_A}",
        rf"{_A}-{_M}(?![ ._-]?\d)",
        rf"{_A}{_M}",
        rf"(?<!\d[ ._-]){_M}-{_A}",
        rf"{_A}[ ._-]?{_T}(?![a-z])",
        rf"(?<![a-z]){_T}[ ._-]?{_A}",
        rf"(?P<t>[1-4])(?:er|e|eme)?[ ._-]?trim(?:estre)?[ ._-]?{_A}",
        rf"(?P<t>[1-4])[tq][ ._-]?{_A}",
        rf"{_A}[ ._-]?{_S}(?![a-z])",
        rf"(?<![a-z]){_S}[ ._-]?{_A}",
        rf"(?P<s>[12])(?:er|e|eme|nd|d)?[ ._-]?sem(?:estre)?[ ._-]?{_A}",
        rf"(?<![a-z]){_NOM_DE_MOIS}[ ._-]?{_A}",
        rf"{_A}[ ._-]?{_NOM_DE_MOIS}(?![a-z])",
    )
)
_RECEPTION = re.compile(
    r"(?:recu|transmis|envoye|depose)e?s?[ ._-]*(?:le[ ._-]*)?[0-9]{1,4}[ ._-]?[0-9]{1,2}[ ._-]?[0-9]{1,4}"
)
# Years of two digits, day or year first: read only where the folder's vintage tells which.
_DEUX = r"(?P<a>\d{2})"
_COURTES = tuple(
    re.compile(rf"(?<![0-9])(?<![0-9][ ._-]){motif}(?![ ._-]?[0-9])")
    for motif in (
        rf"{_J}(?P<x>[._-]){_M}(?P=x){_DEUX}",
        rf"{_DEUX}(?P<x>[._-]){_M}(?P=x){_J}",
        rf"{_J}[ ._-]?{_NOM_DE_MOIS}[ ._-]?{_DEUX}",
        rf"(?<![a-z]){_NOM_DE_MOIS}[ ._-]?{_DEUX}",
        rf"(?<![a-z]){_T}[ ._-]{_DEUX}",
    )
)


@dataclass(frozen=True)
class DateExtraction:
    """The date of an extraction, and what says it (`NOM`, `DECLARATION` or `MILLESIME`)."""

    date: dt.date
    origine: str


class _Entree(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    fichier: str
    date: dt.date


def date_in_name(nom: str, millesime: int | None = None) -> dt.date | None:
    """The date that a file name states, the latest when it states several (`du_2021-01-01_au_2021-12-31`).

    A year of two digits (`31-03-22`) counts when exactly one reading of it is of the folder's vintage or of
    the year after.
    """
    propre = unicodedata.normalize("NFKD", nom.lower())
    propre = "".join(c for c in propre if not unicodedata.combining(c))
    # The day that a file was received on says nothing of its content, when another date does.
    entieres = max(_dates(_RECEPTION.sub(" ", propre)), default=None) or max(_dates(propre), default=None)
    if entieres is not None or millesime is None:
        return entieres
    courtes = {
        date
        for forme in _COURTES
        for trouve in forme.finditer(propre)
        if (date := _stated(trouve.groupdict(), siecle=2000)) and date.year - millesime in {0, 1}
    }
    return courtes.pop() if len(courtes) == 1 else None


def _dates(nom: str) -> Iterator[dt.date]:
    for forme in _FORMES:
        for trouve in forme.finditer(nom):
            if date := _stated(trouve.groupdict()):
                yield date
        # A day of a month is not that month as well.
        nom = forme.sub(" ", nom)


def _stated(parts: dict[str, str | None], siecle: int = 0) -> dt.date | None:
    """The last day of what was named; None when that month has no such day."""
    annee, mois = siecle + int(str(parts["a"])), _month(parts)
    dernier = calendar.monthrange(annee, mois)[1]
    jour = int(parts.get("j") or dernier)
    return dt.date(annee, mois, jour) if jour <= dernier else None


def _month(parts: dict[str, str | None]) -> int:
    """The last month of what was named: a month, a quarter, a half-year."""
    if parts.get("n"):
        return next(i for i, motif in enumerate(MOIS, 1) if re.fullmatch(motif, str(parts["n"])))
    if parts.get("t"):
        return 3 * int(str(parts["t"]))
    if parts.get("s"):
        return 6 * int(str(parts["s"]))
    return int(str(parts["m"]))


def declared_dates(donnees: Path) -> list[tuple[str, dt.date]]:
    """Patterns and dates of `extractions.yml`, a list of `{fichier: sne/2022/x*.csv, date: 2022-12-31}`.

    Raises:
        DonneesRefusees: the file is not that.
    """
    chemin = donnees / FILE
    if not chemin.is_file():
        return []
    try:
        documents = load_yaml(chemin.read_text(encoding="utf-8"))
        entrees = TypeAdapter(list[_Entree]).validate_python(documents[0] if documents else [])
    except (yaml.YAMLError, UnicodeDecodeError, ValidationError) as erreur:
        raise DonneesRefusees(
            f"{FILE} : liste illisible. Attendu, pour chaque fichier daté : "
            "« - {fichier: sne/<année>/prefecture*.csv, date: <année>-<mois>-<jour>} »."
        ) from erreur
    return [(e.fichier, e.date) for e in entrees]


def extraction_date(
    relatif: str, millesime: int | None, declarees: Sequence[tuple[str, dt.date]] = ()
) -> DateExtraction | None:
    """The date of a file from its name, from `extractions.yml` or from its vintage; None when none says it.

    Args:
        relatif: path in the landing folder; `archive.zip#member` for a member, whose own name comes first.
        millesime: vintage of the file's folder.
        declarees: what `declared_dates` gives; the first pattern that matches counts.
    """
    for nom in reversed(relatif.rsplit("/", 1)[-1].split("#")):
        if (date := date_in_name(nom.rsplit("/", 1)[-1], millesime)) is not None:
            return DateExtraction(date, NOM)
    for motif, date in declarees:
        if fnmatch.fnmatchcase(relatif, motif):
            return DateExtraction(date, DECLARATION)
    return None if millesime is None else DateExtraction(dt.date(millesime, 12, 31), MILLESIME)
