"""One page per commune, landlord, neighbourhood and réservataire: its objectives, its figures.

All in one document with a contents page, or one document each. What is handed to a landlord is in `fiche`.
"""

from collections.abc import Sequence

from pipelines import libelles
from pipelines.bilan import contenu, formats, lieux, provenance, saisies, tables
from pipelines.bilan.document import (
    Bloc,
    Carte,
    Cartes,
    Colonne,
    Document,
    Ligne,
    Manquant,
    Mesure,
    Section,
    Tableau,
    etat,
)
from pipelines.bilan.donnees import INCONNU, TOUS, Donnees, Vise
from pipelines.errors import DonneesRefusees

AXES = ("commune", "bailleur", "qpv", "reservataire")
PAR_BAILLEUR = {"commune": "bailleur x commune"}
"""Axis → the crossing that says who let what there."""

QUARTIERS = "qpv x commune"
"""The crossing that says which neighbourhoods a commune has; one may be of several communes."""

AXES_LUS = (*AXES, "epci", *PAR_BAILLEUR.values(), QUARTIERS)
_INDICATEURS = (
    *contenu.HORS_QPV,
    *contenu.EN_QPV,
    *contenu.PRIORITAIRES,
    *contenu.AUTRES_PUBLICS,
    *contenu.MIXITE,
    "baux",
    "delai_median",
    "refus",
    *contenu.DEMANDE,
    *(i for i in contenu.PARC if i not in ("concentration_bailleurs", "plai_neufs_hors_qpv")),
    *contenu.OCCUPATION,
    *contenu.REVENUS[:2],
    "fragilite_classe",
)
_LECTURES = ((TOUS, TOUS), ("concept", "disponible"))


def toutes(d: Donnees) -> Document:
    """Every sheet in one document, behind its contents page."""
    sections = [
        Section(_ident(axe, code), _titre(axe, code, nom), _blocs(d, axe, code, nom), nouvelle_page=True)
        for axe in AXES
        for code, nom in _modalites(d, axe)
    ]
    sommaire = Tableau(
        "t-sommaire",
        f"Fiches de {d.nom}, {d.annee}",
        (Colonne("Fiches"), Colonne("Nombre", True)),
        tuple(
            Ligne((formats.majuscule(libelles.axe(axe, "plusieurs")), str(len(_modalites(d, axe)))))
            for axe in AXES
            if _modalites(d, axe)
        ),
    )
    blocs: tuple[Bloc, ...] = (
        (sommaire,) if sections else (Manquant("Pas de fiche", f"Aucun acteur n’a de chiffre en {d.annee}."),)
    )
    tete = Section("sommaire", "Fiches", blocs)
    return _document(
        d, f"fiches-{d.epci_siren}-{d.annee}", "Fiches par acteur et par lieu", d.nom, (tete, *sections)
    )


def chacune(d: Donnees) -> list[Document]:
    """Every sheet as a document of its own."""
    return [_seule(d, axe, code, nom) for axe in AXES for code, nom in _modalites(d, axe)]


def fiche(d: Donnees, axe: str, code: str) -> Document:
    """The sheet of one actor or place; raises DonneesRefusees, naming those there are, without figure."""
    noms = dict(_modalites(d, axe))
    if code not in noms:
        connus = " ; ".join(f"{c} ({nom})" for c, nom in noms.items()) or "aucun"
        raise DonneesRefusees(
            f"{d.nom} ({d.epci_siren}) : aucun chiffre pour {libelles.axe(axe, 'un')} {code} en {d.annee}. "
            f"Codes présents : {connus}."
        )
    return _seule(d, axe, code, noms[code])


def _seule(d: Donnees, axe: str, code: str, nom: str) -> Document:
    section = Section(_ident(axe, code), _titre(axe, code, nom), _blocs(d, axe, code, nom))
    fichier = f"fiche-{d.epci_siren}-{d.annee}-{axe}-{formats.slug(code)}"
    return _document(d, fichier, f"Fiche par {libelles.axe(axe, 'un')}", f"{nom} – {d.nom}", (section,))


def _document(d: Donnees, fichier: str, titre: str, qui: str, sections: Sequence[Section]) -> Document:
    regles, chiffres = tables.regles(d, sections)
    return Document(
        nom_fichier=fichier,
        titre=titre,
        sous_titre=f"{qui} – {d.annee}",
        annee=d.annee,
        entete=provenance.entete(d),
        identite=provenance.identite(d),
        sections=(*sections, Section(regles.ident, regles.titre, regles.blocs, nouvelle_page=True)),
        chiffres=chiffres,
    )


def _ident(axe: str, code: str) -> str:
    return f"fiche-{axe}-{formats.slug(code)}"


def _titre(axe: str, code: str, nom: str) -> str:
    if axe == "reservataire" or nom.endswith(f"({code})"):
        return f"{libelles.axe(axe)} : {nom}"
    return f"{libelles.axe(axe)} : {nom} ({code})"


def _modalites(d: Donnees, axe: str) -> list[tuple[str, str]]:
    """Those that have a figure in the year or in a vintage paired with it, or a portrait as recent as any."""
    connues = [
        (code, nom)
        for code, nom in d.modalites(axe, d.indicateurs())
        if code != INCONNU and any((c := d.chiffre(i, axe, code)) and c.lisible for i in d.indicateurs())
    ]
    # A neighbourhood that only open bases tell of; not one of an older list, whose last base is older.
    ouverts = [e for e in lieux.de_l_annee(d) if e.indicateur not in d.catalogue and e.valeur is not None]
    recent = max((e.periode for e in ouverts), default="")
    portraits = {(e.modalite, e.modalite_libelle) for e in ouverts if (e.axe, e.periode) == (axe, recent)}
    autres = {(code, nom) for code, nom in portraits if code not in dict(connues)}
    return connues + sorted(autres, key=lambda m: (formats.cle_de_tri(m[1]), m[0]))


def _blocs(d: Donnees, axe: str, code: str, nom: str) -> tuple[Bloc, ...]:
    blocs: list[Bloc] = []
    if cartes := _cartes(d, axe, code):
        blocs.append(Cartes(tuple(cartes)))
    lignes = []
    for ident in _INDICATEURS:
        for segment_type, segment, libelle in tables.variantes(d, ident, axe):
            vise = Vise(ident, segment_type, segment)
            chiffres = [d.vise(vise, axe, code, annee) for annee in d.annees]
            if (segment_type, segment) in _LECTURES and any(c is not None and c.lisible for c in chiffres):
                lignes.append(Ligne((libelle, *tables.mesures(chiffres), Mesure(d.vise(vise)))))
    entetes = (
        Colonne("Indicateur"),
        *(Colonne(str(annee), True) for annee in d.annees),
        Colonne(f"Territoire {d.annee}", True),
    )
    if lignes:
        gardees, tries = tables.alleger(entetes, lignes)
        titre = f"{nom} : ses chiffres, à côté de ceux du territoire"
        feuille = f"Fiches {libelles.axe(axe, 'plusieurs')}"
        blocs.append(Tableau(f"t-{_ident(axe, code)}", titre, gardees, tries, feuille, entier=True))
    if axe == "commune":
        blocs += saisies.sru(d, code, f"t-{_ident(axe, code)}-sru")
        if quartiers := _quartiers(d, code, nom):
            blocs.append(quartiers)
    if portrait := lieux.portrait(d, axe, code, f"t-{_ident(axe, code)}-portrait"):
        blocs.append(portrait)
    if croise := _par_bailleur(d, axe, code):
        blocs.append(croise)
    return tuple(blocs)


def _cartes(d: Donnees, axe: str, code: str) -> list[Carte]:
    cartes = []
    for vise in d.objectifs_vises([d.annee], axe):
        c = d.vise(vise, axe, code)
        if c is not None and c.operateur:
            annees = tuple((str(a), d.vise(vise, axe, code, a)) for a in d.annees)
            detail = " ; ".join(m for m in (tables.detail(c), tables.evolution(d, vise, axe, code)) if m)
            cible = f"Objectif : {formats.cible(c.operateur, c.cible, c.unite)}"
            cartes.append(Carte(d.libelle(vise), c, etat(c), cible, detail, annees))
    return cartes


def _quartiers(d: Donnees, code: str, nom: str) -> Tableau | None:
    """The priority neighbourhoods of a commune side by side, beside it and the territory."""
    siens = {m.split(" x ")[0] for m, _ in d.modalites(QUARTIERS, ["baux"]) if m.split(" x ")[-1] == code}
    siens |= {e.modalite for e in d.complements.ecarts if e.axe == "qpv" and e.commune == nom}
    quartiers = [(c, n) for c, n in _modalites(d, "qpv") if c in siens]
    lignes = []
    for ident in contenu.PORTRAIT:
        for segment_type, segment, libelle in tables.variantes(d, ident, "qpv"):
            vise = Vise(ident, segment_type, segment)
            chiffres = [d.vise(vise, "qpv", c) for c, _ in quartiers]
            if (segment_type, segment) in _LECTURES and any(c is not None and c.lisible for c in chiffres):
                autres = (Mesure(d.vise(vise, "commune", code)), Mesure(d.vise(vise)))
                lignes.append(Ligne((libelle, *tables.mesures(chiffres), *autres)))
    if not lignes:
        return None
    entetes = (
        Colonne("Indicateur"),
        *(Colonne(n, True) for _, n in quartiers),
        Colonne(nom, True),
        Colonne("Territoire", True),
    )
    gardees, tries = tables.alleger(entetes, lignes)
    titre = f"{nom} : ses quartiers prioritaires côte à côte, {d.annee}"
    return Tableau(f"t-{_ident('commune', code)}-qpv", titre, gardees, tries, "Quartiers des communes", True)


def _par_bailleur(d: Donnees, axe: str, code: str) -> Tableau | None:
    croisement = PAR_BAILLEUR.get(axe)
    if croisement is None:
        return None
    idents = ("baux", "hors_qpv_q1", "prioritaires", "mutations")
    lignes = []
    for modalite, nom in d.modalites(croisement, idents):
        chiffres = [d.chiffre(i, croisement, modalite) for i in idents]
        if modalite.split(" x ")[-1] == code and any(chiffres):
            lignes.append(Ligne((formats.parties(nom)[0], *tables.mesures(chiffres))))
    if not lignes:
        return None
    entetes = (Colonne("Bailleur"), *(Colonne(d.indicateur(i).libelle, True) for i in idents))
    gardees, tries = tables.alleger(entetes, lignes)
    titre = f"Baux par bailleur, {d.annee}"
    return Tableau(
        f"t-{_ident(axe, code)}-bailleurs", titre, gardees, tries, f"{libelles.axe(axe)} par bailleur"
    )
