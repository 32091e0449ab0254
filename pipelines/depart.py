"""What a new territory starts from: who it is, what the law asks of it, what is still to be found.

Joins the shipped references, the conventions and the registry of downloads. Rules by nature, size or year are
rows of `depart.yml`.
"""

import csv
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from functools import cache
from pathlib import Path

import yaml
from pydantic import BaseModel, ConfigDict

from pipelines import references, telechargement
from pipelines.conventions import commented_template
from pipelines.errors import MauvaisUsage
from pipelines.ingestion.examen import settings
from pipelines.paths import DBT_PROJECT, TERRITOIRES
from pipelines.references import Territoire

_REGLES = Path(__file__).with_suffix(".yml")


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Obligation(_Strict):
    """What the law asks of the territories of some natures, from a size on."""

    natures: tuple[str, ...]
    article: str
    phrase: str
    debut: date
    fin: date | None = None
    population_min: int = 0
    commune_min: int = 0
    quartiers_min: int = 0

    def applies(self, territoire: Territoire) -> bool:
        """Whether a territory is concerned; a size must be passed, not reached."""
        return (
            territoire.nature in self.natures
            and self.fin is None
            and (not self.population_min or territoire.population > self.population_min)
            and (not self.commune_min or max(c.population for c in territoire.communes) > self.commune_min)
            and len(territoire.quartiers) >= self.quartiers_min
        )


class Arrete(_Strict):
    """A yearly order on the thresholds of the first quartile."""

    annee: int
    date: date
    reference: str | None = None
    adresse: str | None = None


class Regles(_Strict):
    """Everything that `depart.yml` holds."""

    natures: dict[str, str]
    obligations: tuple[Obligation, ...]
    sans_obligation: str
    arretes_seuils_q1: tuple[Arrete, ...]
    recherche_arretes: str


@dataclass(frozen=True)
class Depart:
    """A new territory: its name, what is said of it, and its first convention file, which says more."""

    nom: str
    lignes: tuple[str, ...]
    convention: str


@cache
def rules() -> Regles:
    """Return the rules, read once."""
    return Regles.model_validate(yaml.safe_load(_REGLES.read_text(encoding="utf-8")))


def start(siren: str, nom: str | None = None, dossier: Path = TERRITOIRES) -> Depart:
    """Describe a territory and write its first convention file.

    Raises:
        MauvaisUsage: the SIREN is in no shipped list, or has no commune there today.

    """
    territoire = references.territory(siren)
    if territoire is None:
        raise MauvaisUsage(unknown(siren))
    usuel = nom or territoire.nom
    identite, a_trouver = tuple(_identity(territoire)), tuple(_to_find(territoire))
    textes = (*identite, *_places(territoire), *a_trouver)
    return Depart(usuel, (*identite, *a_trouver), commented_template(siren, usuel, dossier, textes))


def unknown(siren: str) -> str:
    """Say why a SIREN is not a territory's."""
    if siren in references.territories():
        return (
            f"{siren} : ce territoire n'a plus de commune dans la dernière liste livrée ; il a été dissous."
        )
    return (
        f"{siren} : ce SIREN n'est celui d'aucun EPCI à fiscalité propre des listes livrées, d'aucun "
        "établissement public territorial de la Métropole du Grand Paris, ni de Paris. Vérifiez-le sur la "
        "liste de la DGCL (https://www.collectivites-locales.gouv.fr) ; celui d'une autre commune, d'un "
        "syndicat ou d'un bailleur ne convient pas."
    )


def _identity(territoire: Territoire) -> Iterator[str]:
    noms = {r["code_departement"]: r["nom"] for r in _seed("ref_departements")}
    region = next(r["nom"] for r in _seed("ref_regions") if r["code_region"] == territoire.region)
    departements = ", ".join(f"{noms[code]} ({code})" for code in territoire.departements)
    nature = rules().natures.get(territoire.nature, territoire.nature)
    communes = f"{len(territoire.communes)} commune{'s' if len(territoire.communes) > 1 else ''}"
    yield (
        f"{territoire.nom} ({nature}, SIREN {territoire.siren}) : {communes}, "
        f"{_number(territoire.population)} habitants ; {departements} ; "
        f"région {region} ({territoire.region})."
    )
    if territoire.epci_liste is not None:
        liste = references.territories()[territoire.epci_liste][0]
        yield f"Les listes d'EPCI rattachent ses communes à : {liste} ({territoire.epci_liste})."
    concernees = [o for o in rules().obligations if o.applies(territoire)]
    yield (
        f"Obligation : {concernees[0].phrase} ({concernees[0].article})."
        if concernees
        else f"Obligation : {rules().sans_obligation}."
    )
    par_generation = [
        f"{sum(q.generation == generation for q in territoire.quartiers)} de {generation}"
        for generation in sorted({q.generation for q in territoire.quartiers})
    ]
    yield f"Quartiers prioritaires : {' et '.join(par_generation) or 'aucun'}."


def _places(territoire: Territoire) -> Iterator[str]:
    yield "Communes : " + ", ".join(f"{c.nom} ({c.code})" for c in territoire.communes) + "."
    for generation in sorted({q.generation for q in territoire.quartiers}):
        quartiers = [q for q in territoire.quartiers if q.generation == generation]
        yield (
            f"Quartiers prioritaires de {generation} ({len(quartiers)}) : "
            + ", ".join(f"{q.libelle} ({q.code})" for q in quartiers)
            + "."
        )


def _to_find(territoire: Territoire) -> Iterator[str]:
    """What no open list gives: thresholds, by order, and restricted files."""
    seuils = _seed("ref_seuils_q1")
    regional = territoire.region in {s["code"] for s in seuils if s["portee"] == "region"}
    portee, code = ("region", territoire.region) if regional else ("epci", territoire.siren)
    connus = {int(s["annee"]): s["seuil"] for s in seuils if (s["portee"], s["code"]) == (portee, code)}
    annees = ", ".join(f"{_number(int(seuil))} € en {annee}" for annee, seuil in sorted(connus.items()))
    forme = settings()["references"]["seuil_q1"]
    yield f"Seuils du premier quartile livrés, par an et par UC : {annees or 'aucun'}."
    yield (
        f"À trouver, seuils du premier quartile : {forme['ou']} ({rules().recherche_arretes}). Déposez "
        f"{forme['fichier'].format(annee='<année>')}, colonnes {forme['colonnes']} ; par exemple "
        f"{forme['exemple'].format(annee='<année>', portee=portee, code=code)}."
    )
    for arrete in rules().arretes_seuils_q1:
        if arrete.annee not in connus:
            ou = arrete.adresse or arrete.reference or "référence à chercher"
            yield f"  seuil de {arrete.annee} : arrêté du {arrete.date:%d/%m/%Y}, {ou}."
    for produit in telechargement.load_registry():
        if produit.acces == "demande":
            yield (
                f"À demander : {produit.titre}. Qui la détient : {produit.contact}. Où la déposer : "
                f"{produit.destination}. {produit.licence}."
            )


def _number(nombre: int) -> str:
    return f"{nombre:,}".replace(",", "\u202f")


def _seed(nom: str) -> list[dict[str, str]]:
    with (DBT_PROJECT / "seeds" / f"{nom}.csv").open(encoding="utf-8", newline="") as flux:
        return list(csv.DictReader(flux))
