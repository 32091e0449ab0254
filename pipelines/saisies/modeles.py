"""The blocks of a typed file, as pydantic models; accepted words come from `vocabulaire.yml`.

A block may quote a figure (`chiffre`) and the value that its text gives (`valeur`): the bilan then says
whether the figure still is that one.
"""

import re
import unicodedata
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Annotated, Any, Self

import yaml
from pydantic import AfterValidator, BaseModel, BeforeValidator, Field, ValidationInfo, model_validator

from pipelines.affichable import affichable
from pipelines.conventions.models import Bloc, Commune, Entier, Jour, JourOuRien, Nombre, Siren
from pipelines.conventions.reading import nearest, refusal
from pipelines.conventions.vocabulary import indicator_catalogue

_LONGUEUR_MAX = 20_000
_ANCRE = re.compile(r"[a-z0-9_]+(?:-[a-z0-9_]+){4,}")


class Vocabulaire(BaseModel):
    """The words of `vocabulaire.yml`, each with its meaning."""

    chapitres: dict[str, str]
    etats: dict[str, str]


@cache
def vocabulaire() -> Vocabulaire:
    """The accepted words."""
    chemin = Path(__file__).with_name("vocabulaire.yml")
    return Vocabulaire.model_validate(yaml.safe_load(chemin.read_text(encoding="utf-8")))


def _clean(valeur: object) -> object:
    """A text as it will be read: one Unicode form, nothing that acts or is unseen, no double space.

    An empty line parts two paragraphs, and is kept.
    """
    if isinstance(valeur, bool):
        raise refusal("un texte (entre guillemets)", valeur)
    if not isinstance(valeur, str):
        return valeur
    paragraphes = re.split(r"\n\s*\n", unicodedata.normalize("NFC", valeur))
    nets = (affichable(" ".join(p.split())).strip() for p in paragraphes)
    return "\n\n".join(p for p in nets if p)


def _word(liste: str) -> AfterValidator:
    def verifier(mot: str) -> str:
        mots: dict[str, str] = getattr(vocabulaire(), liste)
        if mot not in mots:
            raise refusal(f"l'un de {', '.join(mots)}", mot, nearest(mot, mots))
        return mot

    return AfterValidator(verifier)


def _chiffre(mot: str) -> str:
    if _ANCRE.fullmatch(mot):
        indicateur = mot.split("-", 1)[0]
    elif re.fullmatch(r"[a-z0-9_]+", mot):
        indicateur = mot
    else:
        raise refusal(
            "un indicateur (hors_qpv_q1), ou l'identifiant d'un chiffre tel que le bilan l'écrit en CSV", mot
        )
    connus = indicator_catalogue() or {}
    if indicateur not in connus:
        raise refusal("un indicateur du catalogue", indicateur, nearest(indicateur, connus))
    return mot


Texte = Annotated[str, BeforeValidator(_clean), Field(min_length=1, max_length=_LONGUEUR_MAX)]
Chiffre = Annotated[str, AfterValidator(_chiffre)]
Effectif = Annotated[Entier, Field(ge=0, le=100_000)]


class Saisie(Bloc):
    """What every entry may carry: a chapter or a figure it speaks of, and whether the public may read it."""

    chapitre: Annotated[str, _word("chapitres")] | None = None
    chiffre: Chiffre | None = None
    valeur: Nombre | None = None
    publier: Annotated[bool, Field(strict=True)] = False

    @model_validator(mode="after")
    def _quoted(self) -> Self:
        if self.valeur is not None and self.chiffre is None:
            raise refusal("la clé « chiffre », qui dit de quel chiffre est cette valeur", None, cle="chiffre")
        return self


class Analyse(Saisie):
    """What the figures of a chapter mean."""

    chapitre: Annotated[str, _word("chapitres")]
    texte: Texte


class Obstacle(Saisie):
    """Why an objective is or is not reached, and what stands in the way."""

    chiffre: Chiffre
    raisons: Texte | None = None
    obstacles: Texte | None = None

    @model_validator(mode="after")
    def _said(self) -> Self:
        if self.raisons is None and self.obstacles is None:
            raise refusal("« raisons » ou « obstacles »", None, cle="raisons")
        return self


class Decision(Saisie):
    """What the conference decided."""

    texte: Texte
    date: JourOuRien = None


class Action(Saisie):
    """An action of the convention and where it stands."""

    action: Texte
    etat: Annotated[str, _word("etats")]
    pilote: Texte | None = None
    echeance: JourOuRien = None
    texte: Texte | None = None


class Instance(Saisie):
    """A meeting held, and who was there."""

    instance: Texte
    date: JourOuRien = None
    presents: Effectif | None = None
    convoques: Effectif | None = None
    texte: Texte | None = None

    @model_validator(mode="after")
    def _attendance(self) -> Self:
        if self.presents is not None and self.convoques is not None and self.presents > self.convoques:
            raise refusal(f"au plus les {self.convoques} convoqués", self.presents, cle="presents")
        return self


class Moyen(Saisie):
    """People or money given to follow the convention."""

    moyen: Texte
    texte: Texte | None = None


class Flux(Saisie):
    """The share of the flux agreed with a réservataire, in percent of the leases."""

    reservataire: Texte
    part: Annotated[Nombre, Field(ge=0, le=100)]
    texte: Texte | None = None


class Relogement(Saisie):
    """An operation of rehousing: what was planned, and what households had left to pay before and after.

    `operation` is one of the codes of the SNE (npnru, orcod, autre), whose leases of the year stand beside,
    or a name.
    """

    operation: Texte
    prevus: Effectif | None = None
    reste_a_charge_avant: Annotated[Nombre, Field(ge=0, le=100_000)] | None = None
    reste_a_charge_apres: Annotated[Nombre, Field(ge=0, le=100_000)] | None = None
    texte: Texte | None = None


class Motif(Saisie):
    """Why candidates refused, or why tenants asked to move: no source of the warehouse says it."""

    motif: Texte
    nombre: Effectif | None = None
    source: Texte | None = None
    texte: Texte | None = None


class Sru(Saisie):
    """Where a commune stands towards its legal share of social housing, as its notification says it."""

    commune: Commune
    taux: Annotated[Nombre, Field(ge=0, le=100)]
    objectif: Annotated[Nombre, Field(ge=0, le=100)] | None = None
    manquants: Effectif | None = None
    date: Jour
    source: Texte
    texte: Texte | None = None


class Experimentation(Saisie):
    """Something tried out."""

    experimentation: Texte
    etat: Annotated[str, _word("etats")] | None = None
    texte: Texte | None = None


class Verification(Saisie):
    """A figure published elsewhere, to hold against the one of the warehouse."""

    affirmation: Texte
    chiffre: Chiffre
    valeur: Nombre
    source: Texte | None = None


class Validation(Saisie):
    """Who validates the bilan, and when."""

    par: Texte
    date: JourOuRien = None
    texte: Texte | None = None


class FichierSaisies(Bloc):
    """A whole file. Every list may be empty: the bilan leaves a marked place."""

    siren: Siren
    annee: Annotated[Entier, Field(ge=1990, le=2200)]
    donnees_fictives: Annotated[bool, Field(strict=True)] = False
    editeur: Texte | None = None
    analyses: tuple[Analyse, ...] = ()
    objectifs: tuple[Obstacle, ...] = ()
    decisions: tuple[Decision, ...] = ()
    actions: tuple[Action, ...] = ()
    instances: tuple[Instance, ...] = ()
    moyens: tuple[Moyen, ...] = ()
    flux: tuple[Flux, ...] = ()
    relogements: tuple[Relogement, ...] = ()
    motifs_refus: tuple[Motif, ...] = ()
    motifs_mutation: tuple[Motif, ...] = ()
    sru: tuple[Sru, ...] = ()
    experimentations: tuple[Experimentation, ...] = ()
    verifications: tuple[Verification, ...] = ()
    validation: Validation | None = None

    @model_validator(mode="before")
    @classmethod
    def _empty_lists(cls, contenu: Any, _: ValidationInfo) -> Any:
        # A heading with nothing under it is an empty list: the model that people fill in is made of them.
        if not isinstance(contenu, dict):
            return contenu
        return {cle: valeur for cle, valeur in contenu.items() if valeur is not None}


@dataclass(frozen=True)
class Saisies:
    """A file read: what it says, and what identifies its bytes."""

    contenu: FichierSaisies
    fichier: str
    taille: int
    empreinte: str
