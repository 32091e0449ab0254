"""What says « nothing » in a cell, whatever the column; codes that a spreadsheet took for numbers."""

import pytest

from tests.ingestion.conftest import Depot
from tests.ingestion.exemples import attributions, logements, table

VIDES = ("", "NULL", "-", "N/A", "?", "(null)", "non précisé", "nsp")
ZEROS = ("0", "00/00/0000", "0000-00-00")


def test_nothing_is_nothing_in_every_kind_of_column(depot: Depot) -> None:
    """Most leases are unsigned: a word for it must not look like a column read for another."""
    colonnes = (
        "date_signature_bail",
        "date_entree",
        "num_rpls",
        "residence",
        "typologie",
        "age",
        "loyer",
        "dalo",
        "rang",
    )
    pleines, vides = len(VIDES), 9 * len(VIDES)
    lignes = [
        x | (dict.fromkeys(colonnes, VIDES[i % len(VIDES)]) if i < vides else {})
        for i, x in enumerate(attributions(vides + pleines))
    ]
    depot.drop("sne/2021/a.csv", table(*lignes))
    depot.load("sne")
    connues = ", ".join(f"count({c})" for c in colonnes)
    assert depot.rows(f"SELECT {connues}, count(*) FROM sources.sne_attributions") == [
        (*[pleines] * len(colonnes), vides + pleines)
    ]
    assert depot.one("SELECT count(*) FROM quarantaine.sne_attributions") == 0


def test_a_date_of_zeros_is_none(depot: Depot) -> None:
    lignes = [
        x | dict.fromkeys(("date_signature_bail", "date_entree"), ZEROS[i % len(ZEROS)])
        for i, x in enumerate(attributions(12))
    ]
    depot.drop("sne/2021/a.csv", table(*lignes))
    depot.load("sne")
    assert depot.rows("SELECT count(date_signature_bail), count(*) FROM sources.sne_attributions") == [
        (0, 12)
    ]


def test_a_zero_that_is_a_value_stays(depot: Depot) -> None:
    depot.drop(
        "sne/2021/a.csv", table(*attributions(3, ressources_mensuelles="0", nb_moins_14="0", neuf="x"))
    )
    depot.load("sne")
    assert depot.rows(
        "SELECT ressources_mensuelles::INTEGER, nb_moins_14, neuf FROM sources.sne_attributions ORDER BY ALL"
    )[0] == (0, 0, True)


def test_a_dwelling_leaves_the_stock_by_a_reason_only(depot: Depot) -> None:
    valeurs = [
        "",
        "NULL",
        "9.0",
        "9",
        "-",
        "00",
        "N/A",
        "1",
        "N",
        "non",
        "Z",
        "Non sorti",
        "Toujours dans le parc",
        "1.0",
    ]
    lignes = logements(len(valeurs))
    for ligne, valeur in zip(lignes, valeurs, strict=True):
        ligne["SORTIEPATRIM"] = valeur
    depot.drop("rpls/2022/r.csv", table(*lignes))
    depot.load("rpls")
    assert depot.rows(
        "SELECT coalesce(sortie_patrimoine, '9'), count(*) FROM sources.rpls_logements GROUP BY 1 ORDER BY 1"
    ) == [("1", 2), ("9", 12)]


def test_codes_taken_for_numbers_are_codes(depot: Depot) -> None:
    depot.drop("rpls/2022/r.csv", table(*logements(2, MODE="1.0", FINAN="52.0", CONTRESLOG="06")))
    depot.load("rpls")
    assert depot.rows("SELECT DISTINCT mode, financement, contingent FROM sources.rpls_logements") == [
        ("1", "52", "6")
    ]
    depot.drop("sne/2021/a.csv", table(*attributions(2, reservataire="02", typologie="5.0")))
    depot.load("sne")
    assert depot.rows("SELECT DISTINCT reservataire, typologie FROM sources.sne_attributions") == [
        ("2", "T5")
    ]


@pytest.mark.parametrize("texte", ["Mme\u00a0LEFEBVRE", "M.\u00a0LEFEBVRE", "Mme-LEFEBVRE", "c/o LEFEBVRE"])
def test_spaces_of_any_kind_hide_nobody(depot: Depot, texte: str) -> None:
    depot.drop("sne/2021/a.csv", table(*attributions(2, residence=texte)))
    depot.load("sne")
    assert depot.one("SELECT count(*) FROM sources.sne_attributions WHERE residence LIKE '%LEFEBVRE%'") == 0


def test_a_social_security_number_is_no_dwelling(depot: Depot) -> None:
    depot.drop("sne/2021/a.csv", table(*attributions(2, num_rpls="185057800608436")))
    depot.load("sne")
    assert depot.one("SELECT count(*) FROM sources.sne_attributions WHERE num_rpls LIKE '%185057%'") == 0
