"""From record-level landing files to the marts: one warehouse, built as a build does, for the whole folder.

Years: 2013 and 2014 for fragility (the published grid, then one zone that moved; the index of Grand Chalon),
2021 for what the stock costs, who asks and who is housed.
"""

import csv
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import duckdb
import pytest

from pipelines import ingestion, projet_dbt, references
from pipelines.conventions import load_conventions, write_tables
from pipelines.paths import BASE_NAME, PROJECT_ROOT
from pipelines.perimetre import write_parameters
from pipelines.projet_dbt import REFERENCE_TESTS
from tests.modeles.magasin import dbt
from tests.partage import once

SOURCES = ("rpls", "sne", "ops", "filosofi", "geographie", "referentiels")
CLE = b"cle-de-test-des-analyses-000000000"
DIJON, CHALON = "242100410", "247100589"
BAILLEUR, AUTRE_BAILLEUR, TIERS_BAILLEUR = "900007758", "900007881", "900008012"

# Zone: commune, households (all, recent), single parents, single persons, < 40 % PLUS, minima, turnover,
# vacancy, mutation, workers in % (all, recent), then what was printed: sum and class of the stock, of recent
# movers, general class.
PUBLIE: dict[str, dict[str, Any]] = {
    "le_mail": {
        "commune": "21166", "menages": (1198, 331), "mono": (212, 51), "isoles": 388, "moins_40": (581, 172),
        "minima": (141, 25), "rotation": (170, 1513), "vacance": (46, 1513), "mutation": (281, 1467),
        "actifs": (38, 43), "imprime": (0.5, 2, -1.5, 1, 2),
    },
    "fontaine_ouche": {
        "commune": "21231", "menages": (1796, 429), "mono": (370, 100), "isoles": 637, "moins_40": (808, 259),
        "minima": (255, 60), "rotation": (178, 2064), "vacance": (53, 2064), "mutation": (370, 2011),
        "actifs": (40, 42), "imprime": (2.0, 3, 1.0, 3, 3),
    },
    "gresilles": {
        "commune": "21231", "menages": (1472, 552), "mono": (217, 97), "isoles": 611, "moins_40": (819, 320),
        "minima": (129, 47), "rotation": (240, 1662), "vacance": (16, 1662), "mutation": (310, 1646),
        "actifs": (38, 43), "imprime": (0.0, 2, -1.5, 1, 2),
    },
    "belvedere": {
        "commune": "21617", "menages": (1165, 299), "mono": (217, 66), "isoles": 543, "moins_40": (497, 159),
        "minima": (181, 50), "rotation": (134, 1255), "vacance": (13, 1255), "mutation": (207, 1242),
        "actifs": (47, 50), "imprime": (1.5, 3, 1.5, 3, 3),
    },
    "dijon_hors_qpv": {
        "commune": "21231", "menages": (6213, 2253), "mono": (1287, 600), "isoles": 2723,
        "moins_40": (1976, 897), "minima": (680, 274), "rotation": (745, 6647), "vacance": (101, 6706),
        "mutation": (974, 6605), "actifs": (57, 57), "imprime": (1.5, 3, 1.5, 3, 3),
    },
}  # fmt: skip
RANGS = {nom: rang for rang, nom in enumerate(PUBLIE, start=1)}
# Survey-only zones, on each side of a bound of the written method: base 1 000, single persons and workers.
BORNES = {
    "borne_337_414": (337, 414),
    "borne_338_415": (338, 415),
    "borne_462_605": (462, 605),
    "borne_463_606": (463, 606),
}
# Grand Chalon, 2018: neighbourhood → residence → dwellings, and whether the survey finds it above the mean.
CHALON_2018 = {
    "QP071001": {"PSJ fragile": (1505, True), "PSJ autre": (263, False)},
    "QP071003": {"Aubépins fragile": (928, True), "Aubépins autre": (89, False)},
}


class Depot:
    """A landing folder being written."""

    def __init__(self, racine: Path) -> None:
        self.racine = racine

    def ecrire(self, chemin: str, lignes: Iterable[Mapping[str, Any]]) -> None:
        """Write one file; a missing value is empty, a boolean is `oui` or `non`."""
        rangees = list(lignes)
        colonnes = list(dict.fromkeys(nom for ligne in rangees for nom in ligne))
        fichier = self.racine / chemin
        fichier.parent.mkdir(parents=True, exist_ok=True)
        with fichier.open("w", newline="", encoding="utf-8") as flux:
            ecrivain = csv.writer(flux, delimiter=";")
            ecrivain.writerow(colonnes)
            for ligne in rangees:
                ecrivain.writerow([_texte(ligne.get(nom)) for nom in colonnes])


def _texte(valeur: object) -> str:
    if valeur is None:
        return ""
    if isinstance(valeur, bool):
        return "oui" if valeur else "non"
    return str(valeur)


class Entrepot:
    """A warehouse built for the tests."""

    def __init__(self, base: Path) -> None:
        self.base = base

    def lire(self, sql: str, parametres: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        """Rows of a query."""
        with duckdb.connect(str(self.base), read_only=True) as con:
            return con.execute(sql, list(parametres)).fetchall()

    def valeurs(self, sql: str, parametres: Sequence[Any] = ()) -> dict[Any, Any]:
        """A query as a dictionary of its first column; the value is the second, or the others as a tuple."""
        return {x[0]: x[1] if len(x) == 2 else x[1:] for x in self.lire(sql, parametres)}

    def figure(
        self,
        indicateur: str,
        axe: str,
        modalite: str,
        periode: str,
        segment: str = "tous",
    ) -> tuple[Any, ...]:
        """Numerator, denominator, unknowns, value and status of one figure."""
        lignes = self.lire(
            "select numerateur, denominateur, inconnus, valeur, statut from marts.indicateurs "
            "where indicateur = ? and axe = ? and modalite = ? and periode = ? and segment = ? "
            "and periode_type in ('annee', 'millesime')",
            [indicateur, axe, modalite, periode, segment],
        )
        assert len(lignes) == 1, (indicateur, axe, modalite, periode, segment, lignes)
        return lignes[0]


@pytest.fixture(scope="session")
def entrepot(tmp_path_factory: pytest.TempPathFactory) -> Entrepot:
    """The warehouse of Grand Dijon and Grand Chalon, from the files below."""
    return Entrepot(once(tmp_path_factory, "analyses", _batir) / BASE_NAME)


def _batir(racine: Path) -> None:
    donnees, base = racine / "donnees", racine / BASE_NAME
    depot = Depot(donnees)
    _ecrire_fragilite(depot)
    _ecrire_residences(depot)
    _ecrire_avis(depot)
    _ecrire_parc(depot)
    with duckdb.connect(str(base)) as con:
        for source in SOURCES:
            comptes = ingestion.ingest(source, donnees, racine / "magasin", CLE)
            ingestion.load(con, source, comptes)
            refusees = [(c.fichier, c.lignes_quarantaine) for c in comptes if c.lignes_quarantaine]
            assert not refusees, refusees
        projet_dbt.load_references(con, projet_dbt.read_rules().manifest)
        references.load(con, [DIJON, CHALON])
        write_tables(con, load_conventions(PROJECT_ROOT / "territoires", [DIJON, CHALON]))
        write_parameters(con, [DIJON, CHALON], [], False)
    without = ("--exclude-resource-type", "unit_test", "--exclude", REFERENCE_TESTS)
    fait = dbt(base, racine / "dbt", "--quiet", "build", *without)
    assert fait.returncode == 0, fait.stdout[-6000:] + fait.stderr[-2000:]


def _ecrire_fragilite(depot: Depot) -> None:
    publies = [ligne for nom in PUBLIE for ligne in _logements(nom)]
    depot.ecrire("rpls/2014/rpls_loi_2014.csv", [*publies, *_residences_chalon()])
    # A year later only Le Mail is described, and its vacancy fell from 46 to 10 dwellings.
    depot.ecrire("rpls/2015/rpls_loi_2015.csv", _logements("le_mail", vacants=10, annee=2014))
    depot.ecrire("sne/2013/demandes_2013.csv", (ligne for nom in PUBLIE for ligne in _mutations(nom)))
    depot.ecrire("sne/2014/demandes_2014.csv", _mutations("le_mail"))
    depot.ecrire("sne/2013/attributions_2013.csv", _noms_des_residences())
    places = [(nom, "zone", nom, "QPV") for nom in PUBLIE if nom != "dijon_hors_qpv"]
    # What Dijon has outside priority neighbourhoods is a row of the commune; as a local zone, the same score.
    places += [
        ("dijon_hors_qpv", "commune", "21231", "HORS_QPV"),
        ("dijon_hors_qpv", "zone", "dijon_hors_qpv", "HORS_QPV"),
    ]
    enquete = [ligne for place in places for ligne in _enquete(*place)]
    depot.ecrire(
        "ops/2012/ops_2012.csv", [*enquete, *_enquete_bornes(), *_enquete_petites(), *_enquete_chalon()]
    )
    zones = [(nom, f"{RANGS[nom]}{i:09d}") for nom in PUBLIE for i in range(PUBLIE[nom]["vacance"][1])]
    zones += [(nom, "9999999998") for nom in ("zone_vide", *BORNES, "minuscule", "devinable")]
    depot.ecrire(
        "zones/zones_dijon.csv",
        (
            {
                "epci_siren": DIJON, "zone": zone, "type": "sous_secteur", "nom": zone, "critere": "num_rpls",
                "valeur": numero, "debut": None, "fin": None,
            }
            for zone, numero in zones
        ),
    )  # fmt: skip


def _ecrire_residences(depot: Depot) -> None:
    """The register does not name residences, and these have more dwellings than a residence: a list does."""
    depot.ecrire(
        "zones/residences_chalon.csv",
        (
            {
                "epci_siren": CHALON, "zone": residence, "type": "residence", "nom": residence,
                "critere": "num_rpls", "valeur": numero, "debut": None, "fin": None,
            }
            for numero, residence, _ in _chalon()
        ),
    )  # fmt: skip


def _ecrire_avis(depot: Depot) -> None:
    """What the landlord and the town said of the list of 2013, and once it was over."""
    avis = [
        ("Aubépins fragile", "OPAC", "retirer", "réhabilitée en 2013", "2014-03-10"),
        ("PSJ autre", "Ville de Chalon", "ajouter", None, "2014-04-02"),
        ("PSJ fragile", "OPAC", "retirer", None, "2019-01-05"),
    ]
    depot.ecrire(
        "zones/avis_residences.csv",
        (
            {"epci_siren": CHALON, "residence": r, "auteur": a, "avis": v, "motif": m, "date_avis": d}
            for r, a, v, m, d in avis
        ),
    )


def _logements(nom: str, vacants: int | None = None, annee: int = 2013) -> Iterator[dict[str, Any]]:
    """The register's rows of one zone: let, vacant, and first let too late to have a turnover."""
    zone = PUBLIE[nom]
    total = zone["vacance"][1]
    vides = zone["vacance"][0] if vacants is None else vacants
    emmenages, anciens = zone["rotation"]
    for i in range(total):
        vacant = i >= total - vides
        recent = not vacant and i >= total - vides - (total - anciens)
        yield {
            "IDENT_REP": f"{RANGS[nom]}{i:09d}", "DEPCOM": zone["commune"], "SIRET": f"{BAILLEUR}00010",
            "RS": "Grand Dijon Habitat", "QPV": 2 if nom == "dijon_hors_qpv" else 1, "PLG_QP15": None,
            "TYPECONST": "C", "NBPIECE": 3, "SURFHAB": 60, "CONSTRUCT": annee if recent else 1970,
            "LOCAT": annee if recent else 1970, "FINAN": 52, "CONV": 1, "SORTIEPATRIM": None,
            "MODE": 2 if vacant else 1, "REMLOCDATE": f"12/{annee}" if vacant else None,
            "BAIL": None if vacant else f"06/{annee}" if i < emmenages or recent else "03/2005",
            "LOYERPRINC": 300, "CONTRESLOG": 7,
        }  # fmt: skip


def _ops(
    lieu: tuple[str, str, str], population: str, modalite: tuple[str, str], effectif: int, base: int
) -> dict[str, Any]:
    """One survey row; the place is (level, code, part of it), the modality (theme, modality)."""
    return {
        "millesime": 2012, "bailleur_siren": BAILLEUR, "niveau": lieu[0], "code": lieu[1], "zone": lieu[2],
        "population": population, "theme": modalite[0], "modalite": modalite[1], "effectif": effectif,
        "base": base,
    }  # fmt: skip


def _enquete(nom: str, niveau: str, code: str, part: str) -> Iterator[dict[str, Any]]:
    """The survey's rows of one published zone, for all occupants and recent movers."""
    zone = PUBLIE[nom]
    for rang, population in enumerate(("ENSEMBLE", "EMMENAGES_RECENTS")):
        base = zone["menages"][rang]
        moins_40, minima, actifs = zone["moins_40"][rang], zone["minima"][rang], 10 * zone["actifs"][rang]
        modalites = [
            ("composition", "monoparental", zone["mono"][rang], base),
            ("ressources_plus", "0-20", moins_40 // 3, base),
            ("ressources_plus", "20-40", moins_40 - moins_40 // 3, base),
            ("ressources_plus", "40-60", base - moins_40, base),
            ("minima_sociaux", "rsa", minima - minima // 4, base),
            ("minima_sociaux", "aah", minima // 4, base),
            ("activite", "emploi_stable", actifs - actifs // 5, 1000),
            ("activite", "emploi_precaire", actifs // 5, 1000),
        ]
        if population == "ENSEMBLE":
            modalites.append(("composition", "isole", zone["isoles"], base))
        for theme, modalite, effectif, total in modalites:
            yield _ops((niveau, code, part), population, (theme, modalite), effectif, total)


def _enquete_bornes() -> Iterator[dict[str, Any]]:
    for zone, (isoles, actifs) in BORNES.items():
        yield _ops(("zone", zone, "ENSEMBLE"), "ENSEMBLE", ("composition", "isole"), isoles, 1000)
        yield _ops(("zone", zone, "ENSEMBLE"), "ENSEMBLE", ("activite", "emploi_stable"), actifs, 1000)
        yield _ops(("zone", zone, "ENSEMBLE"), "ENSEMBLE", ("activite", "emploi_precaire"), 0, 1000)


def _enquete_petites() -> Iterator[dict[str, Any]]:
    """A zone below the small-cell threshold, and one whose points would give a small count back."""
    for zone, base, seuls in (("minuscule", 8, 3), ("devinable", 12, 2)):
        yield _ops(("zone", zone, "ENSEMBLE"), "ENSEMBLE", ("composition", "monoparental"), seuls, base)


def _enquete_chalon() -> Iterator[dict[str, Any]]:
    """Four criteria: 200 of 1 000 in the whole stock, 300 where it is fragile, 100 elsewhere, 200 in one."""
    places = [("commune", "71076", 200)]
    places += [
        ("residence", nom, 300 if haut else 100) for r in CHALON_2018.values() for nom, (_, haut) in r.items()
    ]
    places += [("residence", "Dans la moyenne", 200)]
    for niveau, code, n in places:
        for theme, modalite, effectif in (
            ("composition", "monoparental", n),
            ("ressources_plus", "0-20", n),
            ("ressources_plus", "20-40", 0),
            ("minima_sociaux", "rsa", n),
            ("minima_sociaux", "aah", 0),
            # A low share of workers is fragile: the mirror of the three others.
            ("activite", "emploi_stable", 400 - n),
            ("activite", "emploi_precaire", 0),
        ):
            ligne = _ops((niveau, code, "ENSEMBLE"), "ENSEMBLE", (theme, modalite), effectif, 1000)
            yield ligne | {"bailleur_siren": AUTRE_BAILLEUR}


def _chalon() -> Iterator[tuple[str, str, str | None]]:
    """Dwelling number, residence, neighbourhood."""
    numero = 0
    for qpv, residences in CHALON_2018.items():
        for residence, (nombre, _) in residences.items():
            for _ in range(nombre):
                numero += 1
                yield f"9{numero:09d}", residence, qpv
    yield "9900000000", "Dans la moyenne", None


def _residences_chalon() -> Iterator[dict[str, Any]]:
    for numero, _, qpv in _chalon():
        yield {
            "IDENT_REP": numero, "DEPCOM": "71076", "SIRET": f"{AUTRE_BAILLEUR}00010", "RS": "OPAC",
            "QPV": 1 if qpv else 2, "PLG_QP15": qpv, "TYPECONST": "C", "NBPIECE": 3, "SURFHAB": 60,
            "CONSTRUCT": 1970, "LOCAT": 1970, "FINAN": 52, "CONV": 1, "SORTIEPATRIM": None, "MODE": 1,
            "REMLOCDATE": None, "BAIL": "03/2005", "LOYERPRINC": 300, "CONTRESLOG": 7,
        }  # fmt: skip


def _noms_des_residences() -> Iterator[dict[str, Any]]:
    """The register does not name residences: the allocations made on their dwellings do."""
    for numero, residence, _ in _chalon():
        yield {
            "numero_unique": f"94000000{numero}", "date_premier_depot": "2012-01-10", "date_decision": "2013-02-10",
            "rang": 1, "issue": "refus", "date_signature_bail": None, "date_entree": None,
            "bailleur_siren": AUTRE_BAILLEUR, "bailleur_nom": "OPAC", "num_rpls": numero,
            "residence": residence, "code_commune_logement": "71076", "ressources_mensuelles": 900,
            "nb_personnes": 1, "nb_moins_14": 0,
        }  # fmt: skip


def _mutations(nom: str) -> Iterator[dict[str, Any]]:
    """Active requests of tenants, one per dwelling."""
    zone = PUBLIE[nom]
    for i in range(zone["mutation"][0]):
        yield {
            "numero_unique": f"{RANGS[nom]}{i:017d}", "date_premier_depot": "2012-05-10",
            "date_renouvellement": "2013-05-10", "statut": "active", "date_radiation": None,
            "motif_radiation": None, "commune_choix1": zone["commune"], "typologie_souhaitee": "T3",
            "num_rpls_origine": f"{RANGS[nom]}{i:09d}", "ressources_mensuelles": 900, "nb_personnes": 1,
            "nb_moins_14": 0, "mutation": True,
        }  # fmt: skip


# Dwellings of 2022: number, neighbourhood, rooms, area, rent, funding, first let, mode, lease, landlord.
PARC_2022: list[tuple[str, str | None, int, int, int | None, str, int, int, str | None, str]] = [
    *[(f"P{i:09d}", None, 2, 45, 280, "13", 1990, 1, "03/2010", BAILLEUR) for i in range(12)],
    *[(f"Q{i:09d}", None, 3, 65, 520, "14", 1990, 1, "05/2021", AUTRE_BAILLEUR) for i in range(20)],
    *[(f"R{i:09d}", "QP021003", 4, 80, 330, "52", 1970, 1, "03/2010", BAILLEUR) for i in range(30)],
    *[(f"S{i:09d}", None, 2, 45, 240, "11", 2021, 1, "06/2021", TIERS_BAILLEUR) for i in range(5)],
    *[(f"T{i:09d}", None, 3, 65, None, "13", 1990, 3, None, BAILLEUR) for i in range(3)],
    *[(f"U{i:09d}", None, 5, 95, None, "13", 1990, 1, "03/2010", BAILLEUR) for i in range(2)],
]
SEUIL_2021 = 9000


def _ecrire_parc(depot: Depot) -> None:
    depot.ecrire(
        "referentiels/seuils_q1.csv", [{"annee": 2021, "portee": "epci", "code": DIJON, "seuil": SEUIL_2021}]
    )
    depot.ecrire(
        "rpls/2022/rpls_loi_2022.csv",
        (
            {
                "IDENT_REP": numero, "DEPCOM": "21231", "SIRET": f"{siren}00010", "RS": siren,
                "QPV": 1 if qpv else 2, "PLG_QP15": qpv, "TYPECONST": "C", "NBPIECE": pieces,
                "SURFHAB": surface, "CONSTRUCT": mise, "LOCAT": mise, "FINAN": financement, "CONV": 1,
                "SORTIEPATRIM": None, "MODE": mode, "REMLOCDATE": None, "BAIL": bail,
                "LOYERPRINC": loyer, "CONTRESLOG": 7,
            }
            for numero, qpv, pieces, surface, loyer, financement, mise, mode, bail, siren in PARC_2022
        ),
    )  # fmt: skip
    depot.ecrire("sne/2021/attributions_2021.csv", _baux_2021())
    depot.ecrire("sne/2021/demandes_2021.csv", _demandes_2021())
    depot.ecrire(
        "filosofi/2021/filosofi_qpv_2021.csv",
        [
            {
                "code": "QP021003",
                "revenu_median": 13210.0,
                "taux_pauvrete": 41.2,
                "annee": 2020,
                "nom_qp": "FO",
            },
            {
                "code": "QP021003",
                "revenu_median": 13500.0,
                "taux_pauvrete": 40.1,
                "annee": 2021,
                "nom_qp": "FO",
            },
        ],
    )


def _menage(i: int, mensuel: int, personnes: int = 1, **autres: Any) -> dict[str, Any]:
    return {
        "ressources_mensuelles": mensuel, "nb_personnes": personnes, "nb_moins_14": 0, "composition": "isole",
        "age": 30 + i, "situation_pro": "cdi", "situation_logement": "locataire_parc_prive",
        "code_commune_origine": "21231", "mutation": False, "bailleur_origine_siren": None, "dalo": False,
        "pdalhpd": False, "priorite_l441_1": None, "relogement": None, "travailleur_essentiel": False,
        **autres,
    }  # fmt: skip


def _bail(i: int, numero: str, siren: str, loyer: int, menage: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "numero_unique": f"91{i:016d}", "date_premier_depot": "2019-05-10", "date_decision": "2021-04-10",
        "rang": 1, "issue": "attribue", "date_signature_bail": "2021-05-10", "date_entree": "2021-06-01",
        "bailleur_siren": siren, "bailleur_nom": siren, "reservataire": "7", "num_rpls": numero,
        "residence": None,
        "code_commune_logement": "21231", "qpv_declare": False, "code_qpv": None, "typologie": "T3",
        "financement": "PLUS", "surface": 65, "loyer": loyer, "neuf": False, **menage,
    }  # fmt: skip


def _baux_2021() -> Iterator[dict[str, Any]]:
    """20 leases on dear dwellings (12 mutations, 11 of known origin), 5 on new PLAI to the first quartile."""
    for i in range(20):
        mutation = i < 12
        yield _bail(
            i, f"Q{i:09d}", AUTRE_BAILLEUR, 520,
            _menage(
                i, 2000, mutation=mutation, bailleur_origine_siren=BAILLEUR if mutation else None,
                relogement="npnru" if i < 11 else None,
                situation_logement="locataire_hlm" if mutation else "heberge_tiers",
            ),
        )  # fmt: skip
    for i in range(5):
        yield _bail(100 + i, f"S{i:09d}", TIERS_BAILLEUR, 240, _menage(i, 500))


def _demandes_2021() -> Iterator[dict[str, Any]]:
    """11 requests telling where rehoused households came from (4 rooms for one person), 40 first requests."""
    for i in range(11):
        yield _demande(
            f"91{i:016d}", "2019-05-10", "R", i,
            _menage(
                i, 2000, mutation=True, bailleur_origine_siren=BAILLEUR, situation_logement="locataire_hlm"
            ),
            radiation="2021-05-10",
        )  # fmt: skip
    for i in range(15):
        yield _demande(
            f"92{i:016d}", "2015-05-10", "R", i,
            _menage(i, 900, personnes=1 if i < 12 else 8, mutation=True, situation_logement="locataire_hlm"),
        )  # fmt: skip
    for i in range(40):
        yield _demande(f"93{i:016d}", "2020-05-10", None, i, _menage(i, 900))


def _demande(
    numero: str,
    depot: str,
    lettre: str | None,
    i: int,
    menage: Mapping[str, Any],
    *,
    radiation: str | None = None,
) -> dict[str, Any]:
    return {
        "numero_unique": numero, "date_premier_depot": depot, "date_renouvellement": "2021-05-10",
        "statut": "radiee" if radiation else "active", "date_radiation": radiation,
        "motif_radiation": "attribution" if radiation else None, "commune_choix1": "21231",
        "typologie_souhaitee": "T2", "num_rpls_origine": f"{lettre}{i:09d}" if lettre else None, **menage,
    }  # fmt: skip
