"""The quarterly dashboard of the coordination commission: where the objectives stand during the year."""

from pipelines import libelles
from pipelines.bilan import formats, provenance, tables
from pipelines.bilan.document import (
    Bloc,
    Carte,
    Cartes,
    Colonne,
    Document,
    Ligne,
    Manquant,
    Mesure,
    Paragraphe,
    Section,
    Tableau,
    etat,
)
from pipelines.bilan.donnees import TRIMESTRE, Chiffre, Donnees, Vise

PERIODES = (TRIMESTRE, "glissant_12m")
AXES = ("epci", "bailleur", "commune", "reservataire", "qpv")
VOLUMES = ("baux", "attributions", "refus", "delai_median")


def tableau_de_bord(d: Donnees, trimestre: int) -> Document:
    """Build the dashboard of one quarter."""
    vises = _vises(d)
    nom = f"{trimestre}{'er' if trimestre == 1 else 'e'} trimestre {d.annee}"
    sections = [
        Section("essentiel", "Où en sont les objectifs", _essentiel(d, trimestre, vises)),
        *(_acteurs(d, trimestre, vise) for vise in vises if _acteurs_presents(d, trimestre, vise)),
        provenance.section(d),
    ]
    regles, chiffres = tables.regles(d, sections)
    return Document(
        nom_fichier=f"tableau-de-bord-{d.epci_siren}-{d.annee}-T{trimestre}",
        titre="Tableau de bord trimestriel des attributions",
        sous_titre=f"{d.nom} – {nom}",
        annee=d.annee,
        entete=provenance.entete(d),
        identite=provenance.identite(d),
        sections=(*sections, regles),
        chiffres=chiffres,
    )


def _vises(d: Donnees) -> list[Vise]:
    trouves = set(d.objectifs_vises([d.annee]))
    for c in d.chiffres:
        if c.operateur and c.periode_type == TRIMESTRE:
            trouves.add(Vise(c.indicateur, c.segment_type, c.segment))
    return sorted(trouves, key=d.rang)


def _chiffre(d: Donnees, vise: Vise, lieu: tuple[str, str], annee: int, trimestre: int) -> Chiffre | None:
    return d.a_la_periode(vise, *lieu, TRIMESTRE, f"{annee}-T{trimestre}")


def _glissant(d: Donnees, vise: Vise, lieu: tuple[str, str], trimestre: int) -> Chiffre | None:
    return d.a_la_periode(vise, *lieu, "glissant_12m", f"{d.annee}-{3 * trimestre:02d}")


def _essentiel(d: Donnees, trimestre: int, vises: list[Vise]) -> tuple[Bloc, ...]:
    ici = ("epci", d.epci_siren)
    blocs: list[Bloc] = [Paragraphe((libelles.chapo("trimestre"),), "chapo")]
    cartes, lignes = [], []
    for vise in (*vises, *(v for i in VOLUMES if (v := Vise(i)) not in vises)):
        c = _chiffre(d, vise, ici, d.annee, trimestre)
        annee_avant = _chiffre(d, vise, ici, d.annee - 1, trimestre)
        glissant = _glissant(d, vise, ici, trimestre)
        trimestres = [_chiffre(d, vise, ici, d.annee, t) for t in range(1, trimestre + 1)]
        if not any((c, annee_avant, glissant)):
            continue
        nom = d.libelle(vise)
        lignes.append(Ligne((nom, *tables.mesures(trimestres), Mesure(annee_avant), Mesure(glissant))))
        if vise in vises and c is not None:
            ecrit = formats.cible(c.operateur, c.cible, c.unite)
            cartes.append(
                Carte(
                    nom,
                    c,
                    etat(c),
                    f"Objectif : {ecrit}" if ecrit else "",
                    tables.detail(c),
                    tuple((f"T{t}", v) for t, v in enumerate(trimestres, 1)),
                )
            )
    if not lignes:
        return (
            *blocs,
            Manquant(
                "Pas de chiffre pour ce trimestre",
                "Les données ne donnent pas de chiffre trimestriel pour cette période. Ils demandent la "
                "source "
                f"SNE, qui s’obtient auprès {libelles.source('sne').aupres}.",
            ),
        )
    if cartes:
        blocs.append(Cartes(tuple(cartes)))
    entetes = (
        Colonne("Indicateur"),
        *(Colonne(f"T{t} {d.annee}", True) for t in range(1, trimestre + 1)),
        Colonne(f"T{trimestre} {d.annee - 1}", True),
        Colonne("12 derniers mois", True),
    )
    entetes, tries = tables.alleger(entetes, lignes)
    blocs.append(Tableau("t-trimestre", "Ensemble du territoire", entetes, tries, "Ensemble"))
    return tuple(blocs)


def _acteurs_presents(d: Donnees, trimestre: int, vise: Vise) -> bool:
    return any(
        _chiffre(d, vise, (axe, code), d.annee, trimestre)
        for axe in AXES[1:]
        for code, _ in d.modalites(axe, [vise.indicateur])
    )


def _acteurs(d: Donnees, trimestre: int, vise: Vise) -> Section:
    blocs: list[Bloc] = []
    for axe in AXES[1:]:
        lignes = []
        for code, nom in d.modalites(axe, [vise.indicateur]):
            c = _chiffre(d, vise, (axe, code), d.annee, trimestre)
            glissant = _glissant(d, vise, (axe, code), trimestre)
            if c is not None:
                lignes.append(Ligne((nom, *tables.preuves(c), Mesure(glissant))))
        if lignes:
            colonnes = (Colonne(libelles.axe(axe)), *tables.COLONNES_PREUVES, Colonne("12 mois", True))
            entetes, tries = tables.alleger(colonnes, lignes)
            legende = f"{d.libelle(vise)} par {libelles.axe(axe, 'un')}"
            cle = f"t-{tables.cle(vise)}-{formats.slug(axe)}"
            blocs.append(Tableau(cle, legende, entetes, tries, f"{vise.indicateur[:18]} {axe}"))
    return Section(f"detail-{tables.cle(vise)}", d.libelle(vise), tuple(blocs))
