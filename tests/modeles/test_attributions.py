"""What counts in an allocation figure: quartiles, rehoused households, events, ranks, priority publics."""

from typing import Any

import pytest

from tests.modeles.magasin import Entrepot
from tests.modeles.scenarios import (
    ABSORBANT,
    ABSORBE,
    AUTRE,
    BAILLEUR,
    COMMUNES,
    DEFAUT,
    NOMME,
    OFFICE,
    PUBLIE,
    VERT,
    VIOLET,
    VOISIN,
)


def test_published_rate_of_grand_chalon(entrepot: Entrepot) -> None:
    figure = entrepot.figure(PUBLIE, "hors_qpv_q1")
    assert (figure["numerateur"], figure["denominateur"]) == (82, 681)
    assert round(figure["valeur"], 2) == 12.04
    assert figure["unite"] == "%"
    assert figure["statut"] == "publiable"
    assert figure["source"] == "SNE 2021"


def test_landlords_make_the_territory(entrepot: Entrepot) -> None:
    parts = entrepot.lire(
        "select sum(numerateur), sum(denominateur) from marts.indicateurs where epci_siren = ? "
        "and periode = '2021' and indicateur = 'hors_qpv_q1' and axe = 'bailleur' and segment = 'tous'",
        [PUBLIE],
    )
    assert parts == [(82, 681)]


@pytest.mark.parametrize(
    ("epci", "indicateur", "attendu"),
    [
        # Below the threshold, no income, rehoused, units given, units computed; not at the threshold.
        (DEFAUT, "hors_qpv_q1", (5, 7, 3)),
        # The same ten rows, the household at the threshold in, the unknown in the denominator.
        (AUTRE, "hors_qpv_q1", (6, 10, 3)),
        # Rehoused households count for their income only: one more unknown.
        (DEFAUT, "hors_qpv_q1_strict", (4, 6, 4)),
        # Inside: two above the threshold, one of them rehoused; the one without income is unknown…
        (DEFAUT, "qpv_q234", (2, 4, 1)),
        # … unless the convention always counts the rehoused.
        (AUTRE, "qpv_q234", (4, 5, 0)),
    ],
)
def test_quartile_and_rehoused(
    entrepot: Entrepot, epci: str, indicateur: str, attendu: tuple[int, int, int]
) -> None:
    assert entrepot.compte(epci, indicateur) == attendu


def test_unknown_quartile_is_null_and_zero_income_is_not(entrepot: Entrepot) -> None:
    lues = entrepot.lire(
        "select a.ressources_annuelles, a.nb_uc, e.quartile from entrepot.fct_evenement_attribution as e "
        "inner join entrepot.fct_attribution as a using (attribution_id) "
        "where e.epci_siren = ? and e.annee = 2021 and e.evenement = 'bail_signe' and e.secteur = 'hors_qpv' "
        "order by all",
        [DEFAUT],
    )
    quartiles = [(None if r is None else float(r), None if u is None else float(u), q) for r, u, q in lues]
    assert (0.0, 1.0, "Q1") in quartiles
    assert (15600.0, 1.8, "Q1") in quartiles
    assert (16800.0, 2.0, "Q1") in quartiles
    assert (8400.0, None, None) in quartiles
    assert [q for r, _, q in quartiles if r is None] == [None, None, None]


def test_threshold_is_that_of_the_lease_year(entrepot: Entrepot) -> None:
    seuils = entrepot.lire(
        "select distinct annee, seuil_q1, annee_seuil_q1 from entrepot.fct_evenement_attribution "
        "where epci_siren = ? order by annee",
        [PUBLIE],
    )
    assert [(a, float(s), r) for a, s, r in seuils] == [(2021, 9000.0, 2021)]


@pytest.mark.parametrize(
    ("commission", "attendu"),
    [
        ("retraits", [(1, False), (2, False), (3, True)]),
        ("premier", [(1, True), (2, False)]),
        ("radie", [(1, False), (2, True)]),
        # The committee refused the first candidate: nobody stands before the second.
        ("refus_commission", [(1, False), (2, True)]),
    ],
)
def test_rank_becomes_effective_when_the_earlier_ones_withdrew(
    entrepot: Entrepot, commission: str, attendu: list[tuple[int, bool]]
) -> None:
    (commune,) = COMMUNES[DEFAUT]
    assert (
        entrepot.lire(
            "select rang, est_effective from entrepot.fct_attribution where num_rpls = ? order by rang",
            [f"{commune}-{commission}"],
        )
        == attendu
    )


def test_decided_and_effective_are_counted_apart(entrepot: Entrepot) -> None:
    # 4 commissions: 3 + 2 + 1 + 1 decided, then two dwellings without number and the lease of January.
    assert entrepot.figure(DEFAUT, "attributions", "2022", segment="prononcee")["valeur"] == 10
    assert entrepot.figure(DEFAUT, "attributions", "2022", segment="effective")["valeur"] == 7


def test_two_dwellings_without_a_number_are_two_allocations(entrepot: Entrepot) -> None:
    effectives = entrepot.figure(
        DEFAUT, "attributions", "2022", axe="bailleur", modalite="911000005", segment="effective"
    )
    assert effectives["valeur"] == 2


def test_lease_of_january_and_its_decision_of_december(entrepot: Entrepot) -> None:
    def valeur(annee: str, evenement: str) -> Any:
        lues = entrepot.lire(
            "select valeur from marts.indicateurs where epci_siren = ? and indicateur = 'attributions' "
            "and periode = ? and axe = 'bailleur' and modalite = '911000006' and segment = ?",
            [DEFAUT, annee, evenement],
        )
        return lues[0][0] if lues else None

    assert (valeur("2022", "effective"), valeur("2022", "bail_signe")) == (1, None)
    assert (valeur("2023", "effective"), valeur("2023", "bail_signe")) == (None, 1)


@pytest.mark.parametrize(("epci", "annee"), [(DEFAUT, "2022"), (AUTRE, "2023")])
def test_priority_publics_follow_the_event_of_the_convention(
    entrepot: Entrepot, epci: str, annee: str
) -> None:
    # A household recognised under the right to housing, decided in December and signed in January.
    figure = entrepot.compte(epci, "prioritaires", annee, axe="reservataire", modalite="3")
    assert figure == (1, 1, 0)


def test_household_with_several_grounds_counts_once(entrepot: Entrepot) -> None:
    assert entrepot.compte(DEFAUT, "prioritaires", "2020") == (3, 4, 1)
    assert entrepot.compte(DEFAUT, "dalo", "2020") == (2, 4, 1)
    # A priority household who is an essential worker is in both.
    assert entrepot.compte(DEFAUT, "travailleurs_essentiels", "2020") == (1, 5, 0)


@pytest.mark.parametrize(
    ("epci", "attendu"),
    [
        # Its own share: of three, one has a ground, one has none, one is unknown.
        (DEFAUT, (1, 2, 1)),
        # All its leases, unknown included.
        (AUTRE, (3, 5, 1)),
    ],
)
def test_landlord_priority_base(entrepot: Entrepot, epci: str, attendu: tuple[int, int, int]) -> None:
    assert entrepot.compte(epci, "prioritaires", "2020", axe="bailleur", modalite="911000007") == attendu


def test_holder_priority_base_is_all_its_allocations(entrepot: Entrepot) -> None:
    assert entrepot.compte(DEFAUT, "prioritaires", "2020", axe="reservataire", modalite="2") == (2, 2, 0)
    assert entrepot.compte(DEFAUT, "mal_loges", "2020") == (2, 5, 0)


def test_event_of_the_objective_outside_neighbourhoods(entrepot: Entrepot) -> None:
    # Nothing was signed in 2022: decisions count for the convention that counts them, leases for the other.
    (sans,) = entrepot.lire(
        "select statut from marts.indicateurs where epci_siren = ? and indicateur = 'hors_qpv_q1' "
        "and periode = '2022' and axe = 'epci'",
        [DEFAUT],
    )
    assert sans == ("indisponible",)
    assert entrepot.compte(AUTRE, "hors_qpv_q1", "2022")[1] == 10


def test_rolling_windows_hold_what_their_months_hold(entrepot: Entrepot) -> None:
    annee = entrepot.compte(PUBLIE, "hors_qpv_q1")
    semestres = [entrepot.compte(PUBLIE, "hors_qpv_q1", f"2021-S{n}") for n in (1, 2)]
    assert tuple(sum(x) for x in zip(*semestres, strict=True)) == annee
    fenetre = entrepot.compte(PUBLIE, "hors_qpv_q1", "2021-06", periode_type="glissant_6m")
    assert fenetre == semestres[0]
    # No window goes on after the last event of the territory itself, whatever its neighbours' say.
    ((dernier, fin),) = entrepot.lire(
        "select (select max(greatest(date_decision, date_signature_bail)) from entrepot.fct_attribution "
        "where epci_siren = ?), (select max(fin) from entrepot.dim_periode "
        "where epci_siren = ? and periode_type like 'glissant%')",
        [PUBLIE, PUBLIE],
    )
    assert (dernier.year, dernier.month) == (fin.year, fin.month)


def test_every_row_keeps_its_file_and_line(entrepot: Entrepot) -> None:
    ((lignes, fichiers),) = entrepot.lire(
        "select count(*) filter (where _ligne is null), count(distinct _fichier) "
        "from entrepot.fct_attribution"
    )
    assert (lignes, fichiers) == (0, 1)


def test_landlord_axis_shows_its_name(entrepot: Entrepot) -> None:
    assert (
        entrepot.figure(PUBLIE, "baux", axe="bailleur", modalite=BAILLEUR)["modalite_libelle"] == "Bailleur"
    )


@pytest.mark.parametrize(
    ("epci", "attendus"),
    [
        # What the neighbour's convention calls its landlords says nothing here.
        (NOMME, {"h. v.": VERT, "Habitat vert": VERT, "Habitat Violet": None, "OFFICE COMMUN": OFFICE}),
        # A name that everybody gives to one landlord and the convention to another means none.
        (VOISIN, {"h. v.": VIOLET, "Habitat vert": None, "Habitat Violet": VIOLET, "OFFICE COMMUN": None}),
    ],
)
def test_a_convention_names_landlords_in_its_territory(
    entrepot: Entrepot, epci: str, attendus: dict[str, str | None]
) -> None:
    lus = entrepot.lire(
        "select s.bailleur_nom, a.bailleur_siren from entrepot.fct_attribution as a "
        "inner join staging.stg_sne__attributions as s using (attribution_id) "
        "where a.epci_siren = ? and s.bailleur_siren is null and not a.est_mutation",
        [epci],
    )
    assert dict(lus) == {**attendus, "Ancien office": ABSORBANT, "Inconnu": None}


def test_a_merger_is_followed_on_both_sides_of_a_mutation(entrepot: Entrepot) -> None:
    lus = entrepot.lire(
        "select s.bailleur_siren, s.bailleur_origine_siren, a.type_mutation from entrepot.fct_attribution as a "
        "inner join staging.stg_sne__attributions as s using (attribution_id) "
        "where a.epci_siren = ? and a.est_mutation",
        [NOMME],
    )
    assert set(lus) == {
        (ABSORBANT, ABSORBE, "interne"),
        (None, ABSORBANT, "interne"),
        (ABSORBANT, OFFICE, "inter_bailleurs"),
        (ABSORBANT, None, "mutation_bailleur_inconnu"),
        (None, OFFICE, "mutation_bailleur_inconnu"),
    }
