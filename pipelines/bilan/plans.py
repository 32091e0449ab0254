"""The maps of a bilan: its communes by result, its neighbourhoods among them.

Without outlines of the communes, none: marks on white say nothing, and ranked bars are the better picture.
"""

from pipelines.bilan import formats, graphiques, tables
from pipelines.bilan.document import Bloc, Colonne, Graphique, Ligne, Mesure, Tableau, etat, texte
from pipelines.bilan.donnees import Chiffre, Donnees, Vise

NOMMEES = 10
"""Communes whose name and result are written on the map: those with the most allocations."""


def communes(d: Donnees, vise: Vise) -> tuple[Bloc, ...]:
    """Each commune by what it reached; by its value where it has no target. Nothing where few are drawn."""
    contours = [(c, d.vise(vise, "commune", c.code)) for c in d.contours if c.niveau == "commune"]
    valeurs = [c.valeur for _, c in contours if c is not None and c.valeur is not None]
    if len(valeurs) < 2:
        return ()
    vises = any(c is not None and c.operateur for _, c in contours)
    bases = sorted(
        (-(c.denominateur or 0), formats.cle_de_tri(contour.libelle), contour.code)
        for contour, c in contours
        if c is not None and c.denominateur
    )
    nommees = {code: rang for rang, (*_, code) in enumerate(bases[:NOMMEES])}
    ident = f"g-carte-{tables.cle(vise)}"
    formes = [
        graphiques.Forme(
            contour.geometrie,
            graphiques.couleur_de_carte(etat(c))
            if vises
            else graphiques.nuance_de_carte(c.valeur if c else None, max(valeurs)),
            etiquette=f"{contour.libelle.replace('|', ' ')}|{_resultat(c)}"
            if contour.code in nommees and c
            else "",
            rang=nommees.get(contour.code, NOMMEES),
        )
        for contour, c in contours
    ]
    titre = f"{d.libelle(vise)} par commune, {d.annee}"
    return (
        Graphique(
            ident,
            titre,
            f"Carte : {titre}. Les résultats de toutes les communes sont dans le tableau.",
            graphiques.carte(ident, formes),
            f"t-{tables.cle(vise)}-commune",
            graphiques.LEGENDE_COMMUNES if vises else graphiques.LEGENDE_NUANCES,
        ),
    )


def _resultat(c: Chiffre) -> str:
    return f"{texte(Mesure(c))}{graphiques.SIGNES.get(etat(c), '')}"


def quartiers(d: Donnees) -> tuple[Bloc, ...]:
    """The neighbourhoods and zones that have figures, numbered among the communes, and their table."""
    noms = dict(d.modalites("qpv", ["qpv_q234", "baux"])) | dict(d.modalites("zone", ["qpv_q234", "baux"]))
    dessines = {
        (c.niveau, c.code)
        for c in d.contours
        if c.niveau in ("qpv", "zone")
        # Of two generations that overlap, the one that has figures in the year.
        and any(d.chiffre(nom, c.niveau, c.code) for nom in ("qpv_q234", "baux"))
    }
    if not dessines or not any(c.niveau == "commune" for c in d.contours):
        return ()
    formes = [
        graphiques.Forme(c.geometrie, graphiques.FOND_DE_CARTE) for c in d.contours if c.niveau == "commune"
    ]
    lignes = []
    ordre = sorted(dessines, key=lambda q: (formats.cle_de_tri(noms[q[1]]), q[1]))
    for rang, (niveau, code) in enumerate(ordre, 1):
        c = d.chiffre("qpv_q234", niveau, code)
        formes += [
            graphiques.Forme(contour.geometrie, graphiques.couleur_de_carte(etat(c)), str(rang), etat(c))
            for contour in d.contours
            if (contour.niveau, contour.code) == (niveau, code)
        ]
        lignes.append(Ligne((f"{rang}. {noms[code]}", Mesure(c), Mesure(c, "cible"), Mesure(c, "atteint"))))
    titre = f"{d.indicateur('qpv_q234').libelle} : carte des quartiers, {d.annee}"
    tableau = Tableau(
        "t-carte",
        "Repères de la carte",
        (Colonne("Quartier"), Colonne("Résultat", True), Colonne("Objectif", True), Colonne("Atteint")),
        tuple(lignes),
    )
    description = f"Carte : {titre}. Les numéros renvoient au tableau « Repères de la carte »."
    return (
        Graphique(
            "g-carte",
            titre,
            description,
            graphiques.carte("g-carte", formes),
            tableau.ident,
            graphiques.LEGENDE_QUARTIERS,
        ),
        tableau,
    )
