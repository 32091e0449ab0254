"""Territories side by side: the order they are in, and what may be added up."""

from dataclasses import replace

from pipelines.bilan.comparaison import _classer, _ensemble, _nom
from pipelines.bilan.document import Ligne
from pipelines.bilan.donnees import Chiffre
from pipelines.bilan.formats import FINE, TIRET

TAUX = Chiffre(
    epci_siren="1", periode_type="annee", periode="2021", indicateur="hors_qpv_q1", axe="epci", modalite="1",
    modalite_libelle="A", segment_type="tous", segment="tous", numerateur=1, denominateur=3, inconnus=2,
    valeur=100 / 3, unite="%", cible=25, operateur=">=", atteint=True, manque=0, statut="publiable",
    source="SNE", version_methode="1",
)  # fmt: skip
ABSENT = replace(TAUX, valeur=None, numerateur=None, denominateur=None, inconnus=None, statut="indisponible")


def ranks(*trouves: tuple[str, Chiffre]) -> list[tuple[str, str]]:
    return [(rang, nom) for rang, nom, _ in _classer(trouves)]


def test_the_best_first_equals_share_a_rank_and_who_has_no_figure_is_last() -> None:
    haut = replace(TAUX, valeur=50.0)
    assert ranks(("d", ABSENT), ("b", TAUX), ("é", TAUX), ("a", ABSENT), ("c", haut)) == [
        ("1", "c"), ("2", "b"), ("2", "é"), (TIRET, "a"), (TIRET, "d"),
    ]  # fmt: skip


def test_where_every_target_is_a_ceiling_the_lowest_is_first() -> None:
    plafond = replace(TAUX, operateur="<=")
    assert ranks(("a", replace(plafond, valeur=50.0)), ("b", plafond)) == [("1", "b"), ("2", "a")]
    # One ceiling among floors orders nothing by itself.
    assert ranks(("a", replace(plafond, valeur=50.0)), ("b", TAUX)) == [("1", "a"), ("2", "b")]


def test_counts_add_up_and_rates_do_not() -> None:
    autre = replace(TAUX, numerateur=1, denominateur=1, valeur=100.0, inconnus=0)
    (ligne,) = _ensemble([TAUX, autre], 2)
    # Two of four, not the mean of a third and of the whole.
    nombres = ("4", "2", "2", f"50,00{FINE}%")
    assert ligne == Ligne(("Ensemble de ces territoires", "", *nombres, "", "", ""), forte=True)


def test_nothing_is_added_up_where_a_count_is_not_there_or_is_no_count() -> None:
    assert _ensemble([TAUX, ABSENT], 2) == []
    assert _ensemble([TAUX], 2) == []
    assert _ensemble([replace(TAUX, unite="€"), TAUX], 2) == []
    assert _ensemble([replace(TAUX, numerateur=0, denominateur=0)] * 2, 2) == []


def test_each_set_of_territories_has_its_own_name_whatever_their_order() -> None:
    assert _nom(["222222222", "111111111"]) == _nom(["111111111", "222222222"]) == "111111111-222222222"
    cinq = [f"{n}" * 9 for n in range(1, 6)]
    assert _nom(cinq) == _nom(cinq[::-1])
    assert _nom(cinq).startswith("5-territoires-")
    assert _nom(cinq) != _nom([*cinq[:4], "666666666"])
