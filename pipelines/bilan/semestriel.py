"""The half-yearly bilan of a convention that asks for one: its own publics, down to sectors and classes.

It is not the statement of the law of 2022, which is in `suivi`.
"""

from pipelines import libelles
from pipelines.bilan import formats, provenance, tables
from pipelines.bilan.complements import Secteur
from pipelines.bilan.document import (
    Bloc,
    Cellule,
    Colonne,
    Document,
    Ligne,
    Manquant,
    Mesure,
    Nombre,
    Paragraphe,
    Section,
    Tableau,
)
from pipelines.bilan.donnees import SEMESTRE, Donnees, Vise

RAPPORT = "bilan_semestriel"
"""The word of the calendar that asks for it."""

PUBLICS = ("bas_revenus", "porteurs_mixite", "mal_loges", "mutations")
INDICATEURS = (*PUBLICS, "baux")
AXES = ("epci", "bailleur", "commune")
_ELARGI = ("secteur_elargi", "qpv_et_qva")


def bilan(d: Donnees, semestre: int) -> list[Document]:
    """The report of one half-year, alone in its list; nothing when the convention asks for none."""
    if RAPPORT not in d.complements.calendrier:
        return []
    periode = f"{d.annee}-S{semestre}"
    sections = [
        Section("essentiel", "Les publics suivis", _essentiel(d, periode)),
        *(_par(d, axe, periode) for axe in AXES[1:]),
        *_secteurs(d, periode),
        provenance.section(d),
    ]
    sections = [s for s in sections if s.blocs or s.sections]
    regles, chiffres = tables.regles(d, sections)
    nom = f"{'1er' if semestre == 1 else '2d'} semestre {d.annee}"
    return [
        Document(
            nom_fichier=f"bilan-semestriel-{d.epci_siren}-{periode}",
            titre="Bilan semestriel des publics suivis par la convention",
            sous_titre=f"{d.nom} – {nom}",
            annee=d.annee,
            entete=provenance.entete(d),
            identite=provenance.identite(d),
            sections=(*sections, regles),
            chiffres=chiffres,
        )
    ]


def _vises() -> list[Vise]:
    """Each public as a whole, then in priority and watched neighbourhoods together."""
    return [v for i in PUBLICS for v in (Vise(i), Vise(i, *_ELARGI))]


def _essentiel(d: Donnees, periode: str) -> tuple[Bloc, ...]:
    chapo = Paragraphe((libelles.chapo("semestriel"),), "chapo")
    lignes = []
    for vise in _vises():
        c = d.a_la_periode(vise, "epci", d.epci_siren, SEMESTRE, periode)
        if c is not None:
            lignes.append(Ligne((d.libelle(vise), *tables.preuves(c))))
    if not lignes:
        texte = f"Il n’y a pas de chiffre pour le {periode}. Ils demandent la source SNE."
        return (chapo, Manquant("Pas de chiffre semestriel", texte))
    entetes, tries = tables.alleger((Colonne("Public"), *tables.COLONNES_PREUVES), lignes)
    return (chapo, Tableau("t-semestriel", "Ensemble du territoire", entetes, tries, "Ensemble"))


def _par(d: Donnees, axe: str, periode: str) -> Section:
    lignes = []
    for code, nom in d.modalites(axe, INDICATEURS):
        chiffres = [d.a_la_periode(i, axe, code, SEMESTRE, periode) for i in ("baux", *PUBLICS)]
        if any(chiffres):
            lignes.append(Ligne((nom, *(Mesure(c) for c in chiffres))))
    titre = f"Par {libelles.axe(axe, 'un')}"
    if not lignes:
        return Section(f"par-{axe}", titre, ())
    entetes = (
        Colonne(libelles.axe(axe)),
        *(Colonne(d.indicateur(i).libelle, True) for i in ("baux", *PUBLICS)),
    )
    tableau = Tableau(
        f"t-semestriel-{axe}", f"Publics suivis, {formats.minuscule(titre)}", entetes, tuple(lignes), titre
    )
    return Section(f"par-{axe}", titre, (tableau,))


def _secteurs(d: Donnees, periode: str) -> list[Section]:
    """Landlord × commune × sector × class: one table per method of fragility."""
    siens = [s for s in d.complements.secteurs if s.periode == periode]
    sections = []
    for methode in sorted({s.methode for s in siens}):
        lignes = [_ligne(s) for s in sorted((s for s in siens if s.methode == methode), key=_rang)]
        nom = "" if methode == "aucune" else f", méthode {libelles.segment('methode', methode)}"
        entetes = (
            *(Colonne(t) for t in ("Bailleur", "Commune", "Secteur", "Classe")),
            Colonne("Baux", True),
            *(Colonne(d.indicateur(i).libelle, True) for i in PUBLICS),
            Colonne("Relogements", True),
            Colonne("Part des relogements", True),
        )
        cle = formats.slug(methode)
        titre = f"Bailleur, commune, secteur et classe de fragilité{nom}"
        tableau = Tableau(f"t-secteurs-{cle}", titre, entetes, tuple(lignes), f"Secteurs {methode}")
        sections.append(Section(f"secteurs-{cle}", f"Par secteur{nom}", (tableau,)))
    return sections


def _rang(s: Secteur) -> tuple[tuple[str, str], ...]:
    return tuple(formats.cle_de_tri(x) for x in (s.bailleur, s.commune, s.secteur_libelle))


def _ligne(s: Secteur) -> Ligne:
    parts: list[Cellule] = [
        Nombre(v, "%", s.petit_effectif and v is not None)
        for v in (s.part_bas_revenus, s.part_porteurs_mixite, s.part_mal_loges, s.part_mutations)
    ]
    return Ligne(
        (
            s.bailleur or "non renseigné",
            s.commune or "non renseignée",
            s.secteur_libelle,
            s.classe_libelle or formats.TIRET,
            Nombre(float(s.baux), petit=s.petit_effectif),
            *parts,
            Nombre(float(s.relogements), petit=s.petit_effectif),
            Nombre(s.part_relogements, "%", s.petit_effectif and s.part_relogements is not None),
        )
    )
