"""The communes of a bilan as pictures: a map by result, the trend of each, and the neighbourhoods among them.

Without outlines of the communes, no map: marks on white say nothing, and ranked dots are the better picture.
"""

from pipelines.bilan import formats, graphiques, tables
from pipelines.bilan.document import Bloc, Colonne, Graphique, Ligne, Mesure, Tableau, etat, texte
from pipelines.bilan.donnees import Chiffre, Donnees, Vise

NOMMEES = 10
"""Communes whose name and result are written on the map: those with the most allocations."""

TENDANCES, POINTS = 20, 40
"""Communes whose trend, or whose place among the others, is drawn: those with the most allocations."""


def communes(d: Donnees, vise: Vise) -> tuple[Bloc, ...]:
    """Each commune by what it reached; by its value where it has no target: on a map, or from the highest to
    the lowest where there are no outlines. Nothing where few are drawn."""
    contours = [(c, d.vise(vise, "commune", c.code)) for c in d.contours if c.niveau == "commune"]
    if not contours:
        return _classees(d, vise)
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


def _plus_grandes(d: Donnees, vise: Vise, combien: int) -> tuple[list[tuple[str, str, Chiffre]], str]:
    """The communes of the year with the most allocations, in that order, and what to say of the others."""
    toutes = [
        (code, nom, c)
        for code, nom in d.modalites("commune", [vise.indicateur])
        if (c := d.vise(vise, "commune", code)) is not None and c.valeur is not None
    ]
    toutes.sort(key=lambda t: (-(t[2].denominateur or 0), formats.cle_de_tri(t[1]), t[0]))
    suite = f"Les {combien} communes qui ont le plus d’attributions, sur {len(toutes)}. "
    return toutes[:combien], suite if len(toutes) > combien else ""


def _classees(d: Donnees, vise: Vise) -> tuple[Bloc, ...]:
    gardees, suite = _plus_grandes(d, vise, POINTS)
    if len(gardees) < 2:
        return ()
    gardees.sort(key=lambda t: (-(t[2].valeur or 0.0), formats.cle_de_tri(t[1]), t[0]))
    lignes = [graphiques.Barre(nom, c.valeur, texte(Mesure(c)), c.cible, etat(c)) for _, nom, c in gardees]
    ident = f"g-points-{tables.cle(vise)}"
    titre = f"{d.libelle(vise)} : communes classées, {d.annee}"
    detail = " ; ".join(f"{b.nom} : {b.texte}" for b in lignes)
    return (
        Graphique(
            ident,
            titre,
            f"Points classés : {titre}. {detail}.",
            graphiques.points_classes(
                ident, lignes, pourcent=(d.indicateur(vise.indicateur).unite or "%") == "%"
            ),
            f"t-{tables.cle(vise)}-commune",
            f"{suite}{graphiques.LEGENDE_POINTS}",
        ),
    )


def tendances(d: Donnees, vise: Vise) -> tuple[Bloc, ...]:
    """The trend of each of the communes with the most allocations; nothing where no two have two years."""
    gardees, suite = _plus_grandes(d, vise, TENDANCES)
    series = []
    for code, nom, _ in gardees:
        points = tables.points((str(a), d.vise(vise, "commune", code, a)) for a in d.annees)
        if sum(v is not None for _, v, _, _ in points) > 1:
            series.append(graphiques.Serie(nom, points))
    if len(series) < 2:
        return ()
    ident = f"g-tendances-{tables.cle(vise)}-commune"
    titre = f"{d.libelle(vise)} : évolution par commune, de {d.annees[0]} à {d.annee}"
    detail = " ; ".join(
        f"{s.nom} : " + ", ".join(f"{mots} en {p}" for p, _, mots, _ in s.points) for s in series
    )
    vises = any(cible is not None for s in series for *_, cible in s.points)
    legende = (
        f"{suite}De gauche à droite : {formats.enumerer([str(a) for a in d.annees])} ; même échelle partout. "
        f"Est écrit le résultat de {d.annee}.{' Le trait noir marque l’objectif.' if vises else ''}"
    )
    return (
        Graphique(
            ident,
            titre,
            f"Petites courbes, une par commune : {titre}. {detail}.",
            graphiques.multiples(ident, series),
            f"t-{tables.cle(vise)}-commune",
            legende,
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


def classes(d: Donnees, segment_type: str, segment: str, titre: str, tableau: str) -> tuple[Bloc, ...]:
    """Places by class of fragility: what each commune has outside priority neighbourhoods, then those and the
    local zones that are drawn. Nothing without outlines, or where fewer than two places are classed.

    Args:
        d: the data.
        segment_type: `methode`, or `tous` where the territory has one alone.
        segment: the method.
        titre: what the map shows.
        tableau: the table that has every place, drawn or not.
    """
    places = []
    for contour in d.contours:
        axe, code = contour.niveau, contour.code
        if axe == "commune":
            axe, code = "commune x secteur", f"{code} x hors_qpv"
        c = d.chiffre("fragilite_classe", axe, code, segment_type=segment_type, segment=segment)
        places.append((contour, None if c is None else c.valeur))
    connues = [classe for _, classe in places if classe is not None]
    if len(connues) < 2 or not any(contour.niveau == "commune" for contour, _ in places):
        return ()
    formes = []
    for contour, classe in sorted(places, key=lambda p: (p[0].niveau != "commune", p[0].niveau, p[0].code)):
        if contour.niveau != "commune" and classe is None:
            continue
        ecrite = "" if classe is None else formats.decimal(classe, 0)
        couleur = graphiques.nuance_de_carte(classe, max(connues))
        # A commune's class is written alone; a neighbourhood's stands in a mark, to be told from it.
        if contour.niveau == "commune":
            formes.append(graphiques.Forme(contour.geometrie, couleur, etiquette=ecrite))
        else:
            formes.append(graphiques.Forme(contour.geometrie, couleur, ecrite, "suivi"))
    ident = f"g-classes-{formats.slug(segment)}"
    dites = " ; ".join(
        f"{contour.libelle} : classe {formats.decimal(classe, 0)}"
        for contour, classe in places
        if classe is not None
    )
    return (
        Graphique(
            ident,
            titre,
            f"Carte : {titre}. {dites}.",
            graphiques.carte(ident, formes),
            tableau,
            graphiques.LEGENDE_CLASSES,
        ),
    )
