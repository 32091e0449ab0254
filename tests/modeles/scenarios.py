"""The territories of the tests and their rows, one function each: a rule is seen from both of its sides.

Every EPCI and commune is invented, or a real commune in an invented EPCI. Only rows belong here; what they
must give is in the tests.
"""

from collections.abc import Iterator
from datetime import date, timedelta
from itertools import count
from typing import Any

from tests.modeles.magasin import AU_DESSUS, AU_SEUIL, SEUIL, SOUS_LE_SEUIL, Ligne, Sources

PUBLIE = "990000001"
ARRONDI = "990000002"
OBJECTIFS = "990000003"
DEFAUT = "990000004"
AUTRE = "990000005"
GEO = "990000006"
LYON = "990000007"
DEMANDE = "990000008"
PARC = "990000009"
VIDE = "990000010"
NOMME = "990000011"
VOISIN = "990000012"
ABSENCES = "990000014"
A_LA_BORNE = "990000013"
SOUS_LA_BORNE = "990000015"
CONTREDIT = "990000016"

COMMUNES = {
    PUBLIE: ["71901"], ARRONDI: ["71902"], OBJECTIFS: ["71903"], DEFAUT: ["71904"], AUTRE: ["71905"],
    GEO: ["71906", "39906"], LYON: ["69123"], DEMANDE: ["71908"], PARC: ["71909"], VIDE: ["71910"],
    NOMME: ["71911"], VOISIN: ["71912"], ABSENCES: ["71914", "71915"],
    A_LA_BORNE: ["71913"], SOUS_LA_BORNE: ["71917"], CONTREDIT: ["71918"],
}  # fmt: skip
NOMS = {siren: f"Territoire {siren[-2:]}" for siren in COMMUNES}
BAILLEUR, AUTRE_BAILLEUR, BAILLEUR_SANS_OBJET = "911000001", "911000002", "911000003"
VERT, VIOLET, OFFICE, ABSORBANT, ABSORBE = "913000001", "913000002", "914000001", "915000001", "915000002"
QPV_2015, QPV_2024 = "QP071991", "QN07191M"

_numeros = count(1)


def bail(commune: str, signe: date, **valeurs: Any) -> dict[str, Any]:
    """A candidate of rank 1 who was granted the dwelling and signed, outside priority neighbourhoods."""
    numero = next(_numeros)
    return {
        "millesime": signe.year, "demandeur_id": f"d{numero}",
        "date_premier_depot": date(signe.year - 1, 1, 15), "date_decision": date(signe.year, 1, 10),
        "rang": 1, "issue": "attribue", "date_signature_bail": signe, "bailleur_siren": BAILLEUR,
        "reservataire": "7", "num_rpls": f"B{numero}", "code_commune_logement": commune,
        "qpv_declare": False, "typologie": "T3", "ressources_mensuelles": AU_DESSUS, "nb_uc": 1,
        "nb_personnes": 1, "nb_moins_14": 0, "composition": "isole", "mutation": False, "dalo": False,
        "pdalhpd": False, "travailleur_essentiel": False, **valeurs,
    }  # fmt: skip


def demande(commune: str, depot: date, millesime: int = 2021, **valeurs: Any) -> dict[str, Any]:
    """An active request."""
    return {
        "millesime": millesime, "date_extraction": date(millesime, 12, 31),
        "demandeur_id": f"q{next(_numeros)}", "date_premier_depot": depot,
        "statut": "active", "commune_choix1": commune, "ressources_mensuelles": AU_DESSUS, "nb_uc": 1,
        "nb_personnes": 1, "nb_moins_14": 0, "typologie_souhaitee": "T3", "composition": "isole",
        "mutation": False, **valeurs,
    }  # fmt: skip


def logement(commune: str, ident: str, millesime: int = 2022, **valeurs: Any) -> dict[str, Any]:
    """A dwelling of the register, let for years, outside priority neighbourhoods."""
    return {
        "millesime": millesime, "ident_rep": ident, "siren_bailleur": BAILLEUR, "nom_bailleur": "Bailleur",
        "code_commune": commune, "qpv_declare": False, "type_construction": "C", "nb_pieces": 3,
        "surface_habitable": 60, "annee_construction": 1980, "annee_location": 1980, "financement": "13",
        "mode": "1", "date_bail": date(2015, 1, 1), "loyer_principal": 360, "disposition": "loi",
        "_fichier": f"{commune}.csv", **valeurs,
    }  # fmt: skip


def remplir(sources: Sources) -> None:
    """Write every territory."""
    _geographie(sources)
    _publie(sources)
    _objectifs(sources)
    for epci in (DEFAUT, AUTRE):
        commune = COMMUNES[epci][0]
        sources.remplir(
            "sne_attributions", [*_quartiles(commune), *_evenements(commune), *_priorites(commune)]
        )
        sources.remplir("sne_attributions", _generations(commune))
        sources.remplir("rpls_logements", _logements_des_generations(commune))
        sources.remplir("sne_demandes", _demandes_aux_bornes(commune))
    sources.regler(
        AUTRE, inconnus_au_denominateur="inclus", egalite_seuil="q1", releves_qpv="toujours",
        generation_qpv="2015", base_bailleur_prioritaires="toutes", evenement_prioritaires="bail_signe",
        territoire_demande="tous_choix", evenement_hors_qpv="prononcee",
    )  # fmt: skip
    _lieux(sources)
    _tension(sources)
    _bailleurs(sources)
    _parc(sources)
    _appariements(sources)
    _occupation(sources)
    _revenus(sources)
    _absences(sources)
    _totaux_officiels(sources)


def _appariements(sources: Sources) -> None:
    """Forty leases of dwellings of which the register knows thirty-two, then thirty-one."""
    for epci, connus in ((A_LA_BORNE, 32), (SOUS_LA_BORNE, 31)):
        commune = COMMUNES[epci][0]
        baux = [bail(commune, date(2021, 5, 1), num_rpls=f"{commune}{i:05d}") for i in range(40)]
        sources.remplir("sne_attributions", baux)
        sources.remplir(
            "rpls_logements",
            [logement(commune, str(b["num_rpls"]), date_bail=date(2021, 5, 1)) for b in baux[:connus]],
        )


def _geographie(sources: Sources) -> None:
    membres = [(siren, commune) for siren, communes in COMMUNES.items() for commune in communes]
    sources.remplir(
        "geo_epci_membres",
        (
            {
                "millesime": 2021,
                "epci_siren": siren,
                "epci_nom": NOMS[siren],
                "code_commune": commune,
                "nom_commune": commune,
            }
            for siren, commune in membres
        ),
    )
    sources.remplir(
        "geo_communes",
        (
            {
                "millesime": 2021, "code_commune": commune, "nom": f"Commune {commune}",
                "type_commune": "COM",
                "departement": commune[:2], "region": "84" if commune[:2] == "69" else "27",
            }
            for _, commune in membres
        ),
    )  # fmt: skip
    sources.remplir(
        "geo_passage", [{"millesime": 2021, "code_commune_historique": "71916", "code_commune": "71906"}]
    )
    sources.remplir(
        "ref_seuils_q1",
        (
            {"millesime": annee, "annee": annee, "portee": "epci", "code": siren, "seuil": SEUIL}
            for siren in COMMUNES
            for annee in range(2020, 2025)
            # One territory has the order of one year only.
            if siren != ABSENCES or annee == 2021
        ),
    )
    # One neighbourhood of each generation over five communes, in five territories.
    sources.remplir(
        "qpv_communes",
        (
            {
                "millesime": 2024,
                "generation": generation,
                "code_qpv": code,
                "libelle": "Quartier",
                "code_commune": commune,
            }
            for generation, code in ((2015, QPV_2015), (2024, QPV_2024))
            for commune in ("71901", "71903", "71904", "71905", "71914")
        ),
    )


def _publie(sources: Sources) -> None:
    """82 first-quartile leases of 681 outside priority neighbourhoods: Grand Chalon, 2021."""
    for epci, arrondi in ((PUBLIE, "superieur"), (ARRONDI, "inferieur")):
        commune = COMMUNES[epci][0]
        sources.remplir(
            "sne_attributions",
            (
                bail(
                    commune,
                    date(2021, 1 + i % 12, 15),
                    ressources_mensuelles=SOUS_LE_SEUIL if i < 82 else AU_DESSUS,
                    bailleur_siren=BAILLEUR if i < 400 else AUTRE_BAILLEUR,
                )
                for i in range(681)
            ),
        )
        sources.regler(epci, arrondi_manque=arrondi)
        for axe in ("epci", "bailleur"):
            sources.viser(epci, "hors_qpv_q1", axe, cible=25.0)
    # In priority neighbourhoods: one landlord on target, one without objective, one that reaches nothing.
    for bailleur, ressources in (
        (BAILLEUR, AU_DESSUS),
        (BAILLEUR_SANS_OBJET, SOUS_LE_SEUIL),
        (AUTRE_BAILLEUR, SOUS_LE_SEUIL),
    ):
        sources.remplir(
            "sne_attributions",
            (
                bail(
                    "71901",
                    date(2021, 3, 1),
                    code_qpv=QPV_2015,
                    bailleur_siren=bailleur,
                    ressources_mensuelles=ressources,
                )
                for _ in range(2)
            ),
        )
    sources.viser(PUBLIE, "qpv_q234", "bailleur", cible=50.0)
    sources.viser(
        PUBLIE, "qpv_q234", "bailleur", objectif="sans_objet", modalite=BAILLEUR_SANS_OBJET,
        statut="sans_objet", operateur=None,
    )  # fmt: skip


def _objectifs(sources: Sources) -> None:
    """A cap, a floor at the year before, a share to approach; each at its bound and past it."""
    baux: list[Ligne] = []
    # Year: leases, < 40 % PLUS, DALO, mutations; then active requests and those of tenants.
    plan = {
        2020: (4, 1, 1, 1),
        2021: (10, 4, 3, 3),
        2022: (10, 5, 2, 3),
        2023: (10, 4, 2, 3),
        2024: (6, 2, 1, 4),
    }
    for annee, (total, pauvres, dalo, mutations) in plan.items():
        baux += (
            bail(
                "71903",
                date(annee, 5, 2),
                pct_plafond_plus=39.99 if i < pauvres else 40,
                dalo=i < dalo,
                mutation=i < mutations,
                code_qpv=QPV_2015 if annee < 2024 else QPV_2024,
            )
            for i in range(total)
        )
    sources.remplir("sne_attributions", baux)
    for annee, (total, mutations) in {2021: (3, 1), 2022: (10, 3), 2024: (3, 2)}.items():
        sources.remplir(
            "sne_demandes",
            (demande("71903", date(annee, 2, 1), annee, mutation=i < mutations) for i in range(total)),
        )
    sources.viser(OBJECTIFS, "bas_revenus", operateur="<=", cible=40.0)
    sources.viser(OBJECTIFS, "dalo", operateur=">=N-1")
    sources.viser(OBJECTIFS, "qpv_q234", operateur=">=N-1")
    sources.viser(
        OBJECTIFS, "mutations", operateur="approche", cible_indicateur="part_mutations_demande", cible=10.0
    )
    # In force one year only.
    sources.viser(OBJECTIFS, "prioritaires", cible=25.0, debut=date(2021, 1, 1), fin=date(2021, 12, 31))


def _quartiles(commune: str) -> Iterator[Ligne]:
    """Ten leases outside priority neighbourhoods and five inside, whose quartile is told or not."""
    jour = date(2021, 6, 1)
    hors: list[dict[str, Any]] = [
        {"ressources_mensuelles": SOUS_LE_SEUIL},
        {"ressources_mensuelles": AU_DESSUS},
        {"ressources_mensuelles": AU_SEUIL},
        {"ressources_mensuelles": None},
        {"ressources_mensuelles": 0},
        {"ressources_mensuelles": None, "relogement": "npnru"},
        # Rehoused for an operation that the objective does not count.
        {"ressources_mensuelles": None, "relogement": "autre"},
        # The declared consumption units win over the household's size.
        {"ressources_mensuelles": 2 * SOUS_LE_SEUIL, "nb_uc": 2, "nb_personnes": 1},
        # 1 + 0.5 + 0.3 units: 15 600 euros a year are 8 666 a unit.
        {"ressources_mensuelles": 1300, "nb_uc": None, "nb_personnes": 3, "nb_moins_14": 1},
        # Two persons, how many children unknown: no units, no quartile.
        {"ressources_mensuelles": SOUS_LE_SEUIL, "nb_uc": None, "nb_personnes": 2, "nb_moins_14": None},
    ]
    yield from (
        bail(commune, jour, bailleur_siren=AUTRE_BAILLEUR, reservataire="2", **valeurs) for valeurs in hors
    )
    dedans: list[dict[str, Any]] = [
        {"ressources_mensuelles": AU_DESSUS},
        {"ressources_mensuelles": SOUS_LE_SEUIL},
        {"ressources_mensuelles": SOUS_LE_SEUIL, "relogement": "orcod"},
        {"ressources_mensuelles": None, "relogement": "npnru"},
        {"ressources_mensuelles": AU_DESSUS, "relogement": "npnru"},
    ]
    yield from (
        bail(
            commune,
            jour,
            bailleur_siren=AUTRE_BAILLEUR,
            reservataire="2",
            code_qpv=QPV_2015,
            qpv_declare=True,
            **valeurs,
        )
        for valeurs in dedans
    )


def _evenements(commune: str) -> Iterator[Ligne]:
    """Commissions that rank several candidates, and a lease of January decided in December."""
    jour = date(2022, 3, 3)
    commissions: dict[str, list[tuple[int, str]]] = {
        "retraits": [(1, "refus"), (2, "desistement"), (3, "attribue")],
        "premier": [(1, "attribue"), (2, "attribue")],
        "radie": [(1, "radie"), (2, "attribue")],
        "refus_commission": [(1, "non_attribue"), (2, "attribue")],
    }
    for nom, rangs in commissions.items():
        for rang, issue in rangs:
            yield bail(
                commune, jour, date_decision=jour, date_signature_bail=None, num_rpls=f"{commune}-{nom}",
                rang=rang, issue=issue, bailleur_siren="911000004",
            )  # fmt: skip
    # Two dwellings without a number, that nothing else tells apart, granted the same day.
    for _ in range(2):
        yield bail(
            commune,
            jour,
            date_decision=jour,
            date_signature_bail=None,
            num_rpls=None,
            bailleur_siren="911000005",
        )
    yield bail(
        commune, date(2023, 1, 12), date_decision=date(2022, 12, 20), millesime=2022, dalo=True,
        reservataire="3", bailleur_siren="911000006",
    )  # fmt: skip


def _priorites(commune: str) -> Iterator[Ligne]:
    """Leases of 2020 on two holders' rights: several grounds at once, one alone, none, unknown."""
    jour = date(2020, 9, 1)
    for reservataire, titres in (
        ("7", {"dalo": True, "pdalhpd": True, "priorite_l441_1": True}),
        ("7", {}),
        ("7", {"dalo": None, "pdalhpd": None}),
        ("2", {"priorite_l441_1": True}),
        ("2", {"dalo": True, "travailleur_essentiel": True}),
    ):
        yield bail(commune, jour, reservataire=reservataire, bailleur_siren="911000007", **titres)


def _generations(commune: str) -> Iterator[Ligne]:
    """Leases on each side of the change of generation, on a dwelling that each one holds."""
    for ident in ("ancien", "nouveau"):
        for jour in (date(2023, 12, 31), date(2024, 1, 1)):
            yield bail(
                commune, jour, date_decision=date(2023, 12, 1), num_rpls=f"{commune}-{ident}",
                qpv_declare=None, bailleur_siren="911000008",
            )  # fmt: skip


def _logements_des_generations(commune: str) -> Iterator[Ligne]:
    yield logement(commune, f"{commune}-ancien", 2024, code_qpv_2015=QPV_2015)
    yield logement(commune, f"{commune}-nouveau", 2024, code_qpv_2024=QPV_2024)


def _demandes_aux_bornes(commune: str) -> Iterator[Ligne]:
    """Requests around 31 December 2022, each for one household; four of the nine are active that day."""
    ailleurs = "71910"
    yield demande(commune, date(2022, 12, 31), 2022)
    yield demande(commune, date(2023, 1, 1), 2022)
    yield demande(commune, date(2022, 5, 1), 2022, statut="radiee", date_radiation=date(2022, 12, 31))
    yield demande(commune, date(2022, 5, 1), 2022, statut="radiee", date_radiation=date(2023, 1, 1))
    # Struck off, nobody knows when.
    yield demande(commune, date(2022, 5, 1), 2022, statut="radiee")
    yield demande(commune, date(2022, 5, 1), 2022, mutation=True, code_commune_origine=commune)
    # Nothing says that it is active.
    yield demande(commune, date(2022, 5, 1), 2022, statut=None, mutation=True, code_commune_origine=commune)
    yield demande(
        commune,
        date(2022, 5, 1),
        2022,
        ressources_mensuelles=None,
        mutation=None,
        code_commune_origine=ailleurs,
    )
    # Wants this territory second; and twice, which counts once.
    yield demande(ailleurs, date(2022, 5, 1), 2022, commune_choix2=commune)
    yield demande(ailleurs, date(2022, 5, 1), 2022, commune_choix2=commune, commune_choix3=commune)


def _lieux(sources: Sources) -> None:
    """A zone assimilated for a year, a watched one, a merged commune, two départements; Lyon."""
    zones = (
        ("promelles", "assimile", "Promelles", date(2021, 7, 1), date(2022, 6, 30)),
        ("veille", "qva", "Veille", None, None),
    )
    sources.remplir(
        "zones_locales",
        (
            {
                "millesime": 2021, "epci_siren": GEO, "zone": zone, "type_zone": type_zone, "nom": nom,
                "critere": "residence", "valeur": nom, "debut": debut, "fin": fin,
            }
            for zone, type_zone, nom, debut, fin in zones
        ),
    )  # fmt: skip
    sources.remplir(
        "zones_locales",
        (
            {
                "millesime": 2021, "epci_siren": GEO, "zone": "secteur", "type_zone": "sous_secteur",
                "nom": "Secteur", "critere": "commune", "valeur": commune,
            }
            for commune in ("71906", "39906", "71916")
        ),
    )  # fmt: skip
    for jour in (date(2021, 6, 30), date(2021, 7, 1), date(2022, 6, 30), date(2022, 7, 1)):
        sources.remplir("sne_attributions", [bail("71906", jour, residence="Promelles", date_decision=jour)])
    sources.remplir("sne_attributions", [bail("71906", date(2021, 7, 1), residence="Veille")])
    sources.remplir("sne_attributions", [bail("71916", date(2020, 4, 1)), bail("39906", date(2020, 4, 1))])
    arrondissements = ("69381", "69382", "69123")
    sources.remplir("sne_attributions", (bail(commune, date(2021, 4, 1)) for commune in arrondissements))
    sources.remplir("sne_demandes", (demande(commune, date(2021, 4, 1)) for commune in arrondissements))
    sources.remplir("rpls_logements", (logement(commune, f"L{commune}") for commune in arrondissements))


def _tension(sources: Sources) -> None:
    """20 426 requests for 2 741 leases: Grand Paris Sud, 2021; requests alone the year after."""
    sources.remplir("sne_demandes", (demande("71908", date(2021, 3, 1)) for _ in range(20426)))
    sources.remplir("sne_attributions", (bail("71908", date(2021, 1 + i % 12, 8)) for i in range(2741)))
    sources.remplir("sne_demandes", (demande("71908", date(2022, 3, 1), 2022) for _ in range(5)))


def _bailleurs(sources: Sources) -> None:
    """Landlords known by a name, which two conventions do not read alike, and a merger."""
    for epci, siren, nom, alias in (
        (NOMME, VERT, "Habitat Vert", "HV"),
        (VOISIN, VIOLET, "Habitat Violet", "HV"),
        (VOISIN, VIOLET, "Habitat Violet", "Office commun"),
    ):
        sources.con.execute(
            "insert into sources.convention_bailleurs values (?, ?, ?, ?)", [epci, siren, nom, alias]
        )
    sources.remplir(
        "ref_bailleurs",
        (
            {"millesime": 2021, "siren": OFFICE, "nom": "Office commun"},
            {"millesime": 2021, "siren": ABSORBE, "nom": "Ancien office"},
            {"millesime": 2021, "siren": ABSORBANT, "nom": "Grand office", "alias": ABSORBE},
        ),
    )
    for epci in (NOMME, VOISIN):
        commune = COMMUNES[epci][0]
        noms = ("h. v.", "Habitat vert", "Habitat Violet", "OFFICE COMMUN", "Ancien office", "Inconnu")
        sources.remplir(
            "sne_attributions",
            [bail(commune, date(2021, 5, 3), bailleur_siren=None, bailleur_nom=nom) for nom in noms],
        )
    # A name typed beside the wrong number takes nothing from the landlord whose name it is.
    sources.remplir(
        "sne_attributions",
        [bail(COMMUNES[NOMME][0], date(2021, 5, 3), bailleur_siren=ABSORBE, bailleur_nom="Office commun")],
    )
    depart = {"mutation": True, "bailleur_nom": "Grand office"}
    sources.remplir(
        "sne_attributions",
        [
            bail(COMMUNES[NOMME][0], date(2021, 6, 1), bailleur_siren=siren, bailleur_origine_siren=origine, **depart)
            for siren, origine in (
                (ABSORBANT, ABSORBE), (None, ABSORBANT), (ABSORBANT, OFFICE), (ABSORBANT, None),
            )
        ]
        + [
            bail(
                COMMUNES[NOMME][0], date(2021, 6, 1), bailleur_siren=None, bailleur_nom="Inconnu",
                mutation=True, bailleur_origine_siren=OFFICE,
            ),
        ],
    )  # fmt: skip


def _parc(sources: Sources) -> None:
    """The register of 1 January 2022, each dwelling on one side of a bound."""
    vacant = {"mode": "2", "date_bail": None, "loyer_principal": None}
    plan: dict[str, dict[str, Any]] = {
        # Vacant for more than three months: offered before 1 October.
        "long": {**vacant, "date_remise_location": date(2021, 9, 1)},
        "trois_mois": {**vacant, "date_remise_location": date(2021, 10, 1)},
        "sans_date": {**vacant, "date_remise_location": None},
        "travaux": {**vacant, "mode": "3", "date_remise_location": date(2019, 1, 1)},
        # Moved in since 1 January 2021, in a dwelling let before that year.
        "emmenage": {"date_bail": date(2021, 1, 1)},
        "installe": {"date_bail": date(2020, 12, 1)},
        "neuf": {"date_bail": date(2021, 6, 1), "annee_location": 2021},
        "dernier_ancien": {"date_bail": date(2021, 6, 1), "annee_location": 2020},
        # Out of the stock.
        "vendu": {"sortie_patrimoine": "1", "date_bail": date(2021, 6, 1)},
        "sorti": {"mode": "9", "date_bail": None},
        # Rents: 10 €/m² on 40 m² and 5 €/m² on 60 m².
        "cher": {"loyer_principal": 400, "surface_habitable": 40, "nb_pieces": 1, "qpv_declare": True},
        "peu_cher": {"loyer_principal": 300, "surface_habitable": 60, "nb_pieces": 1, "qpv_declare": None},
        "sans_loyer": {"loyer_principal": None, "nb_pieces": 1},
    }
    sources.remplir(
        "rpls_logements", (logement("71909", f"P-{nom}", **valeurs) for nom, valeurs in plan.items())
    )


def _occupation(sources: Sources) -> None:
    """Two landlords, one of which hides its single parents."""

    def ligne(bailleur: str, theme: str, modalite: str, effectif: int | None, **valeurs: Any) -> Ligne:
        return {
            "millesime": 2020, "bailleur_siren": bailleur, "niveau": "commune", "code": "71909",
            "zone": "ENSEMBLE", "population": "ENSEMBLE", "theme": theme, "modalite": modalite,
            "effectif": effectif, "base": 100 if effectif is not None else None,
            "nb_logements_enquetes": 120, "nb_menages_repondants": 100,
            "statut": "publie" if effectif is not None else "secret", **valeurs,
        }  # fmt: skip

    sources.remplir(
        "ops_occupation",
        [
            ligne(BAILLEUR, "composition", "monoparental", 30),
            ligne(BAILLEUR, "composition", "isole", 0),
            ligne(BAILLEUR, "ressources_plus", "0-20", 10),
            ligne(BAILLEUR, "ressources_plus", "20-40", None),
            ligne(BAILLEUR, "activite", "emploi_stable", 40),
            ligne(BAILLEUR, "activite", "emploi_precaire", 10),
            ligne(AUTRE_BAILLEUR, "composition", "monoparental", None),
        ],
    )


def _revenus(sources: Sources) -> None:
    """Published, secret, not significant; and a commune that is now two of the file's."""

    def ligne(
        code: str, valeur: float | None, statut: str, concept: str = "disponible", **valeurs: Any
    ) -> Ligne:
        return {
            "millesime": 2021, "niveau": "commune", "code": code, "geographie": "cog", "concept": concept,
            "mesure": "revenu_median", "valeur": valeur, "statut": statut, **valeurs,
        }  # fmt: skip

    sources.remplir(
        "filosofi",
        [
            ligne("71909", 18000, "publie"),
            ligne("71909", 17500, "publie", concept="declare"),
            ligne("71909", None, "secret", mesure="taux_pauvrete"),
            ligne("71908", None, "non_significatif"),
            ligne("71906", 20000, "publie"),
            ligne("71916", 22000, "publie"),
            ligne("71910", None, "sans_objet"),
        ],
    )


def _totaux_officiels(sources: Sources) -> None:
    """What producers publish of territories whose rows are held: on each side of what is allowed, in unit and in %."""
    sources.remplir(
        "rpls_agregats",
        (
            {"millesime": 2022, "niveau": "commune", "code": "71909", **valeurs}
            for valeurs in (
                {"mesure": "logements", "valeur": 17, "statut": "publie"},
                {"mesure": "taux_vacance", "valeur": None, "statut": "secret"},
            )
        ),
    )
    demande_publiee = {"millesime": 2021, "niveau": "epci", "code": DEMANDE, "statut": "publie"}
    sources.remplir(
        "sne_agregats",
        (
            {**demande_publiee, **valeurs}
            for valeurs in (
                {"mesure": "demandes_choix1", "valeur": 20426},
                {"mesure": "attributions", "valeur": 2800},
                # A share of one, where the indicator is in %.
                {"mesure": "part_anciennete_5ans_plus", "valeur": 0},
            )
        ),
    )
    total = {"annee": 2022, "niveau": "epci", "code": PARC, "mesure": "logements"}
    sources.remplir(
        "ref_totaux_officiels",
        [
            # Five dwellings of sixteen are allowed, whatever the share; one more is not.
            {**total, "valeur": 16, "producteur": "DDT", "page": "p. 3", "publie_le": date(2023, 2, 1)},
            {**total, "valeur": 5, "producteur": "Autre"},
            {
                **total,
                "code": DEMANDE,
                "annee": 2021,
                "mesure": "demandes_choix1",
                "valeur": 20800,
                "producteur": "DDT",
            },
            {
                **total,
                "code": DEMANDE,
                "annee": 2021,
                "mesure": "demandes_choix1",
                "valeur": 20850,
                "producteur": "Autre",
            },
            {**total, "code": VIDE, "valeur": 12, "producteur": "DDT"},
            # Of a territory that is not covered.
            {**total, "code": "990000099", "valeur": 12, "producteur": "DDT"},
            {
                **total,
                "niveau": "commune",
                "code": "71909",
                "annee": 2021,
                "mesure": "revenu_median",
                "valeur": 18000,
                "producteur": "Insee",
            },
        ],
    )


def _absences(sources: Sources) -> None:
    """What is not said: columns that an export lacks, thresholds, origins, rooms; and what cannot be true."""
    commune, voisine = COMMUNES[ABSENCES]
    sources.viser(ABSENCES, "hors_qpv_q1", cible=25.0)
    sans_titres = {"champs_absents": ",pdalhpd,priorite_l441_1,", "pdalhpd": None}
    # Fifteen of sixty recognised under the right to housing, in an export that has no other ground; two small dwellings.
    sources.remplir(
        "sne_attributions",
        (
            bail(
                commune, date(2021, 3, 1), dalo=i < 15, typologie="T2" if i < 2 else "T3",
                composition=None if i < 13 else "isole", **sans_titres,
            )
            for i in range(60)
        ),
    )  # fmt: skip
    # One unknown of five is at the bound, one of four above it.
    for annee, total in ((2022, 5), (2023, 4)):
        sources.remplir(
            "sne_attributions",
            (
                bail(
                    commune, date(annee, 3, 1), mutation=None if i == 0 else i == 1,
                    relogement="npnru" if i == 2 else None, champs_absents=",date_entree,",
                )
                for i in range(total)
            ),
        )  # fmt: skip
    origines = [commune, voisine, "71999", "75056", None]
    depots = [date(2020, 12, 31), date(2021, 1, 1), date(2021, 1, 1), date(2021, 1, 1), date(2021, 1, 1)]
    sources.remplir(
        "sne_demandes",
        (
            demande(
                commune, depot, typologie_souhaitee="T2", code_commune_origine=origine,
                ressources_mensuelles=100 * (i + 1), composition="couple",
            )
            for i, (origine, depot) in enumerate(zip(origines, depots, strict=True))
        ),
    )  # fmt: skip
    sources.remplir(
        "sne_demandes", [demande(commune, date(2021, 1, 1), typologie_souhaitee="T2", composition="couple")]
    )
    sources.remplir(
        "sne_demandes", (demande(commune, date(2021, 1, 1), typologie_souhaitee="T1") for _ in range(3))
    )
    _residences(sources, commune, voisine)
    # Codes of neighbourhoods: of no list, of another commune; then outcomes that a signed lease contradicts.
    jour = date(2020, 5, 4)
    sources.remplir(
        "sne_attributions",
        [
            bail(commune, jour, code_qpv="QP071999", qpv_declare=True, num_rpls="QPV-1"),
            bail(voisine, jour, code_qpv=QPV_2015, qpv_declare=False, num_rpls="QPV-2"),
            bail(commune, jour, code_qpv=QPV_2015, qpv_declare=False, num_rpls="QPV-3"),
            bail(commune, jour, issue="refus", num_rpls="REFUS"),
            bail(commune, jour, date_decision=jour, num_rpls="RANGS", date_signature_bail=None),
            bail(commune, jour, date_decision=jour, num_rpls="RANGS", rang=2),
        ],
    )
    # Thirty days between two leases of a person, and thirty-one; active, and struck off at the extraction.
    ailleurs = COMMUNES[CONTREDIT][0]
    sources.remplir(
        "sne_attributions",
        (
            bail(ailleurs, signe, demandeur_id=personne)
            for personne, fin in (("proche", date(2020, 5, 31)), ("loin", date(2020, 6, 1)))
            for signe in (date(2020, 5, 1), fin)
        ),
    )
    # One dwelling signed by two persons; one person examined twice for one, at thirty days, then at thirty-one.
    sources.remplir(
        "sne_attributions", [bail(ailleurs, date(2020, 7, 1), num_rpls="COTITULAIRES") for _ in range(2)]
    )
    sources.remplir(
        "sne_attributions",
        (
            bail(
                ailleurs, date(2020, 9, 1), demandeur_id=f"revu{jours}", num_rpls=f"REVU{jours}", date_decision=decision,
                date_signature_bail=None,
            )
            for jours in (30, 31)
            for decision in (date(2020, 8, 1), date(2020, 8, 1) + timedelta(days=jours))
        ),
    )  # fmt: skip
    sources.remplir("sne_demandes", [demande(ailleurs, date(2021, 1, 1), date_radiation=date(2021, 12, 31))])


def _residences(sources: Sources, commune: str, voisine: str) -> None:
    """Residences of the register: three dwellings, one of which is let; a group over two communes; a local list."""
    tilleuls = {"libelle_segment_patrimoine": "Les Tilleuls"}
    sources.remplir(
        "rpls_logements",
        [
            logement(commune, "R-1", date_bail=date(2021, 6, 1), **tilleuls),
            logement(commune, "R-2", **tilleuls),
            logement(commune, "R-3", nb_pieces=None, **tilleuls),
            logement(commune, "R-4", libelle_segment_patrimoine="Agence Nord"),
            logement(voisine, "R-5", libelle_segment_patrimoine="Agence Nord"),
            logement(voisine, "R-6", libelle_segment_patrimoine="Agence Nord"),
            # The same name at another landlord's.
            logement(commune, "R-7", libelle_segment_patrimoine="Les Lilas"),
            logement(commune, "R-8", libelle_segment_patrimoine="les lilas", siren_bailleur=AUTRE_BAILLEUR),
            # A code stands for a name that is not given.
            logement(commune, "R-9", code_segment_patrimoine="GR7"),
        ],
    )
    zones = [
        ("clos", "residence", "Le Clos", "num_rpls", "R-6"),
        ("tilleuls", "qva", "Tilleuls", "residence", "TILLEULS"),
    ]
    sources.remplir(
        "zones_locales",
        (
            {
                "millesime": 2021, "epci_siren": ABSENCES, "zone": zone, "type_zone": type_zone, "nom": nom,
                "critere": critere, "valeur": valeur,
            }
            for zone, type_zone, nom, critere, valeur in zones
        ),
    )  # fmt: skip
    sources.remplir(
        "sne_attributions",
        [
            bail(commune, date(2024, 3, 1), num_rpls="R-1", residence="Tilleul"),
            bail(commune, date(2024, 3, 1), num_rpls=None, residence="RÉSIDENCE LES TILLEULS"),
            bail(
                commune,
                date(2024, 3, 1),
                num_rpls=None,
                residence="Les Tilleuls",
                bailleur_siren=AUTRE_BAILLEUR,
            ),
        ],
    )
