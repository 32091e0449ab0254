"""The sheet of one landlord: what is his of the annual bilan, exact, and nothing of another's."""

from collections.abc import Sequence
from dataclasses import replace

from pipelines import libelles
from pipelines.bilan import formats, provenance, tables
from pipelines.bilan.document import (
    Bloc,
    Carte,
    Cartes,
    Colonne,
    Document,
    Ligne,
    Section,
    Tableau,
    etat,
)
from pipelines.bilan.donnees import Donnees, Vise
from pipelines.errors import DonneesRefusees

AXE = "bailleur"
PAR_COMMUNE = "bailleur x commune"
AXES = (AXE, PAR_COMMUNE)


def bailleur(d: Donnees, code: str) -> Document:
    """Build the sheet of a landlord; raises DonneesRefusees, naming those there are, if it has no figure."""
    noms = dict(d.modalites(AXE, d.indicateurs()))
    if code not in noms:
        connus = " ; ".join(f"{siren} ({nom})" for siren, nom in noms.items()) or "aucun"
        raise DonneesRefusees(
            f"{d.nom} ({d.epci_siren}) : aucun chiffre du bailleur {code} jusqu’à {d.annee}. "
            f"Bailleurs présents : {connus}."
        )
    d = replace(d, chiffres=tuple(c for c in d.chiffres if _siens(c.axe, c.modalite, code)))
    vises = [v for v in _vises(d) if any(d.vise(v, AXE, code, annee) for annee in d.annees)]
    sections = [
        Section("essentiel", f"Bailleur : {noms[code]} ({code})", _essentiel(d, code, vises)),
        *(_detail(d, code, vise) for vise in vises),
        provenance.section(d),
    ]
    regles, chiffres = tables.regles(d, sections)
    return Document(
        nom_fichier=f"bilan-{d.epci_siren}-{d.annee}-{formats.slug(code)}",
        titre="Bilan annuel d’un bailleur",
        sous_titre=f"{noms[code]} – {d.nom} – {d.annee}",
        annee=d.annee,
        entete=provenance.entete(d),
        identite=provenance.identite(d),
        sections=(*sections, regles),
        chiffres=chiffres,
    )


def _siens(axe: str, modalite: str, code: str) -> bool:
    return (
        modalite == code
        if axe == AXE
        else axe == PAR_COMMUNE and modalite.split(" x ", maxsplit=1)[0] == code
    )


def _vises(d: Donnees) -> list[Vise]:
    """What the objectives aim at first, then every other indicator, as a whole."""
    vises = d.objectifs_vises(d.annees, AXE)
    autres = sorted({Vise(ident) for ident in d.indicateurs()} - set(vises), key=d.rang)
    return [*vises, *autres]


def _essentiel(d: Donnees, code: str, vises: Sequence[Vise]) -> tuple[Bloc, ...]:
    blocs: list[Bloc] = []
    cartes, lignes = [], []
    for vise in vises:
        chiffres = [d.vise(vise, AXE, code, annee) for annee in d.annees]
        lignes.append(Ligne((d.libelle(vise), *tables.mesures(chiffres))))
        c = chiffres[-1]
        if c is not None and c.operateur:
            cible = f"Objectif : {formats.cible(c.operateur, c.cible, c.unite)}"
            annees = tuple((str(a), x) for a, x in zip(d.annees, chiffres, strict=True))
            cartes.append(Carte(d.libelle(vise), c, etat(c), cible, tables.detail(c), annees))
    if cartes:
        blocs.append(Cartes(tuple(cartes)))
    entetes = (Colonne("Indicateur"), *(Colonne(str(annee), True) for annee in d.annees))
    blocs.append(Tableau("t-fiche", "Ses chiffres, année par année", entetes, tuple(lignes), "Fiche"))
    return tuple(blocs)


def _detail(d: Donnees, code: str, vise: Vise) -> Section:
    """The proofs of one indicator over the years, then by commune in the year."""
    cle = tables.cle(vise)
    lignes = [
        Ligne((str(annee), *tables.preuves(d.vise(vise, AXE, code, annee))), forte=annee == d.annee)
        for annee in d.annees
    ]
    entetes, tries = tables.alleger((Colonne("Année"), *tables.COLONNES_PREUVES), lignes)
    blocs: list[Bloc] = [Tableau(f"t-{cle}-annees", d.libelle(vise), entetes, tries, None)]
    communes = [
        Ligne((formats.parties(nom)[-1], *tables.preuves(c)))
        for modalite, nom in d.modalites(PAR_COMMUNE, [vise.indicateur])
        if (c := d.vise(vise, PAR_COMMUNE, modalite)) is not None
    ]
    if communes:
        entetes, tries = tables.alleger(
            (Colonne(libelles.axe("commune")), *tables.COLONNES_PREUVES), communes
        )
        titre = f"{d.libelle(vise)} par {libelles.axe('commune', 'un')}, {d.annee}"
        blocs.append(Tableau(f"t-{cle}-communes", titre, entetes, tries, None))
    return Section(f"detail-{formats.slug(cle)}", d.libelle(vise), tuple(blocs))
