"""Insee's bases on neighbourhoods, one per theme, level and year, as published."""

import pytest

from .conftest import Depot

DEMOGRAPHIE = (
    "CODGEO;LIBGEO;POP_MUN;IND_JEUNE;TX_TOT_0A24;TX_TOT_60ETPLUS;TX_TOT_ET;TX_TOT_MEN1;TX_TOT_MEN6\n"
    ";Ensemble des QP;5000000;1,9;40,1;16,2;21,3;34,5;5,5\n"
    "QP068005;Coteaux;9\u202f000;2,5;45,2;nd;30,5;33,1;s\n"
)
EMPLOI = "CODGEO;LIBGEO;TX_TOT_EMPL;TX_TOT_EPREC;ABCDE\n68224;Mulhouse;47,5;18,2;12000\n"
PRESTATIONS = "CODGEO;LIBGEO;A;ARSAS;BREV\n200066009;Mulhouse Alsace Agglomération;50000;9000;35,5\n"


@pytest.fixture
def lu(depot: Depot) -> Depot:
    """The three themes, each at a level of its own."""
    depot.drop("qpv/2019/DEMO_2019.csv", DEMOGRAPHIE)
    depot.drop("qpv/2020/COM/INSP_2020.csv", EMPLOI)
    depot.drop("qpv/EPCI/REVN_2019.csv", PRESTATIONS)
    depot.load("geographie")
    return depot


def test_each_theme_and_level(lu: Depot) -> None:
    assert lu.rows(
        "SELECT DISTINCT millesime, niveau, code FROM sources.quartiers_insee WHERE niveau <> 'ensemble_qpv' "
        "ORDER BY 1, 2"
    ) == [(2019, "epci", "200066009"), (2019, "qpv", "QP068005"), (2020, "commune", "68224")]


def test_values_as_published(lu: Depot) -> None:
    valeurs = {
        (mesure, code): (valeur, statut)
        for mesure, code, valeur, statut in lu.rows(
            "SELECT mesure, code, CAST(valeur AS DOUBLE), statut FROM sources.quartiers_insee"
        )
    }
    assert valeurs["population", "QP068005"] == (9000, "publie")
    assert valeurs["part_moins_25_ans", "QP068005"] == (45.2, "publie")
    assert valeurs["part_en_emploi", "68224"] == (47.5, "publie")
    assert valeurs["allocataires_rsa", "200066009"] == (9000, "publie")
    # A marker is a status, never 0.
    assert valeurs["part_60_ans_et_plus", "QP068005"] == (None, "non_disponible")
    assert valeurs["part_menages_6_personnes", "QP068005"] == (None, "secret")
