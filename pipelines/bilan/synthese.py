"""The first pages of the bilan: which objectives are reached, who is short of which and by how much, the
trend, what was decided, and what limits the figures.

One objective has one name here, that of its indicator; the wording of the convention is in the method.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from pipelines import libelles
from pipelines.bilan import formats, graphiques, mots, saisies, tables
from pipelines.bilan.document import (
    LIBELLES_ETAT,
    SYNTHESE,
    Bloc,
    Carte,
    Cartes,
    Colonne,
    Etat,
    Graphique,
    Ligne,
    Manquant,
    Mesure,
    Nombre,
    Paragraphe,
    Reperes,
    Section,
    Tableau,
    etat,
    texte,
)
from pipelines.bilan.donnees import Chiffre, Donnees, Rapprochement, Vise
from pipelines.bilan.formats import FINE

REPERES = ("baux", "demandes", "tension", "logements")
REPERES_OUVERTS = ("part_qpv", "vacance", "mobilite", "loyer_m2", "taux_pauvrete", "revenu_median")
"""What stands beside the first volumes where some are not known: a page begins with what is."""

EN_DESSOUS_MAX = 6
"""Actors of a kind below their target that paper names, the widest gaps first; the page and the workbook name
them all."""

_ORDRE_DES_AXES = ("bailleur", "reservataire", "commune")
_TENUS_PAR_LA_LOI = ("bailleur", "reservataire")


@dataclass(frozen=True, slots=True)
class _Acteurs:
    """The actors of one axis that have the same objective, by the state of each."""

    vise: Vise
    axe: str
    etats: dict[str, Etat]

    @property
    def juges(self) -> int:
        """How many are judged."""
        return sum(e in ("atteint", "non_atteint") for e in self.etats.values())

    def compte(self, etat_compte: Etat) -> int:
        """How many are in that state."""
        return sum(e == etat_compte for e in self.etats.values())

    def sur(self, etat_compte: Etat) -> str:
        """How many of the judged are in that state, in words: « 3 bailleurs sur 5 », « les 5 bailleurs ».

        All or none is said only where every one is known: what an edition masks may be the contrary.
        """
        nombre, juges, plusieurs = self.compte(etat_compte), self.juges, libelles.axe(self.axe, "plusieurs")
        tus = self.compte("secret") + self.compte("indisponible")
        if juges > 1 and nombre in (0, juges) and not tus:
            debut = "les" if nombre else f"{libelles.axe(self.axe, 'aucun')} des"
            return f"{debut} {formats.entier(juges)} {plusieurs}"
        compte = formats.accorder(nombre, libelles.axe(self.axe, "un"), plusieurs)
        return f"{compte} sur {formats.entier(juges)}{' au résultat connu' if tus else ''}"


def section(d: Donnees, chapitre_des_manques: str) -> Section:
    """The synthesis; `chapitre_des_manques` is the title of the chapter that says what source is missing."""
    acteurs = _acteurs(d)
    cartes = _cartes(d, acteurs)
    blocs: list[Bloc] = _constats(d, cartes, acteurs)
    if reperes := _reperes(d):
        blocs.append(Reperes(tuple(reperes)))
    sans_source: list[Carte] = []
    if not d.disponible(("baux", "attributions")):
        sans_source = [carte for carte in cartes if carte.etat == "indisponible"]
        cartes = [carte for carte in cartes if carte.etat != "indisponible"]
    if cartes:
        blocs.append(Cartes(tuple(cartes)))
    if sans_source:
        blocs.append(_sans_source(d, sans_source, chapitre_des_manques))
    if not cartes and not sans_source:
        blocs.append(
            Manquant(
                "Pas d’objectif à évaluer",
                f"Ni la convention ni les chiffres de {d.annee} ne portent d’objectif pour l’ensemble du "
                "territoire.",
            )
        )
    if jauges := _jauges(d, cartes):
        blocs.append(jauges)
    blocs += _en_dessous(d, acteurs)
    if courbes := _tendances(d, cartes):
        blocs.append(courbes)
    if ecarts := _ecarts_par_bailleur(d):
        blocs.append(ecarts)
    blocs.append(saisies.decisions(d))
    if tableau := _bilan_par_acteur(d, acteurs):
        blocs.append(tableau)
    if constats := _etat_des_donnees(d, cartes):
        blocs.append(constats)
    # Not words of these blocks: what each page says of itself, and what each objective counts.
    if definitions := mots.tableau(blocs, toujours=("Attributions", "Conférence", "Empreinte")):
        blocs.append(definitions)
    return Section(SYNTHESE, "L’essentiel", tuple(blocs))


def _cartes(d: Donnees, acteurs: Sequence[_Acteurs]) -> list[Carte]:
    du_territoire = d.objectifs_vises([d.annee], "epci")
    cartes = []
    for vise in d.objectifs_vises([d.annee]):
        c = d.vise(vise)
        propre = vise in du_territoire
        if not propre and c is None:
            continue
        passees = tuple((str(a), d.vise(vise, annee=a)) for a in d.annees)
        # One year alone would say the result again.
        annees = passees if sum(x is not None for _, x in passees) > 1 else ()
        verdict: Etat = etat(c) if propre or etat(c) != "suivi" else "par_acteur"
        cible = _objectif_en_mots(d, vise, c) if propre else _objectif_par_acteur(d, vise)
        if propre and cible and verdict == "suivi":
            cible = f"{cible} (non évalué : la référence manque)"
        siens = [a.sur("atteint") for a in acteurs if a.vise == vise and a.juges]
        atteint_par = f"atteint par {formats.enumerer(siens)}" if siens else ""
        detail = " ; ".join(m for m in (tables.detail(c), atteint_par, tables.evolution(d, vise)) if m)
        cartes.append(Carte(d.libelle(vise), c, verdict, cible, detail, annees))
    # What has an objective first: what is only followed decides nothing.
    return sorted(cartes, key=lambda carte: carte.etat in ("suivi", "absent"))


def _acteurs(d: Donnees) -> list[_Acteurs]:
    """Who has an objective of their own in the year, in reading order."""
    paires = {(o.vise, o.axe) for o in d.objectifs if o.axe != "epci" and o.en_vigueur(d.annee)}
    trouves = []
    for vise, axe in sorted(paires, key=lambda p: (d.rang(p[0]), _rang_de_l_axe(p[1]))):
        etats: dict[str, Etat] = {}
        for code, _ in d.modalites(axe, [vise.indicateur]):
            c = d.vise(vise, axe, code)
            etats[code] = "sans_objet" if c is not None and c.statut == "sans_objet" else etat(c)
        trouves.append(_Acteurs(vise, axe, etats))
    return trouves


def _rang_de_l_axe(axe: str) -> tuple[int, str]:
    return (_ORDRE_DES_AXES.index(axe) if axe in _ORDRE_DES_AXES else len(_ORDRE_DES_AXES), axe)


def _reperes(d: Donnees) -> list[tuple[str, Mesure]]:
    """The volumes that are known, and where one of them is not, others that are."""
    connus = [i for i in (*REPERES, *REPERES_OUVERTS) if (c := d.chiffre(i)) and c.statut != "indisponible"]
    return [
        (libelles.repere(i) or d.indicateur(i).libelle, Mesure(d.chiffre(i))) for i in connus[: len(REPERES)]
    ]


def _sans_source(d: Donnees, cartes: Sequence[Carte], chapitre: str) -> Manquant:
    """Once, instead of a card each: the objectives that no source of the warehouse can tell."""
    titres = " ; ".join(f"« {carte.titre} »" for carte in cartes)
    source = libelles.source("sne")
    return Manquant(
        f"Objectifs qui ne peuvent pas être évalués en {d.annee}",
        f"{titres}. Il manque la source {source.court} : voir « {chapitre} ».",
    )


def _constats(d: Donnees, cartes: Sequence[Carte], acteurs: Sequence[_Acteurs]) -> list[Bloc]:
    """What the page says first: the objectives of the whole, then who misses theirs."""
    blocs: list[Bloc] = []
    if constat := _constat(d.annee, cartes):
        blocs.append(Paragraphe((f"{constat}{_non_evalues(cartes)}",), "chapo"))
    par_objectif: dict[Vise, list[str]] = {}
    for groupe in acteurs:
        if groupe.compte("non_atteint"):
            par_objectif.setdefault(groupe.vise, []).append(groupe.sur("non_atteint"))
    if not par_objectif:
        return blocs
    phrases = [f"{formats.enumerer(qui)} (« {d.libelle(vise)} »)" for vise, qui in par_objectif.items()]
    blocs.append(Paragraphe((f"N’atteignent pas l’objectif qui est le leur : {' ; '.join(phrases)}.",)))
    return blocs


def _constat(annee: int, cartes: Sequence[Carte]) -> str:
    evalues = [carte for carte in cartes if carte.etat in ("atteint", "non_atteint")]
    atteints = sum(carte.etat == "atteint" for carte in evalues)
    debut = "À l’échelle du territoire"
    if not evalues:
        return ""
    manques = [carte for carte in evalues if carte.etat == "non_atteint"]
    if len(evalues) == 1:
        phrase = f"{debut}, l’objectif chiffré {'est' if atteints else 'n’est pas'} atteint en {annee}"
    elif atteints == 0:
        phrase = f"{debut}, aucun des {len(evalues)} objectifs chiffrés n’est atteint en {annee}"
    elif not manques:
        phrase = f"{debut}, les {len(evalues)} objectifs chiffrés sont atteints en {annee}"
    else:
        verbe = "est atteint" if atteints == 1 else "sont atteints"
        phrase = f"{debut}, {atteints} des {len(evalues)} objectifs chiffrés {verbe} en {annee}"
    if not manques:
        return f"{phrase}."
    suite = " ; ".join(f"« {carte.titre} » ({_ecart(carte)})" for carte in manques)
    if not atteints:
        return f"{phrase} : {suite}."
    reste = "Ne l’est pas" if len(manques) == 1 else "Ne le sont pas"
    return f"{phrase}. {reste} : {suite}."


def _non_evalues(cartes: Sequence[Carte]) -> str:
    """The objectives of the whole that are not judged: a count without them would say that all is known."""
    tus = [carte for carte in cartes if carte.etat in ("secret", "indisponible") and carte.objectif]
    if not tus:
        return ""
    debut = " Ne peut pas être évalué" if len(tus) == 1 else " Ne peuvent pas être évalués"
    noms = " ; ".join(f"« {carte.titre} » ({LIBELLES_ETAT[carte.etat].lower()})" for carte in tus)
    return f"{debut} : {noms}."


def _ecart(carte: Carte) -> str:
    """A result beside what was asked: « 16,75 %, pour au moins 25 % »."""
    c = carte.chiffre
    cible = formats.cible(c.operateur, c.cible, c.unite) if c is not None else ""
    if c is not None and c.operateur == "approche":
        return f"{texte(carte.mesure)}, alors qu’il fallait {cible}"
    return f"{texte(carte.mesure)}, pour {cible}" if cible else texte(carte.mesure)


LEGAL, CONVENTIONNEL = "légal", "de la convention"


def _nature(d: Donnees, vise: Vise, axe: str) -> str:
    """Whether the target in force is the law's, named by its code, or the convention's own."""
    trouves = [o for o in d.objectifs if o.vise == vise and o.axe == axe and o.en_vigueur(d.annee)]
    articles = [o.article for o in trouves if o.article] or [d.indicateur(vise.indicateur).article]
    return LEGAL if not trouves or any("CCH" in article for article in articles) else CONVENTIONNEL


def _objectif_en_mots(d: Donnees, vise: Vise, c: Chiffre | None) -> str:
    ecrit = formats.cible(c.operateur, c.cible, c.unite) if c else ""
    if not ecrit:
        unite = d.indicateur(vise.indicateur).unite
        fixes = [o for o in d.objectifs if o.vise == vise and o.axe == "epci" and o.en_vigueur(d.annee)]
        ecrit = next((e for o in fixes if (e := formats.cible(o.operateur or None, o.cible, unite))), "")
    return f"Objectif {_nature(d, vise, 'epci')} : {ecrit}" if ecrit else ""


def _objectif_par_acteur(d: Donnees, vise: Vise) -> str:
    axes = {
        o.axe for o in d.objectifs if o.vise == vise and o.statut != "sans_objet" and o.en_vigueur(d.annee)
    }
    noms = [f"chaque {libelles.axe(axe, 'un')}" for axe in sorted(axes, key=_rang_de_l_axe)]
    return f"Objectif fixé à {formats.enumerer(noms)}, pas à l’ensemble" if noms else "Objectif par acteur"


def _jauges(d: Donnees, cartes: Sequence[Carte]) -> Graphique | None:
    lignes = [
        graphiques.Barre(
            carte.titre,
            carte.chiffre.valeur,
            texte(Mesure(carte.chiffre)),
            carte.chiffre.cible,
            carte.etat,
            formats.cible(carte.chiffre.operateur, carte.chiffre.cible, "%"),
        )
        for carte in cartes
        if carte.chiffre is not None
        and carte.chiffre.unite == "%"
        and (carte.chiffre.lisible or carte.etat == "secret")
    ]
    if not lignes or all(b.valeur is None for b in lignes):
        return None
    description = "Jauges horizontales, de 0 à 100 %. " + " ; ".join(
        f"{b.nom} : {b.texte}{f', {b.objectif}' if b.objectif else ''}, {LIBELLES_ETAT[b.etat]}"
        for b in lignes
    )
    return Graphique(
        "g-jauges",
        f"Résultats et objectifs en {d.annee}",
        description + ".",
        graphiques.barres("g-jauges", lignes, entier=True),
        None,
        graphiques.legende_des_etats(lignes),
    )


def _en_dessous(d: Donnees, acteurs: Sequence[_Acteurs]) -> list[Bloc]:
    """Who is short of which objective, by how much, since when: a table by objective and kind of actor, then
    what the law provides where it is the law's."""
    manques = [groupe for groupe in acteurs if groupe.compte("non_atteint")]
    blocs: list[Bloc] = [_tableau_en_dessous(d, groupe) for groupe in manques]
    if any(g.axe in _TENUS_PAR_LA_LOI and _nature(d, g.vise, g.axe) == LEGAL for g in manques):
        blocs.append(Paragraphe((libelles.chapo("suites-legales"),), "note"))
    return blocs


def _tableau_en_dessous(d: Donnees, groupe: _Acteurs) -> Tableau:
    vise, axe = groupe.vise, groupe.axe
    nature = _nature(d, vise, axe)
    avant = tables.annees_comparees(d, axe)
    trouves = []
    plafond = False
    for code, nom in d.modalites(axe, [vise.indicateur]):
        c = d.vise(vise, axe, code)
        if groupe.etats[code] != "non_atteint" or c is None:
            continue
        ligne = Ligne(
            (
                nom,
                Mesure(c),
                formats.cible(c.operateur, c.cible, c.unite),
                Mesure(c, "manque"),
                *(tables.ecart(d, vise, axe, code, annee) or formats.TIRET for annee in avant),
            )
        )
        plafond = c.plafond
        points = abs((c.valeur or 0) - (c.cible or 0))
        trouves.append(((-(c.manque or 0), -points, formats.cle_de_tri(nom), code), ligne))
    entetes = (
        Colonne(libelles.axe(axe)),
        Colonne("Résultat", True),
        Colonne(f"Objectif {nature}"),
        Colonne("De trop" if plafond else "Il manque", True),
        *(Colonne(f"Points depuis {annee}", True) for annee in avant),
    )
    gardees, tries = tables.alleger(entetes, [ligne for _, ligne in sorted(trouves, key=lambda t: t[0])])
    noms = libelles.axe(axe, "plusieurs")
    return Tableau(
        f"t-en-dessous-{tables.cle(vise)}-{formats.slug(axe)}",
        f"{d.libelle(vise)}, {d.annee} : {noms} qui n’atteignent pas leur objectif",
        gardees,
        tries,
        f"En dessous {formats.slug(axe)}",
        imprimees=EN_DESSOUS_MAX,
    )


def _ecarts_par_bailleur(d: Donnees) -> Graphique | None:
    """Results and targets of the landlords on the first objective that is theirs."""
    for vise in d.objectifs_vises([d.annee], "bailleur"):
        if (graphique := tables.barres_par_acteur(d, vise, "bailleur")) is not None:
            return replace(
                graphique,
                ident="g-ecarts-bailleurs",
                svg=graphique.svg.replace(graphique.ident, "g-ecarts-bailleurs"),
                tableau=None,
            )
    return None


def _tendances(d: Donnees, cartes: Sequence[Carte]) -> Graphique | None:
    series = []
    for carte in cartes:
        points = tables.points(carte.annees)
        if sum(v is not None for _, v, _, _ in points) >= 2:
            series.append(graphiques.Serie(carte.titre, points))
    if not series:
        return None
    description = "Courbes des trois dernières années. " + " ; ".join(
        f"{s.nom} : " + ", ".join(f"{mots} en {p}" for p, _, mots, _ in s.points) for s in series
    )
    return Graphique(
        "g-tendances",
        f"Évolution de {d.annees[0]} à {d.annee}",
        description + ".",
        graphiques.tendances("g-tendances", series),
        None,
        "Le trait noir marque l’objectif de chaque année ; chaque courbe est à sa propre échelle.",
    )


def _bilan_par_acteur(d: Donnees, acteurs: Sequence[_Acteurs]) -> Tableau | None:
    titres: dict[Etat, str] = {
        "atteint": "Atteignent",
        "non_atteint": "N’atteignent pas",
        "suivi": "Sans objectif",
        "secret": "Secret",
        "indisponible": "Indisponible",
        "sans_objet": "Sans objet",
    }
    presents = [
        e for e in titres if e in ("atteint", "non_atteint") or any(groupe.compte(e) for groupe in acteurs)
    ]
    lignes = [
        Ligne(
            (
                d.libelle(groupe.vise),
                libelles.axe(groupe.axe, "plusieurs"),
                *(Nombre(groupe.compte(e)) for e in presents),
            )
        )
        for groupe in acteurs
        if any(groupe.compte(e) for e in titres)
    ]
    if not lignes:
        return None
    return Tableau(
        "t-acteurs",
        f"Combien d’acteurs atteignent leur objectif en {d.annee}",
        (Colonne("Objectif"), Colonne("Acteurs"), *(Colonne(titres[e], True) for e in presents)),
        tuple(lignes),
        "Objectifs par acteur",
    )


def _etat_des_donnees(d: Donnees, cartes: Sequence[Carte]) -> Tableau | None:
    """What limits the figures of the page: a threshold of another year or none, sources that do not meet,
    unknown answers, provisional figures."""
    lignes = [Ligne(("Seuil du 1er quartile", d.seuil_q1))] if d.seuil_q1 else []
    lignes += [Ligne((r.libelle, _rapprochement(r))) for r in _rapprochements(d)]
    for source, nombre in d.contradictions:
        texte_nombre = formats.accorder(nombre, "contradiction")
        lignes.append(
            Ligne(
                (
                    f"Exports {libelles.source(source).court}",
                    f"{texte_nombre} entre exports{'' if d.seul else ', tous territoires ensemble'}",
                )
            )
        )
    if inconnus := [p for carte in cartes if (p := _part_inconnue(carte)) is not None]:
        part, titre = max(inconnus)
        ecrite = f"jusqu’à {formats.decimal(part, 1)}{FINE}% des dossiers ({titre})"
        lignes.append(Ligne(("Réponses inconnues", ecrite)))
    provisoires = [carte.titre for carte in cartes if carte.chiffre and carte.chiffre.statut == "provisoire"]
    if provisoires:
        lignes.append(Ligne(("Chiffres provisoires", " ; ".join(provisoires))))
    if not lignes and d.rapprochements is None:
        return None
    if not lignes:
        lignes.append(Ligne(("Rapprochement des sources", "rien à signaler")))
    return Tableau(
        "t-etat-donnees",
        f"État des données, {d.annee}",
        (Colonne("Point"), Colonne("Constat")),
        tuple(lignes),
        "État des données",
    )


def _part_inconnue(carte: Carte) -> tuple[float, str] | None:
    """The share of households that an objective cannot place, out of those it should."""
    c = carte.chiffre
    if c is None or not c.inconnus or c.denominateur is None:
        return None
    return 100 * c.inconnus / (c.denominateur + c.inconnus), carte.titre


def _rapprochements(d: Donnees) -> list[Rapprochement]:
    """Those of the year, or of the vintage that the year is paired with."""
    vintages = d.millesimes.get(d.annee, {})
    return [
        r
        for r in d.rapprochements or ()
        if r.annee == (str(d.annee) if "sne" in r.source else vintages.get(r.source, str(d.annee)))
    ]


def _rapprochement(r: Rapprochement) -> str:
    """A rate without its counts: a reader needs no more, and few rows may be about few households."""
    return (
        f"{formats.decimal(r.valeur, 0)}{FINE}%, attendu : {formats.cible(r.sens, r.borne, '%')} ; "
        f"à lire avec réserve : {formats.typographie(r.figures)}"
    )
