"""The parameters of the synthetic territories: reading `territoires_demo.yml` and the shipped reference
seeds.

Only reading and arithmetic on parameters (scaling) belong here; nothing is drawn and nothing is written.
"""

import csv
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from pipelines import references
from pipelines.paths import DBT_PROJECT
from pipelines.references import Commune, Quartier

FICHIER = Path(__file__).with_name("territoires_demo.yml")
# Smaller communes have no social dwelling in the demonstration.
POPULATION_MINIMUM = 400
GRAINES_DBT = DBT_PROJECT / "seeds"


@dataclass(frozen=True)
class Bailleur:
    """A landlord: invented SIREN, usual name, other spellings met in files."""

    siren: str
    nom: str
    alias: tuple[str, ...]


@dataclass(frozen=True)
class Secteur:
    """A neighbourhood: the smallest place that has a name, an IRIS and at most one QPV of each generation."""

    commune: str
    iris: str
    nom: str
    logements: int
    qpv_2015: str | None = None
    qpv_2024: str | None = None
    profil: str | None = None
    zones: tuple[str, ...] = ()
    assimile: bool = False

    @property
    def en_qpv(self) -> bool:
        """Whether the years of the demonstration (QPV of 2015, or assimilated) place it in a QPV."""
        return self.qpv_2015 is not None or self.assimile

    @property
    def genre(self) -> str:
        """`qpv` or `autre`: which laws of the draws apply to its dwellings."""
        return "qpv" if self.en_qpv or self.qpv_2024 is not None else "autre"


@dataclass(frozen=True)
class Zone:
    """A local zone and the criteria that place a dwelling in it."""

    zone: str
    type_zone: str
    nom: str
    iris: tuple[str, ...]
    communes: tuple[str, ...]


@dataclass(frozen=True)
class Groupe:
    """Leases of one year, outside or inside QPV: what must come out of the records, in numbers of leases.

    `connus` has a known quartile or is rehoused; `q1` is the part of it that is Q1 without being rehoused;
    `reloges` the rehoused, of which `reloges_q1` in Q1 and `reloges_inconnus` of unknown income; `inconnus`
    is not in `connus`.
    """

    connus: int
    q1: int
    reloges: int
    reloges_q1: int
    reloges_inconnus: int
    inconnus: int
    au_seuil: int

    @property
    def total(self) -> int:
        """All leases of the group."""
        return self.connus + self.inconnus


@dataclass(frozen=True)
class Annee:
    """Targets of one year of one territory."""

    annee: int
    seuil_q1: int
    demandes: int
    hors_qpv: Groupe
    qpv: Groupe

    @property
    def baux(self) -> int:
        """Leases signed in the year."""
        return self.hors_qpv.total + self.qpv.total


@dataclass(frozen=True)
class Territoire:
    """One territory, scaled."""

    slug: str
    epci_siren: str
    nom: str
    prefixe: str
    loyer: float
    bailleurs: dict[str, float]
    bailleur_qpv: str
    parc: int
    nouveaux: dict[int, int]
    sorties: dict[int, int]
    ancien_code: tuple[str, str, int, tuple[int, ...]] | None
    repertoire: dict[int, dict[str, float]]
    part_mutation: float
    part_inconnus: float
    cotation: bool
    part_orcod: float
    communes_voisines: tuple[str, ...]
    annees: dict[int, Annee]
    revenus: dict[str, Any]
    zones: tuple[Zone, ...]
    secteurs: tuple[Secteur, ...]
    communes: tuple[str, ...]


@dataclass(frozen=True)
class Parametres:
    """Everything that the generator reads."""

    annees: tuple[int, ...]
    bailleurs: dict[str, Bailleur]
    cadres_qpv: dict[str, tuple[int, int, int, int]]
    cadres_commune: dict[str, tuple[int, int, int, int]]
    commun: dict[str, Any]
    territoires: tuple[Territoire, ...]

    @property
    def millesimes_rpls(self) -> tuple[int, ...]:
        """Register vintages: 1 January after each year of allocations."""
        return tuple(annee + 1 for annee in self.annees)


@dataclass(frozen=True)
class ChiffreAttendu:
    """A headline figure that a correct build of the demonstration must give.

    `origine` is `publie` when the figure is one that the territory published, `calibre` when it is only a
    target of the generator. `valeur` is in the indicator's unit.
    """

    epci_siren: str
    territoire: str
    periode: str
    indicateur: str
    numerateur: int | None
    denominateur: int | None
    valeur: float
    origine: str = field(default="calibre")


def read_seed(nom: str) -> list[dict[str, str]]:
    """Rows of a reference seed shipped with the project (`dbt_project/seeds/<nom>.csv`), as text."""
    with (GRAINES_DBT / f"{nom}.csv").open(encoding="utf-8", newline="") as flux:
        return list(csv.DictReader(flux))


def communes_of(siren: str) -> tuple[Commune, ...]:
    """Communes of a territory of the shipped list, in order."""
    return _shipped(siren).communes


def quarters_of(siren: str) -> tuple[Quartier, ...]:
    """Priority neighbourhoods of a territory of the shipped list, in order."""
    return _shipped(siren).quartiers


@cache
def _shipped(siren: str) -> references.Territoire:
    found = references.territory(siren)
    if found is None:
        raise ValueError(f"{siren} is in no shipped list")
    return found


@cache
def _document() -> dict[str, Any]:
    contenu: dict[str, Any] = yaml.safe_load(FICHIER.read_text(encoding="utf-8"))
    return contenu


def allocate(total: int, poids: list[float]) -> list[int]:
    """Share `total` between weights by largest remainder; ties go to the first."""
    somme = sum(poids)
    if total <= 0 or somme <= 0:
        return [0] * len(poids)
    brut = [total * p / somme for p in poids]
    parts = [int(b) for b in brut]
    ordre = sorted(range(len(poids)), key=lambda i: (parts[i] - brut[i], i))
    for i in ordre[: total - sum(parts)]:
        parts[i] += 1
    return parts


def _scaled(valeur: int, echelle: float, minimum: int = 0) -> int:
    return max(minimum if valeur else 0, int(valeur * echelle + 0.5))


def _groupe(brut: dict[str, int], echelle: float, *, hors_qpv: bool) -> Groupe:
    connus = _scaled(brut["connus"], echelle, 8)
    reloges = min(_scaled(brut["reloges"], echelle), connus)
    reloges_inconnus = min(_scaled(brut.get("reloges_inconnus", 0), echelle), reloges)
    if hors_qpv:
        reloges_q1 = min(_scaled(brut.get("reloges_q1", 0), echelle), reloges - reloges_inconnus)
        q1 = max(_scaled(brut["q1_ou_reloges"], echelle) - reloges, 0)
    else:
        reloges_q1 = 0
        q1 = min(connus - _scaled(brut["q234"], echelle), connus - reloges)
    return Groupe(
        connus=connus,
        q1=q1,
        reloges=reloges,
        reloges_q1=reloges_q1,
        reloges_inconnus=reloges_inconnus,
        inconnus=_scaled(brut["inconnus"], echelle),
        au_seuil=brut.get("au_seuil", 0) if echelle == 1 else 0,
    )


def _secteurs(
    brut: dict[str, Any], zones: tuple[Zone, ...], parc: int, echelle: float
) -> tuple[Secteur, ...]:
    """The sectors with their dwellings: QPV as declared, the others and the small communes sharing what
    remains."""
    declares = [dict(s) for s in brut["secteurs"]]
    connues = {s["commune"] for s in declares}
    petites = [
        c
        for c in communes_of(brut["epci_siren"])
        if c.code not in connues and c.population >= POPULATION_MINIMUM
    ]
    diffus: list[dict[str, Any]] = [
        {"commune": c.code, "iris": c.code + "0000", "nom": c.nom} for c in petites
    ]
    populations = [float(c.population) for c in petites]
    total_population = sum(populations) or 1.0
    figes = [s for s in declares if s.get("qpv_2015")]
    libres = [s for s in declares if not s.get("qpv_2015")]
    tailles_figees = [_scaled(int(s["logements"]), echelle, 4) for s in figes]
    poids_libres = [float(s["logements"]) for s in libres]
    poids_diffus = [
        float(brut["logements_diffus"]) * habitants / total_population for habitants in populations
    ]
    parts = allocate(parc - sum(tailles_figees), poids_libres + poids_diffus)
    tailles = dict(zip((id(s) for s in figes + libres + diffus), tailles_figees + parts, strict=True))
    secteurs = []
    for s in declares + diffus:
        dans = [z for z in zones if s["iris"] in z.iris or s["commune"] in z.communes]
        secteurs.append(
            Secteur(
                commune=s["commune"],
                iris=s["iris"],
                nom=s["nom"],
                logements=tailles[id(s)],
                qpv_2015=s.get("qpv_2015"),
                qpv_2024=s.get("qpv_2024"),
                profil=s.get("profil"),
                zones=tuple(z.zone for z in dans),
                assimile=any(z.type_zone == "assimile" for z in dans),
            )
        )
    return tuple(s for s in secteurs if s.logements > 0)


def _territoire(brut: dict[str, Any], echelle: float) -> Territoire:
    zones = tuple(
        Zone(z["zone"], z["type"], z["nom"], tuple(z.get("iris", ())), tuple(z.get("communes", ())))
        for z in brut["zones"]
    )
    parc = _scaled(brut["parc"], echelle, 60)
    annees = {
        int(annee): Annee(
            annee=int(annee),
            seuil_q1=int(a["seuil_q1"]),
            demandes=_scaled(a["demandes"], echelle, 30),
            hors_qpv=_groupe(a["hors_qpv"], echelle, hors_qpv=True),
            qpv=_groupe(a["qpv"], echelle, hors_qpv=False),
        )
        for annee, a in brut["annees"].items()
    }
    ancien = brut.get("ancien_code")
    return Territoire(
        slug=brut["slug"],
        epci_siren=brut["epci_siren"],
        nom=brut["nom"],
        prefixe=brut["prefixe"],
        loyer=float(brut["loyer"]),
        bailleurs=dict(brut["bailleurs"]),
        bailleur_qpv=brut["bailleur_qpv"],
        parc=parc,
        nouveaux={int(k): _scaled(v, echelle) for k, v in brut["nouveaux"].items()},
        sorties={int(k): _scaled(v, echelle) for k, v in brut["sorties"].items()},
        ancien_code=(ancien[0], ancien[1], int(ancien[2]), tuple(ancien[3])) if ancien else None,
        repertoire={int(k): dict(v) for k, v in brut["repertoire"].items()},
        part_mutation=float(brut["part_mutation"]),
        part_inconnus=float(brut["part_inconnus"]),
        cotation=bool(brut["cotation"]),
        part_orcod=float(brut["part_orcod"]),
        communes_voisines=tuple(brut["communes_voisines"]),
        annees=annees,
        revenus=brut["revenus"],
        zones=zones,
        secteurs=_secteurs(brut, zones, parc, echelle),
        communes=tuple(c.code for c in communes_of(brut["epci_siren"])),
    )


def load(echelle: float = 1.0) -> Parametres:
    """Read the parameters and scale the sizes by `echelle` (1.0 = real size; every territory is kept)."""
    document = _document()
    return Parametres(
        annees=tuple(int(a) for a in document["annees"]),
        bailleurs={
            cle: Bailleur(b["siren"], b["nom"], tuple(b["alias"])) for cle, b in document["bailleurs"].items()
        },
        cadres_qpv={k: tuple(v) for k, v in document["cadres"]["qpv"].items()},
        cadres_commune={k: tuple(v) for k, v in document["cadres"]["commune"].items()},
        commun=document["commun"],
        territoires=tuple(_territoire(t, echelle) for t in document["territoires"]),
    )


def expected_figures() -> list[ChiffreAttendu]:
    """The headline figures of the full-size demonstration, published ones first, then by territory and
    year."""
    publies = {(p["epci_siren"], str(p["periode"]), p["indicateur"]) for p in _document()["publies"]}
    chiffres = []
    for t in load().territoires:
        for annee, a in sorted(t.annees.items()):
            hors, dans = a.hors_qpv, a.qpv
            lignes: list[tuple[str, int | None, int | None, float]] = [
                (
                    "hors_qpv_q1",
                    hors.q1 + hors.reloges,
                    hors.connus,
                    100 * (hors.q1 + hors.reloges) / hors.connus,
                ),
                ("qpv_q234", dans.connus - dans.q1, dans.connus, 100 * (dans.connus - dans.q1) / dans.connus),
                ("baux", None, None, float(a.baux)),
                ("demandes", None, None, float(a.demandes)),
                ("tension", a.demandes, a.baux, a.demandes / a.baux),
            ]
            for indicateur, numerateur, denominateur, valeur in lignes:
                cle = (t.epci_siren, str(annee), indicateur)
                chiffres.append(
                    ChiffreAttendu(
                        t.epci_siren,
                        t.nom,
                        str(annee),
                        indicateur,
                        numerateur,
                        denominateur,
                        valeur,
                        "publie" if cle in publies else "calibre",
                    )
                )
        for millesime, valeurs in sorted(t.repertoire.items()):
            for indicateur in ("mobilite", "vacance_3mois"):
                cle = (t.epci_siren, str(millesime), indicateur)
                chiffres.append(
                    ChiffreAttendu(
                        t.epci_siren,
                        t.nom,
                        str(millesime),
                        indicateur,
                        None,
                        None,
                        valeurs[indicateur],
                        "publie" if cle in publies else "calibre",
                    )
                )
    return sorted(chiffres, key=lambda c: c.origine != "publie")
