"""The document as a PDF, set by Typst from the same content and the same drawings as the page.

It passes strings, never markup: the template reads them from JSON. The file carries no date and is tagged for
assistive tools (PDF/UA-1).
"""

import json
import re
import shutil
import tempfile
from collections.abc import Iterable, Iterator
from itertools import islice
from pathlib import Path
from typing import Any

from pipelines.bilan import document as modele
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
        "pied": dict(document.entete).get("Données", ""),
        "edition": document.edition,
        "sections": [_section(s, 1, ancres) for s in document.sections],
    }


def _montrable(contenu: Any) -> Any:
    """The same content, each text of which the fonts can show."""
    if isinstance(contenu, str):
        return montrable(contenu)
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
        "blocs": [_bloc(bloc, ancres) for bloc in section.blocs],
        "sections": [_section(s, niveau + 1, ancres) for s in section.sections],
    }


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
        "verdict": signe + modele.LIBELLES_ETAT[carte.etat].capitalize(),
        "objectif": carte.objectif,
        "detail": carte.detail,
        "annees": [[annee, _mot(mesure, ancres)] for annee, mesure in carte.mesures],
    }


def _tableau(tableau: Tableau, ancres: set[str]) -> dict[str, Any]:
    return {
        "legende": tableau.legende,
        "entier": tableau.entier,
        "colonnes": [
            {"t": c.titre, "n": c.nombre, "poids": _poids(tableau, rang)}
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
