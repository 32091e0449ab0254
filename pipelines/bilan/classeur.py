"""The document as a workbook: results first, a contents sheet with links, one sheet per chapter, no formula.

Each table is a table of the spreadsheet, with its filters and real numbers in their own format. A string is
always written as a string: xlsxwriter would otherwise read `=…` as a formula and a web address as a link.
"""

import datetime as dt
import re
from collections.abc import Collection
from pathlib import Path
from typing import Any

import xlsxwriter
from xlsxwriter.format import Format
from xlsxwriter.workbook import Workbook
from xlsxwriter.worksheet import Worksheet

from pipelines import libelles
from pipelines.affichable import affichable
from pipelines.bilan import document as modele
from pipelines.bilan.document import (
    Cartes,
    Cellule,
    Colonne,
    Document,
    Ligne,
    Mesure,
    Nombre,
    Section,
    Tableau,
)
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
_SOMMAIRE, _CHIFFRES = "Sommaire", "Tous les chiffres"
FEUILLES_MAX = 30
_NOM_MAX = 31
# A name is not cut after a word shorter than this: « et », « de », « par ».
_MOT_DE_LIAISON = 4
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
        self.feuilles: dict[str, Worksheet] = {}
        self.tables = 1
        self.edition = ""

    def remplir(self, document: Document) -> None:
        self.edition = affichable(document.edition)
        groupes = _groupes(document)
        noms = list(groupes)
        resultats = noms[0] if noms else _SOMMAIRE
        for nom in (resultats, _SOMMAIRE, *(n for n in noms if n != resultats), _CHIFFRES):
            self._feuille(nom)
        for nom, tableaux in groupes.items():
            self._chapitre(nom, tableaux)
        self._sommaire(document, groupes)
        self._chiffres(document.chiffres)
        self._feuille(resultats).activate()

    def _sommaire(self, document: Document, groupes: dict[str, list[Tableau]]) -> None:
        feuille = self._feuille(_SOMMAIRE)
        feuille.write_string(0, 0, document.titre, self._format("titre"))
        feuille.write_string(1, 0, affichable(document.sous_titre), self._format("titre"))
        feuille.write_string(2, 0, self.edition, self._format("texte", gras=True))
        rang = 4
        for nom in (*groupes, _CHIFFRES):
            cible = nom.replace("'", "''")
            feuille.write_url(rang, 0, f"internal:'{cible}'!A1", self._format("lien"), affichable(nom))
            legendes = " ; ".join(affichable(t.legende) for t in groupes.get(nom, []))
            feuille.write_string(rang, 1, legendes, self._format("texte"))
            rang += 1
        for terme, texte in document.identite:
            rang += 1
            feuille.write_string(rang, 0, terme, self._format("texte", gras=True))
            feuille.write_string(rang, 1, affichable(texte), self._format("texte"))
        for rang_phrase, phrase in enumerate(libelles.lecture(), rang + 2):
            feuille.write_string(rang_phrase, 1, affichable(phrase), self._format("texte"))
        feuille.set_column(0, 0, 38)
        feuille.set_column(1, 1, 110)

    def _chapitre(self, nom: str, tableaux: list[Tableau]) -> None:
        """The tables of a chapter, one under the other; the header of the first stays in sight."""
        feuille, ligne = self._feuille(nom), 0
        largeurs: dict[int, float] = {}
        for tableau in tableaux:
            entete = ligne + 1
            feuille.write_string(ligne, 0, affichable(tableau.legende), self._format("titre"))
            self._tableau(feuille, entete, tableau)
            for i, c in enumerate(tableau.colonnes):
                textes = (len(modele.texte(rangee.cellules[i])) for rangee in tableau.lignes)
                largeurs[i] = max(largeurs.get(i, 0), len(c.titre) * 0.7 + 3, *textes)
            ligne = entete + len(tableau.lignes) + 2
        for colonne, largeur in largeurs.items():
            feuille.set_column(colonne, colonne, min(_LARGEUR_MAX, max(13, largeur + 2)))
        feuille.freeze_panes(2 if len(tableaux) == 1 else 1, 1)
        feuille.repeat_rows(0, 1)

    def _tableau(self, feuille: Worksheet, entete: int, tableau: Tableau) -> None:
        titres: list[str] = []
        for colonne in tableau.colonnes:
            # Two columns of a table of the spreadsheet never bear one name.
            titre = affichable(colonne.titre) or " "
            titres.append(titre if titre not in titres else f"{titre} ({titres.count(titre) + len(titres)})")
        feuille.add_table(
            entete,
            0,
            entete + len(tableau.lignes),
            len(titres) - 1,
            {
                "name": f"Tableau_{self.tables}",
                "columns": [{"header": t, "header_format": self._format("entete")} for t in titres],
                "style": "Table Style Light 1",
                "banded_rows": False,
            },
        )
        self.tables += 1
        for rang, rangee in enumerate(tableau.lignes, entete + 1):
            for place, cellule in enumerate(rangee.cellules):
                self._cellule(feuille, (rang, place), cellule, gras=rangee.forte)

    def _cellule(self, feuille: Worksheet, ou: tuple[int, int], cellule: Cellule, *, gras: bool) -> None:
        valeur = modele.nombre(cellule)
        if valeur is None or (not isinstance(cellule, Nombre | str) and cellule.champ == "cible"):
            feuille.write_string(*ou, affichable(modele.texte(cellule)), self._format("texte", gras=gras))
            return
        unite = _unite(cellule)
        feuille.write_number(*ou, valeur / 100 if unite == "%" else valeur, self._format(unite, gras=gras))

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

    def _format(self, genre: str, *, gras: bool = False) -> Format:
        cle = (genre, gras)
        if cle not in self.formats:
            proprietes: dict[str, Any] = {"bold": gras or genre in ("titre", "entete")}
            if genre == "titre":
                proprietes["font_size"] = 13
            elif genre == "lien":
                proprietes |= {"font_color": "#0b4f8a", "underline": 1}
            elif genre == "texte":
                proprietes |= {"text_wrap": True, "valign": "top"}
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


def _groupes(document: Document) -> dict[str, list[Tableau]]:
    """Name of each sheet and its tables: a chapter each, or a subject each when chapters are too many."""
    par_chapitre = [(section, _tableaux(section)) for section in document.sections]
    par_chapitre = [(section, tableaux) for section, tableaux in par_chapitre if tableaux]
    groupes: dict[str, list[Tableau]] = {}
    if len(par_chapitre) + 2 <= FEUILLES_MAX:
        for section, tableaux in par_chapitre:
            groupes.setdefault(_nom(section.titre, groupes), []).extend(tableaux)
        return groupes
    noms: dict[str, str] = {}
    for section, tableaux in par_chapitre:
        for tableau in tableaux:
            sujet = tableau.feuille or section.titre
            nom = noms.setdefault(sujet, noms.get(sujet) or _nom(sujet, groupes))
            groupes.setdefault(nom, []).append(tableau)
    return groupes


def _tableaux(section: Section) -> list[Tableau]:
    """The tables of a chapter, the cards of the results among them."""
    trouves = []
    for rang, bloc in enumerate(section.tous_les_blocs()):
        if isinstance(bloc, Tableau) and bloc.lignes:
            trouves.append(bloc)
        elif isinstance(bloc, Cartes):
            trouves.append(_resultats(bloc, f"t-cartes-{rang}"))
    return trouves


def _resultats(cartes: Cartes, ident: str) -> Tableau:
    annees = list(dict.fromkeys(annee for carte in cartes.cartes for annee, _ in carte.annees))
    titres = ("Objectif", "Résultat", "Verdict", "Cible", "Il manque", "Détail")
    nombres = ("Résultat", "Il manque")
    lignes = tuple(
        Ligne(
            (
                carte.titre,
                carte.mesure,
                modele.LIBELLES_ETAT[carte.etat],
                carte.objectif,
                Mesure(carte.chiffre, "manque"),
                carte.detail,
                *(dict(carte.mesures).get(annee, Mesure(None)) for annee in annees),
            )
        )
        for carte in cartes.cartes
    )
    colonnes = (*(Colonne(t, t in nombres) for t in titres), *(Colonne(a, True) for a in annees))
    return Tableau(ident, "Résultats et objectifs", colonnes, lignes, "Résultats")


def _nom(nom: str, pris: Collection[str]) -> str:
    """A name of a sheet: without what Excel refuses, cut between words at 31 characters, like no other."""
    permis = re.sub(r"[\[\]:*?/\\\x00-\x1f]", " ", affichable(nom))
    propre = " ".join(permis.split()).strip("'") or "Feuille"
    court = propre
    if len(propre) > _NOM_MAX:
        mots = propre[: _NOM_MAX + 1].split(" ")[:-1]
        while mots and len(mots[-1]) < _MOT_DE_LIAISON:
            mots.pop()
        court = " ".join(mots) or propre[:_NOM_MAX]
    occupes = {p.casefold() for p in (*pris, _SOMMAIRE, _CHIFFRES)}
    essai, rang = court, 2
    while essai.casefold() in occupes:
        essai = f"{court[: _NOM_MAX - 4]} ({rang})"
        rang += 1
    return essai
