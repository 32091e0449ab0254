"""Publics: who was housed where, what became of decisions, tension where two features meet."""

from pipelines import libelles
from pipelines.bilan import formats
from pipelines.bilan.complements import Profil
from pipelines.bilan.document import Cellule, Colonne, Ligne, Mesure, Nombre, Section, Tableau
from pipelines.bilan.donnees import ANNEE, TOUS, Donnees

PUBLICS = ("tous", "q1", "prioritaires", "q1_prioritaires", "reloges", "logements_neufs")
DIMENSIONS = ("origine", "composition", "reservataire")
PAR_QUARTIER = ("composition", "tranche_age", "situation_pro")
"""What is told of the households housed in each neighbourhood."""


def profils(d: Donnees) -> list[Section]:
    """One table per dimension: a column per public, for the whole territory; then each neighbourhood's."""
    sections = []
    for dimension in DIMENSIONS:
        siens = [p for p in d.complements.profils if p.axe == "epci" and p.dimension == dimension]
        publics = [x for x in PUBLICS if any(p.public == x for p in siens)]
        valeurs = libelles.ordonner_segments(dimension, {p.valeur for p in siens})
        par = {(p.public, p.valeur): p for p in siens}
        lignes = [
            Ligne((libelles.segment(dimension, v), *(_nombre(par.get((x, v))) for x in publics)))
            for v in valeurs
        ]
        if lignes:
            nom = formats.minuscule(libelles.segment_type(dimension))
            titre = f"Baux signés par {nom} et par public, {d.annee}"
            entetes = (
                Colonne(libelles.segment_type(dimension)),
                *(Colonne(libelles.segment("public", x), True) for x in publics),
            )
            cle = formats.slug(dimension)
            tableau = Tableau(f"t-publics-{cle}", titre, entetes, tuple(lignes), f"Publics {dimension}")
            sections.append(Section(f"publics-{cle}", f"Par {nom}", (tableau,)))
    return sections


def profils_des_quartiers(d: Donnees) -> list[Section]:
    """Age, household and work of those housed in each priority or assimilated neighbourhood."""
    sections = []
    for dimension in PAR_QUARTIER:
        siens = [
            p
            for p in d.complements.profils
            if p.axe == "qpv" and p.public == "tous" and p.dimension == dimension
        ]
        lieux = sorted(
            {(p.modalite, p.modalite_libelle) for p in siens}, key=lambda x: (formats.cle_de_tri(x[1]), x[0])
        )
        valeurs = libelles.ordonner_segments(dimension, {p.valeur for p in siens})
        par = {(p.modalite, p.valeur): p for p in siens}
        lignes = [Ligne((nom, *(_nombre(par.get((code, v))) for v in valeurs))) for code, nom in lieux]
        if lignes:
            nom = formats.minuscule(libelles.segment_type(dimension))
            entetes = (
                Colonne("Quartier"),
                *(Colonne(formats.majuscule(libelles.segment(dimension, v)), True) for v in valeurs),
            )
            cle = formats.slug(dimension)
            tableau = Tableau(
                f"t-quartiers-{cle}",
                f"Ménages logés dans chaque quartier, par {nom}, {d.annee}",
                entetes,
                tuple(lignes),
                f"Quartiers {dimension}",
            )
            sections.append(Section(f"en-qpv-{cle}", f"Ménages logés par {nom}", (tableau,)))
    return sections


def _nombre(p: Profil | None) -> Cellule:
    # No lease of that value: it was counted, and is 0.
    return Nombre(0.0) if p is None else Nombre(float(p.baux), petit=p.petit_effectif)


def issues(d: Donnees) -> Tableau | None:
    """What became of the decisions of the year, as a whole and at each landlord."""
    siennes = [i for i in d.complements.issues if i.axe in ("epci", "bailleur")]
    valeurs = libelles.ordonner_segments("issue", {i.issue for i in siennes})
    acteurs = sorted(
        {(i.axe, i.modalite, i.modalite_libelle) for i in siennes},
        key=lambda x: (x[0] == "epci", formats.cle_de_tri(x[2]), x[1]),
    )
    par = {(i.axe, i.modalite, i.issue): i for i in siennes}
    totaux = {(i.axe, i.modalite): i.total for i in siennes}
    lignes = []
    for axe, code, nom in acteurs:
        cellules: list[Cellule] = []
        for v in valeurs:
            i = par.get((axe, code, v))
            cellules.append(Nombre(0.0, "%") if i is None else Nombre(i.part, "%", i.petit_effectif))
        libelle = libelles.axe("epci") if axe == "epci" else nom
        lignes.append(Ligne((libelle, Nombre(float(totaux[axe, code])), *cellules), forte=axe == "epci"))
    if not lignes:
        return None
    entetes = (
        Colonne("Bailleur"),
        Colonne("Prononcées", True),
        *(Colonne(formats.majuscule(libelles.segment("issue", v)), True) for v in valeurs),
    )
    titre = f"Ce que sont devenues les attributions prononcées, {d.annee}"
    return Tableau("t-issues", titre, entetes, tuple(lignes), "Issues")


def tension_croisee(d: Donnees) -> Section | None:
    """Requests for one lease, by quartile and size; then of those who live in the stock already."""
    blocs = []
    for demandeur in ("tous", "mutation"):
        siennes = [c for c in d.complements.croisees if c.demandeur == demandeur]
        quartiles = libelles.ordonner_segments("quartile", {c.quartile for c in siennes})
        tailles = libelles.ordonner_segments("typologie", {c.typologie for c in siennes})
        par = {(c.quartile, c.typologie): c for c in siennes}
        lignes = [
            Ligne(
                (
                    formats.majuscule(libelles.segment("quartile", q)),
                    *(
                        Nombre(c.tension, "ratio", c.petit_effectif)
                        if (c := par.get((q, t)))
                        else formats.TIRET
                        for t in tailles
                    ),
                )
            )
            for q in quartiles
        ]
        if any(c.tension is not None for c in siennes):
            suite = "" if demandeur == "tous" else ", demandeurs de mutation"
            entetes = (
                Colonne("Quartile de ressources"),
                *(Colonne(libelles.segment("typologie", t), True) for t in tailles),
            )
            titre = f"Demandes pour un bail signé, par quartile et par taille{suite}, {d.annee}"
            blocs.append(
                Tableau(
                    f"t-tension-{demandeur}", titre, entetes, tuple(lignes), f"Tension croisée {demandeur}"
                )
            )
    return Section("demande-croisee", "Par quartile et par taille", tuple(blocs)) if blocs else None


def evolutions(d: Donnees) -> Tableau | None:
    """Every figure of the territory against the year, or the vintage, before; a break shows no difference."""
    lignes = []
    for e in sorted(
        d.complements.evolutions, key=lambda e: (d.indicateur(e.indicateur).ordre, e.indicateur, e.segment)
    ):
        if (e.periode_type, e.periode) not in d.periodes(e.indicateur, d.annee):
            continue
        if e.ecart is None and not e.rupture:
            continue
        c = d.chiffre(e.indicateur, segment_type=e.segment_type, segment=e.segment)
        nom = d.indicateur(e.indicateur).libelle
        if e.segment_type != TOUS:
            nom = f"{nom} ({libelles.segment(e.segment_type, e.segment)})"
        periode = e.periode_precedente if e.periode_type == ANNEE else f"millésime {e.periode_precedente}"
        lignes.append(
            Ligne(
                (
                    nom,
                    Mesure(c),
                    periode,
                    Nombre(e.valeur_precedente, e.unite),
                    # Between two shares, points.
                    "rupture de série"
                    if e.rupture
                    else Nombre(e.ecart, "points" if e.unite == "%" else e.unite),
                )
            )
        )
    if not lignes:
        return None
    entetes = (
        Colonne("Indicateur"),
        Colonne(str(d.annee), True),
        Colonne("Comparé à"),
        Colonne("Valeur d’alors", True),
        Colonne("Écart", True),
    )
    titre = f"Ce qui a changé pour l’ensemble du territoire, {d.annee}"
    return Tableau("t-evolutions", titre, entetes, tuple(lignes), "Évolutions")


def references(d: Donnees) -> Tableau | None:
    """The demand of the territory beside what is published of its département and region; None without."""
    indicateurs = ("demandes", "tension", "delai_median", "part_anciennete_5ans")
    lignes = [
        Ligne((nom, *(Mesure(c) for c in chiffres)))
        for axe in ("departement", "region")
        for code, nom in d.modalites(axe, indicateurs)
        if any(
            chiffres := [
                d.chiffre(i, axe, code, segment_type="reference", segment="territoire_entier")
                for i in indicateurs
            ]
        )
    ]
    if not lignes:
        return None
    siens = [d.chiffre(i) for i in indicateurs]
    lignes.append(Ligne((libelles.axe("epci"), *(Mesure(c) for c in siens)), forte=True))
    entetes = (Colonne("Territoire"), *(Colonne(d.indicateur(i).libelle, True) for i in indicateurs))
    titre = f"La demande à côté des chiffres publiés du département et de la région, {d.annee}"
    return Tableau("t-demande-references", titre, entetes, tuple(lignes), "Références de la demande")
