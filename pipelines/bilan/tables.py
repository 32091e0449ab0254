"""Tables and charts built from figures: the pieces that every report shares.

Each function returns None, or an empty tuple, when the warehouse has nothing to put in it, so that a report
never shows an empty frame.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Sequence

from pipelines import libelles
from pipelines.bilan import document as modele
from pipelines.bilan import formats, graphiques
from pipelines.bilan.document import (
    Bloc,
    Cartes,
    Cellule,
    Colonne,
    Document,
    Encadre,
    Graphique,
    Ligne,
    Mesure,
    Paragraphe,
    Puces,
    Reperes,
    Section,
    Tableau,
    etat,
    texte,
)
from pipelines.bilan.donnees import ANNEE, TOUS, Chiffre, Donnees, Vise

VARIANTES = ("concept", "population")
"""Splits that are another reading of the same indicator, not a share of it: shown as rows of their own."""

NOM_DU_MANQUE = "attribution"

alleger = modele.alleger

BARRES_MAX = 30
"""Beyond this number of bars, the table reads better than the chart."""

BARRES_SECRETES_MAX = 4
"""Beyond this number, masked bars are counted under the chart instead of drawn."""


def mesures(chiffres: Iterable[Chiffre | None], champ: str = "valeur") -> tuple[Mesure, ...]:
    """One cell per figure."""
    return tuple(Mesure(c, champ) for c in chiffres)  # type: ignore[arg-type]


def phrase_objectif(d: Donnees, ident: str, chiffre: Chiffre | None) -> Paragraphe:
    """Say in one sentence what a figure is, what was expected, and what is missing."""
    article = d.indicateur(ident).article
    morceaux: list[str | Mesure] = []
    if chiffre is None or not chiffre.lisible:
        mots = {
            "secret": "ce chiffre est couvert par le secret statistique.",
            "indisponible": "ce chiffre ne peut pas être calculé avec les sources fournies.",
            "sans_objet": "ce chiffre est sans objet pour ce territoire.",
        }
        suite = mots.get(chiffre.statut if chiffre else "", "aucune donnée n’a été trouvée.")
        return Paragraphe((f"À l’échelle du territoire, en {d.annee} : {suite}",))
    morceaux += [f"À l’échelle du territoire, le taux de {d.annee} est de ", Mesure(chiffre)]
    if chiffre.numerateur is not None and chiffre.denominateur is not None:
        morceaux.append(f" ({formats.entier(chiffre.numerateur)} sur {formats.entier(chiffre.denominateur)})")
    morceaux.append(". ")
    objectif = formats.cible(chiffre.operateur, chiffre.cible, chiffre.unite)
    if objectif:
        morceaux.append(f"Objectif : {objectif}{f' ({article})' if article else ''}. ")
        if chiffre.atteint is None:
            morceaux.append("Il est suivi sans être évalué. ")
        elif chiffre.atteint:
            morceaux.append("Il est atteint. ")
        else:
            manque = manque_en_mots(chiffre)
            morceaux.append(f"Il n’est pas atteint{f' : {manque}' if manque else ''}. ")
    elif chiffre.statut == "sans_objet":
        morceaux.append("La convention ne fixe pas d’objectif (« sans objet »). ")
    if chiffre.inconnus:
        nombre = formats.accorder(chiffre.inconnus, NOM_DU_MANQUE)
        accord = "est comptée" if chiffre.inconnus < 2 else "sont comptées"
        morceaux.append(f"{nombre} dont les ressources ou la situation sont inconnues {accord} à part. ")
    if chiffre.statut == "rupture_serie":
        rupture = d.indicateur(ident).rupture
        dite = formats.phrase(f"Rupture de série{f' : {rupture}' if rupture else ''}")
        morceaux.append(f"{sans_code(d, dite)} ")
    if chiffre.statut == "provisoire":
        morceaux.append("Chiffre provisoire : le seuil du 1er quartile est celui de l’année précédente. ")
    return Paragraphe(tuple(morceaux))


def trois_annees(d: Donnees, vise: Vise, feuille: str | None = None) -> Tableau | None:
    """The territory's figure over the years, with all that proves it."""
    chiffres = [d.vise(vise, annee=annee) for annee in d.annees]
    if not any(chiffres):
        return None
    lignes = [
        Ligne((str(annee), *preuves(c)), forte=annee == d.annee)
        for annee, c in zip(d.annees, chiffres, strict=True)
    ]
    entetes, tries = alleger((Colonne("Année"), *COLONNES_PREUVES), lignes)
    return Tableau(
        f"t-{cle(vise)}-annees", f"{d.libelle(vise)} : ensemble du territoire", entetes, tries, feuille
    )


def par_acteur(d: Donnees, vise: Vise, axe: str, *, feuille: str | None = None) -> Tableau | None:
    """One row per actor of an axis: base, count, unknowns, rate, target, verdict, and the years before."""
    avant = [a for a in reversed(d.annees) if a != d.annee]
    lignes = []
    for code, nom in d.modalites(axe, [vise.indicateur]):
        courant = d.vise(vise, axe, code)
        passes = [d.vise(vise, axe, code, a) for a in avant]
        if courant or any(passes):
            lignes.append(Ligne((nom, *preuves(courant), *mesures(passes))))
    if not lignes:
        return None
    courant = d.vise(vise)
    passes = [d.vise(vise, annee=a) for a in avant]
    if courant or any(passes):
        lignes.append(Ligne((libelles.axe("epci"), *preuves(courant), *mesures(passes)), forte=True))
    colonnes = (Colonne(libelles.axe(axe)), *COLONNES_PREUVES, *(Colonne(str(a), True) for a in avant))
    entetes, tries = alleger(colonnes, lignes)
    legende = f"{d.libelle(vise)} par {libelles.axe(axe, 'un')}, {d.annee}"
    return Tableau(f"t-{cle(vise)}-{formats.slug(axe)}", legende, entetes, tries, feuille)


def cle(vise: Vise) -> str:
    """Identifier, in a page, of what an objective is about."""
    segment = () if vise.segment_type == TOUS else (vise.segment_type, vise.segment)
    return "-".join(formats.slug(morceau) for morceau in (vise.indicateur, *segment))


def barres_par_acteur(d: Donnees, vise: Vise, axe: str) -> Graphique | None:
    """Bars of the actors of an axis with their targets; None when there is nothing to compare."""
    lignes = []
    for code, nom in d.modalites(axe, [vise.indicateur]):
        c = d.vise(vise, axe, code)
        if c is not None and (c.lisible or c.statut == "secret"):
            cible = formats.cible(c.operateur, c.cible, c.unite)
            lignes.append(graphiques.Barre(nom, c.valeur, texte(Mesure(c)), c.cible, etat(c), cible))
    ident = f"{cle(vise)}-{formats.slug(axe)}"
    return graphique_en_barres(
        f"g-{ident}",
        f"{d.libelle(vise)} par {libelles.axe(axe, 'un')}, {d.annee}",
        lignes,
        f"t-{ident}",
        pourcent=(d.indicateur(vise.indicateur).unite or "%") == "%",
    )


def graphique_en_barres(
    ident: str, titre: str, barres: Sequence[graphiques.Barre], tableau: str, *, pourcent: bool = True
) -> Graphique | None:
    """Bars from the highest to the lowest, masked ones last; None when there is nothing to compare."""
    dessinables = [b for b in barres if b.etat != "secret"]
    if len(dessinables) > BARRES_MAX or not any(b.valeur is not None for b in barres):
        return None
    triees = sorted(barres, key=lambda b: (b.valeur is None, -(b.valeur or 0.0), formats.cle_de_tri(b.nom)))
    secretes = len(barres) - len(dessinables)
    dessinees, suite = triees, ""
    if secretes > BARRES_SECRETES_MAX:
        dessinees = [b for b in triees if b.etat != "secret"]
        suite = f" {secretes} barres couvertes par le secret statistique ne sont pas dessinées."
    if len(dessinees) < 2:
        return None
    detail = " ; ".join(f"{b.nom} : {b.texte}" for b in dessinees)
    dessin = graphiques.barres(ident, dessinees, pourcent=pourcent)
    description = f"Barres horizontales : {titre}. {detail}.{suite}"
    legende = graphiques.legende_des_etats(dessinees) + suite
    return Graphique(ident, titre, description, dessin, tableau, legende)


def series(
    d: Donnees,
    ident: str,
    legende: str,
    indicateurs: Sequence[str],
    *,
    axe: str = "epci",
    modalite: str | None = None,
    feuille: str | None = None,
) -> Tableau | None:
    """One row per indicator, one column per year, for the territory or one actor."""
    lignes = []
    for nom_indicateur in indicateurs:
        for segment_type, segment, libelle in variantes(d, nom_indicateur, axe):
            valeurs = [
                d.chiffre(nom_indicateur, axe, modalite, a, segment_type=segment_type, segment=segment)
                for a in d.annees
            ]
            if any(valeurs):
                dernier = valeurs[-1]
                rapport = dernier if dernier is not None and dernier.unite in ("%", "ratio") else None
                lignes.append(
                    Ligne(
                        (
                            libelle,
                            *mesures(valeurs),
                            Mesure(rapport, "numerateur"),
                            Mesure(rapport, "denominateur"),
                        )
                    )
                )
    if not lignes:
        return None
    entetes = (
        Colonne("Indicateur"),
        *(Colonne(str(a), True) for a in d.annees),
        Colonne(f"Numérateur {d.annee}", True),
        Colonne(f"Dénominateur {d.annee}", True),
    )
    entetes, tries = alleger(entetes, lignes)
    return Tableau(ident, legende, entetes, tries, feuille)


def croise(
    d: Donnees,
    ident: str,
    legende: str,
    indicateurs: Sequence[str],
    axes: Sequence[str],
    *,
    references: Sequence[str] = ("epci",),
    feuille: str | None = None,
    garder: Callable[[str, str], bool] = lambda _axe, _code: True,
) -> Tableau | None:
    """One row per actor (of one or several axes) that `garder` keeps, one column per indicator; reference
    rows close it."""
    colonnes = [
        (nom_indicateur, segment_type, segment, libelle)
        for nom_indicateur in indicateurs
        for segment_type, segment, libelle in _variantes_fournies(d, nom_indicateur)
    ]

    def rangee(axe: str, code: str, nom: str, *, forte: bool) -> Ligne | None:
        chiffres = [d.chiffre(i, axe, code, segment_type=st, segment=s) for i, st, s, _ in colonnes]
        return Ligne((nom, *mesures(chiffres)), forte=forte) if any(chiffres) else None

    lignes = [
        ligne
        for axe in axes
        for code, nom in d.modalites(axe, indicateurs)
        if garder(axe, code) and (ligne := rangee(axe, code, nom, forte=axe == "epci"))
    ]
    if not lignes:
        return None
    for axe in references:
        for code, nom in d.modalites(axe, indicateurs):
            if ligne := rangee(
                axe, code, libelles.axe("epci") if axe == "epci" else nom, forte=axe == "epci"
            ):
                lignes.append(ligne)
    titre = " ou ".join(libelles.axe(a).lower() for a in axes).capitalize()
    entetes = (Colonne(titre), *(Colonne(libelle, True) for *_, libelle in colonnes))
    entetes, tries = alleger(entetes, lignes, [ligne for ligne in lignes if not ligne.forte] or lignes)
    return Tableau(ident, legende, entetes, tries, feuille)


def par_segment(
    d: Donnees,
    ident: str,
    legende: str,
    segment_type: str,
    indicateurs: Sequence[str],
    *,
    feuille: str | None = None,
) -> Tableau | None:
    """One row per value of a split, one column per indicator: profiles set side by side."""
    trouvees = {s for i in indicateurs for s in d.segments(i).get(segment_type, [])}
    valeurs = libelles.ordonner_segments(segment_type, trouvees)
    presents = [i for i in indicateurs if segment_type in d.segments(i)]
    if not valeurs:
        return None
    lignes = [
        Ligne(
            (
                libelles.segment(segment_type, s),
                *mesures(d.chiffre(i, segment_type=segment_type, segment=s) for i in presents),
            )
        )
        for s in valeurs
    ]
    ensemble = [d.chiffre(i) for i in presents]
    if any(ensemble):
        lignes.append(Ligne(("Ensemble", *mesures(ensemble)), forte=True))
    entetes = (
        Colonne(libelles.segment_type(segment_type)),
        *(Colonne(d.indicateur(i).libelle, True) for i in presents),
    )
    return Tableau(ident, legende, entetes, tuple(lignes), feuille)


def colonnes_par_segment(
    d: Donnees, ident: str, titre: str, indicateur: str, *, segment_type: str, tableau: str
) -> Graphique | None:
    """Vertical bars of one indicator over an ordered split."""
    lignes = []
    for s in libelles.ordonner_segments(segment_type, d.segments(indicateur).get(segment_type, [])):
        c = d.chiffre(indicateur, segment_type=segment_type, segment=s)
        if c is not None:
            lignes.append(
                graphiques.Barre(libelles.segment(segment_type, s), c.valeur, texte(Mesure(c)), None, etat(c))
            )
    if len(lignes) < 2 or not any(b.valeur is not None for b in lignes):
        return None
    description = f"{titre}. " + " ; ".join(f"{b.nom} : {b.texte}" for b in lignes) + "."
    return Graphique(ident, titre, description, graphiques.colonnes(ident, lignes), tableau)


def points(
    periodes: Iterable[tuple[str, Chiffre | None]],
) -> tuple[tuple[str, float | None, str, float | None], ...]:
    """Points of a trend: period, value, words and target."""
    return tuple(
        (nom, c.valeur if c else None, texte(Mesure(c)), c.cible if c else None) for nom, c in periodes
    )


def variantes(d: Donnees, ident: str, axe: str | None = "epci") -> list[tuple[str, str, str]]:
    """Readings of an indicator: as a whole, and by concept of income or population when it has such."""
    libelle = d.indicateur(ident).libelle
    axes = [axe] if axe else d.axes(ident)
    sortie = []
    if any(d.existe(ident, a) for a in axes):
        sortie.append((TOUS, TOUS, libelle))
    trouvees: dict[tuple[str, str], None] = {}
    for a in axes:
        for segment_type, valeurs in d.segments(ident, a).items():
            if segment_type in VARIANTES:
                trouvees.update(dict.fromkeys((segment_type, s) for s in valeurs))
    for segment_type, s in sorted(trouvees):
        sortie.append((segment_type, s, f"{libelle} ({libelles.segment(segment_type, s)})"))
    return sortie


def _variantes_fournies(d: Donnees, ident: str) -> list[tuple[str, str, str]]:
    """Without the reading as a whole where no source gives it on any axis, and another reading is given."""
    toutes = variantes(d, ident, None)
    fournies = [
        v
        for v in toutes
        if v[0] != TOUS
        or any(
            c.statut != "indisponible"
            for axe in d.axes(ident)
            for code, _ in d.modalites(axe, [ident])
            if (c := d.chiffre(ident, axe, code)) is not None
        )
    ]
    return fournies or toutes


def regles(d: Donnees, sections: Sequence[Section]) -> tuple[Section, tuple[Chiffre, ...]]:
    """How each indicator quoted in these sections is counted, where every figure leads; and the figures."""
    chiffres = _ordonner(d, _cites(sections))
    lignes = [
        Ligne((d.indicateur(ident).libelle, _regle(d, ident)), ancre=ancre_de_regle(ident))
        for ident in dict.fromkeys(c.indicateur for c in chiffres)
    ]
    if not lignes:
        return Section("regles", "Règles des indicateurs", ()), chiffres
    tableau = Tableau(
        "t-regles",
        "Règles des indicateurs cités",
        (Colonne("Indicateur"), Colonne("Comment il est compté")),
        tuple(lignes),
        "Règles",
    )
    chapo = Paragraphe((libelles.chapo("regles"),), "note")
    return Section("regles", "Règles des indicateurs", (chapo, tableau)), chiffres


def ancre_de_regle(ident: str) -> str:
    """Where the rule of an indicator stands in a page."""
    return f"regle-{formats.slug(ident)}"


def _regle(d: Donnees, ident: str) -> str:
    indicateur = d.indicateur(ident)
    morceaux = (
        indicateur.definition,
        f"Formule : {indicateur.formule}" if indicateur.formule else "",
        f"Texte : {indicateur.article}" if indicateur.article else "",
        f"Rupture de série : {indicateur.rupture}" if indicateur.rupture else "",
        f"Version de la méthode : {indicateur.version_methode}" if indicateur.version_methode else "",
    )
    return sans_code(d, " ".join(formats.phrase(m) for m in morceaux if m))


def sans_code(d: Donnees, texte: str) -> str:
    """A text of the catalogue, in which the identifier of an indicator is replaced by its label."""
    codes = sorted((i for i in d.catalogue if "_" in i), key=len, reverse=True)
    if not codes:
        return texte
    motif = re.compile(rf"(?<![\w-])({'|'.join(map(re.escape, codes))})(?![\w-])")
    return motif.sub(lambda m: f"« {d.catalogue[m[1]].libelle} »", texte)


def annees_comparees(d: Donnees, axe: str = "epci") -> tuple[int, ...]:
    """The years that a figure is compared with: the last one, and the first that is read."""
    debut = d.depart if axe == "epci" and d.depart < d.annees[0] else d.annees[0]
    return tuple(annee for annee in dict.fromkeys((d.annee - 1, debut)) if annee < d.annee)


def ecart(d: Donnees, vise: Vise, axe: str, modalite: str | None, annee: int) -> str:
    """How many points a rate moved since a year: « +2,2 ».

    Empty where it is not a rate, and for an actor of which one household moves the rate by more than a point.
    """
    c, avant = d.vise(vise, axe, modalite), d.vise(vise, axe, modalite, annee)
    if c is None or avant is None or c.valeur is None or avant.valeur is None or c.unite != "%":
        return ""
    bases = [x.denominateur for x in (c, avant) if x.denominateur is not None]
    if axe != "epci" and bases and min(bases) < 100:
        return ""
    points = c.valeur - avant.valeur
    rupture = f"{formats.FINE}†" if "rupture_serie" in (c.statut, avant.statut) else ""
    ecrit = formats.decimal(points, 1)
    return f"{'+' if points > 0 and ecrit.strip('0,') else ''}{ecrit}{rupture}"


def evolution(d: Donnees, vise: Vise, axe: str = "epci", modalite: str | None = None) -> str:
    """How a rate moved, in points, since each of `annees_comparees`, as a sentence."""
    ecarts = [(annee, ecart(d, vise, axe, modalite, annee)) for annee in annees_comparees(d, axe)]
    dits = [f"{points} depuis {annee}" for annee, points in ecarts if points]
    return f"en points : {' et '.join(dits)}" if dits else ""


COLONNES_PREUVES = (
    Colonne("Base", True),
    Colonne("Comptées", True),
    Colonne("Inconnus", True),
    Colonne("Résultat", True),
    Colonne("Objectif", True),
    Colonne("Atteint"),
    Colonne("Il manque", True),
)


def preuves(c: Chiffre | None) -> tuple[Cellule, ...]:
    """The cells of `COLONNES_PREUVES` for one figure."""
    champs = ("denominateur", "numerateur", "inconnus", "valeur", "cible", "atteint", "manque")
    return tuple(Mesure(c, champ) for champ in champs)  # type: ignore[arg-type]


def _cites(sections: Sequence[Section]) -> list[Chiffre]:
    document = Document("", "", "", 0, (), (), tuple(sections))
    trouves: dict[str, Chiffre] = {}

    def noter(c: Chiffre | None) -> None:
        if c is not None:
            trouves.setdefault(c.ancre, c)

    for cellule in cellules(document.blocs()):
        if isinstance(cellule, Mesure):
            noter(cellule.chiffre)
    return list(trouves.values())


def cellules(blocs: Iterable[Bloc]) -> Iterator[Cellule]:
    """Every cell, and every figure quoted, of these blocks."""
    for bloc in blocs:
        yield from _cellules(bloc)


def _cellules(bloc: Bloc) -> Iterable[Cellule]:
    if isinstance(bloc, Tableau):
        for ligne in bloc.lignes:
            yield from ligne.cellules
    elif isinstance(bloc, Paragraphe):
        yield from bloc.morceaux
    elif isinstance(bloc, Puces):
        for element in bloc.elements:
            yield from element
    elif isinstance(bloc, Encadre):
        for paragraphe in bloc.paragraphes:
            yield from paragraphe
    elif isinstance(bloc, Reperes):
        for _, mesure in bloc.elements:
            yield mesure
    elif isinstance(bloc, Cartes):
        for carte in bloc.cartes:
            yield carte.mesure
            for _, mesure in carte.mesures:
                yield mesure


_AXES = (
    "epci",
    "commune",
    "qpv",
    "zone",
    "bailleur",
    "reservataire",
    "guichet",
    "departement",
    "region",
    "france",
)


def _ordonner(d: Donnees, chiffres: Iterable[Chiffre]) -> tuple[Chiffre, ...]:
    def rang(c: Chiffre) -> tuple[object, ...]:
        axe = _AXES.index(c.axe) if c.axe in _AXES else len(_AXES)
        nom = (c.modalite, "") if c.axe == "reservataire" else formats.cle_de_tri(c.modalite_libelle)
        return (
            d.indicateur(c.indicateur).ordre,
            c.indicateur,
            axe,
            c.axe,
            c.segment_type != TOUS,
            c.segment_type,
            c.segment,
            nom,
            c.modalite,
            c.periode_type,
            c.periode,
        )

    return tuple(sorted(chiffres, key=rang))


def periode(c: Chiffre) -> str:
    """A period as a reader writes it."""
    if c.periode_type == ANNEE:
        return c.periode
    if c.periode_type == "semestre":
        an, numero = c.periode.split("-S")
        return f"{'1er' if numero == '1' else '2d'} semestre {an}"
    if c.periode_type == "trimestre":
        an, numero = c.periode.split("-T")
        return f"{numero}{'er' if numero == '1' else 'e'} trimestre {an}"
    if c.periode_type in ("glissant_6m", "glissant_12m"):
        an, mois = c.periode.split("-")
        return f"{c.periode_type.removeprefix('glissant_').removesuffix('m')} mois à fin {mois}/{an}"
    return f"millésime {c.periode}"


def manque_en_mots(c: Chiffre) -> str:
    """How many are missing, or too many for a cap; empty where the count is not told."""
    if not c.manque:
        return ""
    nombre = formats.accorder(c.manque, NOM_DU_MANQUE)
    return f"{nombre} de trop" if c.plafond else f"il manque {nombre}"


def detail(c: Chiffre | None) -> str:
    """What stands under a rate: the counts, what is missing, the unknowns."""
    if c is None or not c.lisible:
        return ""
    morceaux = []
    if c.numerateur is not None and c.denominateur is not None:
        morceaux.append(f"{formats.entier(c.numerateur)} sur {formats.entier(c.denominateur)}")
    if c.manque and c.atteint is False:
        morceaux.append(manque_en_mots(c))
    if c.inconnus:
        morceaux.append(formats.accorder(c.inconnus, "inconnu"))
    return " ; ".join(morceaux)


def date(iso: str) -> str:
    """An ISO date as a French reader writes it; anything else as it is."""
    morceaux = iso[:10].split("-")
    return "/".join(reversed(morceaux)) if len(morceaux) == 3 else iso
