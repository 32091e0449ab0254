"""The mid-term evaluation: each year since the convention began, against the targets in force that year."""

from collections.abc import Sequence

from pipelines import libelles
from pipelines.bilan import formats, graphiques, provenance, tables
from pipelines.bilan.document import (
    Bloc,
    Colonne,
    Document,
    Graphique,
    Ligne,
    Manquant,
    Mesure,
    Paragraphe,
    Section,
    Tableau,
)
from pipelines.bilan.donnees import PROFONDEUR, Donnees, Vise
from pipelines.errors import DonneesRefusees

DUREE = 6
"""Longest period evaluated, in years: the life of a convention."""

AXES = ("bailleur", "reservataire", "qpv", "zone", "commune")


def profondeur(debut_convention: str, annee: int) -> int:
    """Number of years to evaluate: since the convention began, between three and six."""
    if not debut_convention[:4].isdigit():
        return PROFONDEUR
    return max(PROFONDEUR, min(DUREE, annee - int(debut_convention[:4]) + 1))


def verifier(d: Donnees, debut: str, annees: Sequence[int]) -> None:
    """Refuse to evaluate without the convention's dates, or before it has three years with figures.

    Args:
        d: the data, up to the year asked for.
        debut: first day of the convention, as an ISO date; empty when it is not known.
        annees: every year that the territory has figures of.

    Raises:
        DonneesRefusees: saying which dates and years there are, and what to do.
    """
    if not debut[:4].isdigit():
        raise DonneesRefusees(
            f"{d.nom} ({d.epci_siren}) : une évaluation demande les dates de la convention, et son fichier "
            "ne donne pas de « debut ». Écrivez-le, puis reconstruisez l’entrepôt."
        )
    siennes = [a for a in annees if int(debut[:4]) <= a <= d.annee]
    if len(siennes) < PROFONDEUR:
        ont, toutes = (", ".join(map(str, liste)) or "aucune" for liste in (siennes, annees))
        raise DonneesRefusees(
            f"{d.nom} ({d.epci_siren}) : une évaluation demande au moins {PROFONDEUR} années de la "
            f"convention, qui commence le {tables.date(debut)}. Celles qui ont des chiffres jusqu’à "
            f"{d.annee} : {ont} (années de l’entrepôt : {toutes}). Donnez une année plus tardive, ou "
            "demandez les bilans annuels."
        )


def evaluation(d: Donnees) -> Document:
    """Build the evaluation over the years that were read."""
    vises = d.objectifs_vises(d.annees)
    sections = [
        Section("essentiel", "L’essentiel", _essentiel(d, vises)),
        *(_objectif(d, vise) for vise in vises),
        provenance.section(d),
    ]
    regles, chiffres = tables.regles(d, sections)
    return Document(
        nom_fichier=f"evaluation-{d.epci_siren}-{d.annees[0]}-{d.annee}",
        titre="Évaluation à mi-parcours de la convention intercommunale d’attribution",
        sous_titre=f"{d.nom} – {d.annees[0]} à {d.annee}",
        annee=d.annee,
        entete=provenance.entete(d),
        identite=provenance.identite(d),
        sections=(*sections, regles),
        chiffres=chiffres,
    )


def _essentiel(d: Donnees, vises: Sequence[Vise]) -> tuple[Bloc, ...]:
    blocs: list[Bloc] = [Paragraphe((libelles.chapo("evaluation"),), "chapo")]
    lignes, series = [], []
    for vise in vises:
        chiffres = [d.vise(vise, annee=a) for a in d.annees]
        if not any(chiffres):
            continue
        nom = d.libelle(vise)
        lignes.append(Ligne((nom, *tables.mesures(chiffres))))
        # A result that no target judges has no row for it.
        if any(c is not None and (c.operateur or c.statut == "sans_objet") for c in chiffres):
            lignes.append(Ligne((f"{nom} : objectif", *tables.mesures(chiffres, "cible"))))
        if any(c is not None and c.atteint is not None for c in chiffres):
            lignes.append(Ligne((f"{nom} : atteint", *tables.mesures(chiffres, "atteint"))))
        points = tables.points((str(a), c) for a, c in zip(d.annees, chiffres, strict=True))
        if sum(v is not None for _, v, _, _ in points) >= 2:
            series.append(graphiques.Serie(nom, points))
    if not lignes:
        return (
            *blocs,
            Manquant(
                "Rien à évaluer",
                "Aucun objectif de la convention n’a de chiffre sur la période. Ils demandent la source "
                "SNE, qui "
                f"s’obtient auprès {libelles.source('sne').aupres}.",
            ),
        )
    entetes = (Colonne("Objectif"), *(Colonne(str(a), True) for a in d.annees))
    tableau = Tableau(
        "t-evaluation", "Résultats et objectifs de chaque année", entetes, tuple(lignes), "Évaluation"
    )
    if series:
        titre = f"Évolution de {d.annees[0]} à {d.annee}"
        description = f"Courbes. {titre}. " + " ; ".join(
            f"{s.nom} : " + ", ".join(f"{mots} en {p}" for p, _, mots, _ in s.points) for s in series
        )
        blocs.append(
            Graphique(
                "g-evaluation",
                titre,
                f"{description}.",
                graphiques.tendances(
                    "g-evaluation", series, largeur=225 if len(d.annees) <= PROFONDEUR else 345
                ),
                tableau.ident,
                "Le trait noir marque l’objectif de chaque année.",
            )
        )
    return (*blocs, tableau)


def _objectif(d: Donnees, vise: Vise) -> Section:
    ident = vise.indicateur
    blocs: list[Bloc] = []
    if tableau := tables.trois_annees(d, vise, feuille=f"{ident[:22]} – ans"):
        blocs.append(tableau)
    if rupture := d.indicateur(ident).rupture:
        blocs.append(
            Paragraphe((tables.sans_code(d, formats.phrase(f"Rupture de série : {rupture}")),), "note")
        )
    for axe in AXES:
        lignes = []
        for code, nom in d.modalites(axe, [ident]):
            chiffres = [d.vise(vise, axe, code, a) for a in d.annees]
            if any(c is not None and (c.operateur or c.statut == "sans_objet") for c in chiffres):
                cellules = [cellule for c in chiffres for cellule in (Mesure(c), Mesure(c, "atteint"))]
                lignes.append(Ligne((nom, *cellules)))
        if lignes:
            entetes = (
                Colonne(libelles.axe(axe)),
                *(colonne for a in d.annees for colonne in (Colonne(str(a), True), Colonne(f"Atteint {a}"))),
            )
            legende = f"{d.libelle(vise)} par {libelles.axe(axe, 'un')}, année par année"
            cle = f"t-{tables.cle(vise)}-{formats.slug(axe)}"
            blocs.append(Tableau(cle, legende, entetes, tuple(lignes), f"{ident[:18]} {axe}"))
    return Section(f"detail-{tables.cle(vise)}", d.libelle(vise), tuple(blocs))
