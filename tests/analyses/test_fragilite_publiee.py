"""Fragility from records: Grand Dijon's printed grid, the written method's bounds, Grand Chalon's index."""

from typing import Any

import pytest

from .conftest import BORNES, CHALON, DIJON, PUBLIE, Entrepot

FIGURES = (
    "fragilite_points_stock",
    "fragilite_classe_stock",
    "fragilite_points_flux",
    "fragilite_classe_flux",
    "fragilite_classe",
)
ANNEXE_2 = "dijon_2015_annexe2"
# One warehouse serves the folder: its tests run in one worker.


def figures(
    entrepot: Entrepot, axe: str, modalite: str, methode: str, annee: str = "2013"
) -> tuple[Any, ...]:
    """The sums and classes of a place, as published."""
    lus = entrepot.valeurs(
        "select indicateur, valeur from marts.indicateurs where epci_siren = ? and periode_type = 'annee' "
        "and periode = ? and axe = ? and modalite = ? and segment_type = 'methode' and segment = ?",
        [DIJON, annee, axe, modalite, methode],
    )
    return tuple(lus[nom] for nom in FIGURES)


def points(entrepot: Entrepot, zone: str, methode: str, critere: str) -> tuple[Any, Any]:
    """Points and status of one criterion of the stock."""
    segment = f"{methode} x stock x {critere}"
    *_, valeur, statut = entrepot.figure("fragilite_points", "zone", zone, "2013", segment)
    return valeur, statut


@pytest.mark.parametrize("zone", list(PUBLIE))
def test_printed_rows_come_out_exactly(entrepot: Entrepot, zone: str) -> None:
    assert figures(entrepot, "zone", zone, ANNEXE_2) == PUBLIE[zone]["imprime"]


def test_sector_row_of_the_commune_is_the_printed_row(entrepot: Entrepot) -> None:
    attendu = PUBLIE["dijon_hors_qpv"]["imprime"]
    assert figures(entrepot, "commune x secteur", "21231 x hors_qpv", ANNEXE_2) == attendu


def test_three_methods_run_together(entrepot: Entrepot) -> None:
    methodes = entrepot.lire(
        "select distinct segment from marts.indicateurs where epci_siren = ? "
        "and indicateur = 'fragilite_points_stock' and segment_type = 'methode' order by 1",
        [DIJON],
    )
    assert [m for (m,) in methodes] == ["dijon_2015_annexe1", ANNEXE_2, "dijon_2015_annexe2_corrigee"]
    # Only the sign of employment differs: 38 and 43 % of workers cost Le Mail a point, or give one.
    stock, _, flux, _, _ = figures(entrepot, "zone", "le_mail", "dijon_2015_annexe2_corrigee")
    assert (stock, flux) == (2.5, 0.5)


@pytest.mark.parametrize(
    ("zone", "isoles", "actifs"),
    [
        ("borne_337_414", -1.5, 1.5),  # below 33.8 % and below 41.5 %
        ("borne_338_415", 0.0, 0.0),  # on the bounds: not beyond them
        ("borne_462_605", 0.0, 0.0),  # 46.2 % and 60.5 %, on the bounds too
        ("borne_463_606", 1.5, -1.5),
    ],
)
def test_written_method_on_both_sides_of_its_bounds(
    entrepot: Entrepot, zone: str, isoles: float, actifs: float
) -> None:
    assert zone in BORNES
    assert points(entrepot, zone, "dijon_2015_annexe1", "part_isoles") == (isoles, "publiable")
    assert points(entrepot, zone, "dijon_2015_annexe1", "part_actifs_occupes") == (actifs, "publiable")


def test_written_method_has_no_general_class(entrepot: Entrepot) -> None:
    assert entrepot.figure("fragilite_classe", "zone", "le_mail", "2013", "dijon_2015_annexe1")[3:] == (
        None,
        "sans_objet",
    )


def test_empty_zone_is_not_classed_unless_the_method_scores_it(entrepot: Entrepot) -> None:
    assert figures(entrepot, "zone", "zone_vide", ANNEXE_2) == (-8.0, 1.0, -4.0, 1.0, 1.0)
    for methode in ("dijon_2015_annexe1", "dijon_2015_annexe2_corrigee"):
        assert figures(entrepot, "zone", "zone_vide", methode) == (None,) * 5
    motifs = entrepot.valeurs(
        "select methode, motif from marts.fragilite where modalite = 'zone_vide' and annee = 2013"
    )
    assert motifs[ANNEXE_2] is None
    assert motifs["dijon_2015_annexe1"] == "Non classé : aucun ménage ou aucun logement à compter"


def test_a_missing_source_is_not_an_empty_zone(entrepot: Entrepot) -> None:
    """Zones that the survey knows, without the other criteria, are not scored as if these were 0."""
    stock, classe, *_ = figures(entrepot, "zone", "borne_337_414", ANNEXE_2)
    assert (stock, classe) == (None, None)


def marked(entrepot: Entrepot, zone: str, critere: str) -> bool:
    """Whether the points of one criterion of the stock are marked as telling of few households."""
    ((mark,),) = entrepot.lire(
        "select petit_effectif from marts.indicateurs where indicateur = 'fragilite_points' and axe = 'zone' "
        "and modalite = ? and periode = '2013' and segment = ?",
        [zone, f"{ANNEXE_2} x stock x {critere}"],
    )
    return bool(mark)


def test_small_base_is_exact_and_marked(entrepot: Entrepot) -> None:
    critere = "part_monoparentales"
    assert points(entrepot, "minuscule", ANNEXE_2, critere) == (1.0, "publiable")
    assert marked(entrepot, "minuscule", critere)
    assert not marked(entrepot, "le_mail", critere)


def test_points_that_would_give_a_small_count_back_are_marked(entrepot: Entrepot) -> None:
    """Of 12 households, only 2 can be between 15.9 and 18.7 %: the score would tell it."""
    critere = "part_monoparentales"
    assert points(entrepot, "devinable", ANNEXE_2, critere) == (-0.5, "publiable")
    assert marked(entrepot, "devinable", critere)


def test_shares_of_the_stock_are_sums_of_dwellings(entrepot: Entrepot) -> None:
    base = sum(zone["vacance"][1] for zone in PUBLIE.values())
    for classe in (1, 2, 3):
        part = sum(z["vacance"][1] for z in PUBLIE.values() if z["imprime"][4] == classe)
        segment = f"{ANNEXE_2} x sous_secteur x {classe}"
        lu = entrepot.figure("fragilite_part_parc", "epci", DIJON, "2013", segment)
        assert lu[:2] == (part, base)
        assert lu[3] == pytest.approx(100 * part / base)


def test_index_of_grand_chalon_is_a_ratio_of_sums(entrepot: Entrepot) -> None:
    """928 of 1 017 and 1 505 of 1 768 dwellings in fragile residences: 87 %, not the mean of rates."""
    fragile = "indice_100 x residence x 2"
    aubepins = entrepot.figure("fragilite_part_parc", "qpv", "QP071003", "2013", fragile)
    assert aubepins[:2] == (928, 1017)
    prairie = entrepot.figure("fragilite_part_parc", "qpv", "QP071001", "2013", fragile)
    assert prairie[:2] == (1505, 1768)
    numerateur, denominateur, _, valeur, _ = entrepot.figure(
        "fragilite_part_parc", "epci", CHALON, "2013", fragile
    )
    assert (numerateur, denominateur) == (928 + 1505, 1017 + 1768 + 1)
    assert round(valeur) == 87


def test_index_is_100_at_the_mean_and_100_is_not_fragile(entrepot: Entrepot) -> None:
    lu = entrepot.valeurs(
        "select modalite, points_stock, classe_stock, classe from marts.fragilite "
        "where epci_siren = ? and axe = 'residence' and annee = 2013",
        [CHALON],
    )
    assert lu["Dans la moyenne"] == (100.0, 1, 1)
    # Three criteria half as high again, and workers half as many: 150 everywhere.
    assert lu["Aubépins fragile"] == (150.0, 2, 2)
    assert lu["Aubépins autre"] == (50.0, 1, 1)


def test_evolution_says_what_moved(entrepot: Entrepot) -> None:
    """A year later, 10 vacant dwellings, not 46: the only criterion that changes band, from +1 to -1."""
    (ligne,) = entrepot.lire(
        "select points_stock, ecart_points_stock, classe_stock_precedente, classe_stock, annee_precedente, "
        "millesime_ops, millesime_rpls, annee_sne, mouvements from marts.fragilite "
        "where modalite = 'le_mail' and annee = 2014 and methode = ?",
        [ANNEXE_2],
    )
    assert ligne[:8] == (-1.5, -2.0, 2, 1, 2013, 2012, 2015, 2014)
    assert ligne[8] == "Vacance : 1,0 → -1,0"
    (critere,) = entrepot.lire(
        "select taux_precedent, taux, points_precedents, points, millesime_precedent, millesime "
        "from marts.fragilite_criteres where modalite = 'le_mail' and annee = 2014 and methode = ? "
        "and critere = 'vacance'",
        [ANNEXE_2],
    )
    assert critere == (pytest.approx(4600 / 1513), pytest.approx(1000 / 1513), 1.0, -1.0, 2014, 2015)


def test_priority_residences_follow_the_method_and_the_opinions(entrepot: Entrepot) -> None:
    """The most fragile class, one added by the town, one taken off by the landlord; a late one is void."""
    lu = entrepot.valeurs(
        "select residence, est_proposee, est_retenue, raison, rang from marts.residences_enjeu "
        "where epci_siren = ? and annee_liste = 2013",
        [CHALON],
    )
    assert lu["PSJ fragile"] == (True, True, "Classe la plus fragile", 1)
    assert lu["PSJ autre"] == (False, True, "Ajoutée par avis", 2)
    assert lu["Aubépins fragile"] == (True, False, "Retirée par avis", 3)
    assert lu["Aubépins autre"][:2] == (False, False)
    ((debut, fin),) = entrepot.lire(
        "select distinct cast(date_liste as varchar), cast(date_renouvellement as varchar) "
        "from marts.residences_enjeu where epci_siren = ? and annee_liste = 2013",
        [CHALON],
    )
    assert (debut, fin) == ("2013-12-31", "2016-12-31")
