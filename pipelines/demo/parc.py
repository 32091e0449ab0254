"""The social stock of one territory: residences, dwellings, and what becomes of them from one 1 January to
the next.

What belongs here: drawing dwellings, turnover, vacancy and exits so that the register gives the figures asked
for. The register's layout is in `rpls`; who signs the leases is in `sne`.
"""

from dataclasses import dataclass, field

import numpy as np

from pipelines.demo.ecriture import INCONNU, Booleens, Entiers, Reels, draw, pick
from pipelines.demo.parametres import Annee, Parametres, Secteur, Territoire, allocate

TOUJOURS = 9999
ESSENCES = (
    "Les Acacias", "Les Érables", "Les Tilleuls", "Les Charmes", "Les Cèdres", "Les Bouleaux",
    "Les Peupliers", "Les Saules", "Les Marronniers", "Les Platanes", "Les Hêtres", "Les Frênes",
    "Les Ormes", "Les Pins", "Les Mélèzes", "Les Noisetiers", "Les Merisiers", "Les Glycines",
    "Les Lilas", "Les Genêts", "Les Bleuets", "Les Coquelicots", "Les Jonquilles", "Les Iris",
    "Les Mésanges", "Les Hirondelles", "Les Alouettes", "Les Fauvettes", "Les Rossignols", "Les Pinsons",
    "Le Parc", "La Fontaine", "Le Verger", "Le Clos", "La Prairie", "Le Moulin",
    "Le Belvédère", "La Terrasse", "Le Square", "La Source",
)  # fmt: skip


@dataclass(frozen=True)
class Lieu:
    """A territory, its place in the list, its parameters and its stock: what most draws need together."""

    p: Parametres
    t: Territoire
    rang: int
    parc: "Parc"


@dataclass
class Baux:
    """Leases signed in one year, one value per lease: dwelling and day of signature (days since 1970)."""

    logement: Entiers
    signature: Entiers
    annee_suivante: Booleens


@dataclass
class Parc:
    """The dwellings of one territory, in arrays of the same length, and their situation at each vintage."""

    secteurs: tuple[Secteur, ...]
    residences: list[str]
    residence: Entiers
    secteur: Entiers
    bailleur_residence: Entiers
    construction: Entiers
    entree: Entiers
    sortie: Entiers
    individuel: Booleens
    etudiant: Booleens
    pieces: Entiers
    surface: Entiers
    financement: list[str]
    code_financement: Entiers
    loyer: Entiers
    nature: Entiers
    numero: Entiers
    en_qpv: Booleens
    x: Entiers
    y: Entiers
    mode: dict[int, Entiers] = field(default_factory=dict)
    bail: dict[int, Entiers] = field(default_factory=dict)
    remise: dict[int, Entiers] = field(default_factory=dict)
    baux: dict[int, Baux] = field(default_factory=dict)

    @property
    def taille(self) -> int:
        """Dwellings ever present."""
        return int(self.residence.size)

    def in_stock(self, millesime: int) -> Booleens:
        """Dwellings that are in the stock on 1 January of `millesime`."""
        return (self.entree < millesime) & (self.sortie > millesime)

    def in_file(self, millesime: int) -> Booleens:
        """Dwellings in the register's file: the stock, and what left it since the previous vintage."""
        return (self.entree < millesime) & (self.sortie >= millesime)


def build_stock(rng: np.random.Generator, p: Parametres, t: Territoire) -> Parc:
    """Draw the residences and dwellings of a territory, present at any vintage."""
    commun = p.commun["logement"]
    premiere, derniere = p.annees[0], p.annees[-1]
    tailles = [s.logements for s in t.secteurs]
    qpv = [i for i, s in enumerate(t.secteurs) if s.en_qpv]
    autres = [i for i, s in enumerate(t.secteurs) if not s.en_qpv]
    partis = allocate(t.sorties.get(premiere + 1, 0), [float(tailles[i]) for i in qpv])
    livres = allocate(sum(t.nouveaux.values()), [float(tailles[i]) for i in autres])
    ajout_qpv = dict(zip(qpv, partis, strict=True))
    ajout_neuf = dict(zip(autres, livres, strict=True))

    residences: list[str] = []
    noms: dict[str, int] = {}
    secteur_res: list[int] = []
    taille_res: list[int] = []
    construction_res: list[int] = []
    bailleur_res: list[int] = []
    individuel_res: list[bool] = []
    neuf_res: list[int] = []
    cles = list(t.bailleurs)
    parts = np.array([t.bailleurs[c] for c in cles])
    for i, s in enumerate(t.secteurs):
        lots = [(tailles[i] + ajout_qpv.get(i, 0), 0)]
        if ajout_neuf.get(i, 0):
            lots.append((ajout_neuf[i], 1))
        for nombre, neuf in lots:
            moyenne = int(commun["residence"][s.genre])
            k = max(1, round(nombre / moyenne))
            morceaux = 1 + rng.multinomial(nombre - k, rng.dirichlet(np.full(k, 3.0)))
            periodes = commun["construction"][s.genre]
            for n in morceaux:
                essence = ESSENCES[int(rng.integers(len(ESSENCES)))]
                base = f"{s.nom} - {essence}"
                noms[base] = noms.get(base, 0) + 1
                residences.append(base if noms[base] == 1 else f"{base} {noms[base]}")
                secteur_res.append(i)
                taille_res.append(int(n))
                if neuf:
                    construction_res.append(0)
                else:
                    de, a, _ = periodes[int(draw(rng, [x[2] for x in periodes], 1)[0])]
                    construction_res.append(int(rng.integers(de, a + 1)))
                dominant = s.en_qpv and rng.random() < 0.55
                choix = cles.index(t.bailleur_qpv) if dominant else int(draw(rng, list(parts), 1)[0])
                bailleur_res.append(choix)
                individuel_res.append(bool(rng.random() < commun["part_individuel"][s.genre]))
                neuf_res.append(neuf)

    tailles_np = np.array(taille_res)
    residence = np.repeat(np.arange(tailles_np.size), tailles_np)
    n = residence.size
    secteur = np.array(secteur_res)[residence]
    genres = np.array([s.genre == "qpv" for s in t.secteurs])[secteur]
    en_qpv = np.array([s.en_qpv for s in t.secteurs])[secteur]
    est_neuf = np.array(neuf_res)[residence] == 1

    # New supply: the dwellings of the "new" residences enter year after year, in the order of the residences.
    entree = np.empty(n, dtype=np.int64)
    construction = np.array(construction_res)[residence]
    calendrier = np.repeat(
        np.array(sorted(t.nouveaux), dtype=np.int64), [t.nouveaux[a] for a in sorted(t.nouveaux)]
    )
    entree[est_neuf] = calendrier[: int(est_neuf.sum())]
    construction[est_neuf] = entree[est_neuf]
    entree[~est_neuf] = np.minimum(
        construction[~est_neuf] + rng.integers(0, 2, int((~est_neuf).sum())), premiere
    )

    # Exits are demolitions and sales in QPV. Those of the first vintage were added to the sizes: it has the
    # size asked.
    sortie = np.full(n, TOUJOURS, dtype=np.int64)
    vieux = np.flatnonzero(en_qpv & ~est_neuf & (entree < premiere))
    partants = pick(rng, vieux, sum(t.sorties.values()))
    fins = np.repeat(np.array(sorted(t.sorties)), [t.sorties[m] for m in sorted(t.sorties)])[: partants.size]
    sortie[partants] = fins

    pieces = (
        np.where(genres, draw(rng, commun["pieces"]["qpv"], n), draw(rng, commun["pieces"]["autre"], n)) + 1
    )
    surface = np.asarray(commun["surface_par_piece"])[pieces - 1] * (
        1 + 0.09 * rng.standard_normal(n).clip(-2, 2)
    )
    surface = np.maximum(np.round(surface), 5 * pieces + 4).astype(np.int64)

    codes = sorted({c for _, _, d in commun["financement"] for c in d})
    code_fin_res = np.empty(tailles_np.size, dtype=np.int64)
    annee_res = np.array([c or derniere for c in construction_res])
    for de, a, repartition in commun["financement"]:
        masque = (annee_res >= de) & (annee_res <= a)
        tires = draw(rng, repartition, int(masque.sum()))
        code_fin_res[masque] = np.array([codes.index(c) for c in repartition])[tires]
    code_fin = code_fin_res[residence]
    mixte = int(commun["financement_mixte_depuis"])
    recents = np.flatnonzero((construction >= mixte) & (rng.random(n) < 0.35))
    actuels = commun["financement"][-1][2]
    code_fin[recents] = np.array([codes.index(c) for c in actuels])[draw(rng, actuels, recents.size)]

    taux = np.array([commun["loyer_m2"][c] for c in codes])[code_fin] * t.loyer
    petit = 1 + 0.13 * np.clip((65 - surface) / 40, -0.6, 0.9)
    bruit = 1 + 0.05 * rng.standard_normal(n).clip(-2.5, 2.5)
    loyer = np.round(taux * petit * surface * bruit * 100).astype(np.int64)

    nature = np.array([int(c) for c in commun["natures"]])[draw(rng, commun["natures"], n)]
    nature[est_neuf] = 1
    cadres = [_frame(p, s) for s in t.secteurs]
    bornes = np.array([c or (INCONNU, INCONNU, INCONNU, INCONNU) for c in cadres])[secteur]
    ux, uy = rng.random(tailles_np.size)[residence], rng.random(tailles_np.size)[residence]
    place = (bornes[:, 0] >= 0) & (rng.random(n) < 0.97)
    x = np.where(place, bornes[:, 0] + ux * (bornes[:, 2] - bornes[:, 0]), INCONNU).astype(np.int64)
    y = np.where(place, bornes[:, 1] + uy * (bornes[:, 3] - bornes[:, 1]), INCONNU).astype(np.int64)
    return Parc(
        secteurs=t.secteurs,
        residences=residences,
        residence=residence,
        secteur=secteur,
        bailleur_residence=np.array(bailleur_res),
        construction=construction,
        entree=entree,
        sortie=sortie,
        individuel=np.array(individuel_res)[residence],
        etudiant=(rng.random(n) < commun["part_etudiant"]) & (pieces == 1),
        pieces=pieces,
        surface=surface,
        financement=codes,
        code_financement=code_fin,
        loyer=loyer,
        nature=nature,
        numero=rng.permutation(n).astype(np.int64),
        en_qpv=en_qpv,
        x=x,
        y=y,
    )


def _frame(p: Parametres, s: Secteur) -> tuple[int, int, int, int] | None:
    """The rectangle where the dwellings of a sector stand, if it is known."""
    if s.qpv_2024 is not None:
        return p.cadres_qpv.get(s.qpv_2024)
    return None if s.en_qpv else p.cadres_commune.get(s.commune)


def _day(annee: int, mois: int, jour: int) -> int:
    return int(
        (np.datetime64(f"{annee:04d}-{mois:02d}-{jour:02d}") - np.datetime64("1970-01-01")).astype(np.int64)
    )


def _month_of(jours: Entiers) -> Entiers:
    return jours.astype("datetime64[D]").astype("datetime64[M]").astype(np.int64) + 1970 * 12


def _choose_leased(
    rng: np.random.Generator, parc: Parc, annee: Annee, vacants: Booleens, candidats: Booleens
) -> Entiers:
    """The dwellings let in the year: what was vacant on 1 January first, then new supply, then turnover."""
    poids = np.where(vacants, 1e9, np.where(parc.entree == annee.annee, 1e5, 1.0))
    poids *= np.array([1.5, 1.25, 1.0, 0.85, 0.7, 0.6])[np.minimum(parc.pieces, 6) - 1]
    choisis = []
    for masque, nombre in ((~parc.en_qpv, annee.hors_qpv.total), (parc.en_qpv, annee.qpv.total)):
        possibles = np.flatnonzero(candidats & masque)
        choisis.append(pick(rng, possibles, nombre, poids[possibles]))
    return np.concatenate(choisis)


def live(rng: np.random.Generator, lieu: Lieu) -> None:
    """Fill the leases of each year and the situation of each dwelling at each vintage.

    The register's mobility and vacancy come out as asked: leases unknown to SNE make up what its leases leave
    short.
    """
    p, t, parc = lieu.p, lieu.t, lieu.parc
    n = parc.taille
    premiere = p.annees[0]
    anciennete = rng.exponential(108.0, n).astype(np.int64) + 1
    bail = np.maximum(premiere * 12 - anciennete, np.minimum(parc.entree, premiere - 1) * 12 + 6)
    bail = np.where(parc.entree >= premiere, INCONNU, np.minimum(bail, premiere * 12 - 1))
    vacant = np.zeros(n, dtype=bool)
    offert = np.full(n, INCONNU, dtype=np.int64)
    vacant[pick(rng, np.flatnonzero(parc.in_stock(premiere) & (parc.nature == 1)), t.parc // 50)] = True
    for annee in p.annees:
        millesime = annee + 1
        cibles = t.repertoire[millesime]
        candidats = parc.in_stock(millesime) & (parc.sortie > millesime + 1) & (parc.nature == 1)
        loues = _choose_leased(rng, parc, t.annees[annee], vacant, candidats)
        debut, fin = _day(annee, 1, 4), _day(annee, 12, 30)
        jours = rng.integers(debut, fin, loues.size)
        tot = vacant[loues]
        jours[tot] = rng.integers(debut, _day(annee, 3, 20), int(tot.sum()))
        bail = bail.copy()
        bail[loues] = _month_of(jours)

        # On 1 January: vacant dwellings, of which some for more than three months.
        en_parc = parc.in_stock(millesime)
        ordinaires = en_parc & (parc.nature == 1)
        nb_vacants = round(float(cibles["vacance"]) / 100 * int(ordinaires.sum()))
        nb_longs = round(float(cibles["vacance_3mois"]) / 100 * int(ordinaires.sum()))
        leves = np.zeros(n, dtype=bool)
        leves[loues] = True
        restes = np.flatnonzero(vacant & ~leves & ordinaires)[:nb_longs]
        libres = np.flatnonzero(ordinaires & ~leves & ~vacant & (parc.entree < annee))
        nouveaux = pick(rng, libres, nb_vacants - restes.size)
        longs = np.concatenate([restes, nouveaux[: nb_longs - restes.size]])
        courts = nouveaux[nb_longs - restes.size :]
        vacant = np.zeros(n, dtype=bool)
        vacant[longs] = True
        vacant[courts] = True
        offert = np.full(n, INCONNU, dtype=np.int64)
        offert[longs] = annee * 12 + rng.integers(2, 9, longs.size)
        offert[courts] = annee * 12 + rng.integers(10, 12, courts.size)

        # New dwellings that no lease of SNE took are let by other means, without entering the mobility.
        sans_bail = np.flatnonzero(ordinaires & ~vacant & (bail < 0))
        bail[sans_bail] = annee * 12 + rng.integers(0, 12, sans_bail.size)
        base = ordinaires & (parc.entree < annee)
        recents = base & ~vacant & (bail >= annee * 12)
        manque = round(float(cibles["mobilite"]) / 100 * int(base.sum())) - int(recents.sum())
        autres = pick(rng, np.flatnonzero(base & ~vacant & ~leves & (bail < annee * 12)), max(manque, 0))
        bail[autres] = annee * 12 + rng.integers(0, 12, autres.size)

        mode = np.where(vacant, 2, parc.nature)
        parc.mode[millesime] = np.where(parc.sortie == millesime, 9, mode)
        parc.bail[millesime] = np.where(parc.mode[millesime] == 1, bail, INCONNU)
        parc.remise[millesime] = offert

        # Decisions of December that are signed in January: only the last year has no file to hold them
        # otherwise.
        suite = np.empty(0, dtype=np.int64)
        if annee == p.annees[-1]:
            part = float(p.commun["attribution"]["part_baux_janvier_suivant"])
            suite = pick(rng, courts[parc.sortie[courts] == TOUJOURS], round(loues.size * part))
        jours_suite = rng.integers(_day(millesime, 1, 3), _day(millesime, 1, 30), suite.size)
        parc.baux[annee] = Baux(
            logement=np.concatenate([loues, suite]),
            signature=np.concatenate([jours, jours_suite]),
            annee_suivante=np.concatenate([np.zeros(loues.size, bool), np.ones(suite.size, bool)]),
        )


def weights_by_need(parc: Parc, millesime: int) -> Reels:
    """How often a tenant asks to leave each dwelling: more in QPV, never where nobody rents."""
    return np.where(parc.mode[millesime] == 1, np.where(parc.en_qpv, 1.8, 1.0), 0.0)
