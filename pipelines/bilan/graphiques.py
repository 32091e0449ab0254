"""Charts, as Vega-Lite specifications rendered to SVG by vl-convert.

Each function takes rows that are already worded and gives a finished SVG; no figure is computed here. The
specifications are plain JSON rather than Altair objects: they are short, and importing Altair costs more than
drawing all the charts of a bilan.

Colours are safe for the colour-blind and differ in darkness, so that a black-and-white print keeps them
apart; no state is told by colour alone. Masked cells are hatched, which Vega has no word for: they are drawn
in a marker colour that is then replaced by a pattern.
"""

import json
import math
import re
import textwrap
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

import vl_convert

from pipelines.bilan import formats
from pipelines.bilan.composition import POLICES
from pipelines.bilan.document import Etat

_VERSION = "6.1"

COULEURS: dict[Etat, str] = {
    "atteint": "#0b4f8a",
    "non_atteint": "#d9730d",
    "suivi": "#7a8ca0",
    "rupture_serie": "#7a8ca0",
    "sans_objet": "#7a8ca0",
    "par_acteur": "#7a8ca0",
    "secret": "#fedcba",
    "indisponible": "#fedcba",
    "absent": "#fedcba",
}
_MARQUEUR = "#fedcba"
SIGNES: dict[Etat, str] = {"atteint": " ✓", "non_atteint": " ✗"}
_ENCRE = "#1d2733"
_COURBE = "#3d4f63"
_GRILLE = "#dfe4ea"
_DEGRADE = ["#eef4fa", "#b9d3ea", "#6ea3d0", "#2c6fab", "#0b3c6b"]
_TAILLE = 13
_LIGNES_AU_LARGE = 10
_LARGEUR = 760
# White under the letters, then the letters: they stay readable over a line or a hatching.
_HALO: list[dict[str, Any]] = [
    {"color": "#ffffff", "stroke": "#ffffff", "strokeWidth": 4, "strokeJoin": "round"},
    {"color": _ENCRE},
]

_LEGENDES: tuple[tuple[tuple[Etat, ...], str], ...] = (
    (("atteint",), "bleu foncé et ✓ : objectif atteint"),
    (("non_atteint",), "orange et ✗ : non atteint"),
    (("suivi", "rupture_serie", "sans_objet"), "gris : sans objectif chiffré"),
    (("par_acteur",), "gris, « par acteur » : l’objectif est celui de chaque acteur, pas de l’ensemble"),
    (("secret", "indisponible", "absent"), "hachures : secret"),
)
LEGENDE_QUARTIERS = (
    "Rond bleu foncé : objectif atteint ; carré orange : non atteint ; losange gris : sans objectif ou sans "
    "chiffre. Les numéros renvoient au tableau."
)
LEGENDE_COMMUNES = (
    "Bleu foncé et ✓ : objectif atteint ; orange et ✗ : non atteint ; gris : sans objectif ; hachures : "
    "secret ; blanc : aucun chiffre. Sont nommées les communes qui ont le plus d’attributions."
)
LEGENDE_POINTS = (
    "Rond bleu foncé et ✓ : objectif atteint ; carré orange et ✗ : non atteint ; losange gris : sans "
    "objectif. Le trait noir marque l’objectif."
)
LEGENDE_CLASSES = (
    "Le chiffre est la classe, et plus le lieu est foncé, plus elle est fragile : dans un losange, celle "
    "d’un quartier ou d’une zone ; seul, celle de la commune hors quartiers prioritaires ; blanc : non "
    "classé. Les zones sans contour sont dans le tableau."
)
LEGENDE_NUANCES = (
    "Plus la commune est foncée, plus la part est élevée ; blanc : aucun chiffre. Sont nommées celles qui "
    "ont le plus d’attributions."
)


@dataclass(frozen=True, slots=True)
class Barre:
    """One bar: its name, its value if it may be shown, its words, its target, its state, and the words of the
    target."""

    nom: str
    valeur: float | None
    texte: str
    cible: float | None
    etat: Etat
    objectif: str = ""


@dataclass(frozen=True, slots=True)
class Serie:
    """One small trend: points are (period, value or None, words, target of that period or None)."""

    nom: str
    points: tuple[tuple[str, float | None, str, float | None], ...]


@dataclass(frozen=True, slots=True)
class Case:
    """One cell of a heat map."""

    ligne: str
    colonne: str
    valeur: float | None
    texte: str
    etat: Etat


@dataclass(frozen=True, slots=True)
class Forme:
    """One place of a map: GeoJSON outline, fill, and what is written on it: a mark in the sign of its state,
    or the lines of a label, of which the first rank is written first."""

    geometrie: str
    couleur: str
    repere: str = ""
    etat: Etat = "absent"
    etiquette: str = ""
    rang: int = 0


def legende_des_etats(lignes: Sequence[Barre]) -> str:
    """What the colours and marks of these bars mean, those alone that are drawn."""
    etats = {barre.etat for barre in lignes}
    dits = [mots for siens, mots in _LEGENDES if etats & set(siens)]
    cibles = {barre.objectif for barre in lignes if barre.cible is not None}
    if not cibles:
        trait = ""
    elif len(cibles) == 1 and all(cibles):
        trait = f" Le trait noir marque l’objectif : {min(cibles)}."
    else:
        trait = " Le trait noir marque l’objectif."
    return f"{formats.majuscule(' ; '.join(dits))}.{trait}"


def _rangee(nom: str, barre: Barre) -> dict[str, Any]:
    """What a line of a ranked chart holds beside its mark."""
    return {
        "nom": nom,
        "texte": barre.texte + SIGNES.get(barre.etat, ""),
        "couleur": COULEURS[barre.etat],
        "cible": barre.cible,
    }


def barres(ident: str, lignes: Sequence[Barre], *, pourcent: bool = True, entier: bool = False) -> str:
    """Horizontal bars, one per actor, with target ticks; results, and targets where they differ, in a column
    of their own. `entier` for an axis up to 100 %."""
    valeurs = [b.valeur for b in lignes] + [b.cible for b in lignes]
    maximum = 100.0 if entier else _maximum(valeurs, pourcent)
    noms = _uniques([_sur_trois_lignes(b.nom) for b in lignes])
    hauteur = (30, 33, 54)[max((nom.count("|") for nom in noms), default=0)]
    divers = len({b.objectif for b in lignes if b.objectif}) > 1

    def suite(barre: Barre) -> str:
        if barre.etat == "par_acteur":
            return " · par acteur"
        return f" · {barre.objectif}" if divers and barre.objectif else ""

    donnees = [
        _rangee(nom, barre) | {"objectif": suite(barre), "v": _bout(barre, maximum)}
        for nom, barre in zip(noms, lignes, strict=True)
    ]
    y = {
        "field": "nom",
        "type": "nominal",
        "sort": None,
        "axis": {
            "title": None,
            "domain": False,
            "ticks": False,
            "labelExpr": "split(datum.label, '|')",
            "labelLimit": 290,
            "labelPadding": 8,
            "labelLineHeight": 15,
        },
    }
    echelle = {"domain": [0, maximum], "nice": False}
    calques = [
        {
            "mark": {"type": "bar", "height": {"band": 0.66}},
            "encoding": {
                "y": y,
                "x": {
                    "field": "v",
                    "type": "quantitative",
                    "scale": echelle,
                    "axis": _axe_quantitatif(pourcent),
                },
                "color": {"field": "couleur", "type": "nominal", "scale": None},
            },
        },
        {
            "transform": [{"filter": "datum.cible != null"}],
            "mark": {"type": "tick", "thickness": 3, "color": _ENCRE, "opacity": 1, "height": {"band": 0.96}},
            "encoding": {"y": y, "x": {"field": "cible", "type": "quantitative", "scale": echelle}},
        },
        {
            "transform": [{"calculate": "datum.texte + datum.objectif", "as": "dit"}],
            "mark": {"type": "text", "align": "left", "dx": 12, "fontSize": _TAILLE, "color": _ENCRE},
            "encoding": {"y": y, "x": {"datum": maximum}, "text": {"field": "dit", "type": "nominal"}},
        },
    ]
    return _svg(
        ident,
        {
            "data": {"values": donnees},
            "width": 360,
            "height": {"step": _pas(len(noms), hauteur)},
            "layer": calques,
        },
    )


def tendances(ident: str, series: Sequence[Serie], *, largeur: int = 225) -> str:
    """Small multiples, one per indicator, each on its scale: each period's value, written, and its target as
    a black tick."""
    donnees = []
    titres = _uniques([_couper(s.nom, 30) for s in series])
    for titre, serie in zip(titres, series, strict=True):
        valeurs = [v for _, v, _, _ in serie.points] + [c for *_, c in serie.points]
        plafond = max([v for v in valeurs if v is not None], default=1.0) * 1.35 or 1.0
        for periode, valeur, texte, cible in serie.points:
            donnees.append(
                {
                    "serie": titre,
                    "p": periode,
                    "v": valeur,
                    "texte": texte,
                    "cible": cible,
                    "dy": _cote_du_texte(valeur, cible, plafond),
                    "bas": 0.0,
                    "plafond": plafond,
                }
            )
    x = {
        "field": "p",
        "type": "ordinal",
        "axis": {"title": None, "labelAngle": 0, "domainColor": "#8793a1", "ticks": False, "labelPadding": 6},
        "scale": {"padding": 0.45},
    }

    def y(champ: str) -> dict[str, Any]:
        return {"field": champ, "type": "quantitative", "axis": None, "scale": {"zero": True}}

    calques: list[dict[str, Any]] = [
        {"mark": {"type": "point", "opacity": 0, "size": 1}, "encoding": {"x": x, "y": y("plafond")}},
        {
            "transform": [{"filter": "datum.cible != null"}],
            "mark": {"type": "tick", "thickness": 2.5, "color": _ENCRE, "opacity": 1, "width": {"band": 0.9}},
            "encoding": {"x": x, "y": y("cible")},
        },
        {
            "transform": [{"filter": "datum.v != null"}],
            "mark": {"type": "line", "color": _COURBE, "strokeWidth": 2.5},
            "encoding": {"x": x, "y": y("v")},
        },
        {
            "transform": [{"filter": "datum.v != null"}],
            "mark": {"type": "point", "filled": True, "size": 70, "opacity": 1, "color": _COURBE},
            "encoding": {"x": x, "y": y("v")},
        },
        *(
            {
                "transform": [
                    {"filter": f"datum.dy == {dy}"},
                    {"calculate": "datum.v == null ? 0 : datum.v", "as": "ancrage"},
                ],
                "mark": encre | {"type": "text", "dy": dy, "fontSize": _TAILLE},
                "encoding": {"x": x, "y": y("ancrage"), "text": {"field": "texte", "type": "nominal"}},
            }
            for encre in _HALO
            for dy in (_DESSUS, _DESSOUS)
        ),
    ]
    spec = {
        "data": {"values": donnees},
        "facet": {
            "field": "serie",
            "type": "nominal",
            "sort": titres,
            "header": {
                "title": None,
                "labelExpr": "split(datum.label, '|')",
                "labelFontSize": _TAILLE,
                "labelFontWeight": 600,
                "labelColor": _ENCRE,
                "labelLimit": 260,
                "labelAnchor": "start",
                "labelLineHeight": 16,
            },
        },
        "columns": min(_LARGEUR // largeur, len(series)),
        "spacing": {"row": 18, "column": 28},
        "spec": {"width": largeur, "height": 100, "layer": calques},
        "resolve": {"scale": {"y": "independent"}, "axis": {"x": "independent"}},
    }
    return _svg(ident, spec)


def multiples(ident: str, series: Sequence[Serie]) -> str:
    """A small trend per place, all on one scale, so that they compare: the last value is written, the target
    of each year is a tick."""
    valeurs = [x for s in series for _, v, _, cible in s.points for x in (v, cible) if x is not None]
    plafond = max(valeurs, default=1.0) * 1.3 or 1.0
    titres = _uniques([textwrap.shorten(s.nom, 19, placeholder="…") for s in series])
    donnees = [
        {
            "serie": titre,
            "p": periode,
            "v": valeur,
            "cible": cible,
            "texte": texte if rang == len(serie.points) - 1 else "",
        }
        for titre, serie in zip(titres, series, strict=True)
        for rang, (periode, valeur, texte, cible) in enumerate(serie.points)
    ]
    x = {"field": "p", "type": "ordinal", "axis": None, "scale": {"padding": 0.3}}

    def y(champ: str) -> dict[str, Any]:
        echelle = {"domain": [0, plafond], "nice": False}
        return {"field": champ, "type": "quantitative", "axis": None, "scale": echelle}

    trait = {"type": "line", "color": COULEURS["atteint"], "strokeWidth": 2}
    point = {"type": "point", "filled": True, "size": 30, "opacity": 1, "color": COULEURS["atteint"]}
    connues = [{"filter": "datum.v != null"}]
    calques: list[dict[str, Any]] = [
        {
            "data": {"values": [{}]},
            "mark": {"type": "rule", "color": "#8793a1"},
            "encoding": {"y": {"datum": 0, "axis": None}},
        },
        {
            "transform": [{"filter": "datum.cible != null"}],
            "mark": {"type": "tick", "thickness": 1.5, "color": _ENCRE, "opacity": 1, "width": {"band": 0.8}},
            "encoding": {"x": x, "y": y("cible")},
        },
        {"transform": connues, "mark": trait, "encoding": {"x": x, "y": y("v")}},
        {"transform": connues, "mark": point, "encoding": {"x": x, "y": y("v")}},
        *(
            {
                "transform": [{"calculate": "datum.v == null ? 0 : datum.v", "as": "ancrage"}],
                "mark": encre | {"type": "text", "dy": -10, "dx": 6, "align": "right", "fontSize": 11},
                "encoding": {"x": x, "y": y("ancrage"), "text": {"field": "texte", "type": "nominal"}},
            }
            for encre in _HALO
        ),
    ]
    entete = {
        "title": None,
        "labelFontSize": 11,
        "labelFontWeight": 600,
        "labelColor": _ENCRE,
        "labelAnchor": "start",
        "labelLimit": 140,
        "labelPadding": 2,
    }
    return _svg(
        ident,
        {
            "data": {"values": donnees},
            "facet": {"field": "serie", "type": "nominal", "sort": titres, "header": entete},
            "columns": 5,
            "spacing": {"row": 12, "column": 18},
            "spec": {"width": 132, "height": 58, "layer": calques},
        },
    )


def points_classes(ident: str, lignes: Sequence[Barre], *, pourcent: bool = True) -> str:
    """Ranked dots, one per place from the highest to the lowest, each on its line and beside its words; the
    target of each as a black tick."""
    maximum = _maximum([b.valeur for b in lignes] + [b.cible for b in lignes], pourcent)
    noms = _uniques([textwrap.shorten(b.nom.replace("|", "/"), 38, placeholder="…") for b in lignes])
    formes: dict[Etat, str] = {"atteint": "circle", "non_atteint": "square"}
    donnees = [
        {
            **_rangee(nom, barre),
            "fin": _fin_du_texte(barre, maximum),
            "v": barre.valeur,
            "forme": formes.get(barre.etat, "diamond"),
        }
        for nom, barre in zip(noms, lignes, strict=True)
    ]
    y = {
        "field": "nom",
        "type": "nominal",
        "sort": None,
        "axis": {"title": None, "domain": False, "ticks": False, "grid": True, "gridColor": _GRILLE}
        | {"labelLimit": 270, "labelFontSize": 11, "labelPadding": 8},
    }
    echelle = {"domain": [0, maximum], "nice": False}

    def x(champ: str) -> dict[str, Any]:
        return {"field": champ, "type": "quantitative", "scale": echelle, "axis": _axe_quantitatif(pourcent)}

    calques: list[dict[str, Any]] = [
        {
            "transform": [{"filter": "datum.cible != null"}],
            "mark": {"type": "tick", "thickness": 2, "color": _ENCRE, "opacity": 1, "height": {"band": 0.9}},
            "encoding": {"y": y, "x": x("cible")},
        },
        {
            "mark": {"type": "point", "filled": True, "size": 70, "opacity": 1},
            "encoding": {
                "y": y,
                "x": x("v"),
                "color": {"field": "couleur", "type": "nominal", "scale": None},
                "shape": {"field": "forme", "type": "nominal", "scale": None},
            },
        },
        *(
            {
                "mark": encre | {"type": "text", "align": "left", "dx": 9, "fontSize": 11},
                "encoding": {"y": y, "x": x("fin"), "text": {"field": "texte", "type": "nominal"}},
            }
            for encre in _HALO
        ),
    ]
    return _svg(ident, {"data": {"values": donnees}, "width": 430, "height": {"step": 17}, "layer": calques})


def _pas(lignes: int, large: int) -> int:
    """Height of a row: many are set closer, so that a page holds what follows them too."""
    return large if lignes <= _LIGNES_AU_LARGE else large - 8


def chaleur(ident: str, cases: Sequence[Case]) -> str:
    """A heat map: darker means more; every cell carries its words."""
    maximum = max([c.valeur for c in cases if c.valeur is not None], default=1.0) or 1.0
    donnees = [
        {
            "l": case.ligne,
            "c": case.colonne,
            "texte": case.texte,
            "masque": _hachure(case.etat),
            "couleur": _nuance(case.valeur, maximum) if case.valeur is not None else _fond(case.etat),
            "encre": "#ffffff" if case.valeur is not None and case.valeur > maximum * 0.55 else _ENCRE,
        }
        for case in cases
    ]
    axe: dict[str, Any] = {"title": None, "domain": False, "ticks": False, "labelPadding": 8}
    x = {
        "field": "c",
        "type": "nominal",
        "sort": None,
        "axis": {**axe, "orient": "top", "labelAngle": 0, "labelLimit": 120},
        "scale": {"padding": 0.06},
    }
    y = {
        "field": "l",
        "type": "nominal",
        "sort": None,
        "axis": {**axe, "labelLimit": 270},
        "scale": {"padding": 0.08},
    }
    calques: list[dict[str, Any]] = [
        {
            "mark": {"type": "rect", "stroke": "#8793a1", "strokeWidth": 0.6},
            "encoding": {"x": x, "y": y, "color": {"field": "couleur", "type": "nominal", "scale": None}},
        },
        {
            "transform": [{"filter": "datum.masque"}],
            "mark": _HALO[0] | {"type": "text", "fontSize": _TAILLE},
            "encoding": {"x": x, "y": y, "text": {"field": "texte", "type": "nominal"}},
        },
        {
            "mark": {"type": "text", "fontSize": _TAILLE},
            "encoding": {
                "x": x,
                "y": y,
                "text": {"field": "texte", "type": "nominal"},
                "color": {"field": "encre", "type": "nominal", "scale": None},
            },
        },
    ]
    return _svg(
        ident,
        {
            "data": {"values": donnees},
            "width": {"step": 98},
            "height": {"step": _pas(len({case.ligne for case in cases}), 34)},
            "layer": calques,
        },
    )


def colonnes(ident: str, lignes: Sequence[Barre]) -> str:
    """Vertical bars for an ordered category (dwelling size, quartile…), each value written."""
    maximum = max([b.valeur for b in lignes if b.valeur is not None], default=1.0) * 1.15 or 1.0
    donnees = [
        {
            "nom": nom,
            "v": _bout(barre, maximum),
            "texte": barre.texte,
            "couleur": COULEURS["atteint"] if barre.valeur is not None else COULEURS[barre.etat],
        }
        for nom, barre in zip(_uniques([_couper(b.nom, 13) for b in lignes]), lignes, strict=True)
    ]
    x = {
        "field": "nom",
        "type": "nominal",
        "sort": None,
        "axis": {
            "title": None,
            "labelAngle": 0,
            "ticks": False,
            "labelPadding": 6,
            "labelExpr": "split(datum.label, '|')",
            "labelLineHeight": 15,
            "labelLimit": 100,
        },
        "scale": {"paddingInner": 0.35},
    }
    y = {
        "field": "v",
        "type": "quantitative",
        "axis": None,
        "scale": {"domain": [0, maximum], "nice": False},
    }
    calques = [
        {
            "mark": {"type": "bar"},
            "encoding": {"x": x, "y": y, "color": {"field": "couleur", "type": "nominal", "scale": None}},
        },
        {
            "mark": {"type": "text", "dy": -9, "fontSize": _TAILLE, "color": _ENCRE},
            "encoding": {"x": x, "y": y, "text": {"field": "texte", "type": "nominal"}},
        },
    ]
    return _svg(ident, {"data": {"values": donnees}, "width": {"step": 96}, "height": 190, "layer": calques})


def carte(ident: str, formes: Sequence[Forme]) -> str:
    """A map drawn from the polygons themselves, without any background from elsewhere."""
    geometries = [json.loads(f.geometrie) for f in formes]
    latitudes = [point[1] for g in geometries for point in _points(g)]
    rapport = math.cos(math.radians(sum(latitudes) / len(latitudes))) if latitudes else 1.0
    traits: list[dict[str, Any]] = []
    reperes: list[dict[str, Any]] = []
    for forme, geometrie in zip(formes, geometries, strict=True):
        plane = {"type": geometrie["type"], "coordinates": _a_plat(geometrie["coordinates"], rapport)}
        traits.append({"type": "Feature", "geometry": plane, "properties": {"couleur": forme.couleur}})
        if forme.repere or forme.etiquette:
            points = _points(plane)
            reperes.append(
                {
                    "x": (min(p[0] for p in points) + max(p[0] for p in points)) / 2,
                    "y": (min(p[1] for p in points) + max(p[1] for p in points)) / 2,
                    "repere": forme.repere,
                    "etiquette": forme.etiquette,
                    "rang": forme.rang,
                    "couleur": couleur_de_repere(forme.etat),
                    "signe": _SIGNE_DE_REPERE.get(forme.etat, "diamond"),
                }
            )
    # A plane projection: on a sphere, the order of a ring's points decides what is inside it.
    projection = {"type": "identity", "reflectY": True}
    commun = {"width": _CARTE[0], "height": _CARTE[1], "projection": projection}
    place = {
        "longitude": {"field": "x", "type": "quantitative"},
        "latitude": {"field": "y", "type": "quantitative"},
    }
    calques: list[dict[str, Any]] = [
        {
            "data": {"values": traits},
            "mark": {"type": "geoshape", "stroke": _ENCRE, "strokeWidth": 0.6},
            "encoding": {"color": {"field": "properties.couleur", "type": "nominal", "scale": None}},
        }
    ]
    if etiquettes := _sans_chevauchement([r for r in reperes if r["etiquette"]], traits):
        texte = {"type": "text", "fontSize": 10, "fontWeight": 600, "lineBreak": "|", "baseline": "middle"}
        calques += [
            {
                "data": {"values": etiquettes},
                # A white edge around the letters: they are read on any fill.
                "mark": {**texte, "color": color, "stroke": color, "strokeWidth": width},
                "encoding": {**place, "text": {"field": "etiquette", "type": "nominal"}},
            }
            for color, width in (("#ffffff", 3), (_ENCRE, 0))
        ]
    if marques := [r for r in reperes if r["repere"]]:
        calques += [
            {
                "data": {"values": marques},
                "mark": {"type": "point", "filled": True, "size": 260, "stroke": "#ffffff", "opacity": 1},
                "encoding": {
                    **place,
                    "color": {"field": "couleur", "type": "nominal", "scale": None},
                    "shape": {"field": "signe", "type": "nominal", "scale": None},
                },
            },
            {
                "data": {"values": marques},
                "mark": {"type": "text", "fontSize": 10, "fontWeight": 700, "color": "#ffffff"},
                "encoding": {**place, "text": {"field": "repere", "type": "nominal"}},
            },
        ]
    return _svg(ident, {**commun, "layer": calques})


_CARTE = (640, 460)


def _sans_chevauchement(
    etiquettes: Sequence[dict[str, Any]], traits: Sequence[dict[str, Any]]
) -> list[dict[str, Any]]:
    """The labels that can be read: one that would fall on another, of a better rank, is left out."""
    points = [p for trait in traits for p in _points(trait["geometry"])]
    etendue = [max(p[i] for p in points) - min(p[i] for p in points) for i in (0, 1)]
    echelle = min(_CARTE[i] / etendue[i] for i in (0, 1) if etendue[i]) if any(etendue) else 1.0
    posees: list[tuple[float, float, float]] = []
    gardees = []
    for e in sorted(etiquettes, key=lambda e: e["rang"]):
        x, y = e["x"] * echelle, e["y"] * echelle
        largeur = max(len(ligne) for ligne in e["etiquette"].split("|")) * 6.0
        if all(abs(x - a) >= (largeur + w) / 2 or abs(y - b) >= 26 for a, b, w in posees):
            posees.append((x, y, largeur))
            gardees.append(e)
    return gardees


_SIGNE_DE_REPERE: dict[Etat, str] = {"atteint": "circle", "non_atteint": "square"}


def couleur_de_repere(etat: Etat) -> str:
    """Fill of a mark that bears a white number."""
    return COULEURS[etat] if etat in ("atteint", "non_atteint") else "#4a5663"


def couleur_de_carte(etat: Etat) -> str:
    """Fill of a polygon in that state; white where there is nothing to show."""
    return "#ffffff" if etat in ("indisponible", "absent") else COULEURS[etat]


def nuance_de_carte(valeur: float | None, maximum: float) -> str:
    """Fill of a polygon by its value, where no target says what is good; white where there is none."""
    return "#ffffff" if valeur is None or not maximum else _nuance(valeur, maximum)


FOND_DE_CARTE = "#f3f5f7"


def _axe_quantitatif(pourcent: bool) -> dict[str, Any]:
    etiquette = "datum.label + '\u202f%'" if pourcent else "datum.label"
    return {
        "title": None,
        "gridColor": _GRILLE,
        "domain": False,
        "ticks": False,
        "tickCount": 5,
        "labelExpr": etiquette,
        "labelPadding": 6,
        "labelColor": "#4a5663",
    }


def _maximum(valeurs: Sequence[float | None], pourcent: bool) -> float:
    connues = [v for v in valeurs if v is not None]
    plafond = max(connues, default=100.0 if pourcent else 1.0) * 1.05 or 1.0
    if not pourcent:
        return plafond
    # The axis ends on a mark that is written.
    pas = 5 if plafond <= 25 else 10 if plafond <= 50 else 20
    return min(100.0, max(10.0, float(pas * math.ceil(plafond / pas))))


_DESSUS, _DESSOUS = -14, 17


def _cote_du_texte(valeur: float | None, cible: float | None, plafond: float) -> int:
    # Over the point, unless the target mark stands there.
    if valeur is not None and cible is not None and valeur <= cible <= valeur + 0.3 * plafond:
        return _DESSOUS if valeur > 0.2 * plafond else _DESSUS
    return _DESSUS


def _bout(barre: Barre, maximum: float) -> float:
    # What is masked has a stub, to be hatched.
    if barre.valeur is not None:
        return barre.valeur
    return maximum * 0.12 if _hachure(barre.etat) else 0.0


def _fin_du_texte(barre: Barre, maximum: float) -> float:
    # The words follow the mark, unless the target mark would fall in them.
    place = 0.24 * maximum
    bout = _bout(barre, maximum)
    if barre.cible is not None and bout <= barre.cible <= bout + place:
        return barre.cible
    return bout


def _hachure(etat: Etat) -> bool:
    return etat == "secret"


def _fond(etat: Etat) -> str:
    return _MARQUEUR if _hachure(etat) else "#ffffff"


def _nuance(valeur: float, maximum: float) -> str:
    rang = int(max(0.0, valeur) / maximum * len(_DEGRADE))
    return _DEGRADE[min(rang, len(_DEGRADE) - 1)]


def _uniques(noms: Sequence[str]) -> list[str]:
    # Two actors may bear one name: Vega would draw them as one.
    vus: dict[str, int] = {}
    sortie = []
    for nom in noms:
        vus[nom] = vus.get(nom, 0) + 1
        sortie.append(nom if vus[nom] == 1 else f"{nom} ({vus[nom]})")
    return sortie


def _couper(nom: str, largeur: int) -> str:
    return "|".join(textwrap.wrap(nom.replace("|", "/"), largeur)) or " "


def _sur_trois_lignes(nom: str) -> str:
    coupe = _couper(nom, 38).split("|")
    return "|".join(coupe if len(coupe) < 4 else [*coupe[:2], f"{coupe[2][:36]}…"])


def _points(geometrie: dict[str, Any]) -> list[list[float]]:
    def plonger(noeud: Any) -> list[list[float]]:
        if noeud and isinstance(noeud[0], int | float):
            return [noeud]
        return [point for enfant in noeud for point in plonger(enfant)]

    return plonger(geometrie["coordinates"])


def _a_plat(noeud: Any, rapport: float) -> Any:
    if noeud and isinstance(noeud[0], int | float):
        return [noeud[0] * rapport, noeud[1]]
    return [_a_plat(enfant, rapport) for enfant in noeud]


@cache
def _enregistrer_polices() -> None:
    vl_convert.register_font_directory(str(POLICES))


def _svg(ident: str, spec: dict[str, Any]) -> str:
    _enregistrer_polices()
    complet = {
        "$schema": "https://vega.github.io/schema/vega-lite/v6.json",
        "background": None,
        "padding": 4,
        "config": {
            "font": "Inter",
            "view": {"stroke": None},
            "axis": {"labelFontSize": _TAILLE, "labelColor": _ENCRE, "titleFontSize": _TAILLE},
            "text": {"font": "Inter"},
        },
        **spec,
    }
    brut = vl_convert.vegalite_to_svg(
        complet, vl_version=_VERSION, format_locale="fr-FR", allowed_base_urls=[]
    )
    return _nettoyer(brut, ident)


_BALISE = re.compile(r"<[^<>]*>")
# A hundredth of a pixel is not seen, and is a fifth of a drawing.
_DECIMALES = re.compile(r"(\d\.\d\d)\d+")
_BAVARDAGE = re.compile(r'\s(?:aria-[a-z]+|role|xmlns:xlink|version|class|pointer-events)="[^"]*"')


def _nettoyer(svg: str, ident: str) -> str:
    # Several drawings share one page: their identifiers must not meet. Vega's own aria labels are English and
    # repeat the table that stands beside the chart.
    def balise(trouvee: re.Match[str]) -> str:
        texte = _DECIMALES.sub(r"\1", _BAVARDAGE.sub("", trouvee.group(0)))
        texte = re.sub(r'(\sid=")', rf"\1{ident}-", texte)
        texte = re.sub(r'(="url\(#)', rf"\1{ident}-", texte)
        return texte.replace(f'"{_MARQUEUR}"', f'"url(#{ident}-hachures)"')

    propre = _BALISE.sub(balise, svg)
    if f"#{ident}-hachures" in propre:
        motif = (
            f'<defs><pattern id="{ident}-hachures" width="6" height="6" patternUnits="userSpaceOnUse" '
            'patternTransform="rotate(45)"><rect width="6" height="6" fill="#f3f5f7"/>'
            '<rect width="1.4" height="6" fill="#8a96a3"/></pattern></defs>'
        )
        propre = re.sub(r"(<svg[^>]*>)", rf"\1{motif}", propre, count=1)
    return re.sub(r">\s+<", "><", propre)
