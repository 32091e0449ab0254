"""The annual bilan: which sections it has, in which order, and what each says when its data is missing.

Layout and wording only; tables and charts are made in `tables`, figures come from the warehouse.
"""

from collections.abc import Callable, Sequence
from dataclasses import replace

from pipelines import libelles
from pipelines.bilan import (
    formats,
    graphiques,
    leviers,
    lieux,
    plans,
    provenance,
    publics,
    saisies,
    sensibilite,
    synthese,
    tables,
)
from pipelines.bilan.document import (
    Bloc,
    Colonne,
    Definitions,
    Document,
    Encadre,
    Graphique,
    Ligne,
    Manquant,
    Mesure,
    Nombre,
    Paragraphe,
    Section,
    Tableau,
    etat,
    texte,
)
from pipelines.bilan.donnees import TOUS, Donnees, Objectif, Vise

PARCOURS = ("attributions", "baux", "conversion_bail", "delai_median", "refus")
HORS_QPV = ("hors_qpv_q1", "hors_qpv_q1_strict")
EN_QPV = ("qpv_q234", "qpv_q2", "qpv_q34")
MIXITE = ("bas_revenus", "porteurs_mixite")
PRIORITAIRES = ("prioritaires", "dalo", "mal_loges")
AUTRES_PUBLICS = ("mutations", "travailleurs_essentiels")
LOCALISATION = ("q1_secteurs_fragiles", "relogements_hors_site", "relogements_hors_qpv", "relogements_neuf")
DECOUPAGES_DES_BAUX = (
    ("attributions", "evenement"),
    ("conversion_bail", "etape"),
    ("baux", "secteur"),
    ("baux", "type_mutation"),
    ("relogements", "relogement"),
)
DEMANDE = ("demandes", "part_mutations_demande", "part_endogene", "tension", "anciennete")
TENSION_DESSINEE = ("typologie", "quartile")
"""Splits of the demand that are drawn; the others are tables."""

PARC = (
    "logements",
    "part_qpv",
    "vacance",
    "vacance_3mois",
    "mobilite",
    "loyer_m2",
    "concentration_bailleurs",
    "mobilisable_q1",
    "accessible_q1",
    "plai_neufs_hors_qpv",
)
PARC_A_L_ECRAN = ("type_construction", "tranche_loyer")
"""Splits of the stock that paper leaves to the page and the workbook."""

ACCESSIBILITE = ("accessible_q1", "mobilisable_q1")
OCCUPATION = (
    "part_isoles",
    "part_monoparentales",
    "part_familles_nombreuses",
    "part_moins_40_plus",
    "part_minima_sociaux",
    "part_actifs_occupes",
    "part_75_ans_et_plus",
    "part_demandes_mutation_parc",
)
FRAGILITE = (
    "fragilite_points_stock",
    "fragilite_classe_stock",
    "fragilite_points_flux",
    "fragilite_classe_flux",
    "fragilite_classe",
)
COMPLETUDE = (
    "taux_couverture",
    "ressources_renseignees",
    "completude_ressources",
    "completude_qpv",
    "completude_num_rpls",
    "rattachement_rpls",
    "completude_reservataire",
)
REVENUS = ("revenu_median", "taux_pauvrete", "revenu_d1", "revenu_d9", "rapport_interdecile")
TERRITOIRES_DE_REFERENCE = ("epci", "departement", "region", "france")


def bilan(d: Donnees) -> Document:
    """Build the annual bilan of one EPCI."""
    corps = [
        synthese.section(d, MANQUES),
        *filter(None, [leviers.section(d)]),
        _objectif(
            d,
            "hors-qpv",
            "Attributions hors quartiers prioritaires",
            HORS_QPV,
            axes=("bailleur", "commune", "reservataire"),
            autres=LOCALISATION,
        ),
        _en_qpv(d),
        _objectif(
            d,
            "prioritaires",
            "Publics prioritaires",
            PRIORITAIRES[:1],
            axes=("reservataire", "bailleur", "commune"),
            autres=PRIORITAIRES[1:],
        ),
        _objectif(
            d,
            "mutations",
            "Mutations",
            AUTRES_PUBLICS[:1],
            axes=("bailleur", "commune", "reservataire"),
            autres=("part_mutations_demande",),
        ),
        _objectif(
            d,
            "travailleurs-essentiels",
            "Travailleurs essentiels",
            AUTRES_PUBLICS[1:],
            axes=("bailleur", "reservataire", "commune"),
            autres=("part_travailleurs_essentiels_demande",),
        ),
        _acteurs(d),
        _volumes(d),
        _demande(d),
        _parc(d),
        _occupation(d),
        _revenus(d),
        _portraits(d),
        saisies.suivi(d),
        _qualite(d),
        _methode(d),
    ]
    ecrits = _sans_chiffres([_avec_saisies(d, section) for section in corps])
    sections = [_a_la_suite(section) for section in _dit_une_fois(ecrits)]
    regles, chiffres = tables.regles(d, sections)
    glossaire = Section("glossaire", "Glossaire", (Definitions(libelles.glossaire()),))
    return Document(
        nom_fichier=f"bilan-{d.epci_siren}-{d.annee}",
        titre="Bilan annuel des attributions de logements sociaux",
        sous_titre=f"{d.nom} – {d.annee}",
        annee=d.annee,
        entete=provenance.entete(d),
        identite=provenance.identite(d),
        sections=(*sections, regles, glossaire),
        chiffres=chiffres,
    )


PRINCIPAUX = {
    **dict.fromkeys((*HORS_QPV, *LOCALISATION), "hors-qpv"),
    **dict.fromkeys((*EN_QPV, *MIXITE), "en-qpv"),
    **dict.fromkeys(PRIORITAIRES, "prioritaires"),
    "mutations": "mutations",
    "travailleurs_essentiels": "travailleurs-essentiels",
}
"""The chapter in which a typed text stands that names a figure and no chapter; elsewhere its family's."""

ANALYSES = ("hors-qpv", "en-qpv", "prioritaires", "mutations", "demande", "parc", "occupation")
"""Chapters in which an analysis is expected: a place is left for it."""


def _avec_saisies(d: Donnees, section: Section) -> Section:
    """The chapter with what was typed for it, after its own figures of the whole territory."""
    ecrits = saisies.texte_de(d, section.ident, PRINCIPAUX, attendu=section.ident in ANALYSES)
    return replace(section, blocs=(*section.blocs, *saisies.motifs(d, section.ident), *ecrits))


MANQUES = "Ce qui manque à ce bilan"


def _sans_chiffres(sections: Sequence[Section]) -> list[Section]:
    """The chapters, those that would only say that one source is missing being named together once."""
    vides: dict[Manquant, list[Section]] = {}
    for section in sections:
        manques = [bloc for bloc in section.blocs if isinstance(bloc, Manquant) and bloc.bref]
        muets = all(
            isinstance(bloc, Manquant | Paragraphe) or (isinstance(bloc, Encadre) and bloc.genre == "vide")
            for bloc in section.tous_les_blocs()
        )
        if len(manques) == 1 and muets:
            vides.setdefault(manques[0], []).append(section)
    groupes = {manque: siennes for manque, siennes in vides.items() if len(siennes) > 1}
    if not groupes:
        return list(sections)
    blocs = tuple(
        Manquant(" ; ".join(section.titre for section in siennes), manque.texte, manque.bref)
        for manque, siennes in groupes.items()
    )
    tues = {section.ident for siennes in groupes.values() for section in siennes}
    rang = min(rang for rang, section in enumerate(sections) if section.ident in tues)
    gardees = [section for section in sections if section.ident not in tues]
    return [*gardees[:rang], Section("ce-qui-manque", MANQUES, blocs), *gardees[rang:]]


def _dit_une_fois(sections: Sequence[Section]) -> list[Section]:
    """What is missing and from whom to have it, at length in the first chapter that lacks it."""
    dits: set[str] = set()

    def dire(bloc: Bloc) -> Bloc:
        if not isinstance(bloc, Manquant) or not bloc.bref:
            return bloc
        if bloc.bref in dits:
            return replace(bloc, texte=bloc.bref)
        dits.add(bloc.bref)
        return bloc

    return [replace(section, blocs=tuple(map(dire, section.blocs))) for section in sections]


def _a_la_suite(section: Section) -> Section:
    # A page for one sentence that says what is missing would look broken.
    if any(not isinstance(bloc, Manquant | Paragraphe) for bloc in section.tous_les_blocs()):
        return section
    return replace(section, nouvelle_page=False)


def _methode(d: Donnees) -> Section:
    blocs: list[Bloc] = [
        provenance.tableau(d),
    ]
    vintages = d.millesimes.get(d.annee, {})
    if vintages:
        lignes = []
        for ident, millesime in sorted(vintages.items()):
            source = libelles.source(ident)
            lignes.append(Ligne((source.nom, millesime, source.contenu)))
        blocs.append(
            Tableau(
                "t-millesimes",
                f"Sources et millésimes du bilan {d.annee}",
                (Colonne("Source"), Colonne("Millésime"), Colonne("Ce qu’elle apporte")),
                tuple(lignes),
                "Millésimes",
            )
        )
    else:
        blocs.append(
            Manquant(
                "Millésimes non publiés",
                "Rien ne dit quels millésimes ont été appariés à cette année.",
            )
        )
    couverture = tables.series(
        d,
        "t-couverture",
        "Couverture et complétude",
        _completude(d),
        feuille="Couverture",
    )
    if couverture:
        blocs.append(couverture)
    if d.parametres:
        blocs.append(
            Tableau(
                "t-parametres",
                "Choix de la convention qui changent les chiffres",
                (Colonne("Question"), Colonne("Choix retenu")),
                tuple(Ligne(libelles.parametre(p, v)) for p, v in d.parametres),
                "Paramètres",
            )
        )
    objectifs = [o for o in d.objectifs if o.en_vigueur(d.annee)]
    if objectifs:
        blocs.append(_objectifs_en_vigueur(d, objectifs))
    blocs += sensibilite.blocs(d)
    ruptures = [i for i in d.catalogue.values() if i.rupture]
    if ruptures:
        blocs.append(
            Tableau(
                "t-ruptures",
                "Ruptures de série",
                (Colonne("Indicateur"), Colonne("Ce qui a changé")),
                tuple(Ligne((i.libelle, tables.sans_code(d, formats.phrase(i.rupture)))) for i in ruptures),
                "Ruptures de série",
            )
        )
    return Section("methode", "Méthode et sources", tuple(blocs), (provenance.lecture(),), nouvelle_page=True)


def _objectifs_en_vigueur(d: Donnees, objectifs: Sequence[Objectif]) -> Tableau:
    lignes = []
    # The event of an objective that names none is a choice of the convention, in the table of these.
    ailleurs = "selon les choix ci-dessus" if any(o.evenement for o in objectifs) else formats.TIRET
    for o in objectifs:
        if o.statut == "sans_objet":
            cible = "sans objet"
        elif o.cible_indicateur:
            cible = f"se rapprocher de : {formats.minuscule(d.indicateur(o.cible_indicateur).libelle)}"
        else:
            cible = (
                formats.cible(o.operateur or None, o.cible, d.indicateur(o.indicateur).unite or "%")
                or "suivi"
            )
        acteurs = libelles.axe(o.axe)
        noms = dict(d.modalites(o.axe, [o.indicateur]))
        if o.modalite:
            acteurs = f"{acteurs} : {noms.get(o.modalite) or libelles.segment(o.axe, o.modalite)}"
        elif o.axe != "epci":
            acteurs = f"{formats.majuscule(libelles.axe(o.axe, 'plusieurs'))}"
            if o.statut == "sans_objet":
                acteurs = f"Autres {libelles.axe(o.axe, 'plusieurs')}"
        lignes.append(
            Ligne(
                (
                    o.libelle or d.indicateur(o.indicateur).libelle,
                    acteurs,
                    cible,
                    libelles.evenement(o.evenement) if o.evenement else ailleurs,
                    "légal" if "CCH" in o.article else "convention",
                    f"du {tables.date(o.debut)}" + (f" au {tables.date(o.fin)}" if o.fin else ""),
                    o.article or formats.TIRET,
                )
            )
        )
    titres = ("Objectif", "Acteurs", "Cible", "Événement compté", "Nature", "En vigueur", "Texte")
    entetes, tries = tables.alleger(tuple(Colonne(t) for t in titres), lignes)
    return Tableau("t-objectifs", f"Objectifs en vigueur en {d.annee}", entetes, tries, "Objectifs")


def _completude(d: Donnees) -> tuple[str, ...]:
    return tuple(dict.fromkeys((*COMPLETUDE[:2], *d.famille("qualite", COMPLETUDE))))


def _volumes(d: Donnees) -> Section:
    blocs: list[Bloc] = []
    ailleurs = {*HORS_QPV, *EN_QPV, *MIXITE, *PRIORITAIRES, *AUTRES_PUBLICS, *LOCALISATION}
    parcours = [i for i in d.famille("attributions", PARCOURS) if i not in ailleurs]
    if tableau := tables.series(d, "t-volumes", "Attributions et baux", parcours, feuille="Volumes"):
        blocs.append(tableau)
    for ident, segment_type in DECOUPAGES_DES_BAUX:
        nom, par = (
            d.indicateur(ident).libelle,
            f"par {formats.minuscule(libelles.segment_type(segment_type))}",
        )
        titre = f"{nom if par in nom.lower() else f'{nom} {par}'}, {d.annee}"
        cle = f"t-{formats.slug(ident)}-{formats.slug(segment_type)}"
        if t := tables.par_segment(
            d, cle, titre, segment_type, [ident], feuille=f"{ident} par {segment_type}"
        ):
            blocs.append(t)
    if devenues := publics.issues(d):
        blocs.append(devenues)
    return Section(
        "volumes",
        "Volumes et parcours de l’attribution",
        _ou_manquant(d, ("baux", "attributions"), ("sne",), blocs),
        tuple(publics.profils(d)),
    )


def _objectif(
    d: Donnees,
    ident: str,
    titre: str,
    indicateurs: Sequence[str],
    *,
    axes: Sequence[str],
    autres: Sequence[str] = (),
) -> Section:
    principal = indicateurs[0]
    blocs: list[Bloc] = [Paragraphe((libelles.chapo(ident),), "chapo")]
    sections: list[Section] = []
    if d.disponible([principal]):
        blocs.append(tables.phrase_objectif(d, principal, d.chiffre(principal)))
        if tableau := tables.trois_annees(d, Vise(principal), feuille=f"{titre[:24]} – ans"):
            blocs.append(tableau)
        complements = tables.series(
            d,
            f"t-{ident}-complements",
            f"{titre} : indicateurs associés",
            (*indicateurs[1:], *autres),
            feuille=f"{titre[:20]} – autres",
        )
        if complements:
            blocs.append(complements)
        croises = {o.axe for o in d.objectifs if o.indicateur == principal and " x " in o.axe}
        vises = {
            o.axe for o in d.objectifs if o.vise == Vise(principal) and o.operateur and o.en_vigueur(d.annee)
        }
        for axe in (*axes, *sorted(croises)):
            contenu = _acteur(d, Vise(principal), axe, titre)
            if axe == "commune" and contenu:
                carte = plans.communes(d, Vise(principal)) if principal in HORS_QPV else ()
                contenu = (*carte, *plans.tendances(d, Vise(principal)), *contenu)
            if contenu:
                # What is followed without a target is printed for the territory and its landlords alone.
                ecran = principal in AUTRES_PUBLICS and axe not in {"bailleur", *vises}
                par = f"Par {libelles.axe(axe, 'un')}"
                sections.append(Section(f"{ident}-{formats.slug(axe)}", par, contenu, ecran=ecran))
        sections += _autres_objectifs(d, principal, (*indicateurs, *autres))
        fin: tuple[Bloc, ...] = tuple(blocs)
    else:
        fin = (blocs[0], *_ou_manquant(d, [principal], ("sne",), []))
    return Section(ident, titre, fin, tuple(sections), nouvelle_page=ident == "hors-qpv")


def _autres_objectifs(d: Donnees, principal: str, indicateurs: Sequence[str]) -> list[Section]:
    sections = []
    for vise in d.objectifs_vises([d.annee]):
        if (
            vise == Vise(principal)
            or vise.indicateur not in indicateurs
            or not d.disponible([vise.indicateur])
        ):
            continue
        axes = {
            o.axe
            for o in d.objectifs
            if o.vise == vise and o.statut != "sans_objet" and o.en_vigueur(d.annee)
        }
        blocs: list[Bloc] = [tables.phrase_objectif(d, vise.indicateur, d.vise(vise))]
        if tableau := tables.trois_annees(d, vise, feuille=f"{vise.indicateur[:22]} – ans"):
            blocs.append(tableau)
        for axe in sorted(axes - {"epci"}):
            blocs += _acteur(d, vise, axe, vise.indicateur)
        sections.append(Section(f"objectif-{tables.cle(vise)}", d.libelle(vise), tuple(blocs)))
    return sections


def _acteur(d: Donnees, vise: Vise, axe: str, titre: str) -> tuple[Bloc, ...]:
    tableau = tables.par_acteur(d, vise, axe, feuille=f"{titre[:16]} – {libelles.axe(axe, 'un')}")
    if tableau is None:
        return ()
    # Bars without a target say less than the table, but where neighbourhoods are compared.
    vises = axe in ("qpv", "zone") or any(
        (c := d.vise(vise, axe, code)) is not None and c.operateur
        for code, _ in d.modalites(axe, [vise.indicateur])
    )
    graphique = tables.barres_par_acteur(d, vise, axe) if vises else None
    if graphique is None:
        return (tableau,)
    return (graphique, tableau)


def _en_qpv(d: Donnees) -> Section:
    section = _objectif(
        d,
        "en-qpv",
        "Attributions en quartiers prioritaires",
        EN_QPV,
        axes=("qpv", "zone", "bailleur", "commune"),
        autres=MIXITE,
    )
    complements: list[Section] = []
    quartiles = _quartiles_par_quartier(d)
    if quartiles:
        complements.append(Section("en-qpv-quartiles", "Quartiles par quartier", quartiles))
    complements += publics.profils_des_quartiers(d)
    if carte := plans.quartiers(d):
        complements.append(Section("en-qpv-carte", "Carte des quartiers", carte))
    return Section(
        section.ident, section.titre, section.blocs, (*section.sections, *complements), section.nouvelle_page
    )


def _quartiles_par_quartier(d: Donnees) -> tuple[Bloc, ...]:
    valeurs = libelles.ordonner_segments("quartile", d.segments("baux", "qpv").get("quartile", []))
    if not valeurs:
        return ()
    cases, lignes = [], []
    for code, nom in d.modalites("qpv", ["baux"]):
        chiffres = [d.chiffre("baux", "qpv", code, segment_type="quartile", segment=q) for q in valeurs]
        if not any(chiffres):
            continue
        for q, c in zip(valeurs, chiffres, strict=True):
            cases.append(
                graphiques.Case(
                    nom, libelles.segment("quartile", q), c.valeur if c else None, texte(Mesure(c)), etat(c)
                )
            )
        lignes.append(Ligne((nom, *tables.mesures(chiffres), Mesure(d.chiffre("baux", "qpv", code)))))
    if not lignes:
        return ()
    titre = f"Baux signés par quartile de ressources et quartier, {d.annee}"
    tableau = Tableau(
        "t-quartiles-qpv",
        titre,
        (
            Colonne("Quartier prioritaire"),
            *(Colonne(formats.majuscule(libelles.segment("quartile", q)), True) for q in valeurs),
            Colonne("Ensemble", True),
        ),
        tuple(lignes),
        "Quartiles par quartier",
    )
    if len(lignes) > 40 or all(c.valeur is None for c in cases):
        return (tableau,)
    description = f"Grille : {formats.minuscule(titre)}. Plus la case est foncée, plus il y a de baux."
    graphique = Graphique(
        "g-quartiles-qpv", titre, description, graphiques.chaleur("g-quartiles-qpv", cases), tableau.ident
    )
    return (graphique, tableau)


def _acteurs(d: Donnees) -> Section:
    idents = ("baux", "hors_qpv_q1", "qpv_q234", "prioritaires", "mutations", "travailleurs_essentiels")
    sections = []
    if changements := publics.evolutions(d):
        sections.append(Section("vue-evolutions", "Évolutions", (changements,)))
    for axe, titre in (
        ("bailleur", "Par bailleur"),
        ("commune", "Par commune"),
        ("qpv", "Par quartier prioritaire"),
        ("zone", "Par quartier assimilé ou suivi"),
        ("reservataire", "Par réservataire"),
    ):
        tableau = tables.croise(
            d,
            f"t-vue-{axe}",
            f"Vue d’ensemble {formats.minuscule(titre)}, {d.annee}",
            idents,
            [axe],
            feuille=f"Vue {axe}",
        )
        if tableau:
            sections.append(Section(f"vue-{axe}", titre, (tableau,), ecran=True))
    blocs: tuple[Bloc, ...] = (Paragraphe((libelles.chapo("acteurs"),), "chapo"),)
    if not sections:
        blocs = (*blocs, *_ou_manquant(d, idents, ("sne",), []))
    return Section("acteurs", "Vue d’ensemble par acteur et par territoire", blocs, tuple(sections))


def _demande(d: Donnees) -> Section:
    blocs: list[Bloc] = []
    if t := tables.series(
        d, "t-demande", "La demande et sa tension", d.famille("demande", DEMANDE), feuille="Demande"
    ):
        blocs.append(t)
    sections = []
    if d.disponible(("demandes", "tension")):
        types = dict.fromkeys([*d.segments("tension"), *d.segments("demandes")])
        for segment_type in types:
            cle = formats.slug(segment_type)
            par = f"par {formats.minuscule(libelles.segment_type(segment_type))}"
            titre = f"Demande, attributions et tension {par}, {d.annee}"
            tableau = tables.par_segment(
                d,
                f"t-demande-{cle}",
                titre,
                segment_type,
                ("demandes", "baux", "tension"),
                feuille=f"Demande {segment_type}",
            )
            if tableau is None:
                continue
            contenu: list[Bloc] = []
            if segment_type in TENSION_DESSINEE and segment_type in d.segments("tension"):
                legende = f"Demandes actives pour un bail signé, {par}"
                g = tables.colonnes_par_segment(
                    d,
                    f"g-tension-{cle}",
                    legende,
                    "tension",
                    segment_type=segment_type,
                    tableau=tableau.ident,
                )
                if g:
                    contenu.append(g)
            sections.append(
                Section(
                    f"demande-{cle}",
                    f"Par {formats.minuscule(libelles.segment_type(segment_type))}",
                    (*contenu, tableau),
                )
            )
    if croisee := publics.tension_croisee(d):
        sections.append(croisee)
    if references := publics.references(d):
        sections.append(Section("demande-references", "À côté du département et de la région", (references,)))
    communes = tables.croise(
        d,
        "t-demande-communes",
        f"Demande et tension par commune, {d.annee}",
        ("demandes", "baux", "tension"),
        ["commune"],
        feuille="Demande communes",
    )
    if communes and d.disponible(("demandes",), "commune"):
        sections.append(Section("demande-communes", "Par commune de premier choix", (communes,)))
    chapo = Paragraphe((libelles.chapo("demande"),), "chapo")
    return Section(
        "demande",
        "Demande et tension",
        (chapo, *_ou_manquant(d, d.famille("demande", DEMANDE), ("sne",), blocs)),
        tuple(sections),
    )


def _parc(d: Donnees) -> Section:
    blocs: list[Bloc] = []
    if t := tables.series(d, "t-parc", "Le parc social", d.famille("parc", PARC), feuille="Parc"):
        blocs.append(t)
    sections = []
    for segment_type in d.segments("logements"):
        cle = formats.slug(segment_type)
        tableau = tables.par_segment(
            d,
            f"t-parc-{cle}",
            f"Logements par {formats.minuscule(libelles.segment_type(segment_type))}",
            segment_type,
            ("logements", "logements_loues_annee", "logements_neufs", "vacance", "mobilite", "loyer_m2"),
            feuille=f"Parc {segment_type}",
        )
        if tableau:
            par = f"Par {formats.minuscule(libelles.segment_type(segment_type))}"
            ecran = segment_type in PARC_A_L_ECRAN
            sections.append(Section(f"parc-{cle}", par, (tableau,), ecran=ecran))
    for ident in ACCESSIBILITE:
        contenu: list[Bloc] = []
        for segment_type in d.segments(ident):
            cle = f"{formats.slug(ident)}-{formats.slug(segment_type)}"
            legende = (
                f"{d.indicateur(ident).libelle}, par {formats.minuscule(libelles.segment_type(segment_type))}"
            )
            if t := tables.par_segment(d, f"t-{cle}", legende, segment_type, [ident], feuille=f"Parc {cle}"):
                contenu.append(t)
        if ident == "accessible_q1" and (croise := lieux.accessibles_et_fragiles(d)):
            contenu += croise
        if contenu:
            titre, ecran = d.indicateur(ident).libelle, ident == "mobilisable_q1"
            sections.append(Section(f"parc-{formats.slug(ident)}", titre, tuple(contenu), ecran=ecran))
    for axe in ("bailleur", "commune", "qpv"):
        tableau = tables.croise(
            d,
            f"t-parc-{axe}",
            f"Le parc social par {libelles.axe(axe, 'un')}",
            ("logements", "part_qpv", "vacance", "mobilite", "loyer_m2"),
            [axe],
            feuille=f"Parc {axe}",
        )
        if tableau:
            sections.append(Section(f"parc-{axe}", f"Par {libelles.axe(axe, 'un')}", (tableau,)))
    if typees := saisies.sru(d):
        sections.append(Section("parc-sru", "Communes et loi SRU", typees))
    return Section("parc", "Parc social", _ou_manquant(d, PARC, ("rpls",), blocs), tuple(sections))


def _occupation(d: Donnees) -> Section:
    blocs: list[Bloc] = []
    if t := tables.series(d, "t-occupation", "Les ménages logés", OCCUPATION, feuille="Occupation"):
        blocs.append(t)
    sections = []
    tableau = tables.croise(
        d,
        "t-occupation-quartiers",
        "Les ménages logés, par quartier et par zone",
        OCCUPATION[:6],
        ("qpv", "zone"),
        feuille="Occupation quartiers",
    )
    if tableau:
        sections.append(Section("occupation-quartiers", "Par quartier", (tableau,)))
    return Section(
        "occupation",
        "Occupation et fragilité",
        _ou_manquant(d, OCCUPATION, ("ops",), blocs),
        (*sections, _fragilite(d), *lieux.residences(d)),
    )


def _fragilite(d: Donnees) -> Section:
    blocs: list[Bloc] = []
    methodes: dict[tuple[str, str], None] = {}
    axes = ("qpv", "zone", "commune x secteur", "commune")
    for ident in FRAGILITE:
        for axe in axes:
            if d.existe(ident, axe):
                methodes[(TOUS, TOUS)] = None
            methodes.update(dict.fromkeys(("methode", s) for s in d.segments(ident, axe).get("methode", [])))
    for segment_type, segment in sorted(methodes):
        nom = "" if segment_type == TOUS else f", méthode {libelles.segment(segment_type, segment)}"
        lignes = []
        for axe in axes:
            for code, libelle in d.modalites(axe, FRAGILITE):
                chiffres = [
                    d.chiffre(i, axe, code, segment_type=segment_type, segment=segment) for i in FRAGILITE
                ]
                if any(chiffres):
                    poids = lieux.pese(d, segment, axe, code)
                    lignes.append(Ligne((libelle, *tables.mesures(chiffres), poids)))
        if lignes:
            entetes = (
                Colonne("Quartier ou zone"),
                *(Colonne(d.indicateur(i).libelle, True) for i in FRAGILITE),
                Colonne("Ce qui pèse le plus"),
            )
            entetes, tries = tables.alleger(entetes, lignes)
            legende = f"Indice de fragilité{nom}"
            ident = f"t-fragilite-{formats.slug(segment)}"
            blocs.append(Tableau(ident, legende, entetes, tries, f"Fragilité {segment}"))
            if not any(isinstance(bloc, Graphique) for bloc in blocs):
                blocs += plans.classes(
                    d, segment_type, segment, f"{legende} : carte des classes, {d.annee}", ident
                )
    chapo = Paragraphe((libelles.chapo("fragilite"),), "note")
    if blocs:
        return Section("fragilite", "Indice de fragilité", (chapo, *blocs))
    return Section("fragilite", "Indice de fragilité", _manque_fragilite())


def _manque_fragilite() -> tuple[Bloc, ...]:
    return (
        Manquant(
            "Indice de fragilité non calculé",
            libelles.chapo("fragilite-absente"),
        ),
    )


def _revenus(d: Donnees) -> Section:
    blocs: list[Bloc] = []
    tableau = tables.croise(
        d,
        "t-revenus-reference",
        "Revenus et pauvreté : le territoire et ses références",
        REVENUS,
        ("epci",),
        references=TERRITOIRES_DE_REFERENCE[1:],
        feuille="Revenus",
    )
    # Five times « indisponible » says less than a sentence: incomes of communes do not add up.
    if d.disponible(REVENUS) and not any(d.disponible(REVENUS, axe) for axe in TERRITOIRES_DE_REFERENCE):
        blocs.append(
            Manquant("Pas de revenu pour l’ensemble du territoire", libelles.chapo("revenus-ensemble"))
        )
    elif tableau:
        blocs.append(tableau)
    sections = []
    for axes, cle, titre in (
        (("qpv", "zone"), "quartiers", "Par quartier"),
        (("commune",), "communes", "Par commune"),
    ):
        t = tables.croise(
            d,
            f"t-revenus-{cle}",
            f"Revenus et pauvreté {formats.minuscule(titre)}",
            REVENUS[:2] + REVENUS[4:],
            axes,
            feuille=f"Revenus {cle}",
        )
        if t:
            sections.append(Section(f"revenus-{cle}", titre, (t,)))
    if not blocs and sections:
        return Section("revenus", "Revenus des habitants", (), tuple(sections))
    return Section(
        "revenus",
        "Revenus des habitants",
        _ou_manquant(d, REVENUS, ("filosofi",), blocs),
        tuple(sections),
    )


PORTRAIT = (
    "logements",
    "baux",
    "qpv_q234",
    "mobilite",
    "vacance",
    "part_monoparentales",
    "part_actifs_occupes",
    "taux_pauvrete",
    "revenu_median",
    "fragilite_classe",
)


def _portraits(d: Donnees) -> Section:
    """Neighbourhoods side by side, and the territory; the whole portrait of each is its own sheet.

    Where the list of neighbourhoods changes, the year's allocations are in those of one list and the stock
    that follows them in those of the other: a table each, or half of every row would be empty.
    """
    axes = ("qpv", "zone")
    presents = {(axe, code) for axe in axes for code, _ in d.modalites(axe, PORTRAIT)}
    ailleurs = {lieu for lieu in presents if d.chiffre("baux", *lieu) is None}
    if len({lieu in ailleurs for lieu in presents if lieu[0] == "qpv"}) < 2:
        ailleurs = set()

    def cote_a_cote(ident: str, titre: str, garder: Callable[[str, str], bool]) -> Tableau | None:
        legende = f"{titre}, {d.annee}"
        return tables.croise(d, ident, legende, PORTRAIT, axes, feuille="Portraits", garder=garder)

    autre = "Quartiers de l’autre liste de quartiers prioritaires"
    trouves = (
        cote_a_cote("t-portraits", "Portraits de quartiers", lambda *lieu: lieu not in ailleurs),
        cote_a_cote("t-portraits-liste", autre, lambda *lieu: lieu in ailleurs),
    )
    tableaux = tuple(t for t in trouves if t is not None)
    if not tableaux:
        manque = Manquant("Pas de portrait de quartier", libelles.chapo("portraits-absents"))
        return Section("portraits", "Portraits de quartiers", (manque,))
    chapo = Paragraphe((libelles.chapo("portraits"),), "chapo")
    blocs = (chapo, *tableaux, *lieux.blocs_des_portraits(d))
    return Section("portraits", "Portraits de quartiers", blocs)


def _qualite(d: Donnees) -> Section:
    blocs: list[Bloc] = []
    inconnus = []
    for ident in d.catalogue:
        c = d.chiffre(ident)
        if c is not None and c.inconnus:
            inconnus.append(
                Ligne((d.indicateur(ident).libelle, Mesure(c, "inconnus"), Mesure(c, "denominateur")))
            )
    if inconnus:
        blocs.append(
            Tableau(
                "t-inconnus",
                f"Dossiers incomplets, {d.annee}",
                (Colonne("Indicateur"), Colonne("Inconnus", True), Colonne("Base", True)),
                tuple(inconnus),
                "Inconnus",
            )
        )
    sections = []
    for axe in ("bailleur", "guichet"):
        par = f"par {libelles.axe(axe, 'un')}"
        legende = f"Couverture et complétude {par}, {d.annee}"
        if t := tables.croise(
            d, f"t-completude-{axe}", legende, _completude(d), [axe], feuille=f"Complétude {axe}"
        ):
            sections.append(Section(f"qualite-{axe}", f"Complétude {par}", (t,), ecran=True))
    if d.fichiers and d.seul:
        lignes = [
            Ligne(
                (
                    libelles.source(f.source).court,
                    f.millesime or formats.TIRET,
                    Nombre(f.fichiers),
                    Nombre(f.lues),
                    Nombre(f.gardees),
                    Nombre(f.ecartees),
                    Nombre(f.doublons),
                )
            )
            for f in d.fichiers
        ]
        entetes = (
            Colonne("Source"),
            Colonne("Millésime"),
            *(Colonne(t, True) for t in ("Fichiers", "Lignes lues", "Gardées", "Écartées", "Doublons")),
        )
        blocs.append(Tableau("t-fichiers", "Fichiers lus", entetes, tuple(lignes), "Fichiers lus"))
    if d.avertissements and d.seul:
        lignes = [
            Ligne(
                (
                    libelles.source(a.source).court,
                    a.message,
                    Nombre(a.fichiers),
                    Nombre(a.nombre),
                    Nombre(a.total),
                )
            )
            for a in d.avertissements
        ]
        entetes = (
            Colonne("Source"),
            Colonne("Constat"),
            *(Colonne(t, True) for t in ("Fichiers", "Lignes", "Sur")),
        )
        blocs.append(
            Tableau("t-avertissements", "Réserves sur les données", entetes, tuple(lignes), "Réserves")
        )
    if d.fichiers and not d.seul:
        blocs.append(Paragraphe((libelles.chapo("fichiers-partages"),), "note"))
    if not blocs and not sections:
        blocs.append(
            Manquant("Pas d’information sur la qualité", "Ni fichiers lus ni avertissements ne sont publiés.")
        )
    return Section("qualite", "Qualité des données", tuple(blocs), tuple(sections))


def _ou_manquant(
    d: Donnees, indicateurs: Sequence[str], sources: Sequence[str], blocs: Sequence[Bloc]
) -> tuple[Bloc, ...]:
    if d.disponible(indicateurs):
        return tuple(blocs)
    decrites = [libelles.source(s) for s in sources]
    noms = formats.enumerer([s.nom for s in decrites])
    aupres = " ; ".join(s.aupres for s in decrites if s.aupres)
    return (
        Manquant(
            "Données non fournies",
            f"Source nécessaire : {noms}, absente pour {d.annee}. Elle s’obtient auprès {aupres}.",
            f"Il manque la source {formats.enumerer([s.court for s in decrites])}, comme dit plus haut.",
        ),
    )
