"""The document as a workbook: one sheet per table, real numbers in their own format, no formula.

A string is always written as a string: xlsxwriter would otherwise read `=…` as a formula and a web address as
a link. Sheets that share a name are one under the other.
"""

import datetime as dt
import re
from pathlib import Path
from typing import Any

import xlsxwriter
from xlsxwriter.format import Format
from xlsxwriter.workbook import Workbook
from xlsxwriter.worksheet import Worksheet

from pipelines.affichable import affichable
from pipelines.bilan import document as modele
from pipelines.bilan import libelles
from pipelines.bilan.document import Cellule, Document, Nombre, Tableau
from pipelines.bilan.donnees import Chiffre

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
_CHIFFRES = "Tous les chiffres"
_LARGEUR_MAX = 60
_A4 = 9


def ecrire(document: Document, chemin: Path) -> None:
    """Write the workbook of a document."""
    options = {"strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False}
    with xlsxwriter.Workbook(str(chemin), {**options, "constant_memory": False}) as classeur:
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
        self.formats: dict[tuple[str, bool], Format] = {}
        self.feuilles: dict[str, tuple[Worksheet, int]] = {}
        self.edition = ""

    def remplir(self, document: Document) -> None:
        self.edition = affichable(document.edition)
        self._lisez_moi(document)
        for tableau in document.tableaux():
            if tableau.feuille:
                self._tableau(tableau, tableau.feuille)
        self._chiffres(document.chiffres)

    def _lisez_moi(self, document: Document) -> None:
        feuille, _ = self._feuille("À lire")
        feuille.write_string(0, 0, document.titre, self._format("titre"))
        feuille.write_string(1, 0, affichable(document.sous_titre), self._format("titre"))
        feuille.write_string(2, 0, self.edition, self._format("texte", gras=True))
        for rang, (terme, texte) in enumerate(document.identite, 4):
            feuille.write_string(rang, 0, terme, self._format("texte", gras=True))
            feuille.write_string(rang, 1, affichable(texte))
        depart = 5 + len(document.identite)
        for rang, phrase in enumerate(libelles.lecture(), depart):
            feuille.write_string(rang, 0, affichable(phrase))
        feuille.set_column(0, 0, 38)
        feuille.set_column(1, 1, 70)

    def _tableau(self, tableau: Tableau, nom: str) -> None:
        feuille, ligne = self._feuille(nom)
        feuille.write_string(ligne, 0, affichable(tableau.legende), self._format("titre"))
        entete = ligne + 2
        for colonne, titre in enumerate(tableau.colonnes):
            feuille.write_string(entete, colonne, affichable(titre.titre), self._format("entete"))
        for rang, rangee in enumerate(tableau.lignes, entete + 1):
            for colonne, cellule in enumerate(rangee.cellules):
                self._cellule(feuille, (rang, colonne), cellule, gras=rangee.forte)
        largeurs = [
            max([len(c.titre) * 0.6, *(len(modele.texte(ligne.cellules[i])) for ligne in tableau.lignes)])
            for i, c in enumerate(tableau.colonnes)
        ]
        for colonne, largeur in enumerate(largeurs):
            feuille.set_column(colonne, colonne, min(_LARGEUR_MAX, max(11, largeur + 2)))
        if ligne == 0:
            feuille.freeze_panes(entete + 1, 1)
        self.feuilles[_nom(nom)] = (feuille, entete + 3 + len(tableau.lignes))

    def _cellule(self, feuille: Worksheet, ou: tuple[int, int], cellule: Cellule, *, gras: bool) -> None:
        valeur = modele.nombre(cellule)
        if valeur is None or (not isinstance(cellule, Nombre | str) and cellule.champ == "cible"):
            feuille.write_string(*ou, affichable(modele.texte(cellule)), self._format("texte", gras=gras))
            return
        unite = _unite(cellule)
        feuille.write_number(*ou, valeur / 100 if unite == "%" else valeur, self._format(unite, gras=gras))

    def _chiffres(self, chiffres: tuple[Chiffre, ...]) -> None:
        feuille, _ = self._feuille(_CHIFFRES)
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
        feuille.freeze_panes(1, 0)
        feuille.autofilter(0, 0, max(1, len(chiffres)), len(titres) - 1)
        feuille.set_column(0, 0, 44)
        feuille.set_column(1, len(titres) - 1, 15)

    def _feuille(self, nom: str) -> tuple[Worksheet, int]:
        propre = _nom(nom)
        if propre not in self.feuilles:
            feuille = self.classeur.add_worksheet(propre)
            feuille.set_landscape()
            feuille.set_paper(_A4)
            feuille.fit_to_pages(1, 0)
            # `&` begins a code of the footer.
            feuille.set_footer(f"&L&8{self.edition.replace('&', '&&')}&R&8&P / &N")
            self.feuilles[propre] = (feuille, 0)
        return self.feuilles[propre]

    def _format(self, genre: str, *, gras: bool = False) -> Format:
        cle = (genre, gras)
        if cle not in self.formats:
            proprietes: dict[str, Any] = {"bold": gras or genre in ("titre", "entete")}
            if genre == "titre":
                proprietes["font_size"] = 13
            elif genre == "entete":
                proprietes |= {"bottom": 1, "text_wrap": True, "valign": "bottom"}
            elif genre in _FORMATS:
                proprietes["num_format"] = _FORMATS[genre]
            self.formats[cle] = self.classeur.add_format(proprietes)
        return self.formats[cle]


def _unite(cellule: Cellule) -> str:
    if isinstance(cellule, Nombre):
        return cellule.unite
    if isinstance(cellule, str) or cellule.chiffre is None or cellule.champ != "valeur":
        return "nombre"
    return cellule.chiffre.unite


def _nom(nom: str) -> str:
    # What Excel refuses in the name of a sheet, and its 31 characters.
    return re.sub(r"[\[\]:*?/\\']", " ", nom)[:31].strip() or "Feuille"
