"""The document as a PDF, set by Typst from the same content and the same drawings as the page.

It passes strings, never markup: the template reads them from JSON. The file carries no date and is tagged for
assistive tools (PDF/UA-1).
"""

import json
import math
import re
import shutil
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from functools import lru_cache
from itertools import islice
from pathlib import Path
from typing import Any

from pipelines.bilan import document as modele
from pipelines.bilan import formats
from pipelines.bilan.composition import composer
from pipelines.bilan.document import (
    Bloc,
    Cartes,
    Cellule,
    Definitions,
    Document,
    Encadre,
    Graphique,
    Manquant,
    Mesure,
    Paragraphe,
    Puces,
    Reperes,
    Section,
    Tableau,
)
from pipelines.bilan.glyphes import montrable
from pipelines.bilan.tables import ancre_de_regle

_GABARIT = Path(__file__).with_name("gabarits") / "document.typ"
_MM_PAR_PIXEL = 0.225
# An identifier of 64 characters must not be given less room than it takes.
_TEXTE_MAX = 66
# Characters of the smallest text of a table that a line holds, and those that the edges of a cell take.
_CARACTERES, _MARGE, _MINCES = 124, 1.7, frozenset("fijlrtI.,:;!|’' \u202f")
_SERRE = 0.6
# What half a page holds: rows, columns, and the characters of the numbers beside the names.
_LIGNES_ETROITES, _COLONNES_ETROITES, _DEMI_PAGE = 14, 4, 32

LOT = 30
"""Documents set by one process of Typst, which keeps them all in memory."""


def rendre(document: Document) -> bytes:
    """Set a document as PDF."""
    return next(rendre_tous([document]))


def rendre_tous(documents: Iterable[Document]) -> Iterator[bytes]:
    """Set documents as PDF, in order: a few at a time, so that memory does not grow with them."""
    restants = iter(documents)
    while lot := list(islice(restants, LOT)):
        with tempfile.TemporaryDirectory(prefix="observatoire-") as dossier:
            places = [Path(dossier) / str(rang) for rang in range(len(lot))]
            for place, document in zip(places, lot, strict=True):
                place.mkdir()
                shutil.copyfile(_GABARIT, place / "document.typ")
                contenu = json.dumps(_montrable(_contenu(document)), ensure_ascii=False)
                (place / "document.json").write_text(contenu, encoding="utf-8")
            composer(places)
            for place in places:
                yield (place / "document.pdf").read_bytes()


def _contenu(document: Document) -> dict[str, Any]:
    document = document.a_imprimer()
    ancres = {ligne.ancre for t in document.tableaux() for ligne in t.lignes if ligne.ancre}
    return {
        "titre": document.titre,
        "sous_titre": document.sous_titre,
        "entete": document.entete,
        "pied": " ".join(document.entete[-1]) if document.entete else "",
        "edition": document.edition,
        "sections": [_section(s, 1, ancres) for s in document.sections],
    }


def _montrable(contenu: Any) -> Any:
    """The same content, each text of which the fonts can show."""
    if isinstance(contenu, str):
        return montrable(formats.guillemets(contenu))
    if isinstance(contenu, dict):
        return {nom: _montrable(valeur) for nom, valeur in contenu.items()}
    if isinstance(contenu, list | tuple):
        return [_montrable(valeur) for valeur in contenu]
    return contenu


def _section(section: Section, niveau: int, ancres: set[str]) -> dict[str, Any]:
    return {
        "niveau": niveau,
        "titre": section.titre,
        "page": section.nouvelle_page,
        "blocs": _blocs(section.blocs, ancres),
        "sections": _sous_sections(section.sections, niveau + 1, ancres),
    }


def _sous_sections(sections: Sequence[Section], niveau: int, ancres: set[str]) -> list[dict[str, Any]]:
    """Sub-sections as they are set: two that are a narrow table each, one beside the other."""
    places: list[dict[str, Any]] = []
    rang = 0
    while rang < len(sections):
        cote = sections[rang : rang + 2]
        ecrites = [_section(s, niveau, ancres) for s in cote]
        if len(cote) == 2 and all(map(_demi_page, cote)):
            places.append({"paire": ecrites})
            rang += 2
        else:
            places.append(ecrites[0])
            rang += 1
    return places


def _demi_page(section: Section) -> bool:
    return (
        len(section.blocs) == 1
        and not section.sections
        and isinstance(section.blocs[0], Tableau)
        and _etroit(section.blocs[0])
    )


def _blocs(blocs: Sequence[Bloc], ancres: set[str]) -> list[dict[str, Any]]:
    """Blocks as they are set: a table too wide for the page in parts, two narrow ones side by side."""
    places: list[dict[str, Any]] = []
    etroits: list[dict[str, Any]] = []

    def poser_etroits() -> None:
        while len(etroits) > 1:
            places.append({"genre": "Paire", "tableaux": [etroits.pop(0), etroits.pop(0)]})
        if etroits:
            places.append(etroits.pop())

    for bloc in blocs:
        if isinstance(bloc, Tableau) and _etroit(bloc):
            etroits.append(_bloc(bloc, ancres))
            continue
        poser_etroits()
        parties: Sequence[Bloc] = (bloc,)
        if isinstance(bloc, Tableau):
            parties = _parties(bloc)
        places += [_bloc(partie, ancres) for partie in parties]
    poser_etroits()
    return places


def _etroit(tableau: Tableau) -> bool:
    """Whether half a page is enough: a name and a few numbers, in a few rows."""
    nombres = range(1, len(tableau.colonnes))
    return (
        0 < len(nombres) < _COLONNES_ETROITES
        and all(tableau.colonnes[rang].nombre for rang in nombres)
        and len(tableau.lignes) <= _LIGNES_ETROITES
        and not any(ligne.ancre for ligne in tableau.lignes)
        and sum(_besoin(tableau, rang) for rang in nombres) <= _DEMI_PAGE
    )


def _parties(tableau: Tableau) -> list[Tableau]:
    """The table, or its columns shared out where no line could hold their longest words."""
    place = _CARACTERES - _besoin(tableau, 0)
    groupes: list[list[int]] = [[]]
    reste = place
    for rang in range(1, len(tableau.colonnes)):
        besoin = _besoin(tableau, rang)
        if besoin > reste and groupes[-1]:
            groupes.append([])
            reste = place
        groupes[-1].append(rang)
        reste -= besoin
    if len(groupes) == 1:
        return [tableau]
    # As many columns in each part, and not a last one of a single column.
    nombre = math.ceil((len(tableau.colonnes) - 1) / len(groupes))
    rangs = list(range(1, len(tableau.colonnes)))
    parts = [rangs[debut : debut + nombre] for debut in range(0, len(rangs), nombre)]
    return [
        replace(
            tableau,
            legende=tableau.legende if part is parts[0] else f"{tableau.legende} (suite)",
            colonnes=tuple(tableau.colonnes[rang] for rang in (0, *part)),
            lignes=tuple(
                replace(
                    ligne,
                    cellules=tuple(ligne.cellules[rang] for rang in (0, *part)),
                    ancre=ligne.ancre if part is parts[0] else None,
                )
                for ligne in tableau.lignes
            ),
        )
        for part in parts
    ]


def _besoin(tableau: Tableau, rang: int) -> float:
    """The least width of a column, in characters: a word of its title, or a number, is not cut."""
    textes = [modele.texte(ligne.cellules[rang]) for ligne in tableau.lignes]
    mots = [m for texte in textes for m in texte.split()]
    nombres = textes if tableau.colonnes[rang].nombre else mots
    return max(map(_largeur_du_mot, [*tableau.colonnes[rang].titre.split(), *nombres]), default=0) + _MARGE


@lru_cache(maxsize=65536)
def _largeur_du_mot(mot: str) -> float:
    """Width of a word, in characters of the middle width: half of one for a thin letter."""
    return sum(0.5 if lettre in _MINCES else 1.0 for lettre in mot)


def _bloc(bloc: Bloc, ancres: set[str]) -> dict[str, Any]:
    genre: dict[str, Any] = {"genre": type(bloc).__name__}
    match bloc:
        case Paragraphe():
            return genre | {"style": bloc.genre, "morceaux": [_mot(m, ancres) for m in bloc.morceaux]}
        case Puces():
            return genre | {"elements": [[_mot(m, ancres) for m in element] for element in bloc.elements]}
        case Tableau():
            return genre | _tableau(bloc, ancres)
        case Graphique():
            return genre | {
                "titre": bloc.titre,
                "description": bloc.description,
                "svg": bloc.svg,
                "legende": bloc.legende,
                "largeur": _largeur(bloc.svg) * _MM_PAR_PIXEL,
            }
        case Encadre():
            paragraphes = [[_mot(m, ancres) for m in p] for p in bloc.paragraphes]
            return genre | {"style": bloc.genre, "titre": bloc.titre, "paragraphes": paragraphes}
        case Manquant():
            return genre | {"titre": bloc.titre, "texte": bloc.texte}
        case Reperes():
            return genre | {"elements": [{"t": t, "m": _mot(m, ancres)} for t, m in bloc.elements]}
        case Cartes():
            return genre | {"cartes": [_carte(carte, ancres) for carte in bloc.cartes]}
        case Definitions():
            return genre | {"termes": bloc.termes}


def _carte(carte: modele.Carte, ancres: set[str]) -> dict[str, Any]:
    signe = {"atteint": "✓ ", "non_atteint": "✗ "}.get(carte.etat, "")
    return {
        "titre": carte.titre,
        "etat": carte.etat,
        "resultat": _mot(carte.mesure, ancres),
        "verdict": signe + formats.majuscule(modele.LIBELLES_ETAT[carte.etat]),
        "objectif": carte.objectif,
        "detail": carte.detail,
        "annees": [[annee, _mot(mesure, ancres)] for annee, mesure in carte.mesures],
    }


def _tableau(tableau: Tableau, ancres: set[str]) -> dict[str, Any]:
    # Where numbers have just the room that their words need, each column has that.
    besoins = [_besoin(tableau, rang) for rang in range(len(tableau.colonnes))]
    serre = all(c.nombre for c in tableau.colonnes[1:]) and sum(besoins) > _CARACTERES * _SERRE
    return {
        "legende": tableau.legende,
        "entier": tableau.entier,
        "colonnes": [
            {"t": c.titre, "n": c.nombre, "poids": besoins[rang] if serre else _poids(tableau, rang)}
            for rang, c in enumerate(tableau.colonnes)
        ],
        "lignes": [
            {
                "forte": ligne.forte,
                "a": ligne.ancre,
                "c": [_mot(c, set() if ligne.ancre else ancres) for c in ligne.cellules],
            }
            for ligne in tableau.lignes
        ],
    }


def _poids(tableau: Tableau, rang: int) -> float | None:
    # Short numbers take what they need; the rest is shared according to what stands in each column.
    titre = tableau.colonnes[rang].titre
    longueurs = [len(modele.texte(ligne.cellules[rang])) for ligne in tableau.lignes]
    longueur = max(longueurs, default=0)
    if rang and max(len(titre), longueur) <= 13:
        return None
    if tableau.colonnes[rang].nombre:
        mot = max(len(m) for m in titre.split())
        return max(longueur, mot, len(titre) / 3) + 1
    return min(max(longueur, len(titre) / 2, 16), _TEXTE_MAX)


def _mot(cellule: Cellule, ancres: set[str]) -> dict[str, Any]:
    lien = None
    if isinstance(cellule, Mesure) and cellule.champ == "valeur" and cellule.chiffre is not None:
        regle = ancre_de_regle(cellule.chiffre.indicateur)
        lien = regle if regle in ancres else None
    return {"t": modele.texte(cellule), "k": modele.classe(cellule), "l": lien}


def _largeur(svg: str) -> float:
    trouvee = re.search(r'<svg[^>]*\swidth="([0-9.]+)"', svg)
    return float(trouvee.group(1)) if trouvee else 800.0
