"""The tables of a document, for what holds tables only: the workbook, and one CSV file for each."""

from collections.abc import Iterator

from pipelines.bilan import document as modele
from pipelines.bilan.document import Cartes, Colonne, Ligne, Mesure, Section, Tableau


def tableaux(section: Section, partie: str = "") -> Iterator[tuple[Tableau, str]]:
    """The tables of a chapter, the cards of the results among them, each with the title of its part."""
    for rang, bloc in enumerate(section.blocs):
        if isinstance(bloc, Tableau) and bloc.lignes:
            yield bloc, partie
        elif isinstance(bloc, Cartes):
            yield _resultats(bloc, f"t-cartes-{rang}"), partie
    for sous in section.sections:
        yield from tableaux(sous, sous.titre)


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
