"""French words for the codes of the warehouse, read from `libelles.yml`.

Words only: no figure, no rule. A code without an entry is written as it is.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import yaml

_SANS_REPONSE = ("inconnu", "non_renseigne")
_FICHIER = Path(__file__).with_name("libelles.yml")


@dataclass(frozen=True, slots=True)
class Source:
    """A source as a reader knows it, and from whom it can be had."""

    nom: str
    court: str
    contenu: str
    aupres: str


@cache
def _textes() -> dict[str, Any]:
    textes: dict[str, Any] = yaml.safe_load(_FICHIER.read_text(encoding="utf-8"))
    return textes


def source(ident: str) -> Source:
    """The source of that identifier, or one named after it."""
    champs = _textes()["sources"].get(ident.lower())
    return Source(**champs) if champs else Source(ident, ident, "", "")


def rapport(ident: str) -> str:
    """A report of a convention's calendar, in words."""
    return str(_textes()["rapports"].get(ident) or ident.replace("_", " "))


def produit(ident: str) -> str:
    """What one kind of file holds, in words."""
    return str(_textes()["produits"].get(ident) or ident.replace("_", " "))


def axe(ident: str, forme: str = "titre") -> str:
    """The axis in words: `titre` for a column, `un` and `plusieurs` for a sentence, `aucun` to say none."""
    textes, croises = _textes()["axes"], ident.split(" x ")
    if forme == "aucun":
        return str(textes.get(ident, {}).get("aucun", "aucun"))
    if len(croises) > 1 and forme != "titre":
        # Two axes joined: each is a pair, whatever it is of.
        noms = " × ".join(textes.get(m, {}).get("un", m) for m in croises)
        return f"{'croisement' if forme == 'un' else 'croisements'} {noms}"
    return " × ".join(textes.get(m, {}).get(forme, m) for m in croises)


def periodes() -> dict[str, str]:
    """The kinds of period in words, in reading order."""
    return dict(_textes()["periodes"])


def unite(ident: str, forme: str = "long") -> str:
    """The unit in words: `court` after a number (nothing for what is only counted), `long` beside an axis."""
    entree = _textes()["unites"].get(ident)
    if entree is None:
        return ident if forme == "long" else ""
    return str(entree[forme])


def segment_type(ident: str) -> str:
    """The kind of split in words."""
    return str(_textes()["segments"].get(ident) or ident.replace("_", " ").capitalize())


def segment(type_: str, valeur: str) -> str:
    """One value of a split in words."""
    valeurs = _textes()["valeurs"]
    return str(valeurs.get(f"{type_}/{valeur}") or valeurs.get(valeur) or valeur.replace("_", " "))


def ordonner_segments(type_: str, valeurs: Iterable[str]) -> list[str]:
    """Values of a split in the order of `libelles.yml`, then those it does not know, by code."""
    rangs = {cle: rang for rang, cle in enumerate(_textes()["valeurs"])}
    return sorted(valeurs, key=lambda v: (v in _SANS_REPONSE, rangs.get(f"{type_}/{v}", len(rangs)), v))


def parametre(ident: str, valeur: str) -> tuple[str, str]:
    """A parameter of the convention as a question and the answer kept."""
    entree = _textes()["parametres"].get(ident)
    if entree is None:
        return ident.replace("_", " ").capitalize(), valeur
    return entree["question"], str(entree["valeurs"].get(valeur, valeur))


def evenement(ident: str) -> str:
    """The event an objective counts, in words."""
    return str(_textes()["evenements"].get(ident, ident))


def type_indicateur(ident: str) -> str:
    """What an indicator of a neighbourhood says, in words."""
    return str(_textes()["types_indicateurs"].get(ident, ident))


def saisie(ident: str) -> str:
    """Words that introduce what someone typed, or the place left for it."""
    return str(_textes()["saisies"].get(ident, ident))


def etats() -> list[str]:
    """The states of an action, in the order in which it goes through them."""
    return list(_textes()["etats"])


def etat(ident: str) -> str:
    """Where an action stands, in words."""
    return str(_textes()["etats"].get(ident, ident))


def glossaire() -> tuple[tuple[str, str], ...]:
    """Terms and definitions, in reading order."""
    return tuple((terme, " ".join(texte.split())) for terme, texte in _textes()["glossaire"].items())


def repere(indicateur: str) -> str:
    """What stands under a figure that is shown large, empty where the name of its indicator says it."""
    return str(_textes()["reperes"].get(indicateur, ""))


def chapo(ident: str) -> str:
    """The opening sentence of a section."""
    return " ".join(str(_textes()["chapos"][ident]).split())


def lecture() -> tuple[str, ...]:
    """How to read the tables, one sentence per convention of writing."""
    return tuple(_textes()["lecture"])
