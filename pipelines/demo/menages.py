"""The households that apply: composition, resources, work, grounds of priority.

What belongs here: drawing applicants and telling their quartile exactly as the records will show it. Who is
housed where is in `sne`.
"""

from dataclasses import dataclass, fields
from typing import Any

import numpy as np

from pipelines.demo.ecriture import INCONNU, Booleens, Entiers, draw
from pipelines.demo.parc import Lieu, weights_by_need

Q1, Q234, SANS_RESSOURCES = 0, 1, 2
# Euros a year per UC: resources this close to the threshold are never drawn, rounding must not decide a
# quartile.
MARGE_SEUIL = 2


@dataclass
class Demandeurs:
    """Applicants of one territory, one value per applicant.

    Amounts are in hundredths of a euro, consumption units in hundredths; negative means not filled in.
    `radiation` is a day (TRES_TARD when the request stays active), `motif` an index of the grounds of
    striking off.
    """

    depot: Entiers
    radiation: Entiers
    motif: Entiers
    externe: Booleens
    hors_territoire: Booleens
    composition: Entiers
    nb_personnes: Entiers
    nb_moins_14: Entiers
    nb_enfants: Entiers
    age: Entiers
    uc: Entiers
    uc_donnee: Booleens
    ressources: Entiers
    rfr: Entiers
    situation_pro: Entiers
    situation_logement: Entiers
    origine: Entiers
    mutation: Entiers
    logement_origine: Entiers
    dalo: Entiers
    pdalhpd: Entiers
    priorites: Entiers
    relogement: Entiers
    essentiel: Entiers
    tirage: Entiers

    @property
    def taille(self) -> int:
        """Number of applicants."""
        return int(self.depot.size)

    def extend(self, autres: "Demandeurs") -> Entiers:
        """Append applicants; returns their indices."""
        debut = self.taille
        for champ in fields(self):
            parts = [getattr(self, champ.name), getattr(autres, champ.name)]
            setattr(self, champ.name, np.concatenate(parts))
        return np.arange(debut, self.taille)


TRES_TARD = 10**6


def quartile(ressources: Entiers, uc: Entiers, seuil: int) -> Entiers:
    """Q1 (strictly below the threshold), above, or unknown: 12 × resources against threshold × UC, in
    whole numbers."""
    return np.where(ressources < 0, SANS_RESSOURCES, np.where(ressources * 12 < seuil * uc, Q1, Q234))


def _flags(rng: np.random.Generator, part: float, inconnu: float, taille: int) -> Entiers:
    tirage = rng.random(taille)
    return np.where(tirage < inconnu, INCONNU, (rng.random(taille) < part).astype(np.int64))


def _household_size(rng: np.random.Generator, composition: Entiers) -> tuple[Entiers, Entiers, Entiers]:
    n = composition.size
    enfants = np.where(np.isin(composition, (2, 3)), 1 + draw(rng, [0.42, 0.33, 0.16, 0.07, 0.02], n), 0)
    adultes = np.array([1, 2, 2, 1, 2])[composition] + ((composition == 4) & (rng.random(n) < 0.3))
    moins_14 = rng.binomial(enfants, 0.68)
    return adultes + enfants, moins_14, enfants


def draw_applicants(rng: np.random.Generator, lieu: Lieu, depots: Entiers, annee: int) -> Demandeurs:
    """Draw applicants who file on the days `depots`; a quarter is in Q1 by the threshold of `annee`,
    before unknowns."""
    p, t, parc = lieu.p, lieu.t, lieu.parc
    seuil = t.annees[annee].seuil_q1
    m: dict[str, Any] = p.commun["menage"]
    n = depots.size
    composition = draw(rng, m["composition"], n)
    personnes, moins_14, enfants = _household_size(rng, composition)
    # Shared custody counts half a child: only then does the declared UC differ from the scale.
    garde = (enfants > 0) & (rng.random(n) < float(m["part_garde_alternee"]))
    uc = 100 + 50 * (personnes - moins_14 - 1) + 30 * moins_14 - np.where(garde & (moins_14 > 0), 15, 0)
    z = rng.standard_normal(n)
    ratio = seuil * np.exp(float(m["sigma_ressources"]) * (z + 0.6745)).clip(0.1, 12.0)
    mensuel = np.round(ratio * uc / 1200).astype(np.int64) * 100
    mensuel[rng.random(n) < float(m["part_ressources_nulles"])] = 0
    for a in t.annees.values():
        proche = np.abs(mensuel * 12 - a.seuil_q1 * uc) < MARGE_SEUIL * uc
        mensuel[proche] += 1500
    connues = mensuel.copy()
    mensuel[rng.random(n) < t.part_inconnus] = INCONNU

    classe = np.where(z < -0.6745, 0, np.where(z < 0, 1, 2))
    situation = np.empty(n, dtype=np.int64)
    for i, cle in enumerate(("Q1", "Q2", "Q34")):
        masque = classe == i
        situation[masque] = draw(rng, m["situation_pro"][cle], int(masque.sum()))
    metiers = list(m["situation_pro"]["Q1"])
    age = np.clip(np.round(19 + rng.gamma(2.2, 10.5, n)), 18, 96).astype(np.int64)
    retraite = situation == metiers.index("retraite")
    age = np.where(retraite, np.maximum(age, 62 + rng.integers(0, 20, n)), np.minimum(age, 66))
    rfr = np.round(connues * 12 * rng.uniform(0.72, 0.98, n) / 100).astype(np.int64) * 100
    rfr[rng.random(n) < float(m["part_rfr_inconnu"])] = INCONNU

    mutation = _flags(rng, t.part_mutation, 0.01, n)
    endogene = rng.random(n) < float(m["part_endogene"])
    poids = weights_by_need(parc, annee + 1)
    occupes = np.flatnonzero(poids > 0)
    cumul = np.cumsum(poids[occupes])
    rangs = np.searchsorted(cumul, rng.random(n) * cumul[-1], side="right")
    origine_logement = occupes[rangs.clip(0, occupes.size - 1)]
    dans_parc = (mutation == 1) & (endogene | (rng.random(n) < 0.5)) & (rng.random(n) < 0.93)
    priorites = np.zeros(n, dtype=np.int64)
    for i, part in enumerate(m["priorites"].values()):
        priorites |= (rng.random(n) < part).astype(np.int64) << i
    inconnu = float(m["part_flag_inconnu"])
    return Demandeurs(
        depot=depots.astype(np.int64),
        radiation=np.full(n, TRES_TARD, dtype=np.int64),
        motif=np.full(n, INCONNU, dtype=np.int64),
        externe=np.zeros(n, dtype=bool),
        hors_territoire=np.zeros(n, dtype=bool),
        composition=composition,
        nb_personnes=personnes,
        nb_moins_14=moins_14,
        nb_enfants=enfants,
        age=age,
        uc=uc,
        uc_donnee=garde | (rng.random(n) < 0.7),
        ressources=mensuel,
        rfr=rfr,
        situation_pro=situation,
        situation_logement=draw(rng, m["situation_logement"], n),
        origine=np.where(endogene, rng.integers(0, 10**6, n), INCONNU),
        mutation=mutation,
        logement_origine=np.where(dans_parc, origine_logement, INCONNU),
        dalo=_flags(rng, float(m["part_dalo"]), inconnu, n),
        pdalhpd=_flags(rng, float(m["part_pdalhpd"]), inconnu, n),
        priorites=priorites,
        relogement=np.full(n, INCONNU, dtype=np.int64),
        essentiel=_flags(rng, float(m["part_essentiel"]), 0.05, n),
        tirage=rng.integers(0, 10**9, n),
    )
