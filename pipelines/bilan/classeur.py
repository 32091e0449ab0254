"""The document as a workbook: results first, a contents sheet with links to each table, one sheet per chapter
and one per long table, no formula.

Each table is a table of the spreadsheet, with its filters and real numbers in their own format. A string is
always written as a string: xlsxwriter would otherwise read `=…` as a formula and a web address as a link.
"""

import datetime as dt
import math
import re
from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import xlsxwriter
from xlsxwriter.format import Format
from xlsxwriter.workbook import Workbook
from xlsxwriter.worksheet import Worksheet

from pipelines import libelles
from pipelines.affichable import affichable
from pipelines.bilan import document as modele
from pipelines.bilan import formats
from pipelines.bilan.document import (
    Cellule,
    Document,
    Mesure,
    Nombre,
    Tableau,
)
from pipelines.bilan.donnees import Chiffre
from pipelines.bilan.feuilles import tableaux

_FORMATS = {
    "%": "0.00%",
    "nombre": "#,##0",
    "ratio": "#,##0.00",
    "mois": "#,##0.0",
    "eur_m2": "#,##0.00 €",
    "eur_an_uc": "#,##0 €",
    "points": "0.0",
    "classe": "0",
}
_SOMMAIRE, _CHIFFRES = "Sommaire", "Tous les chiffres"
FEUILLES_MAX = 30
LONG = 25
"""Rows beyond which a table has a sheet of its own, so that its header is repeated on each page."""

_NOM_MAX = 31
# A name is not cut after a word shorter than this: « et », « de », « par ».
_MOT_DE_LIAISON = 4
# What the end of a name may take of it, where it says which part of a chapter the sheet holds.
_SUITE_MAX = 17
_LARGEUR_MAX = 45
_HAUTEUR = 15.0
_A4 = 9


@dataclass(slots=True)
class _Page:
    """A sheet of tables: its name, what stands at its top, its tables and the row of each."""

    nom: str
    titre: str
    tableaux: list[Tableau]
    lignes: list[int] = field(default_factory=list)


def ecrire(document: Document, chemin: Path) -> None:
    """Write the workbook of a document."""
    # In memory: it holds a file per sheet otherwise, each made and removed on the disk.
    options = {
        "in_memory": True,
        "strings_to_formulas": False,
        "strings_to_urls": False,
        "strings_to_numbers": False,
    }
    with xlsxwriter.Workbook(str(chemin), options) as classeur:
        classeur.set_properties(
            {
                "title": f"{document.titre} – {document.sous_titre}",
                "author": "Observatoire",
                # A fixed day, so that the same warehouse gives the same bytes.
                "created": dt.datetime(document.annee, 12, 31, tzinfo=dt.UTC).replace(tzinfo=None),
            }
        )
        _Feuilles(classeur).remplir(document)


class _Feuilles:
    def __init__(self, classeur: Workbook) -> None:
        self.classeur = classeur
        self.formats: dict[tuple[str, bool, str], Format] = {}
        self.feuilles: dict[str, Worksheet] = {}
        self.tables = 1
        self.edition = ""

    def remplir(self, document: Document) -> None:
        self.edition = affichable(document.edition)
        pages = _pages(document)
        resultats = pages[0].nom if pages else _SOMMAIRE
        for nom in (resultats, _SOMMAIRE, *(p.nom for p in pages if p.nom != resultats), _CHIFFRES):
            self._feuille(nom)
        for page in pages:
            self._chapitre(page)
        self._sommaire(document, pages)
        self._chiffres(document.chiffres)
        self._feuille(resultats).activate()

    def _sommaire(self, document: Document, pages: Sequence[_Page]) -> None:
        """A line per sheet and per table, each a link to it."""
        feuille = self._feuille(_SOMMAIRE)
        feuille.write_string(0, 0, document.titre, self._format("titre"))
        feuille.write_string(1, 0, affichable(document.sous_titre), self._format("titre"))
        feuille.write_string(2, 0, self.edition, self._format("gras"))
        rang = 4
        for page in pages:
            self._lien(feuille, (rang, 0), page.nom, 0, page.nom)
            for tableau, ligne in zip(page.tableaux, page.lignes, strict=True):
                self._lien(feuille, (rang, 1), page.nom, ligne, tableau.legende)
                rang += 1
        self._lien(feuille, (rang, 0), _CHIFFRES, 0, _CHIFFRES)
        rang += 2
        largeur = 110
        textes = [*document.identite, *(("", phrase) for phrase in libelles.lecture())]
        for rang_texte, (terme, texte) in enumerate(textes, rang):
            feuille.set_row(rang_texte, _HAUTEUR * _lignes_de(affichable(texte), largeur))
            feuille.write_string(rang_texte, 0, terme, self._format("texte", gras=True))
            feuille.write_string(rang_texte, 1, affichable(texte), self._format("texte"))
        feuille.set_column(0, 0, 38)
        feuille.set_column(1, 1, largeur)

    def _lien(self, feuille: Worksheet, ou: tuple[int, int], nom: str, ligne: int, texte: str) -> None:
        cible = nom.replace("'", "''")
        feuille.write_url(*ou, f"internal:'{cible}'!A{ligne + 1}", self._format("lien"), affichable(texte))

    def _chapitre(self, page: _Page) -> None:
        """The tables of a sheet, one under the other, under its title, which stays in sight and is repeated
        on paper; the header of the table too where there is one table."""
        feuille, ligne = self._feuille(page.nom), 1
        feuille.write_string(0, 0, affichable(page.titre), self._format("titre"))
        largeurs = _largeurs(page.tableaux)
        # Beside the title, on the columns of numbers: the title runs over the first ones.
        self._lien(feuille, (0, max(3, max(largeurs) - 1)), _SOMMAIRE, 0, "Retour au sommaire")
        for colonne, largeur in largeurs.items():
            feuille.set_column(colonne, colonne, largeur)
        for tableau in page.tableaux:
            page.lignes.append(ligne)
            feuille.write_string(ligne, 0, affichable(tableau.legende), self._format("gras"))
            self._tableau(feuille, ligne + 1, tableau, largeurs)
            ligne += len(tableau.lignes) + 3
        dernier = 3 if len(page.tableaux) == 1 else 1
        feuille.freeze_panes(dernier, 1)
        feuille.repeat_rows(0, dernier - 1)

    def _tableau(self, feuille: Worksheet, entete: int, tableau: Tableau, largeurs: dict[int, float]) -> None:
        titres: list[str] = []
        for colonne in tableau.colonnes:
            # Two columns of a table of the spreadsheet never bear one name.
            titre = affichable(colonne.titre) or " "
            titres.append(titre if titre not in titres else f"{titre} ({titres.count(titre) + len(titres)})")
        entetes = [
            self._format("entete_nombre" if colonne.nombre else "entete") for colonne in tableau.colonnes
        ]
        feuille.add_table(
            entete,
            0,
            entete + len(tableau.lignes),
            len(titres) - 1,
            {
                "name": f"Tableau_{self.tables}",
                "columns": [{"header": t, "header_format": f} for t, f in zip(titres, entetes, strict=True)],
                "style": "Table Style Light 1",
                "banded_rows": False,
            },
        )
        self.tables += 1
        # A spreadsheet gives a row the height of one line unless it is told, whatever its cells hold; the
        # button of the filter takes three characters.
        self._hauteur(feuille, entete, [f"{titre}xxx" for titre in titres], largeurs, gras=True)
        for rang, rangee in enumerate(tableau.lignes, entete + 1):
            self._hauteur(feuille, rang, [modele.texte(c) for c in rangee.cellules], largeurs)
            for place, cellule in enumerate(rangee.cellules):
                self._cellule(feuille, (rang, place), cellule, gras=rangee.forte)

    def _hauteur(
        self,
        feuille: Worksheet,
        rang: int,
        textes: Sequence[str],
        largeurs: dict[int, float],
        *,
        gras: bool = False,
    ) -> None:
        place = 0.9 if gras else 1.0
        lignes = max(_lignes_de(texte, largeurs[i] * place) for i, texte in enumerate(textes))
        if lignes > 1:
            feuille.set_row(rang, _HAUTEUR * lignes)

    def _cellule(self, feuille: Worksheet, ou: tuple[int, int], cellule: Cellule, *, gras: bool) -> None:
        valeur = modele.nombre(cellule)
        if valeur is None or (not isinstance(cellule, Nombre | str) and cellule.champ == "cible"):
            aligne = "mot" if isinstance(cellule, Mesure) and cellule.champ != "atteint" else "texte"
            feuille.write_string(*ou, affichable(modele.texte(cellule)), self._format(aligne, gras=gras))
            return
        unite = _unite(cellule)
        feuille.write_number(
            *ou,
            valeur / 100 if unite == "%" else valeur,
            self._format(unite, gras=gras, marque=modele.marque(cellule)),
        )

    def _chiffres(self, chiffres: tuple[Chiffre, ...]) -> None:
        feuille = self._feuille(_CHIFFRES)
        titres = (
            "identifiant",
            "indicateur",
            "axe",
            "modalite",
            "modalite_libelle",
            "segment_type",
            "segment",
            "periode_type",
            "periode",
            "numerateur",
            "denominateur",
            "inconnus",
            "valeur",
            "unite",
            "operateur",
            "cible",
            "atteint",
            "manque",
            "statut",
            "petit_effectif",
            "source",
            "version_methode",
        )
        for colonne, titre in enumerate(titres):
            feuille.write_string(0, colonne, titre, self._format("entete"))
        for rang, chiffre in enumerate(chiffres, 1):
            for colonne, titre in enumerate(titres):
                valeur: Any = chiffre.ancre if titre == "identifiant" else getattr(chiffre, titre)
                if valeur is None:
                    continue
                if isinstance(valeur, bool):
                    feuille.write_boolean(rang, colonne, valeur)
                elif isinstance(valeur, int | float):
                    feuille.write_number(rang, colonne, valeur)
                else:
                    feuille.write_string(rang, colonne, affichable(str(valeur)))
        feuille.freeze_panes(1, 1)
        feuille.repeat_rows(0)
        feuille.autofilter(0, 0, max(1, len(chiffres)), len(titres) - 1)
        # An annex to filter on the screen: dozens of pages, that whoever prints the workbook does not expect.
        feuille.print_area(0, 0, 0, len(titres) - 1)
        lignes = formats.accorder(len(chiffres), "ligne")
        feuille.set_header(f"&L{_CHIFFRES} : {lignes} à filtrer à l’écran, hors de la zone d’impression.")
        feuille.set_column(0, 0, 44)
        feuille.set_column(1, len(titres) - 1, 15)

    def _feuille(self, nom: str) -> Worksheet:
        if nom not in self.feuilles:
            feuille = self.classeur.add_worksheet(nom)
            feuille.set_landscape()
            feuille.set_paper(_A4)
            feuille.fit_to_pages(1, 0)
            # `&` begins a code of the footer.
            feuille.set_footer(f"&L&8{self.edition.replace('&', '&&')}&R&8&P / &N")
            self.feuilles[nom] = feuille
        return self.feuilles[nom]

    def _format(self, genre: str, *, gras: bool = False, marque: str = "") -> Format:
        cle = (genre, gras, marque)
        if cle not in self.formats:
            proprietes: dict[str, Any] = {
                "bold": gras or genre in ("titre", "gras", "entete", "entete_nombre")
            }
            if genre == "titre":
                proprietes["font_size"] = 13
            elif genre == "lien":
                proprietes |= {"font_color": "#0b4f8a", "underline": 1}
            elif genre == "texte":
                proprietes |= {"text_wrap": True, "valign": "top", "indent": 1}
            elif genre == "mot":
                proprietes |= {"align": "right", "valign": "top"}
            elif genre == "entete":
                proprietes |= {"bottom": 1, "text_wrap": True, "valign": "bottom", "indent": 1}
            elif genre == "entete_nombre":
                proprietes |= {"bottom": 1, "text_wrap": True, "valign": "bottom", "align": "right"}
            elif genre in _FORMATS:
                # The mark is part of the way the number is shown: the cell stays a number.
                proprietes |= {
                    "num_format": _FORMATS[genre] + (f'"{marque}"' if marque else ""),
                    "valign": "top",
                }
            self.formats[cle] = self.classeur.add_format(proprietes)
        return self.formats[cle]


def _largeurs(tableaux: Sequence[Tableau]) -> dict[int, float]:
    """What each column of a sheet needs: its texts, and its titles on a few lines."""
    largeurs: dict[int, float] = {}
    for tableau in tableaux:
        for i, colonne in enumerate(tableau.colonnes):
            textes = (len(modele.texte(rangee.cellules[i])) for rangee in tableau.lignes)
            mot = max((len(m) for m in colonne.titre.split()), default=0) + 4
            utile = max(largeurs.get(i, 0), mot, len(colonne.titre) / 3, *textes)
            largeurs[i] = utile
    return {i: min(_LARGEUR_MAX, max(13, largeur + 2)) for i, largeur in largeurs.items()}


def _lignes_de(texte: str, largeur: float) -> int:
    """Lines that a text takes in a column, words kept whole: a little more than it may."""
    return max(1, math.ceil(len(texte) * 1.08 / largeur)) if len(texte) > largeur else 1


def _unite(cellule: Cellule) -> str:
    if isinstance(cellule, Nombre):
        return cellule.unite
    if isinstance(cellule, str) or cellule.chiffre is None or cellule.champ != "valeur":
        return "nombre"
    return cellule.chiffre.unite


def _pages(document: Document) -> list[_Page]:
    """The sheets: a chapter each, and a long table each as far as their number allows; where chapters alone
    are too many, a subject each."""
    par_chapitre = [(section, list(tableaux(section))) for section in document.sections]
    par_chapitre = [(section, siens) for section, siens in par_chapitre if siens]
    pages: list[_Page] = []
    if len(par_chapitre) + 2 > FEUILLES_MAX:
        par_sujet: dict[str, _Page] = {}
        noms = Counter(tableau.legende for _, siens in par_chapitre for tableau, _ in siens)
        for section, siens in par_chapitre:
            for tableau, _ in siens:
                # Of many tables of one name, each says of whom it is.
                nomme = tableau
                if noms[tableau.legende] > 1:
                    nomme = replace(tableau, legende=f"{section.titre} : {tableau.legende}")
                sujet = tableau.feuille or section.titre
                if sujet not in par_sujet:
                    par_sujet[sujet] = _Page(_nom(sujet, [p.nom for p in pages]), sujet, [])
                    pages.append(par_sujet[sujet])
                par_sujet[sujet].tableaux.append(nomme)
        return pages
    longs = sorted(
        (-len(tableau.lignes), rang, place)
        for rang, (_, siens) in enumerate(par_chapitre)
        for place, (tableau, _) in enumerate(siens)
        if len(tableau.lignes) > LONG and len(siens) > 1
    )
    seuls = {(rang, place) for _, rang, place in longs[: FEUILLES_MAX - 2 - len(par_chapitre)]}
    for rang, (section, siens) in enumerate(par_chapitre):
        pris = [p.nom for p in pages]
        ensemble = [tableau for place, (tableau, _) in enumerate(siens) if (rang, place) not in seuls]
        if ensemble:
            pages.append(_Page(_nom(section.titre, pris), section.titre, ensemble))
        for place, (tableau, partie) in enumerate(siens):
            if (rang, place) in seuls:
                nom = _nom(section.titre, [p.nom for p in pages], partie or tableau.legende)
                pages.append(_Page(nom, f"{section.titre} – {partie or tableau.legende}", [tableau]))
    return pages


def _nom(nom: str, pris: Collection[str], suite: str = "") -> str:
    """A name of a sheet: without what Excel refuses, cut between words at 31 characters, like no other."""
    fin = f" – {_court(suite[:1].lower() + suite[1:], _SUITE_MAX)}" if suite else ""
    court = _court(nom, _NOM_MAX - len(fin)) + fin
    occupes = {p.casefold() for p in (*pris, _SOMMAIRE, _CHIFFRES)}
    essai, rang = court, 2
    while essai.casefold() in occupes:
        essai = f"{court[: _NOM_MAX - 4].rstrip()} ({rang})"
        rang += 1
    return essai


def _court(nom: str, place: int) -> str:
    """The first words of a text that a sheet may bear in its name."""
    permis = re.sub(r"[\[\]:*?/\\\x00-\x1f]", " ", affichable(nom))
    propre = " ".join(permis.split()).strip("'") or "Feuille"
    if len(propre) <= place:
        return propre
    mots = propre[: place + 1].split(" ")[:-1]
    while mots and len(mots[-1]) < _MOT_DE_LIAISON:
        mots.pop()
    return " ".join(mots) or propre[:place]
