"""Requests and allocations of one territory: who applies, who is ranked, who signs, who is struck off.

What belongs here: the simulation of the years and the canonical rows (`attributions.csv`, `demandes.csv`).
The leases' dwellings and dates come from `parc`; the numbers to reach come from the parameters.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl

from pipelines.demo.ecriture import (
    INCONNU,
    Booleens,
    Dates,
    Entiers,
    dates,
    decimals,
    draw,
    integers,
    labels,
    pick,
    yes_no,
)
from pipelines.demo.menages import Q1, Q234, SANS_RESSOURCES, TRES_TARD, Demandeurs, draw_applicants, quartile
from pipelines.demo.parametres import Groupe, Parametres, Territoire, read_seed
from pipelines.demo.parc import Baux, Lieu
from pipelines.demo.rpls import ident_rep

NPNRU, ORCOD, RELOGEMENT_AUTRE = 0, 1, 2
RELOGEMENTS = ("npnru", "orcod", "autre")
ISSUES = ("attribue", "refus", "desistement", "radie", "non_attribue")
ATTRIBUE, NON_ATTRIBUE = 0, 4
MOTIFS = ("attribution", "renonciation", "sans_reponse", "irrecevable", "non_renouvellement", "fusion")
# Families of `ref_financements` as the canonical layout spells them.
FINANCEMENTS = {"PLUS_AV77": "PLUS", "PLUS_AP77": "PLUS", "AUTRE": "autre"}
ORIGINE_TEMPS = np.datetime64("1970-01-01", "D")

# fmt: off
MENAGE = [
    "ressources_mensuelles", "nb_uc", "nb_personnes", "nb_moins_14", "rfr", "pct_plafond_plus",
    "composition", "nb_enfants", "age", "situation_pro", "situation_logement", "code_commune_origine",
    "mutation", "bailleur_origine_siren", "dalo", "pdalhpd", "priorite_l441_1", "relogement",
    "travailleur_essentiel",
]
ATTRIBUTIONS = [
    "numero_unique", "date_premier_depot", "date_decision", "rang", "issue", "date_signature_bail",
    "date_entree", "bailleur_siren", "bailleur_nom", "reservataire", "num_rpls", "residence",
    "code_commune_logement", "qpv_declare", "code_qpv", "typologie", "financement", "surface", "loyer",
    "neuf", *MENAGE,
]
DEMANDES = [
    "numero_unique", "date_premier_depot", "date_renouvellement", "statut", "date_radiation",
    "motif_radiation", "commune_choix1", "commune_choix2", "commune_choix3", "typologie_souhaitee",
    "residence_origine", "num_rpls_origine", "cotation", "guichet", *MENAGE,
]
# fmt: on


@dataclass
class Decisions:
    """Committee decisions of one year: dwelling, day, signature and entry (negative when there is none)."""

    annee: int
    logement: Entiers
    jour: Entiers
    signature: Entiers
    entree: Entiers
    sans_numero: Booleens


@dataclass
class Rangs:
    """Candidates ranked: applicant, decision (index), rank, outcome."""

    demandeur: Entiers
    decision: Entiers
    rang: Entiers
    issue: Entiers


@dataclass
class Histoire:
    """The simulated years of one territory."""

    demandeurs: Demandeurs
    decisions: list[Decisions]
    rangs: list[Rangs]


def day(annee: int, mois: int, jour: int) -> int:
    """Days since 1970 of a calendar date."""
    return int((np.datetime64(f"{annee:04d}-{mois:02d}-{jour:02d}") - ORIGINE_TEMPS).astype(np.int64))


def _as_dates(jours: Entiers) -> Dates:
    resultat = (ORIGINE_TEMPS + jours.astype("timedelta64[D]")).astype("datetime64[D]")
    resultat[(jours < 0) | (jours >= TRES_TARD)] = np.datetime64("NaT", "D")
    return resultat


def _decide(rng: np.random.Generator, baux: Baux, annee: int) -> Entiers:
    """Day of the committee of each lease: leases of January are decided from December, the others within
    the year."""
    janvier = baux.signature < day(annee, 2, 1)
    delai = np.where(
        janvier, rng.integers(5, 30, baux.signature.size), rng.integers(6, 55, baux.signature.size)
    )
    decision = baux.signature - delai
    decision = np.where(janvier, decision, np.maximum(decision, day(annee, 1, 3)))
    decembre = day(annee, 12, 1) + rng.integers(0, 28, baux.signature.size)
    return np.where(baux.annee_suivante, decembre, decision)


def _externals(
    rng: np.random.Generator, lieu: Lieu, annee: int, decisions: Entiers, classe: int
) -> Demandeurs:
    """Applicants housed here whose request is in another file, with resources of the class asked."""
    seuil = lieu.t.annees[annee].seuil_q1
    nouveaux = draw_applicants(rng, lieu, decisions - rng.integers(40, 900, decisions.size), annee)
    plafond = seuil * nouveaux.uc
    if classe == SANS_RESSOURCES:
        nouveaux.ressources[:] = INCONNU
    elif classe == Q1:
        nouveaux.ressources = (plafond * rng.uniform(0.35, 0.94, nouveaux.taille) / 1200).astype(
            np.int64
        ) * 100
    else:
        nouveaux.ressources = (plafond * rng.uniform(1.08, 2.6, nouveaux.taille) / 1200).astype(
            np.int64
        ) * 100 + 100
    nouveaux.externe[:] = True
    return nouveaux


def _categories(g: Groupe) -> list[tuple[int, int, bool]]:
    """(number, class of resources, rehoused) of the leases of a group."""
    autres_reloges = g.reloges - g.reloges_q1 - g.reloges_inconnus
    return [
        (g.q1, Q1, False),
        (g.reloges_q1, Q1, True),
        (g.reloges_inconnus, SANS_RESSOURCES, True),
        (autres_reloges, Q234, True),
        (g.connus - g.q1 - g.reloges, Q234, False),
        (g.inconnus, SANS_RESSOURCES, False),
    ]


def _select_tenants(
    rng: np.random.Generator, lieu: Lieu, d: Demandeurs, annee: int, decisions: Entiers
) -> Entiers:
    """The applicant who signs each lease, so that quartiles and rehousings come out as asked."""
    parc, baux = lieu.parc, lieu.parc.baux[annee]
    cibles = lieu.t.annees[annee]
    gagnants = np.full(baux.logement.size, INCONNU, dtype=np.int64)
    attente = (d.radiation == TRES_TARD) & ~d.externe
    classes = quartile(d.ressources, d.uc, cibles.seuil_q1)
    anciens = attente & (d.depot <= day(annee - 1, 11, 15))
    recents = attente & (d.depot >= day(annee, 1, 1)) & (d.depot <= day(annee, 6, 10))
    viviers = {
        (age, c): list(rng.permutation(np.flatnonzero(masque & (classes == c))))
        for age, masque in (("ancien", anciens), ("recent", recents))
        for c in (Q1, Q234, SANS_RESSOURCES)
    }
    attribution = lieu.p.commun["attribution"]
    part_externes = float(attribution["part_externes"])
    en_qpv = parc.en_qpv[baux.logement]
    for groupe, masque in ((cibles.hors_qpv, ~en_qpv), (cibles.qpv, en_qpv)):
        lignes = rng.permutation(np.flatnonzero(masque & ~baux.annee_suivante))
        debut = 0
        for nombre, classe, reloge in _categories(groupe):
            lot = lignes[debut : debut + nombre]
            debut += nombre
            externes = 0 if reloge else round(part_externes * lot.size)
            for rang, ligne in enumerate(lot[externes:]):
                tardif = decisions[ligne] >= day(annee, 7, 1) and rang % 4 == 0
                vivier = viviers["recent" if tardif and viviers["recent", classe] else "ancien", classe]
                if not vivier:
                    externes += 1
                    break
                gagnants[ligne] = vivier.pop()
            manquants = lot[gagnants[lot] < 0]
            if manquants.size:
                gagnants[manquants] = d.extend(_externals(rng, lieu, annee, decisions[manquants], classe))
            if reloge and lot.size:
                _rehouse(rng, lieu, d, gagnants[lot], annee)
            if classe == Q234 and not reloge:
                autre = rng.random(lot.size) < float(attribution["part_relogement_autre"])
                d.relogement[gagnants[lot[autre]]] = RELOGEMENT_AUTRE
                _put_at_threshold(d, gagnants[lot[: groupe.au_seuil]], cibles.seuil_q1)
    suite = np.flatnonzero(baux.annee_suivante)
    reste = [i for c in (Q1, Q234) for i in viviers["ancien", c]]
    tires = rng.permutation(np.array(reste, dtype=np.int64))[: suite.size]
    gagnants[suite[: tires.size]] = tires
    manquants = np.flatnonzero(gagnants < 0)
    if manquants.size:
        gagnants[manquants] = d.extend(_externals(rng, lieu, annee, decisions[manquants], Q234))
    return gagnants


def _rehouse(rng: np.random.Generator, lieu: Lieu, d: Demandeurs, menages: Entiers, annee: int) -> None:
    """Mark households as rehoused by an operation: they leave a dwelling of a QPV."""
    parc = lieu.parc
    orcod = rng.random(menages.size) < lieu.t.part_orcod
    d.relogement[menages] = np.where(orcod, ORCOD, NPNRU)
    d.mutation[menages] = 1
    quittes = np.flatnonzero(parc.en_qpv & (parc.mode[annee + 1] == 1))
    d.logement_origine[menages] = quittes[rng.integers(0, quittes.size, menages.size)]


def _put_at_threshold(d: Demandeurs, menages: Entiers, seuil: int) -> None:
    """Single persons whose resources are exactly the threshold."""
    d.composition[menages] = 0
    d.nb_personnes[menages] = 1
    d.nb_moins_14[menages] = 0
    d.nb_enfants[menages] = 0
    d.uc[menages] = 100
    d.ressources[menages] = seuil * 100 // 12


def _is_priority(d: Demandeurs, menages: Entiers) -> Booleens:
    prioritaires: Booleens = (d.dalo[menages] == 1) | (d.pdalhpd[menages] == 1) | (d.priorites[menages] > 0)
    return prioritaires


def _rank(
    rng: np.random.Generator, p: Parametres, gagnants: Entiers, seuls: Booleens, vivier: Entiers
) -> Rangs:
    """Candidates around each tenant: those who withdrew before, those in reserve and those turned down
    after."""
    a: dict[str, Any] = p.commun["attribution"]
    n = gagnants.size
    rang_gagnant = np.where(seuls, 1, draw(rng, a["rang_gagnant"], n) + 1)
    reserves = np.where(seuls, 0, draw(rng, a["reserves"], n))
    refuses = np.where(seuls, 0, (rng.random(n) < float(a["part_non_attribue"])).astype(np.int64))
    totaux = rang_gagnant + reserves + refuses
    decision = np.repeat(np.arange(n), totaux)
    rang = np.arange(decision.size) - np.repeat(np.cumsum(totaux) - totaux, totaux) + 1
    gagne = rang == rang_gagnant[decision]
    avant = rang < rang_gagnant[decision]
    dernier = (rang == totaux[decision]) & (refuses[decision] == 1)
    retraits = np.array([ISSUES.index(c) for c in a["retraits"]])[draw(rng, a["retraits"], decision.size)]
    issue = np.where(gagne, ATTRIBUE, np.where(avant, retraits, np.where(dernier, NON_ATTRIBUE, ATTRIBUE)))
    # Candidates who do not win follow one another in a drawn order, so that none is ranked twice for one
    # dwelling.
    ordre = rng.permutation(vivier)
    suivants = ordre[np.arange(decision.size) % ordre.size]
    return Rangs(np.where(gagne, gagnants[decision], suivants), decision, rang, issue)


def _without_lease(
    rng: np.random.Generator, lieu: Lieu, annee: int, vivier: Entiers
) -> tuple[Entiers, Entiers, Rangs]:
    """Decisions that found no tenant: dwellings, days, and their only candidate."""
    parc, pris = lieu.parc, lieu.parc.baux[annee].logement
    a: dict[str, Any] = lieu.p.commun["attribution"]
    libre = parc.in_stock(annee + 1) & (parc.nature == 1)
    libre[pris] = False
    logements = pick(rng, np.flatnonzero(libre), round(float(a["decisions_sans_bail"]) * pris.size))
    jours = rng.integers(day(annee, 1, 10), day(annee, 12, 20), logements.size)
    possibles = np.array([ISSUES.index(c) for c in a["issues_sans_bail"]])
    issues = possibles[draw(rng, a["issues_sans_bail"], logements.size)]
    candidats = vivier[rng.integers(0, vivier.size, logements.size)]
    rangs = Rangs(candidats, np.arange(logements.size), np.ones(logements.size, dtype=np.int64), issues)
    return logements, jours, rangs


def simulate(rng: np.random.Generator, lieu: Lieu) -> Histoire:
    """Live the years of the territory: filings, decisions, leases, striking off down to the number asked."""
    p, t, parc = lieu.p, lieu.t, lieu.parc
    c: dict[str, Any] = p.commun["demande"]
    premiere = p.annees[0]
    hors = float(c["part_hors_territoire"])
    initiales = round(0.97 * t.annees[premiere].demandes)
    jours_attente = float(c["mois_anciennete"]) * 30.4
    ages = 1 + rng.exponential(jours_attente, initiales + round(hors * initiales)).astype(np.int64)
    d = draw_applicants(rng, lieu, day(premiere, 1, 1) - np.minimum(ages, 7300), premiere)
    d.hors_territoire[initiales:] = True
    decisions: list[Decisions] = []
    rangs: list[Rangs] = []
    for annee in p.annees:
        cibles = t.annees[annee]
        baux = parc.baux[annee]
        debut, fin = day(annee, 1, 1), day(annee, 12, 31)
        actives = int(((d.radiation > debut) & ~d.externe & ~d.hors_territoire).sum())
        autres = round(float(c["radiations_annuelles"]) * cibles.demandes)
        depots = max(cibles.demandes - actives + baux.logement.size + autres, autres + 1)
        depots_hors = round(hors * depots)
        jours = rng.integers(debut, fin + 1, depots + depots_hors)
        nouveaux = d.extend(draw_applicants(rng, lieu, jours, annee))
        d.hors_territoire[nouveaux[depots:]] = True

        jour_decision = _decide(rng, baux, annee)
        gagnants = _select_tenants(rng, lieu, d, annee, jour_decision)
        vivier = _candidates(d, annee, gagnants)
        a = p.commun["attribution"]
        sans_numero = rng.random(baux.logement.size) < float(a["part_sans_num_rpls"])
        classement = _rank(rng, p, gagnants, sans_numero, vivier)
        logements, jours_vains, vaines = _without_lease(rng, lieu, annee, vivier)
        decalage = baux.logement.size
        classement = Rangs(
            np.concatenate([classement.demandeur, vaines.demandeur]),
            np.concatenate([classement.decision, vaines.decision + decalage]),
            np.concatenate([classement.rang, vaines.rang]),
            np.concatenate([classement.issue, vaines.issue]),
        )
        entree = baux.signature + rng.integers(0, 26, decalage)
        entree[rng.random(decalage) < float(a["part_sans_entree"])] = INCONNU
        vide = np.full(logements.size, INCONNU, dtype=np.int64)
        decision = Decisions(
            annee,
            np.concatenate([baux.logement, logements]),
            np.concatenate([jour_decision, jours_vains]),
            np.concatenate([baux.signature, vide]),
            np.concatenate([entree, vide]),
            np.concatenate([sans_numero, np.zeros(logements.size, dtype=bool)]),
        )
        decisions.append(decision)
        rangs.append(classement)

        d.radiation[gagnants] = baux.signature + rng.integers(0, 21, gagnants.size)
        d.motif[gagnants] = MOTIFS.index("attribution")
        dernier = np.zeros(d.taille, dtype=np.int64)
        np.maximum.at(dernier, classement.demandeur, decision.jour[classement.decision])
        _strike_off(rng, lieu, d, annee, dernier)
    _yearly_income(rng, d)
    return Histoire(d, decisions, rangs)


def _candidates(d: Demandeurs, annee: int, gagnants: Entiers) -> Entiers:
    """Applicants whom a committee may rank without housing them."""
    possible = (d.radiation == TRES_TARD) & ~d.externe & (d.depot <= day(annee - 1, 11, 15))
    possible[gagnants] = False
    return np.flatnonzero(possible)


def _strike_off(rng: np.random.Generator, lieu: Lieu, d: Demandeurs, annee: int, dernier: Entiers) -> None:
    """Strike requests off until as many stay active on 31 December as asked."""
    fin = day(annee, 12, 31)
    locale = ~d.externe & ~d.hors_territoire
    actives = int(((d.radiation > fin) & locale).sum())
    plancher = np.maximum(np.maximum(d.depot + 12, day(annee, 1, 2)), dernier + 1)
    possibles = (d.radiation == TRES_TARD) & (plancher < fin)
    partants = pick(rng, np.flatnonzero(possibles & locale), actives - lieu.t.annees[annee].demandes)
    exterieurs = np.flatnonzero(possibles & d.hors_territoire)
    partants = np.concatenate([partants, pick(rng, exterieurs, exterieurs.size // 3)])
    marge = fin - plancher[partants]
    d.radiation[partants] = plancher[partants] + (rng.random(partants.size) * marge).astype(np.int64)
    motifs = lieu.p.commun["demande"]["motifs"]
    d.motif[partants] = np.array([MOTIFS.index(m) for m in motifs])[draw(rng, motifs, partants.size)]


def _yearly_income(rng: np.random.Generator, d: Demandeurs) -> None:
    """A few applicants never housed typed a yearly income as a monthly one."""
    jamais_loges = (d.motif != MOTIFS.index("attribution")) & ~d.externe & (d.ressources > 90_000)
    distraits = pick(rng, np.flatnonzero(jamais_loges), int(jamais_loges.sum()) // 250)
    d.ressources[distraits] *= 12


def _number(lieu: Lieu, d: Demandeurs, menages: Entiers) -> pl.Series:
    """The national number: département, month and year of filing, order."""
    depot = pl.Series(_as_dates(d.depot[menages])).cast(pl.Date).dt.strftime("%m%y")
    ordre = pl.Series(menages + (lieu.rang + 1) * 10_000_000).cast(pl.String).str.zfill(11)
    return ("0" + lieu.t.prefixe[:2] + depot + ordre).alias("numero_unique")


def _ceilings(t: Territoire, p: Parametres) -> list[int]:
    """PLUS ceilings by household category at the middle year, for the percentage that some rows give."""
    departements = {d["code_departement"]: d for d in read_seed("ref_departements")}
    region = departements[t.prefixe[:2]]["code_region"]
    zones = {z["code"]: z["zone"] for z in read_seed("ref_zones_plafonds") if z["niveau"] == "departement"}
    zone = zones[t.prefixe[:2]] if region else ""
    effet = f"{p.annees[len(p.annees) // 2]}-01-01"
    valeurs = {
        int(r["categorie"]): int(float(r["plafond_eur"]))
        for r in read_seed("ref_plafonds")
        if r["produit"] == "PLUS" and r["zone"] == zone and r["date_effet"] == effet
    }
    return [valeurs[c] for c in range(1, 7)]


def _household_columns(lieu: Lieu, d: Demandeurs, i: Entiers) -> dict[str, pl.Series]:
    p, t, parc = lieu.p, lieu.t, lieu.parc
    m = p.commun["menage"]
    tirage = d.tirage[i]
    communes = [s.commune for s in parc.secteurs]
    ailleurs = len(communes) + tirage % len(t.communes_voisines)
    origine = np.where(d.origine[i] < 0, ailleurs, d.origine[i] % len(communes))
    origine = np.where(tirage % 53 == 0, INCONNU, origine)
    pieds = d.logement_origine[i]
    sirens = [p.bailleurs[c].siren for c in t.bailleurs]
    bailleur = np.where(pieds < 0, INCONNU, parc.bailleur_residence[parc.residence[np.maximum(pieds, 0)]])
    plafonds = np.array(_ceilings(t, p))
    categorie = np.minimum(d.nb_personnes[i] + (d.composition[i] == 3), 6) - 1
    pct = np.where(d.rfr[i] < 0, INCONNU, d.rfr[i] * 100 // plafonds[categorie])
    pct = np.where(tirage % 7 == 0, INCONNU, pct)
    uc = d.uc[i]
    formule = 100 + 50 * (d.nb_personnes[i] - d.nb_moins_14[i] - 1) + 30 * d.nb_moins_14[i]
    uc_lue = np.where(d.uc_donnee[i] | (uc != formule), uc, INCONNU)
    rfr = integers(np.where(d.rfr[i] < 0, INCONNU, d.rfr[i] // 100))
    espace = pl.Series((tirage % 97 == 0) & (d.rfr[i] >= 100_000))
    rfr = pl.select(
        pl.when(espace).then(rfr.str.replace(r"^(\d+)(\d{3})$", "${1}\u00a0${2}")).otherwise(rfr)
    ).to_series()
    situations = [*m["situation_logement"], "locataire_hlm", "Non renseigné"]
    situation = np.where(d.mutation[i] == 1, len(situations) - 2, d.situation_logement[i])
    situation = np.where(tirage % 61 == 0, len(situations) - 1, situation)
    metiers = list(m["situation_pro"]["Q1"])
    compositions = list(m["composition"])
    categories = list(m["priorites"])
    uniques, inverse = np.unique(d.priorites[i], return_inverse=True)
    listes = [",".join(c for b, c in enumerate(categories) if m >> b & 1) or None for m in uniques.tolist()]
    return {
        "ressources_mensuelles": decimals(d.ressources[i], "."),
        "nb_uc": decimals(uc_lue, "."),
        "nb_personnes": integers(d.nb_personnes[i]),
        "nb_moins_14": integers(d.nb_moins_14[i]),
        "rfr": rfr,
        "pct_plafond_plus": decimals(pct * 100 // 100, "."),
        "composition": labels(compositions, d.composition[i]),
        "nb_enfants": integers(d.nb_enfants[i]),
        "age": integers(d.age[i]),
        "situation_pro": labels(metiers, np.where(tirage % 71 == 0, INCONNU, d.situation_pro[i])),
        "situation_logement": labels(situations, situation),
        "code_commune_origine": labels([*communes, *t.communes_voisines], origine),
        "mutation": yes_no(d.mutation[i]),
        "bailleur_origine_siren": labels(sirens, bailleur),
        "dalo": yes_no(d.dalo[i]),
        "pdalhpd": yes_no(d.pdalhpd[i]),
        "priorite_l441_1": labels(listes, inverse),
        "relogement": labels(RELOGEMENTS, d.relogement[i]),
        "travailleur_essentiel": yes_no(d.essentiel[i]),
    }


def allocations(rng: np.random.Generator, lieu: Lieu, h: Histoire) -> dict[int, pl.DataFrame]:
    """Canonical rows of the allocations, by year of the file: that of the decision, the first year or
    later."""
    p, t, parc = lieu.p, lieu.t, lieu.parc
    a: dict[str, Any] = p.commun["attribution"]
    cles = list(t.bailleurs)
    connues = {f["code"]: f["famille"] for f in read_seed("ref_financements")}
    familles = [FINANCEMENTS.get(connues[c], connues[c]) for c in parc.financement]
    identifiants = ident_rep(lieu)
    morceaux: dict[int, list[pl.DataFrame]] = {annee: [] for annee in p.annees}
    for decisions, rangs in zip(h.decisions, h.rangs, strict=True):
        n = decisions.logement.size
        logement = decisions.logement
        annee_decision = _as_dates(decisions.jour).astype("datetime64[Y]").astype(np.int64) + 1970
        fichier = np.maximum(annee_decision, p.annees[0])
        premier = rangs.demandeur[np.searchsorted(rangs.decision, np.arange(n))]
        prioritaire = _is_priority(h.demandeurs, premier)
        contingents = list(a["contingent_autre"])
        contingent = np.where(
            prioritaire, draw(rng, a["contingent_prioritaire"], n), draw(rng, a["contingent_autre"], n)
        )
        contingent = np.where(rng.random(n) < 0.008, INCONNU, contingent)
        secteur = parc.secteur[logement]
        reference = np.where(decisions.signature >= 0, decisions.signature, decisions.jour)
        bascule = _generation_change()
        nouvelle = reference >= bascule
        codes = [s.qpv_2015 for s in parc.secteurs] + [s.qpv_2024 for s in parc.secteurs]
        code = secteur + np.where(nouvelle, len(parc.secteurs), 0)
        en_qpv = np.array([c is not None for c in codes])[code]
        connu = ~decisions.sans_numero
        tirage = rng.random(n)
        sans_code = connu & (tirage < float(a["part_sans_code_qpv"]))
        contraire = connu & (rng.random(n) < float(a["part_flag_contraire"]))
        flag = np.where(contraire, ~en_qpv, en_qpv).astype(np.int64)
        flag = np.where(connu & (rng.random(n) < float(a["part_flag_vide"])), INCONNU, flag)
        assimile = np.array([s.assimile for s in parc.secteurs])[secteur]
        residence = np.where(connu & ~assimile & (tirage > 0.98), INCONNU, parc.residence[logement])
        bailleur = parc.bailleur_residence[parc.residence[logement]]
        noms = (
            [p.bailleurs[c].nom for c in cles]
            + [p.bailleurs[c].alias[-1] for c in cles]
            + [p.bailleurs[c].nom.upper() for c in cles]
        )
        variante = draw(rng, [0.9, 0.06, 0.04], n) * len(cles)
        neuf = (parc.entree[logement] == decisions.annee).astype(np.int64)
        par_decision = {
            "date_decision": dates(_as_dates(decisions.jour)),
            "bailleur_siren": labels([p.bailleurs[c].siren for c in cles], bailleur),
            "bailleur_nom": labels(noms, bailleur + variante),
            "reservataire": labels(contingents, contingent),
            "num_rpls": pl.select(
                pl.when(pl.Series(connu)).then(identifiants.gather(pl.Series(logement.astype(np.uint32))))
            ).to_series(),
            "residence": labels(parc.residences, residence),
            "code_commune_logement": labels([s.commune for s in parc.secteurs], secteur),
            "qpv_declare": yes_no(flag),
            "code_qpv": labels(codes, np.where(sans_code, INCONNU, code)),
            "typologie": labels([f"T{i}" for i in range(1, 7)], np.minimum(parc.pieces[logement], 6) - 1),
            "financement": labels(familles, parc.code_financement[logement]),
            "surface": decimals(parc.surface[logement] * 100, "."),
            "loyer": decimals(parc.loyer[logement], "."),
            "neuf": yes_no(np.where(tirage > 0.97, INCONNU, neuf)),
        }
        choix = pl.Series(rangs.decision.astype(np.uint32))
        signe = (rangs.issue == ATTRIBUE) & _signs(decisions, rangs)
        lignes = pl.DataFrame(
            {
                "numero_unique": _number(lieu, h.demandeurs, rangs.demandeur),
                "date_premier_depot": dates(_as_dates(h.demandeurs.depot[rangs.demandeur])),
                "rang": integers(rangs.rang),
                "issue": labels(ISSUES, rangs.issue),
                "date_signature_bail": dates(
                    _as_dates(np.where(signe, decisions.signature[rangs.decision], INCONNU))
                ),
                "date_entree": dates(_as_dates(_entry_day(decisions, rangs, signe))),
                **{cle: serie.gather(choix) for cle, serie in par_decision.items()},
                **_household_columns(lieu, h.demandeurs, rangs.demandeur),
            }
        ).with_columns(
            pl.Series("_fichier", fichier[rangs.decision]), pl.Series("_jour", decisions.jour[rangs.decision])
        )
        for annee in p.annees:
            morceaux[annee].append(lignes.filter(pl.col("_fichier") == annee))
    return {
        annee: pl.concat(parts).sort("_jour", maintain_order=True).select(ATTRIBUTIONS)
        for annee, parts in morceaux.items()
    }


def _signs(decisions: Decisions, rangs: Rangs) -> Booleens:
    """The tenant of a decision that has a lease: the first candidate, in rank order, who did not withdraw."""
    attribues = np.flatnonzero(rangs.issue == ATTRIBUE)
    premiers = np.zeros(rangs.issue.size, dtype=bool)
    _, index = np.unique(rangs.decision[attribues], return_index=True)
    premiers[attribues[index]] = True
    return premiers & (decisions.signature[rangs.decision] >= 0)


def _entry_day(decisions: Decisions, rangs: Rangs, signe: Booleens) -> Entiers:
    """Day of entry, unless it comes after the extraction at the end of January."""
    jours = np.where(signe, decisions.entree[rangs.decision], INCONNU)
    return np.where(jours > day(decisions.annee + 1, 1, 31), INCONNU, jours)


def _generation_change() -> int:
    debut = max(g["debut"] for g in read_seed("ref_qpv_generations"))
    return int((np.datetime64(debut) - ORIGINE_TEMPS).astype(np.int64))


def requests(rng: np.random.Generator, lieu: Lieu, h: Histoire) -> dict[int, pl.DataFrame]:
    """Canonical rows of the requests, by year: those active in the year, as known at the end of next
    January."""
    p, t, parc = lieu.p, lieu.t, lieu.parc
    c: dict[str, Any] = p.commun["demande"]
    d = h.demandeurs
    n = d.taille
    communes = [s.commune for s in parc.secteurs]
    # A wish follows the stock: the commune of a dwelling drawn in it.
    choix = [parc.secteur[rng.integers(0, parc.taille, n)] for _ in range(3)]
    nb_voisines = len(t.communes_voisines)
    choix[0] = np.where(d.hors_territoire, len(communes) + d.tirage % nb_voisines, choix[0])
    deux = rng.random(n) < float(c["part_deux_choix"])
    trois = deux & (rng.random(n) < float(c["part_trois_choix"]) / float(c["part_deux_choix"]))
    choix[1] = np.where(deux | d.hors_territoire, choix[1], INCONNU)
    choix[2] = np.where(trois, choix[2], INCONNU)
    typologie = np.clip(d.nb_personnes + rng.integers(-1, 2, n), 1, 6) - 1
    points = 10 * (d.dalo == 1) + 8 * (d.pdalhpd == 1) + 6 * (d.priorites > 0) + d.tirage % 25
    cotation = points * 100 if t.cotation else np.full(n, INCONNU)
    perime = rng.random(n) < float(c["part_renouvellement_perime"])
    guichet = draw(rng, c["guichets"], n)
    identifiants = ident_rep(lieu)
    pieds = np.where((d.mutation == 1) & (d.tirage % 11 != 0), d.logement_origine, INCONNU)
    resultat: dict[int, pl.DataFrame] = {}
    for annee in p.annees:
        extraction = day(annee + 1, 1, 31)
        i = np.flatnonzero((d.depot <= extraction) & (d.radiation >= day(annee, 1, 1)) & ~d.externe)
        radiee = d.radiation[i] <= extraction
        limite = np.where(radiee, d.radiation[i], extraction)
        ans = (limite - d.depot[i]) // 365 - perime[i]
        renouvellement = np.where(ans >= 1, d.depot[i] + 365 * ans, INCONNU)
        origine = pieds[i]
        resultat[annee] = pl.DataFrame(
            {
                "numero_unique": _number(lieu, d, i),
                "date_premier_depot": dates(_as_dates(d.depot[i])),
                "date_renouvellement": dates(_as_dates(renouvellement)),
                "statut": labels(["active", "radiee"], radiee.astype(np.int64)),
                "date_radiation": dates(_as_dates(np.where(radiee, d.radiation[i], INCONNU))),
                "motif_radiation": labels(MOTIFS, np.where(radiee, d.motif[i], INCONNU)),
                **{
                    f"commune_choix{k + 1}": labels([*communes, *t.communes_voisines], serie[i])
                    for k, serie in enumerate(choix)
                },
                "typologie_souhaitee": labels([f"T{k}" for k in range(1, 7)], typologie[i]),
                "residence_origine": labels(
                    parc.residences, np.where(origine < 0, INCONNU, parc.residence[np.maximum(origine, 0)])
                ),
                "num_rpls_origine": pl.select(
                    pl.when(pl.Series(origine >= 0)).then(
                        identifiants.gather(pl.Series(np.maximum(origine, 0).astype(np.uint32)))
                    )
                ).to_series(),
                "cotation": decimals(cotation[i], "."),
                "guichet": labels(list(c["guichets"]), guichet[i]),
                **_household_columns(lieu, d, i),
            }
        ).select(DEMANDES)
    return resultat
