"""The document as one HTML page: no request to the network, font and charts inside, readable by everyone.

Markup only. Everything that comes from a file is escaped by Jinja's autoescape; the charts are the only
markup let through, and they are made in `graphiques`, where Vega escapes its text.
"""

import base64
import hashlib
from functools import cache
from pathlib import Path
from typing import Any

import jinja2
from markupsafe import Markup, escape

from pipelines.affichable import affichable
from pipelines.bilan import document as modele
from pipelines.bilan import formats
from pipelines.bilan.composition import POLICES
from pipelines.bilan.document import Cellule, Document, Graphique, Mesure, Nombre
from pipelines.bilan.donnees import Chiffre
from pipelines.bilan.tables import ancre_de_regle, cellules

_GABARITS = Path(__file__).with_name("gabarits")


def rendre(document: Document, definitions: dict[str, str] | None = None, *, recherche: bool = False) -> str:
    """Render a document.

    Args:
        document: what to render.
        definitions: indicator → rule, for the note shown over each figure.
        recherche: with a box that searches the whole page, in place of its tables.
    """
    # The only script of a page: its hash is what the page's policy lets through.
    script = (_GABARITS / ("recherche.js" if recherche else "tableaux.js")).read_text(encoding="utf-8")
    lue = document.a_lire()
    contexte = {
        "recherche": recherche,
        "script": Markup(script),  # noqa: S704 - our own file
        "empreinte_script": base64.b64encode(hashlib.sha256(script.encode()).digest()).decode(),
        "document": lue,
        "style": Markup((_GABARITS / "style.css").read_text(encoding="utf-8")),  # noqa: S704 - our own file
        "polices": _polices(),
        "regles": {ligne.ancre for t in document.tableaux() for ligne in t.lignes if ligne.ancre},
        "regle": lambda chiffre: ancre_de_regle(chiffre.indicateur),
        "lien": _Liens(lue),
        "place": _Places(),
        "note": _Notes(definitions or {}),
    }
    return _environnement().get_template("document.html.j2").render(contexte)


class _Places:
    """Where a figure is first shown: there it bears its identifier, the one of the data files."""

    def __init__(self) -> None:
        self._vues: set[str] = set()

    def __call__(self, chiffre: Chiffre) -> str | None:
        if chiffre.ancre in self._vues:
            return None
        self._vues.add(chiffre.ancre)
        return chiffre.ancre


class _Notes:
    """What is shown over a figure: what makes it and from which source; by which rule, over the first of an
    indicator: each links to it, and a page of three thousand figures would say it three thousand times."""

    def __init__(self, definitions: dict[str, str]) -> None:
        self._restantes = dict(definitions)

    def __call__(self, chiffre: Chiffre) -> str:
        morceaux = []
        for nom, valeur in (
            ("Numérateur", chiffre.numerateur),
            ("Dénominateur", chiffre.denominateur),
            ("Inconnus", chiffre.inconnus),
        ):
            if valeur is not None:
                morceaux.append(f"{nom} : {formats.entier(valeur)}.")
        if chiffre.statut in ("secret", "indisponible", "sans_objet"):
            morceaux.append(f"Statut : {modele.LIBELLES_ETAT[modele.etat(chiffre)]}.")
        if regle := self._restantes.pop(chiffre.indicateur, ""):
            morceaux.append(f"Règle : {regle.rstrip('. ')}.")
        if chiffre.source:
            morceaux.append(f"Source : {chiffre.source}.")
        return " ".join(morceaux)


class _Liens:
    """The figure that a cell stands for: its value does, or one of its counts where no cell has the value."""

    def __init__(self, document: Document) -> None:
        mesures = [c for c in cellules(document.blocs()) if isinstance(c, Mesure) and c.chiffre]
        self._montrees = {m.chiffre.ancre for m in mesures if m.chiffre and m.champ == "valeur"}

    def __call__(self, cellule: Cellule) -> Chiffre | None:
        if not isinstance(cellule, Mesure) or cellule.chiffre is None:
            return None
        return (
            cellule.chiffre
            if cellule.champ == "valeur" or cellule.chiffre.ancre not in self._montrees
            else None
        )


def _numerique(cellule: Cellule) -> bool:
    return isinstance(cellule, Nombre) or (isinstance(cellule, Mesure) and cellule.champ != "atteint")


def _dessin(graphique: Graphique) -> Markup:
    titre = escape(graphique.description)
    return Markup(  # noqa: S704 - the drawing is ours; its text was escaped by Vega
        graphique.svg.replace("<svg ", f'<svg role="img" aria-label="{titre}" ', 1)
    )


@cache
def _polices() -> dict[str, str]:
    return {
        nom: base64.b64encode((POLICES / f"Inter-{nom}.woff2").read_bytes()).decode()
        for nom in ("Regular", "SemiBold")
    }


@cache
def _environnement() -> jinja2.Environment:
    environnement = jinja2.Environment(
        loader=jinja2.FileSystemLoader(_GABARITS),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        # Every value of every template, before it is escaped: what we let through as markup is ours.
        finalize=lambda valeur: formats.guillemets(affichable(valeur)) if type(valeur) is str else valeur,
    )
    filtres: dict[str, Any] = {
        "texte": modele.texte,
        "classe": modele.classe,
        "numerique": _numerique,
        "dessin": _dessin,
        "genre": lambda bloc: type(bloc).__name__,
    }
    environnement.filters.update(filtres)
    environnement.globals["libelles_etat"] = modele.LIBELLES_ETAT
    return environnement
