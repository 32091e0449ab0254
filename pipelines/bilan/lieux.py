"""Places: where their class of fragility comes from, the residences to watch, the gaps of neighbourhoods."""

from collections.abc import Sequence

from pipelines import libelles
from pipelines.bilan import formats, tables
from pipelines.bilan.complements import Ecart, Residence
from pipelines.bilan.document import (
    Bloc,
    Cellule,
    Colonne,
    Ligne,
    Mesure,
    Nombre,
    Paragraphe,
    Section,
    Tableau,
)
from pipelines.bilan.donnees import ANNEE, MILLESIME, TOUS, Donnees

BLOCS = {"stock": "", "flux": " (emménagés récents)"}
"""Blocks of a method, and what follows the name of a criterion of theirs."""

ECARTS = (
    "taux_pauvrete",
    "revenu_median",
    "part_moins_40_plus",
    "part_monoparentales",
    "part_actifs_occupes",
    "vacance",
    "mobilite",
    "qpv_q234",
)
"""What the bilan compares from one neighbourhood to another; the sheet of each has every indicator."""


def pese(d: Donnees, methode: str, axe: str, code: str) -> str:
    """The criteria that give a place most of its points by a method, all occupants before recent movers.

    Args:
        d: the data.
        methode: the method, or `tous` where the territory has one alone.
        axe: axis of the place.
        code: its code.
    """
    mots = []
    for bloc, suite in BLOCS.items():
        siens = [
            c
            for c in d.complements.criteres
            if (c.axe, c.modalite, c.bloc) == (axe, code, bloc) and methode in (c.methode, TOUS)
        ]
        points = sorted({c.points for c in siens if c.points is not None}, reverse=True)
        for c in sorted(siens, key=lambda c: c.critere_libelle):
            if points and c.points == points[0] and c.points > 0:
                mots.append(f"{c.critere_libelle}{suite} : {formats.valeur(c.points, 'points')}")
    return " ; ".join(mots) or formats.TIRET


def residences(d: Donnees) -> list[Section]:
    """The residences to watch, on the list in force; nothing without one."""
    par: dict[str, list[Residence]] = {}
    for r in d.complements.residences:
        par.setdefault(r.residence, []).append(r)
    if not par:
        return []
    # What most methods see first, then what any sees at its highest.
    ordre = sorted(par, key=lambda nom: (-len(par[nom]), min(r.rang for r in par[nom]), nom))
    methodes = {r.methode for r in d.complements.residences}
    lignes = []
    for nom in ordre:
        r = par[nom][0]
        lignes.append(
            Ligne(
                (
                    nom,
                    r.commune or formats.TIRET,
                    r.bailleur or formats.TIRET,
                    Nombre(r.points_stock, "points"),
                    Nombre(None if r.nb_logements is None else float(r.nb_logements)),
                    r.classe_libelle or formats.TIRET,
                    r.raison,
                    r.explication or formats.TIRET,
                    f"{len(par[nom])} sur {len(methodes)}" if len(methodes) > 1 else formats.TIRET,
                )
            )
        )
    titres = (
        "Résidence",
        "Commune",
        "Bailleur",
        "Points, parc",
        "Logements",
        "Classe",
        "Raison",
        "Ce qui pèse le plus",
        "Méthodes",
    )
    entetes, tries = tables.alleger(
        tuple(Colonne(t, t in ("Points, parc", "Logements")) for t in titres), lignes
    )
    premiere = d.complements.residences[0]
    phrase = (
        f"{formats.accorder(len(par), 'résidence')} sur la liste proposée au "
        f"{tables.date(premiere.date_liste)}, à renouveler le "
        f"{tables.date(premiere.date_renouvellement)} ; la conférence l’adopte."
    )
    titre = "Résidences à enjeu prioritaire de mixité sociale"
    tableau = Tableau("t-residences", titre, entetes, tries, "Résidences à enjeu")
    return [Section("residences", titre, (Paragraphe((phrase,), "note"), tableau))]


_CLASSES = "methode x type_lieu x classe"
_PUBLICS = "methode x type_lieu x public"


def accessibles_et_fragiles(d: Donnees) -> tuple[Bloc, ...]:
    """What a first quartile can pay for by class of the place, and where the publics went; none unclassed."""
    croises = [tuple(s.split(" x ")) for s in d.croisements("accessible_q1", _CLASSES)]
    cas = sorted({(methode, type_lieu) for methode, type_lieu, _ in croises})
    classes = sorted({classe for *_, classe in croises}, key=lambda c: (not c.isdigit(), c))
    publics = libelles.ordonner_segments(
        "public", {s.split(" x ")[-1] for s in d.croisements("baux_secteurs_fragiles", _PUBLICS)}
    )
    lignes = [
        Ligne(
            (
                libelles.segment("methode", methode),
                formats.majuscule(libelles.segment("type_lieu", type_lieu)),
                *(
                    Mesure(
                        d.chiffre(
                            indicateur, segment_type=croisement, segment=f"{methode} x {type_lieu} x {valeur}"
                        )
                    )
                    for indicateur, croisement, valeurs in (
                        ("accessible_q1", _CLASSES, classes),
                        ("baux_secteurs_fragiles", _PUBLICS, publics),
                    )
                    for valeur in valeurs
                ),
            )
        )
        for methode, type_lieu in cas
    ]
    if not lignes:
        return ()
    entetes = (
        Colonne("Méthode"),
        Colonne("Lieux"),
        *(Colonne(f"Parc, classe {c}" if c.isdigit() else "Parc, non classé", True) for c in classes),
        *(Colonne(f"Baux, {formats.minuscule(libelles.segment('public', p))}", True) for p in publics),
    )
    if len({methode for methode, _ in cas}) == 1:
        entetes, lignes = entetes[1:], [Ligne(ligne.cellules[1:]) for ligne in lignes]
    titre = f"Parc accessible au 1er quartile et fragilité des lieux, {d.annee}"
    gardees, tries = tables.alleger(entetes, lignes)
    tableau = Tableau("t-accessible-fragile", titre, gardees, tries, "Accessible et fragile")
    return (Paragraphe((libelles.chapo("accessible-fragile"),), "note"), tableau)


def de_l_annee(d: Donnees) -> list[Ecart]:
    """The gaps of the year: its own figures, the vintages paired with it, the latest of other bases."""
    retenus = []
    derniers: dict[tuple[str, str], str] = {}
    for e in d.complements.ecarts:
        if e.indicateur not in d.catalogue and int(e.periode or 0) <= d.annee:
            cle = (e.modalite, e.indicateur)
            derniers[cle] = max(derniers.get(cle, ""), e.periode)
    for e in d.complements.ecarts:
        if e.indicateur in d.catalogue:
            periode = (e.periode_type, e.periode)
            if periode in d.periodes(e.indicateur, d.annee) and e.periode_type in (ANNEE, MILLESIME):
                retenus.append(e)
        elif derniers.get((e.modalite, e.indicateur)) == e.periode:
            retenus.append(e)
    return retenus


def ecarts(d: Donnees) -> Tableau | None:
    """Some indicators of each neighbourhood, and its gaps to the commune, the territory and France."""
    siens = [e for e in de_l_annee(d) if e.indicateur in ECARTS and e.valeur is not None]
    siens.sort(
        key=lambda e: (
            ECARTS.index(e.indicateur),
            e.segment,
            formats.cle_de_tri(e.modalite_libelle),
            e.modalite,
        )
    )
    lignes = [Ligne((e.indicateur_libelle, e.modalite_libelle, *_cellules(e))) for e in siens]
    entetes = (Colonne("Indicateur"), Colonne("Quartier"), *_ENTETES)
    titre = f"Écarts des quartiers à leur commune, au territoire et à la France, {d.annee}"
    return _tableau("t-ecarts", titre, entetes, lignes, "Écarts des quartiers")


def portrait(d: Donnees, axe: str, code: str, ident: str) -> Tableau | None:
    """Every indicator of one neighbourhood with what it says, its gaps and its trend."""
    siens = [e for e in de_l_annee(d) if (e.axe, e.modalite) == (axe, code) and e.valeur is not None]
    ordre = {"contexte": 0, "realisation": 1, "impact": 2}
    siens.sort(
        key=lambda e: (
            ordre.get(e.type_indicateur, len(ordre)),
            d.indicateur(e.indicateur).ordre,
            e.indicateur,
            e.segment,
        )
    )
    lignes = [
        Ligne((e.indicateur_libelle, libelles.type_indicateur(e.type_indicateur), e.periode, *_cellules(e)))
        for e in siens
    ]
    entetes = (Colonne("Indicateur"), Colonne("Ce qu’il dit"), Colonne("Année"), *_ENTETES)
    return _tableau(
        ident, "Portrait : écarts et évolution", entetes, lignes, "Portraits de quartiers", entier=True
    )


_ENTETES = (
    Colonne("Quartier, valeur", True),
    Colonne("Écart à la commune", True),
    Colonne("Écart au territoire", True),
    Colonne("Écart à la France", True),
    Colonne("Depuis"),
    Colonne("Évolution", True),
)


def _cellules(e: Ecart) -> tuple[Cellule, ...]:
    # Between two shares, points.
    unite = "points" if e.unite == "%" else e.unite
    return (
        Nombre(e.valeur, e.unite, e.petit_effectif),
        *(Nombre(v, unite) for v in (e.ecart_commune, e.ecart_epci, e.ecart_france)),
        e.periode_anterieure or formats.TIRET,
        Nombre(e.evolution, unite),
    )


def _tableau(
    ident: str,
    titre: str,
    entetes: tuple[Colonne, ...],
    lignes: Sequence[Ligne],
    feuille: str,
    *,
    entier: bool = False,
) -> Tableau | None:
    """The table without the columns in which no row has a number; None without a row."""
    if not lignes:
        return None
    gardees = [
        rang
        for rang in range(len(entetes))
        if any(
            c.valeur is not None if isinstance(c := ligne.cellules[rang], Nombre) else c != formats.TIRET
            for ligne in lignes
        )
    ]
    return Tableau(
        ident,
        titre,
        tuple(entetes[rang] for rang in gardees),
        tuple(Ligne(tuple(ligne.cellules[rang] for rang in gardees)) for ligne in lignes),
        feuille,
        entier,
    )


def blocs_des_portraits(d: Donnees) -> tuple[Bloc, ...]:
    """What the chapter of portraits says of gaps; nothing when no neighbourhood is compared."""
    tableau = ecarts(d)
    return () if tableau is None else (tableau,)
