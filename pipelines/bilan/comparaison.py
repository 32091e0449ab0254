"""Several EPCI side by side for one year: results against their own objectives, and what differs in "
"method."""

import hashlib
from collections.abc import Sequence

from pipelines import libelles
from pipelines.bilan import formats, graphiques, provenance, tables
from pipelines.bilan.contenu import DEMANDE, PARC, REVENUS
from pipelines.bilan.document import (
    Bloc,
    Colonne,
    Document,
    Ligne,
    Manquant,
    Mesure,
    Paragraphe,
    Section,
    Tableau,
    etat,
    texte,
)
from pipelines.bilan.donnees import Chiffre, Donnees, Vise

# Beside the territories, what the producers publish of the levels above them.
_AU_DESSUS = ("departement", "region", "france")
AXES = ("epci", *_AU_DESSUS)


def comparaison(donnees: Sequence[Donnees]) -> Document:
    """Build the comparison; every EPCI was read for the same year."""
    premier = donnees[0]
    annee = premier.annee
    noms = formats.enumerer([d.nom for d in donnees])
    qui = noms if len(donnees) < 4 else f"{len(donnees)} territoires"
    vises = _avec_objectif(donnees)
    sections = [
        Section("essentiel", "Objectifs", _objectifs(donnees, vises)),
        _section(donnees, "demande", "Demande et tension", ("baux", *DEMANDE)),
        _section(donnees, "parc", "Parc social", PARC),
        _section(donnees, "revenus", "Revenus des habitants", REVENUS),
        Section(
            "methode",
            "Méthodes et provenance",
            _methodes(donnees),
            (provenance.lecture(),),
        ),
    ]
    regles, chiffres = tables.regles(premier, sections)
    return Document(
        nom_fichier=f"comparaison-{annee}-{_nom([d.epci_siren for d in donnees])}",
        titre="Comparaison d’intercommunalités",
        sous_titre=f"{qui} – {annee}",
        annee=annee,
        entete=(provenance.entete(premier)[-1],),
        identite=(
            ("Année", str(annee)),
            ("Empreinte du verrou des données", premier.empreinte or "non publiée"),
        ),
        sections=(*sections, regles),
        chiffres=chiffres,
    )


NOMMES_MAX = 3
"""Territories that the name of the file holds; more are told apart by a hash of them all."""


def _nom(sirens: Sequence[str]) -> str:
    """What tells one set of territories from another, whatever the order in which they were asked for."""
    tries = sorted(set(sirens))
    if len(tries) <= NOMMES_MAX:
        return "-".join(tries)
    return f"{len(tries)}-territoires-{hashlib.sha256(' '.join(tries).encode()).hexdigest()[:8]}"


def _avec_objectif(donnees: Sequence[Donnees]) -> list[Vise]:
    trouves = {vise for d in donnees for vise in d.objectifs_vises([d.annee], "epci")}
    return sorted(trouves, key=donnees[0].rang)


def _objectifs(donnees: Sequence[Donnees], vises: Sequence[Vise]) -> tuple[Bloc, ...]:
    blocs: list[Bloc] = [Paragraphe((libelles.chapo("comparaison"),), "chapo")]
    for vise in vises:
        trouves = [(d.nom, c) for d in donnees if (c := d.vise(vise)) is not None]
        if not trouves:
            continue
        classes = _classer(trouves)
        lignes = [Ligne((nom, rang, *tables.preuves(c))) for rang, nom, c in classes]
        lignes += _ensemble([c for _, c in trouves], len(donnees))
        barres = [
            graphiques.Barre(nom, c.valeur, texte(Mesure(c)), c.cible, etat(c))
            for _, nom, c in classes
            if c.lisible or c.statut == "secret"
        ]
        libelle = donnees[0].libelle(vise)
        cle = tables.cle(vise)
        titre = f"{libelle}, {donnees[0].annee}"
        if graphique := tables.graphique_en_barres(f"g-{cle}", titre, barres, f"t-{cle}"):
            blocs.append(graphique)
        entetes, tries = tables.alleger(
            (Colonne("Territoire"), Colonne("Rang", True), *tables.COLONNES_PREUVES), lignes
        )
        blocs.append(Tableau(f"t-{cle}", titre, entetes, tries, cle))
    if len(blocs) == 1:
        blocs.append(
            Manquant(
                "Pas d’objectif à comparer", "Aucun de ces territoires n’a d’objectif chiffré cette année."
            )
        )
    return tuple(blocs)


def _classer(trouves: Sequence[tuple[str, Chiffre]]) -> list[tuple[str, str, Chiffre]]:
    """Rank, name, figure: the best first, which is the lowest where every target is a ceiling; equals share
    a rank. A figure that is not there has none, and comes last."""
    plafond = all((c.operateur or "").startswith("<") for _, c in trouves)
    lisibles = [(c.valeur if plafond else -c.valeur, nom, c) for nom, c in trouves if c.valeur is not None]
    lisibles.sort(key=lambda ligne: (ligne[0], formats.cle_de_tri(ligne[1])))
    classes = [(str(1 + sum(autre < v for autre, _, _ in lisibles)), nom, c) for v, nom, c in lisibles]
    absents = sorted((formats.cle_de_tri(nom), nom, c) for nom, c in trouves if c.valeur is None)
    return [*classes, *((formats.TIRET, nom, c) for _, nom, c in absents)]


def _ensemble(chiffres: Sequence[Chiffre], attendus: int) -> list[Ligne]:
    """The territories together: counts add up, rates do not. Nothing where a count is not there, or where the
    share is not one of counts."""
    comptes = [(c.numerateur, c.denominateur, c.inconnus) for c in chiffres]
    if len(chiffres) < attendus or any(c.unite != "%" for c in chiffres):
        return []
    if any(None in compte for compte in comptes):
        return []
    comptees, base, inconnus = (sum(n or 0 for n in colonne) for colonne in zip(*comptes, strict=True))
    if not base:
        return []
    part = formats.valeur(100 * comptees / base, "%")
    nombres = tuple(formats.entier(n) for n in (base, comptees, inconnus))
    return [Ligne(("Ensemble de ces territoires", "", *nombres, part, "", "", ""), forte=True)]


def _section(donnees: Sequence[Donnees], ident: str, titre: str, idents: Sequence[str]) -> Section:
    colonnes: dict[tuple[str, str, str], str] = {}
    for d in donnees:
        for i in idents:
            for segment_type, segment, libelle in tables.variantes(d, i):
                colonnes[i, segment_type, segment] = libelle
    lignes = []
    for d in donnees:
        chiffres: list[Chiffre | None] = [
            d.chiffre(i, segment_type=segment_type, segment=segment) for i, segment_type, segment in colonnes
        ]
        if any(chiffres):
            lignes.append(Ligne((d.nom, *tables.mesures(chiffres))))
    lignes += _au_dessus(donnees, list(colonnes)) if lignes else []
    if not lignes:
        manque = Manquant(
            "Données non fournies", "Aucun de ces territoires n’a de chiffre pour cette partie."
        )
        return Section(ident, titre, (manque,))
    entetes = (Colonne("Territoire"), *(Colonne(libelle, True) for libelle in colonnes.values()))
    entetes, tries = tables.alleger(entetes, lignes)
    legende = f"{titre}, {donnees[0].annee}"
    return Section(ident, titre, (Tableau(f"t-{ident}", legende, entetes, tries, titre),))


def _au_dessus(donnees: Sequence[Donnees], colonnes: Sequence[tuple[str, str, str]]) -> list[Ligne]:
    """What is published of the départements, the region and France, where it is: nothing is added up here."""
    lignes = []
    for axe in _AU_DESSUS:
        lieux = {code: (nom, d) for d in donnees for code, nom in d.modalites(axe, REVENUS)}
        for code, (nom, d) in sorted(lieux.items()):
            chiffres = [
                d.chiffre(i, axe, code, segment_type=segment_type, segment=segment) if i in REVENUS else None
                for i, segment_type, segment in colonnes
            ]
            if any(chiffres):
                lignes.append(Ligne((nom, *tables.mesures(chiffres)), forte=True))
    return lignes


def _methodes(donnees: Sequence[Donnees]) -> tuple[Bloc, ...]:
    territoires = Tableau(
        "t-conventions",
        "Conventions comparées",
        (Colonne("Territoire"), Colonne("SIREN"), Colonne("Convention"), Colonne("Empreinte")),
        tuple(
            Ligne(
                (
                    d.nom,
                    d.epci_siren,
                    dict(provenance.entete(d))["Convention"],
                    d.convention.empreinte[:12] if d.convention else "",
                )
            )
            for d in donnees
        ),
        "Conventions",
    )
    valeurs = [dict(d.parametres) for d in donnees]
    lignes = []
    for parametre in sorted({p for v in valeurs for p in v}):
        choix = [v.get(parametre, "") for v in valeurs]
        if len(set(choix)) > 1:
            question = libelles.parametre(parametre, "")[0]
            mots = tuple(libelles.parametre(parametre, c)[1] if c else formats.TIRET for c in choix)
            lignes.append(Ligne((question, *mots)))
    if not lignes:
        return (territoires, Paragraphe(("Tous ces territoires comptent avec les mêmes paramètres.",)))
    entetes = (Colonne("Choix qui diffère"), *(Colonne(d.nom) for d in donnees))
    return (
        territoires,
        Tableau("t-differences", "Choix de méthode qui diffèrent", entetes, tuple(lignes), "Différences"),
    )
