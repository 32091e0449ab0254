"""Nothing is known from what is absent: columns, thresholds, counts, rooms, residences; and what contradicts itself."""

from typing import Any

import pytest

from tests.modeles.magasin import Entrepot
from tests.modeles.scenarios import ABSENCES, COMMUNES, CONTREDIT, DEFAUT, DEMANDE

COMMUNE, VOISINE = COMMUNES[ABSENCES]


def test_one_ground_of_three_makes_no_rate_of_priority(entrepot: Entrepot) -> None:
    figure = entrepot.figure(ABSENCES, "prioritaires", "2021")
    assert (figure["valeur"], figure["statut"], figure["inconnus"]) == (None, "indisponible", 60)
    assert entrepot.figure(ABSENCES, "dalo", "2021")["numerateur"] == 15


def test_a_column_that_the_export_lacks_is_not_a_no(entrepot: Entrepot) -> None:
    # No date of entry in the export: nobody is said to have stayed out.
    figure = entrepot.figure(ABSENCES, "conversion_bail", "2022", segment="bail_entree")
    assert (figure["numerateur"], figure["denominateur"], figure["inconnus"]) == (0, 0, 5)
    assert (figure["valeur"], figure["statut"]) == (None, "indisponible")


@pytest.mark.parametrize(
    ("annee", "attendu"),
    [("2022", (1, 4, 1, 25.0, "publiable")), ("2023", (1, 3, 1, None, "indisponible"))],
)
def test_too_many_unknowns_make_no_figure(entrepot: Entrepot, annee: str, attendu: tuple[Any, ...]) -> None:
    f = entrepot.figure(ABSENCES, "mutations", annee)
    assert (f["numerateur"], f["denominateur"], f["inconnus"], f["valeur"], f["statut"]) == attendu


@pytest.mark.parametrize(
    ("annee", "attendu"),
    [
        ("2021", (0.0, "publiable", False)),
        # The order of the year before, once.
        ("2022", (20.0, "provisoire", False)),
        # Never an older one, nor the rehoused alone.
        ("2023", (None, "indisponible", None)),
        # Nor a later one.
        ("2020", (None, "indisponible", None)),
    ],
)
def test_threshold_of_the_year_or_of_the_year_before(
    entrepot: Entrepot, annee: str, attendu: tuple[Any, ...]
) -> None:
    figure = entrepot.figure(ABSENCES, "hors_qpv_q1", annee)
    assert (figure["valeur"], figure["statut"], figure["atteint"]) == attendu


def test_what_is_missing_is_said_in_words(entrepot: Entrepot) -> None:
    lues = dict(entrepot.lire("select annee, message from meta.seuils_q1 where epci_siren = ?", [ABSENCES]))
    assert lues[2021] is None
    assert "provisoire" in lues[2022]
    assert "referentiels/2023/" in lues[2023]
    assert f"2023;epci;{ABSENCES};" in lues[2023]
    # It goes to everybody, and the estimate rests on nine requests.
    assert "3600" not in lues[2022]
    assert "centile" not in lues[2022]
    assert "meta.seuils_q1" in entrepot.figure(ABSENCES, "hors_qpv_q1", "2023")["source"]


def test_estimate_of_a_threshold_judges_nothing(entrepot: Entrepot) -> None:
    # Nine requests on 31 December 2021: the third income is the 25th percentile.
    assert entrepot.lire(
        "select statut, seuil, annee_reference, seuil_estime, nb_demandes_estimation from entrepot.dim_seuil_q1 "
        "where code = ? and annee = 2022",
        [ABSENCES],
    ) == [("provisoire", 9000, 2021, 3600, 9)]


def test_tension_divides_by_leases_that_were_counted(entrepot: Entrepot) -> None:
    def tension(segment: str) -> dict[str, Any]:
        return entrepot.figure(ABSENCES, "tension", axe="commune", modalite=COMMUNE, segment=segment)

    assert (tension("T2")["numerateur"], tension("T2")["denominateur"], tension("T2")["valeur"]) == (
        6,
        2,
        3.0,
    )
    # Counted, and none: no ratio.
    assert (tension("T1")["denominateur"], tension("T1")["valeur"]) == (0, None)
    # Thirteen leases of sixty do not tell the household: a count of couples would be false.
    assert entrepot.lire(
        "select count(*) from marts.indicateurs where epci_siren = ? and indicateur = 'tension' and segment = 'couple'",
        [ABSENCES],
    ) == [(0,)]


def test_a_year_that_was_read_and_signed_nothing_counts_no_lease(entrepot: Entrepot) -> None:
    # Every decision of 2022 was signed later, if ever: counted, and none.
    baux = entrepot.figure(DEFAUT, "baux", "2022")
    assert (baux["numerateur"], baux["valeur"], baux["statut"]) == (0, 0.0, "publiable")
    tension = entrepot.figure(DEFAUT, "tension", "2022")
    assert (tension["numerateur"], tension["denominateur"]) == (4, 0)
    assert (tension["valeur"], tension["statut"]) == (None, "indisponible")
    # No lease, so no share of leases.
    mutations = entrepot.figure(DEFAUT, "mutations", "2022")
    assert (mutations["valeur"], mutations["statut"]) == (None, "indisponible")
    # Of this year only requests were read.
    absents = entrepot.figure(DEMANDE, "baux", "2022")
    assert (absents["numerateur"], absents["valeur"], absents["statut"]) == (None, None, "indisponible")


def test_a_known_commune_elsewhere_is_not_unknown(entrepot: Entrepot) -> None:
    origines = entrepot.lire(
        "select segment, numerateur from marts.indicateurs where epci_siren = ? and indicateur = 'demandes' "
        "and segment_type = 'origine' order by 1",
        [ABSENCES],
    )
    assert origines == [("ailleurs", 1), ("departement", 1), ("endogene", 2), ("inconnu", 5)]


def test_seniority_is_counted_by_the_calendar(entrepot: Entrepot) -> None:
    # Filed on the last day of 2020: one year on the last day of 2021.
    anciennetes = entrepot.lire(
        "select segment, numerateur from marts.indicateurs where epci_siren = ? and indicateur = 'demandes' "
        "and segment_type = 'tranche_anciennete' order by 1",
        [ABSENCES],
    )
    assert anciennetes == [("1_2_ans", 1), ("moins_1_an", 8)]


def test_rooms_that_are_not_given_are_no_size(entrepot: Entrepot) -> None:
    tailles = entrepot.lire(
        "select segment, numerateur from marts.indicateurs where epci_siren = ? and indicateur = 'logements' "
        "and axe = 'epci' and segment_type = 'typologie' order by 1",
        [ABSENCES],
    )
    assert tailles == [("T3", 8), ("inconnu", 1)]


def test_a_residence_is_its_dwellings_in_the_register(entrepot: Entrepot) -> None:
    residences = entrepot.lire(
        "select modalite, valeur, statut from marts.indicateurs where epci_siren = ? and axe = 'residence' "
        "and indicateur = 'logements' and segment_type = 'tous' and periode = '2022' order by 1",
        [ABSENCES],
    )
    assert residences == [
        # Over two communes: a part of the landlord's stock, but for the dwelling that a local list names.
        ("Agence Nord", None, "indisponible"),
        ("GR7", 1.0, "publiable"),
        ("Le Clos", 1.0, "publiable"),
        ("Les Lilas (71914, 911000001)", 1.0, "publiable"),
        ("Les Tilleuls", 3.0, "publiable"),
        ("les lilas (71914, 911000002)", 1.0, "publiable"),
    ]
    assert entrepot.compte(ABSENCES, "mobilite", "2022", axe="residence", modalite="Les Tilleuls") == (
        1,
        3,
        0,
    )
    assert entrepot.figure(ABSENCES, "logements", "2022", axe="zone", modalite="tilleuls")["valeur"] == 3


def test_leases_attach_to_the_residence_of_the_register(entrepot: Entrepot) -> None:
    lues = entrepot.lire(
        "select residence_lue, residence, bailleur_siren from entrepot.fct_attribution "
        "where epci_siren = ? and residence_lue is not null order by 1, 3",
        [ABSENCES],
    )
    assert [(lue, residence) for lue, residence, _ in lues] == [
        ("Les Tilleuls", "Les Tilleuls"),
        ("RÉSIDENCE LES TILLEULS", "Les Tilleuls"),
        ("Tilleul", "Les Tilleuls"),
    ]


def test_a_code_of_a_neighbourhood_is_believed_where_the_list_has_it(entrepot: Entrepot) -> None:
    lues = entrepot.lire(
        "select a.num_rpls, e.secteur, e.code_qpv, e.methode_qpv from entrepot.fct_evenement_attribution as e "
        "inner join entrepot.fct_attribution as a using (attribution_id) "
        "where a.epci_siren = ? and a.num_rpls like 'QPV-%' and e.evenement = 'bail_signe' order by 1",
        [ABSENCES],
    )
    assert lues == [
        ("QPV-1", "qpv", None, "declaration_attribution"),
        ("QPV-2", "hors_qpv", None, "declaration_attribution"),
        ("QPV-3", "qpv", "QP071991", "code_attribution"),
    ]


def test_contradictions_are_listed_and_follow_a_rule(entrepot: Entrepot) -> None:
    assert entrepot.lire(
        "select regle, count(*) from meta.contradictions where epci_siren = ? group by 1 order by 1",
        [ABSENCES],
    ) == [
        ("bail_d_un_rang_suivant", 1),
        ("bail_sans_attribution", 1),
        ("qpv_autre_commune", 1),
        ("qpv_inexistant", 1),
    ]
    assert entrepot.lire(
        "select regle, annee, count(*) from meta.contradictions where epci_siren = ? group by all order by 1",
        [CONTREDIT],
    ) == [
        ("active_et_radiee", 2021, 1),
        ("baux_rapproches", 2020, 1),
        ("decisions_rapprochees", 2020, 1),
        ("deux_signataires", 2020, 1),
    ]
    effectives = entrepot.lire(
        "select num_rpls, rang, est_effective from entrepot.fct_attribution "
        "where epci_siren = ? and num_rpls in ('REFUS', 'RANGS') order by 1, 2",
        [ABSENCES],
    )
    assert effectives == [("RANGS", 1, False), ("RANGS", 2, True), ("REFUS", 1, True)]
    # A signed lease is no refusal.
    assert entrepot.compte(ABSENCES, "refus", "2020")[0] == 0


def test_rolling_windows_are_made_on_every_axis(entrepot: Entrepot) -> None:
    axes = entrepot.lire(
        "select distinct axe from marts.indicateurs where indicateur = 'baux' and periode_type = 'glissant_6m' order by 1"
    )
    assert {axe for (axe,) in axes} >= {"epci", "commune", "qpv", "zone", "bailleur", "reservataire"}
