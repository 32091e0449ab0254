"""The words a convention may use, read once from `vocabulaire.yml`, and the catalogue of indicators.

No word and no default value is written in this module.
"""

import csv
import re
from collections.abc import Mapping
from datetime import date
from functools import lru_cache
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from pipelines.conventions.reading import nearest, read, refusal, validate
from pipelines.paths import DBT_PROJECT

INDICATEURS = DBT_PROJECT / "seeds" / "ref_indicateurs.csv"
_FICHIER = Path(__file__).with_name("vocabulaire.yml")
_ANNEE = re.compile(r"[12][0-9]{3}")


class _Mots(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class BornesEntieres(_Mots):
    """Whole numbers accepted beside the listed values."""

    minimum: int
    maximum: int
    libelle: str


class BornesDates(_Mots):
    """Dates outside these bounds are typing errors."""

    minimum: date
    maximum: date


class ParametreDeclare(_Mots):
    """One question the texts leave open, its default and the accepted answers."""

    question: str
    defaut: str
    par_region: dict[str, str] = {}
    valeurs: dict[str, str]
    entier: BornesEntieres | None = None
    annee: str | None = None
    reference: str

    def default(self, region: str | None) -> str:
        """The answer of a territory that gives none: its region's where the texts have one."""
        return self.defaut if region is None else self.par_region.get(region, self.defaut)

    def answers(self) -> list[str]:
        """Accepted answers as a reader would list them."""
        reponses = list(self.valeurs)
        if self.entier:
            reponses.append(f"un entier de {self.entier.minimum} à {self.entier.maximum}")
        if self.annee:
            reponses.append("une année à quatre chiffres")
        return reponses

    def accepts(self, valeur: str) -> bool:
        """Whether a value answers the question."""
        if valeur in self.valeurs:
            return True
        if self.annee and _ANNEE.fullmatch(valeur):
            return True
        entier = self.entier
        return bool(
            entier
            and re.fullmatch(r"0|[1-9][0-9]{0,8}", valeur)
            and entier.minimum <= int(valeur) <= entier.maximum
        )


class Forme(_Mots):
    """What a code looks like on an axis or for a criterion."""

    libelle: str
    motif: str | None = None
    exemple: str | None = None
    aucune: bool = False

    def check(self, valeur: str) -> None:
        """Raise the refusal of a value that has not this shape."""
        if self.motif is not None and not re.fullmatch(self.motif, valeur, flags=re.ASCII):
            raise refusal(f"{self.libelle} (par exemple {self.exemple})", valeur)


class Vocabulaire(_Mots):
    """Everything `vocabulaire.yml` declares."""

    dates: BornesDates
    parametres: dict[str, ParametreDeclare]
    evenements: dict[str, str]
    operateurs: dict[str, str]
    statuts: dict[str, str]
    socle_legal: dict[str, str]
    axes: dict[str, Forme]
    types_zone: dict[str, str]
    criteres: dict[str, Forme]
    rapports: dict[str, str]
    periodicites: dict[str, str]
    roles_methode: dict[str, str]
    sources_millesime: dict[str, str] = Field(min_length=1)

    def check_word(self, liste: str, valeur: str) -> str:
        """A word of one of the lists, or the refusal that names the list."""
        connus: Mapping[str, Any] = getattr(self, liste)
        if valeur not in connus:
            raise refusal(f"l'une des valeurs {', '.join(connus)}", valeur, nearest(valeur, connus))
        return valeur


@lru_cache(maxsize=1)
def vocabulary() -> Vocabulaire:
    """The vocabulary, read once per process."""
    return validate(Vocabulaire, read(_FICHIER), {})


def indicator_catalogue(chemin: Path = INDICATEURS) -> dict[str, str | None] | None:
    """Identifier → unit of each indicator of the contract (None: unit not stated).

    Returns None when the catalogue is not there: identifiers are then not checked.
    """
    lignes = _catalogue_rows(chemin)
    return {ligne["indicateur"]: ligne.get("unite") for ligne in lignes} or None


def event_families(chemin: Path = INDICATEURS) -> dict[str, str]:
    """Indicator → its family; one event per family, that of the parameter `evenement_<famille>`."""
    return {
        ligne["indicateur"]: famille
        for ligne in _catalogue_rows(chemin)
        if (famille := ligne.get("famille_evenement"))
    }


def _catalogue_rows(chemin: Path) -> list[dict[str, str]]:
    if not chemin.is_file():
        return []
    with chemin.open(encoding="utf-8", newline="") as fichier:
        return list(csv.DictReader(fichier))
