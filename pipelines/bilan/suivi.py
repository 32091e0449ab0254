"""The half-year follow-up of landlords outside priority neighbourhoods, as of 30 June and 31 December.

One document for the EPCI, and one statement per landlord, to transmit. The judgement (six months, then twelve
rolling months) is the mart's: it is shown, not made.
"""

from collections.abc import Sequence

from pipelines import libelles
from pipelines.bilan import formats, graphiques, provenance, tables
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
    texte,
)
from pipelines.bilan.donnees import SEMESTRE, Chiffre, Donnees, Suivi
from pipelines.errors import DonneesRefusees

PERIODES = (SEMESTRE, "glissant_6m", "glissant_12m")
INDICATEURS = ("hors_qpv_q1", "hors_qpv_q1_strict", "baux")
AXES = ("epci", "bailleur", "bailleur x commune")
_PRINCIPAL = INDICATEURS[0]
_FINS = {1: ("06", "30/06"), 2: ("12", "31/12")}
_TRANSMISSIONS = {
    "a_temps": "à temps",
    "tardive": "tardive",
    "partielle": "partielle (vaut manquement)",
    "inconnue": "non connue",
}


def suivi(d: Donnees, semestre: int) -> list[Document]:
    """The follow-up of all landlords, then the statement of each."""
    bailleurs = _bailleurs(d, semestre)
    return [_ensemble(d, semestre, bailleurs), *(_releve(d, semestre, code, nom) for code, nom in bailleurs)]


def _bailleurs(d: Donnees, semestre: int) -> list[tuple[str, str]]:
    return [
        paire
        for paire in d.modalites("bailleur", INDICATEURS)
        if any(_fenetres(d, "bailleur", paire[0], semestre))
    ]


def _fenetres(d: Donnees, axe: str, code: str, semestre: int) -> tuple[Chiffre | None, ...]:
    mois = f"{d.annee}-{_FINS[semestre][0]}"
    return (
        d.a_la_periode(_PRINCIPAL, axe, code, SEMESTRE, f"{d.annee}-S{semestre}"),
        d.a_la_periode(_PRINCIPAL, axe, code, "glissant_6m", mois),
        d.a_la_periode(_PRINCIPAL, axe, code, "glissant_12m", mois),
    )


def _arrete(d: Donnees, semestre: int) -> str:
    return f"{_FINS[semestre][1]}/{d.annee}"


def _sous_titre(d: Donnees, semestre: int) -> str:
    return f"{d.nom} – {'1er' if semestre == 1 else '2d'} semestre {d.annee}"


def _constat(d: Donnees, semestre: int, bailleur: str) -> Suivi | None:
    nom = f"{d.annee}-S{semestre}"
    return next((s for s in d.suivi if s.semestre == nom and s.bailleur_siren == bailleur), None)


def _ensemble(d: Donnees, semestre: int, bailleurs: Sequence[tuple[str, str]]) -> Document:
    lignes, barres = [], []
    for code, nom in bailleurs:
        six, douze = _fenetres(d, "bailleur", code, semestre)[1:]
        constat = _constat(d, semestre, code)
        lignes.append(
            Ligne(
                (
                    nom,
                    Mesure(six, "denominateur"),
                    Mesure(six, "numerateur"),
                    Mesure(six, "inconnus"),
                    Mesure(six),
                    Mesure(six, "atteint"),
                    Mesure(six, "manque"),
                    Mesure(douze),
                    Mesure(douze, "atteint"),
                    _transmission(constat),
                    _renforce(constat),
                )
            )
        )
        if six is not None and (six.lisible or six.statut == "secret"):
            barres.append(graphiques.Barre(nom, six.valeur, texte(Mesure(six)), six.cible, etat(six)))
    titre = f"Attributions hors QPV par bailleur, situation arrêtée au {_arrete(d, semestre)}"
    blocs: list[Bloc] = [Paragraphe((libelles.chapo("suivi"),), "chapo")]
    if lignes:
        if graphique := tables.graphique_en_barres("g-suivi", titre, barres, "t-suivi"):
            blocs.append(graphique)
        entetes, tries = tables.alleger(
            (
                Colonne("Bailleur"),
                Colonne("Base 6 mois", True),
                Colonne("Comptées", True),
                Colonne("Inconnus", True),
                Colonne("Taux 6 mois", True),
                Colonne("Atteint"),
                Colonne("Il manque", True),
                Colonne("Taux 12 mois", True),
                Colonne("Atteint 12 mois"),
                Colonne("Transmission"),
                Colonne("Suivi renforcé"),
            ),
            lignes,
        )
        blocs.append(Tableau("t-suivi", titre, entetes, tries, "Suivi semestriel"))
    else:
        blocs.append(
            Manquant(
                "Pas de chiffre semestriel",
                "Les données ne contiennent aucune attribution hors QPV par bailleur au "
                f"{_arrete(d, semestre)}. Elles "
                f"demandent la source SNE, qui s’obtient auprès {libelles.source('sne').aupres}.",
            )
        )
    sections = [Section("essentiel", "Situation des bailleurs", tuple(blocs))]
    sections += [
        Section(f"bailleur-{formats.slug(code)}", nom, _fiche(d, semestre, code), nouvelle_page=True)
        for code, nom in bailleurs
    ]
    return _document(
        d, semestre, f"suivi-{d.epci_siren}-{d.annee}-S{semestre}", _sous_titre(d, semestre), sections
    )


def releve(d: Donnees, semestre: int, code: str) -> Document:
    """The statement of one landlord alone; raises DonneesRefusees, naming those there are, otherwise."""
    bailleurs = _bailleurs(d, semestre)
    if code not in dict(bailleurs):
        raise DonneesRefusees(
            f"{d.nom} ({d.epci_siren}) : le bailleur {code} n’a pas de chiffre arrêté au "
            f"{_arrete(d, semestre)}. Bailleurs qui en ont : "
            f"{' ; '.join(f'{siren} ({nom})' for siren, nom in bailleurs) or 'aucun'}."
        )
    return _releve(d, semestre, code, dict(bailleurs)[code])


def _releve(d: Donnees, semestre: int, code: str, nom: str) -> Document:
    sections = [Section("releve", f"Relevé du bailleur : {nom} ({code})", _fiche(d, semestre, code))]
    fichier = f"suivi-{d.epci_siren}-{d.annee}-S{semestre}-{formats.slug(code)}"
    return _document(d, semestre, fichier, f"{nom} – {_sous_titre(d, semestre)}", sections)


def _fiche(d: Donnees, semestre: int, code: str) -> tuple[Bloc, ...]:
    constat = _constat(d, semestre, code)
    semestriel, six, douze = _fenetres(d, "bailleur", code, semestre)
    cartes = [
        Carte(titre, c, etat(c), _objectif(c), tables.detail(c), ())
        for titre, c in (("Six derniers mois", six), ("Douze derniers mois", douze))
        if c is not None
    ]
    blocs: list[Bloc] = [
        Paragraphe((f"Situation arrêtée au {_arrete(d, semestre)}.", *_echeance(constat))),
    ]
    if cartes:
        blocs.append(Cartes(tuple(cartes)))
    lignes = []
    for libelle, c in (("Semestre", semestriel), ("Six derniers mois", six), ("Douze derniers mois", douze)):
        lignes.append(Ligne((libelle, *tables.preuves(c))))
        strict = _strict(d, code, c)
        if strict is not None:
            lignes.append(Ligne((f"{libelle}, hors relogements", *tables.preuves(strict))))
    entetes, tries = tables.alleger((Colonne("Période"), *tables.COLONNES_PREUVES), lignes)
    cle = formats.slug(code)
    blocs.append(
        Tableau(f"t-releve-{cle}", "Attributions hors QPV suivies d’un bail signé", entetes, tries, "Relevés")
    )
    if communes := _par_commune(d, semestre, code):
        blocs.append(communes)
    if precedents := _historique(d, semestre, code):
        blocs.append(precedents)
    return tuple(blocs)


def _strict(d: Donnees, code: str, c: Chiffre | None) -> Chiffre | None:
    if c is None:
        return None
    return d.a_la_periode(INDICATEURS[1], "bailleur", code, c.periode_type, c.periode)


def _par_commune(d: Donnees, semestre: int, code: str) -> Tableau | None:
    lignes = []
    axe = AXES[2]
    for modalite, nom in d.modalites(axe, [_PRINCIPAL]):
        if modalite.split(" x ")[0] != code:
            continue
        c = d.a_la_periode(_PRINCIPAL, axe, modalite, SEMESTRE, f"{d.annee}-S{semestre}")
        if c is not None:
            lignes.append(Ligne((formats.parties(nom)[-1], *tables.preuves(c))))
    if not lignes:
        return None
    entetes, tries = tables.alleger((Colonne("Commune"), *tables.COLONNES_PREUVES), lignes)
    return Tableau(
        f"t-communes-{formats.slug(code)}", "Par commune, sur le semestre", entetes, tries, "Par commune"
    )


def _historique(d: Donnees, semestre: int, code: str) -> Tableau | None:
    lignes = []
    for annee in d.annees:
        for numero in _FINS:
            if (annee, numero) >= (d.annee, semestre):
                continue
            c = d.a_la_periode(_PRINCIPAL, "bailleur", code, SEMESTRE, f"{annee}-S{numero}")
            if c is not None:
                lignes.append(Ligne((tables.periode(c), *tables.preuves(c))))
    if not lignes:
        return None
    entetes, tries = tables.alleger((Colonne("Semestre"), *tables.COLONNES_PREUVES), lignes)
    return Tableau(f"t-historique-{formats.slug(code)}", "Semestres précédents", entetes, tries, "Historique")


def _echeance(constat: Suivi | None) -> tuple[str, ...]:
    if constat is None:
        return ()
    morceaux = []
    if constat.date_limite_transmission:
        morceaux.append(f" À transmettre au plus tard le {tables.date(constat.date_limite_transmission)}.")
    if constat.transmission in _TRANSMISSIONS:
        morceaux.append(f" Transmission : {_TRANSMISSIONS[constat.transmission]}.")
    if constat.en_suivi_renforce is not None:
        morceaux.append(
            " Le bailleur est en suivi renforcé."
            if constat.en_suivi_renforce
            else " Pas de suivi renforcé en cours."
        )
    return tuple(morceaux)


def _transmission(constat: Suivi | None) -> str:
    return _TRANSMISSIONS.get(constat.transmission, formats.TIRET) if constat else formats.TIRET


def _renforce(constat: Suivi | None) -> str:
    if constat is None or constat.en_suivi_renforce is None:
        return formats.TIRET
    return "oui" if constat.en_suivi_renforce else "non"


def _objectif(c: Chiffre) -> str:
    ecrit = formats.cible(c.operateur, c.cible, c.unite)
    return f"Objectif : {ecrit}" if ecrit else ""


def _document(
    d: Donnees, semestre: int, fichier: str, sous_titre: str, sections: Sequence[Section]
) -> Document:
    toutes = (*sections, provenance.section(d, nouvelle_page=True))
    regles, chiffres = tables.regles(d, toutes)
    return Document(
        nom_fichier=fichier,
        titre="Suivi semestriel des attributions hors quartiers prioritaires",
        sous_titre=sous_titre,
        annee=d.annee,
        entete=(("Arrêté au", _arrete(d, semestre)), *provenance.entete(d)),
        identite=provenance.identite(d),
        sections=(*toutes, regles),
        chiffres=chiffres,
    )
