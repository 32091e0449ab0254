"""Requests on 31 December, tension, the register on 1 January, the survey, incomes."""

from typing import Any

import pytest

from tests.modeles.magasin import Entrepot
from tests.modeles.scenarios import AUTRE, AUTRE_BAILLEUR, BAILLEUR, DEFAUT, DEMANDE, GEO, PARC, VIDE


@pytest.mark.parametrize(
    ("epci", "attendu"),
    [
        # Filed on the day, struck off the day after, no status, unknown income: four.
        (DEFAUT, 4),
        # And two that want the territory second, one of them twice.
        (AUTRE, 6),
    ],
)
def test_requests_active_on_31_december(entrepot: Entrepot, epci: str, attendu: int) -> None:
    assert entrepot.figure(epci, "demandes", "2022")["valeur"] == attendu


def test_profile_of_the_demand(entrepot: Entrepot) -> None:
    assert entrepot.compte(DEFAUT, "part_mutations_demande", "2022") == (1, 3, 1)
    assert entrepot.compte(DEFAUT, "part_endogene", "2022") == (1, 2, 2)
    assert entrepot.compte(DEFAUT, "ressources_renseignees", "2022") == (3, 4, 0)


def test_published_tension_of_grand_paris_sud(entrepot: Entrepot) -> None:
    figure = entrepot.figure(DEMANDE, "tension")
    assert (figure["numerateur"], figure["denominateur"]) == (20426, 2741)
    assert round(figure["valeur"], 2) == 7.45
    assert figure["unite"] == "ratio"


def test_tension_without_a_lease_is_not_available(entrepot: Entrepot) -> None:
    figure = entrepot.figure(DEMANDE, "tension", "2022")
    assert (figure["valeur"], figure["statut"]) == (None, "indisponible")
    assert entrepot.lire(
        "select count(*) from marts.indicateurs where indicateur = 'tension' and valeur = 0"
    ) == [(0,)]


def test_stock_leaves_out_what_left_it(entrepot: Entrepot) -> None:
    assert entrepot.figure(PARC, "logements", "2022")["valeur"] == 11


@pytest.mark.parametrize(
    ("indicateur", "attendu"),
    [
        # Eight let, three offered; the one empty for works is in neither.
        ("vacance", (3, 10, 0)),
        # Offered since September, not since 1 October; without a date: counted apart, kept in the base.
        ("vacance_3mois", (1, 10, 1)),
        # Moved in since 1 January of the year before; a dwelling first let that year is out.
        ("mobilite", (2, 9, 0)),
        ("part_qpv", (1, 10, 1)),
    ],
)
def test_official_method_of_the_register(
    entrepot: Entrepot, indicateur: str, attendu: tuple[int, int, int]
) -> None:
    assert entrepot.compte(PARC, indicateur, "2022") == attendu


def test_rent_is_a_sum_over_a_sum(entrepot: Entrepot) -> None:
    figure = entrepot.figure(PARC, "loyer_m2", "2022", segment="T1")
    # 400 € for 40 m² and 300 € for 60 m²: 7 € and not the mean of 10 and 5.
    assert (figure["valeur"], figure["inconnus"]) == (7.0, 1)


def test_secret_count_of_a_landlord_gives_no_figure(entrepot: Entrepot) -> None:
    def figure(indicateur: str, bailleur: str) -> dict[str, Any]:
        return entrepot.figure(PARC, indicateur, "2020", axe="bailleur", modalite=bailleur)

    assert figure("part_monoparentales", BAILLEUR)["valeur"] == 30.0
    assert figure("part_isoles", BAILLEUR)["valeur"] == 0.0
    # One of the two bands is secret: half a sum would pass for a whole one.
    assert (
        figure("part_moins_40_plus", BAILLEUR)["valeur"],
        figure("part_moins_40_plus", BAILLEUR)["statut"],
    ) == (
        None,
        "secret",
    )
    secret = figure("part_monoparentales", AUTRE_BAILLEUR)
    assert (secret["numerateur"], secret["valeur"], secret["statut"]) == (None, None, "secret")
    # Stable or precarious jobs, of all persons of 18 to 64.
    assert figure("part_actifs_occupes", BAILLEUR)["valeur"] == 50.0


@pytest.mark.parametrize(
    ("lieu", "indicateur", "concept", "attendu"),
    [
        ((PARC, "71909"), "revenu_median", "disponible", (18000.0, "publiable")),
        ((PARC, "71909"), "revenu_median", "declare", (17500.0, "publiable")),
        ((PARC, "71909"), "taux_pauvrete", "disponible", (None, "secret")),
        ((DEMANDE, "71908"), "revenu_median", "disponible", (None, "indisponible")),
        ((VIDE, "71910"), "revenu_median", "disponible", (None, "sans_objet")),
        # Two communes of the file are one today: their medians do not make its own.
        ((GEO, "71906"), "revenu_median", "disponible", (None, "indisponible")),
    ],
)
def test_income_keeps_its_status(
    entrepot: Entrepot, lieu: tuple[str, str], indicateur: str, concept: str, attendu: tuple[Any, Any]
) -> None:
    epci, commune = lieu
    figure = entrepot.figure(epci, indicateur, "2021", axe="commune", modalite=commune, segment=concept)
    assert (figure["valeur"], figure["statut"]) == attendu
