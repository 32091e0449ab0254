"""What people typed, set beside the figures it speaks of: texts of a chapter, and the follow-up of it all.

A text that quotes a figure is held against it: one that has changed is pointed out. Nothing is rewritten.
"""

from collections.abc import Callable
from dataclasses import replace
from decimal import ROUND_HALF_UP, Decimal

from pipelines import libelles
from pipelines.bilan import formats, tables
from pipelines.bilan.document import (
    Bloc,
    Cellule,
    Colonne,
    Encadre,
    Ligne,
    Mesure,
    Nombre,
    Paragraphe,
    Section,
    Tableau,
    texte,
)
from pipelines.bilan.donnees import Chiffre, Donnees, Saisie

_DE_CHAPITRE = ("analyse", "objectif", "verification")
_FAMILLES = {"fragilite": "occupation", "attributions": "volumes", "qualite": "essentiel"}


def texte_de(
    d: Donnees, chapitre: str, principaux: dict[str, str], *, attendu: bool = True
) -> tuple[Bloc, ...]:
    """What was typed for a chapter; a marked place where an analysis is expected and nothing was typed.

    Args:
        d: the data.
        chapitre: identifier of the chapter.
        principaux: indicator → chapter, for the entries that name a figure and no chapter.
        attendu: whether the chapter expects an analysis.
    """
    siennes = [s for s in d.saisies if s.rubrique in _DE_CHAPITRE and _chapitre(d, s, principaux) == chapitre]
    blocs: list[Bloc] = [_encadre(d, s) for s in siennes]
    if attendu and not any(s.rubrique in ("analyse", "objectif") for s in siennes):
        blocs.append(Encadre(libelles.saisie("a-completer"), (), "vide"))
    return tuple(blocs)


def _chapitre(d: Donnees, s: Saisie, principaux: dict[str, str]) -> str:
    if s.chapitre:
        return s.chapitre
    ident = indicateur(s.chiffre)
    famille = d.indicateur(ident).famille
    return principaux.get(ident) or _FAMILLES.get(famille, famille) or "essentiel"


def indicateur(chiffre: str) -> str:
    """The indicator that a typed name of a figure is about."""
    return chiffre.split("-", 1)[0]


def chiffre_cite(d: Donnees, s: Saisie) -> Chiffre | None:
    """The figure that an entry names: by its indicator for the whole territory, or by its identifier."""
    if not s.chiffre:
        return None
    if "-" not in s.chiffre:
        return d.chiffre(s.chiffre)
    return next((c for c in d.chiffres if c.ancre == s.chiffre), None)


def est_celui(valeur: float, chiffre: Chiffre) -> bool:
    """Whether a quoted value is the figure, at the precision with which it was quoted."""
    if chiffre.valeur is None:
        return False
    cite = Decimal(repr(float(valeur)))
    exposant = cite.normalize().as_tuple().exponent
    pas = Decimal(1).scaleb(min(0, exposant if isinstance(exposant, int) else 0))
    return Decimal(repr(chiffre.valeur)).quantize(pas, rounding=ROUND_HALF_UP) == cite.quantize(pas)


def _ecrit(valeur: float, unite: str) -> str:
    decimales = max(0, -int(Decimal(repr(float(valeur))).normalize().as_tuple().exponent))
    suffixe = formats.valeur(0, unite).lstrip("0,")
    return formats.decimal(valeur, decimales) + suffixe


def reponse(d: Donnees, s: Saisie) -> tuple[tuple[str | Mesure, ...], bool]:
    """What the warehouse answers to a quoted value, and whether it is something to look at."""
    c = chiffre_cite(d, s)
    if c is None or not c.lisible:
        return (f"Le chiffre cité ({nom_du_chiffre(d, s)}) n’est pas dans ce bilan.",), True
    if s.valeur is None:
        return (f"{nom_du_chiffre(d, s)} : ", Mesure(c), "."), False
    dit = _ecrit(s.valeur, c.unite)
    if est_celui(s.valeur, c):
        return (f"Vérifié : {dit} ; les données donnent ", Mesure(c), "."), False
    verbe = "L’affirmation dit" if s.rubrique == "verification" else "Le chiffre a changé : le texte dit"
    return (f"{verbe} {dit} ; les données donnent ", Mesure(c), "."), True


def nom_du_chiffre(d: Donnees, s: Saisie) -> str:
    """The label of the indicator that an entry names."""
    c = chiffre_cite(d, s)
    nom = d.indicateur(indicateur(s.chiffre)).libelle
    return nom if c is None or c.axe == "epci" else f"{nom}, {c.modalite_libelle}"


def _encadre(d: Donnees, s: Saisie) -> Encadre:
    morceaux: list[tuple[str | Mesure, ...]] = []
    if s.rubrique == "verification":
        source = f" ({s.complement})" if s.complement else ""
        morceaux.append((f"« {s.titre} »{source}",))
    for etiquette, dit_texte in (
        ("", s.texte),
        ("Obstacles : ", s.complement if s.rubrique == "objectif" else ""),
    ):
        for rang, paragraphe in enumerate(p for p in dit_texte.split("\n\n") if p):
            morceaux.append((f"{etiquette if rang == 0 else ''}{paragraphe}",))
    alerte = False
    if s.chiffre:
        dit, alerte = reponse(d, s)
        morceaux.append(dit)
    titre = libelles.saisie(s.rubrique)
    if s.rubrique == "objectif":
        titre = f"{titre} : {nom_du_chiffre(d, s)}"
    return Encadre(titre, tuple(morceaux), "alerte" if alerte else "texte")


DECISIONS_MAX = 8
"""Decisions that the printed synthesis holds; past them, all are printed again with the follow-up."""


def decisions(d: Donnees) -> Bloc:
    """What the conference decided, for the synthesis; a marked place when nothing was typed."""
    if (tableau := _table(d, "decision")) is None:
        return Encadre(libelles.saisie("decisions-a-completer"), (), "vide")
    return replace(tableau, imprimees=DECISIONS_MAX)


def _decisions_en_suite(d: Donnees) -> Tableau | None:
    tableau = _table(d, "decision")
    if tableau is None or len(tableau.lignes) <= DECISIONS_MAX:
        return None
    titre = "Toutes les décisions de la conférence"
    return replace(tableau, ident="t-saisie-decisions", legende=titre, feuille=titre)


def _cite(d: Donnees, s: Saisie) -> str:
    return "".join(texte(m) for m in reponse(d, s)[0]) if s.chiffre else formats.TIRET


def _part(d: Donnees, s: Saisie) -> float | None:
    """The share of one ground among those of its kind; none where one of them has no number."""
    nombres = [autre.nombre for autre in d.saisies if autre.rubrique == s.rubrique]
    connus = [n for n in nombres if n is not None]
    if s.nombre is None or len(connus) < len(nombres) or not sum(connus):
        return None
    return 100 * s.nombre / sum(connus)


Ecriture = Callable[[Donnees, Saisie], Cellule]

_MOTIFS: dict[str, Ecriture] = {
    "Motif": lambda _, s: s.titre,
    "Nombre": lambda _, s: Nombre(s.nombre),
    "Part des motifs donnés": lambda d, s: Nombre(_part(d, s), "%"),
    "Source": lambda _, s: s.complement,
    "Précision": lambda _, s: s.texte,
}

# Kind of entry → caption of its table, and what each column shows.
_TABLES: dict[str, tuple[str, dict[str, Ecriture]]] = {
    "decision": (
        "Décisions de la conférence",
        {
            "Date": lambda _, s: tables.date(s.jour) or formats.TIRET,
            "Décision": lambda _, s: s.texte,
            "Chiffre cité": _cite,
        },
    ),
    "action": (
        "Actions de la convention",
        {
            "Action": lambda _, s: s.titre,
            "État": lambda _, s: libelles.etat(s.etat),
            "Pilote": lambda _, s: s.complement,
            "Échéance": lambda _, s: tables.date(s.jour),
            "Précision": lambda _, s: s.texte,
            "Chiffre cité": _cite,
        },
    ),
    "instance": (
        "Instances tenues et présence",
        {
            "Instance": lambda _, s: s.titre,
            "Date": lambda _, s: tables.date(s.jour),
            "Présents": lambda _, s: Nombre(s.nombre),
            "Convoqués": lambda _, s: Nombre(s.total),
            "Précision": lambda _, s: s.texte,
        },
    ),
    "moyen": ("Moyens", {"Moyen": lambda _, s: s.titre, "Précision": lambda _, s: s.texte}),
    "motif_refus": ("Motifs des refus, saisis", _MOTIFS),
    "motif_mutation": ("Motifs des demandes de mutation, saisis", _MOTIFS),
    "experimentation": (
        "Expérimentations",
        {
            "Expérimentation": lambda _, s: s.titre,
            "État": lambda _, s: libelles.etat(s.etat),
            "Précision": lambda _, s: s.texte,
        },
    ),
    "verification": (
        "Chiffres publiés ailleurs, vérifiés",
        {
            "Affirmation": lambda _, s: s.titre,
            "Chiffre": nom_du_chiffre,
            "Réponse": _cite,
            "Où elle est publiée": lambda _, s: s.complement,
        },
    ),
}


def _table(d: Donnees, rubrique: str) -> Tableau | None:
    titre, colonnes = _TABLES[rubrique]
    lignes = [
        Ligne(tuple(ecrire(d, s) for ecrire in colonnes.values()))
        for s in d.saisies
        if s.rubrique == rubrique
    ]
    if not lignes:
        return None
    entetes, tries = tables.alleger(tuple(Colonne(t) for t in colonnes), lignes)
    return Tableau(f"t-saisie-{rubrique}", titre, entetes, tries, titre)


MOTIFS = {"mutations": "motif_mutation", "volumes": "motif_refus"}
"""Chapter → the grounds that stand in it when they were typed, in the order of the report."""


def motifs(d: Donnees, chapitre: str) -> tuple[Bloc, ...]:
    """The grounds typed for a chapter; once, where they would be, why there is none and where to get them."""
    if chapitre not in MOTIFS:
        return ()
    if tableau := _table(d, MOTIFS[chapitre]):
        return (tableau,)
    presentes = {s.rubrique for s in d.saisies}
    premier = next(c for c, rubrique in MOTIFS.items() if rubrique not in presentes)
    return (Paragraphe((libelles.chapo("motifs-absents"),), "note"),) if chapitre == premier else ()


def sru(d: Donnees, commune: str = "", ident: str = "t-saisie-sru") -> tuple[Bloc, ...]:
    """What was typed of the law's share of social housing, beside the stock; of one commune, or of all.

    Args:
        d: the data.
        commune: its code; every commune without.
        ident: identifier of the table.
    """
    noms = {c.code: c.libelle for c in d.contours if c.niveau == "commune"}
    noms |= dict(d.modalites("commune", d.indicateurs()))
    lignes = [
        Ligne(
            (
                noms.get(s.titre, s.titre),
                Nombre(s.nombre, "%"),
                Nombre(s.total, "%"),
                Nombre(s.manquants),
                Mesure(d.chiffre("logements", "commune", s.titre)),
                tables.date(s.jour),
                s.complement,
                s.texte or formats.TIRET,
            )
        )
        for s in d.saisies
        if s.rubrique == "sru" and commune in ("", s.titre)
    ]
    if not lignes:
        return ()
    titres = {
        "Commune": False,
        "Taux": True,
        "Taux demandé": True,
        "Logements manquants": True,
        "Parc social (RPLS)": True,
        "Situation au": False,
        "Source": False,
        "Précision": False,
    }
    entetes, tries = tables.alleger(tuple(Colonne(t, droite) for t, droite in titres.items()), lignes)
    titre = "Situation au titre de la loi SRU"
    tableau = Tableau(ident, titre, entetes, tries, "Loi SRU")
    return (Paragraphe((libelles.chapo("sru"),), "note"), tableau)


def _etats(d: Donnees) -> Paragraphe | None:
    """How many actions there are, and how many of each state."""
    etats = [s.etat for s in d.saisies if s.rubrique == "action"]
    if not etats:
        return None
    comptes = [f"{libelles.etat(e)}, {etats.count(e)}" for e in libelles.etats() if e in etats]
    return Paragraphe((f"{formats.accorder(len(etats), 'action')} : {' ; '.join(comptes)}.",))


def suivi(d: Donnees) -> Section:
    """The follow-up of the convention: actions, meetings, means, flux, experiments, claims, validation."""
    faits = [
        _decisions_en_suite(d),
        _etats(d),
        _table(d, "action"),
        _table(d, "instance"),
        _flux(d),
        _relogements(d),
        _table(d, "moyen"),
    ]
    faits += [_table(d, "experimentation"), _table(d, "verification")]
    blocs: list[Bloc] = [bloc for bloc in faits if bloc]
    for s in d.saisies:
        if s.rubrique == "validation":
            jour = f", le {tables.date(s.jour)}" if s.jour else ""
            paragraphes = (f"{s.titre}{jour}.", *(p for p in s.texte.split("\n\n") if p))
            blocs.append(Encadre(libelles.saisie("validation"), tuple((p,) for p in paragraphes)))
    presentes = {s.rubrique for s in d.saisies}
    attendues = ("action", "instance", "moyen", "flux", "sru", "validation")
    if absentes := [libelles.saisie(f"sans-{r}") for r in attendues if r not in presentes]:
        titre = f"{libelles.saisie('suivi-a-completer')} {formats.enumerer(absentes)}"
        blocs.append(Encadre(titre, (), "vide"))
    return Section("suivi", "Suivi de la convention", tuple(blocs))


def _flux(d: Donnees) -> Tableau | None:
    """The share of leases agreed with each réservataire, beside the leases that it really had."""
    noms = dict(d.modalites("reservataire", ["baux"]))
    total = d.chiffre("baux")
    lignes = []
    for s in (s for s in d.saisies if s.rubrique == "flux"):
        c = d.chiffre("baux", "reservataire", s.titre) if s.titre in noms else None
        part = None
        if c is not None and c.valeur is not None and total is not None and total.valeur:
            part = 100 * c.valeur / total.valeur
        lignes.append(
            Ligne((noms.get(s.titre, s.titre), Nombre(s.nombre, "%"), Nombre(part, "%"), Mesure(c), s.texte))
        )
    if not lignes:
        return None
    entetes = (
        Colonne("Réservataire"),
        Colonne("Part convenue", True),
        Colonne(f"Part réalisée en {d.annee}", True),
        Colonne("Baux signés", True),
        Colonne("Précision"),
    )
    gardees, tries = tables.alleger(entetes, lignes)
    titre = "Part du flux par réservataire : convenue et réalisée, en part des baux signés"
    return Tableau("t-saisie-flux", titre, gardees, tries, "Flux par réservataire")


def _relogements(d: Donnees) -> Tableau | None:
    """What each operation of rehousing planned, beside the leases signed and how their rents moved."""
    lignes = []
    for s in (s for s in d.saisies if s.rubrique == "relogement"):
        faits, loyers = (
            d.chiffre(i, segment_type="relogement", segment=s.titre)
            for i in ("relogements", "relogements_evolution_loyer")
        )
        nom = libelles.segment("relogement", s.titre)
        lignes.append(
            Ligne(
                (
                    nom,
                    Nombre(s.nombre),
                    Mesure(faits),
                    Nombre(s.avant, "eur_an_uc"),
                    Nombre(s.apres, "eur_an_uc"),
                    Mesure(loyers),
                    s.texte or formats.TIRET,
                )
            )
        )
    if not lignes:
        return None
    entetes = (
        Colonne("Opération"),
        Colonne("Relogements prévus", True),
        Colonne(f"Relogements faits en {d.annee}", True),
        Colonne("Reste à charge avant, par mois", True),
        Colonne("Reste à charge après, par mois", True),
        Colonne("Évolution des loyers", True),
        Colonne("Précision"),
    )
    gardees, tries = tables.alleger(entetes, lignes)
    return Tableau("t-saisie-relogement", "Relogements par opération", gardees, tries, "Relogements")
