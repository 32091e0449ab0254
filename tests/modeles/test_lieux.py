"""Where an allocation counts: generations of neighbourhoods, local zones, merged communes, départements."""

from datetime import date

import pytest

from tests.modeles.magasin import Entrepot
from tests.modeles.scenarios import AUTRE, COMMUNES, DEFAUT, GEO, LYON, QPV_2015, QPV_2024


def _secteurs(entrepot: Entrepot, epci: str, ident: str) -> dict[date, tuple[object, ...]]:
    (commune,) = COMMUNES[epci]
    lues = entrepot.lire(
        "select date_evenement, secteur, e.code_qpv, generation_qpv "
        "from entrepot.fct_evenement_attribution as e "
        "inner join entrepot.fct_attribution as a using (attribution_id) "
        "where a.num_rpls = ? and evenement = 'bail_signe' order by 1",
        [f"{commune}-{ident}"],
    )
    return {jour: tuple(reste) for jour, *reste in lues}


def test_generation_by_the_day_of_the_lease(entrepot: Entrepot) -> None:
    veille, jour = date(2023, 12, 31), date(2024, 1, 1)
    assert _secteurs(entrepot, DEFAUT, "ancien") == {
        veille: ("qpv", QPV_2015, 2015),
        jour: ("hors_qpv", None, 2024),
    }
    assert _secteurs(entrepot, DEFAUT, "nouveau") == {
        veille: ("hors_qpv", None, 2015),
        jour: ("qpv", QPV_2024, 2024),
    }


def test_generation_forced_by_the_convention(entrepot: Entrepot) -> None:
    veille, jour = date(2023, 12, 31), date(2024, 1, 1)
    assert _secteurs(entrepot, AUTRE, "ancien") == {
        veille: ("qpv", QPV_2015, 2015),
        jour: ("qpv", QPV_2015, 2015),
    }
    assert _secteurs(entrepot, AUTRE, "nouveau") == {
        veille: ("hors_qpv", None, 2015),
        jour: ("hors_qpv", None, 2015),
    }


def test_assimilated_zone_leaves_outside_and_enters_inside_between_its_dates(entrepot: Entrepot) -> None:
    lues = entrepot.lire(
        "select date_evenement, secteur, est_assimile, en_qpv_strict "
        "from entrepot.fct_evenement_attribution as e "
        "inner join entrepot.fct_attribution as a using (attribution_id) "
        "where a.residence = 'Promelles' and evenement = 'bail_signe' order by 1"
    )
    assert lues == [
        (date(2021, 6, 30), "hors_qpv", False, False),
        (date(2021, 7, 1), "qpv", True, False),
        (date(2022, 6, 30), "qpv", True, False),
        (date(2022, 7, 1), "hors_qpv", False, False),
    ]
    assert entrepot.compte(GEO, "qpv_q234", "2021") == (1, 1, 0)
    # Outside: the day before, and the watched neighbourhood, which is never inside.
    assert entrepot.compte(GEO, "hors_qpv_q1", "2021") == (0, 2, 0)
    assert entrepot.figure(GEO, "baux", "2021", axe="zone", modalite="veille")["valeur"] == 1


@pytest.mark.parametrize("axe", ["commune", "departement"])
def test_merged_commune_and_two_departements(entrepot: Entrepot, axe: str) -> None:
    lues = entrepot.lire(
        "select modalite, valeur from marts.indicateurs where epci_siren = ? and indicateur = 'baux' "
        "and periode = '2020' and axe = ? and segment = 'tous' order by 1",
        [GEO, axe],
    )
    attendu = {"commune": [("39906", 1.0), ("71906", 1.0)], "departement": [("39", 1.0), ("71", 1.0)]}
    assert lues == attendu[axe]


def test_arrondissements_are_their_city_once(entrepot: Entrepot) -> None:
    # Two arrondissements and the city itself: three rows of one commune.
    for indicateur, periode in (("baux", "2021"), ("demandes", "2021"), ("logements", "2022")):
        figure = entrepot.figure(LYON, indicateur, periode, axe="commune", modalite="69123")
        assert (figure["valeur"], figure["modalite_libelle"]) == (3, "Commune 69123")
        assert entrepot.figure(LYON, indicateur, periode)["valeur"] == 3


def test_zone_of_communes_holds_each_once_in_order(entrepot: Entrepot) -> None:
    # The third code read is today's first.
    communes = entrepot.lire("select communes from entrepot.dim_zone where zone = 'secteur'")
    assert communes == [("39906,71906",)]
    assert entrepot.figure(GEO, "baux", "2020", axe="zone", modalite="secteur")["valeur"] == 2


def test_place_keeps_the_way_it_was_found(entrepot: Entrepot) -> None:
    methodes = entrepot.lire(
        "select distinct methode_qpv from entrepot.fct_evenement_attribution as e "
        "inner join entrepot.fct_attribution as a using (attribution_id) where e.epci_siren = ? order by 1",
        [DEFAUT],
    )
    assert methodes == [("code_attribution",), ("declaration_attribution",), ("rpls_geocode",)]


def test_the_references_that_served_and_where_they_come_from(entrepot: Entrepot) -> None:
    """The scenarios' lists win where they are; what none of them gives is the project's own."""
    lues = entrepot.lire(
        "select reference, origine, min(codes) > 0 from meta.references group by all order by all"
    )
    assert lues == [
        ("Anciens codes de commune", "dossier", True),
        ("Communes", "dossier", True),
        ("Membres des EPCI", "dossier", True),
        ("Quartiers prioritaires de 2015", "dossier", True),
        ("Quartiers prioritaires de 2024", "dossier", True),
        ("Seuils du premier quartile", "dossier", True),
    ]
