"""Workbooks: sheets, percentages, cells in error, places, and how far a sheet may go."""

import io
from collections.abc import Callable
from typing import Any

import pytest
import xlsxwriter

from pipelines.errors import DonneesRefusees

from .conftest import Depot
from .exemples import attributions, demandes
from .test_lecture import workbook


def drawn(dessiner: Callable[[Any, Any], None]) -> bytes:
    """A workbook of one sheet, drawn by a function of the workbook and the sheet."""
    tampon = io.BytesIO()
    with xlsxwriter.Workbook(tampon, {"in_memory": True}) as classeur:
        dessiner(classeur, classeur.add_worksheet("Export"))
    return tampon.getvalue()


def cells(lignes: list[dict[str, str]]) -> list[list[object]]:
    return [list(lignes[0]), *(list(ligne.values()) for ligne in lignes)]


def test_every_sheet_of_a_known_layout_is_read_and_the_others_are_said(depot: Depot) -> None:
    lignes = attributions(50)
    depot.drop(
        "sne/2021/export.xlsx",
        workbook(
            {
                "S1": cells(lignes[:20]),
                "Notes": [["à lire", "merci"], ["rien", "ici"]],
                "S2": cells(lignes[20:]),
                "Demandes": cells(demandes(25)),
            }
        ),
    )
    depot.load("sne")
    assert [(c.fichier, c.produit, c.lignes_lues, c.lignes_gardees) for c in depot.comptes["sne"]] == [
        ("sne/2021/export.xlsx#S1", "sne_attributions", 20, 20),
        ("sne/2021/export.xlsx#S2", "sne_attributions", 30, 30),
        ("sne/2021/export.xlsx#Demandes", "sne_demandes", 25, 25),
    ]
    assert depot.rows("SELECT message FROM meta.avertissements WHERE regle = 'feuilles_ignorees'") == [
        ("Feuilles non lues : Notes",)
    ]
    assert all(c.reutilise for c in depot.read("sne"))


def test_two_sheets_with_the_same_rows_are_two_accounts(depot: Depot) -> None:
    depot.drop("sne/2021/x.xlsx", workbook({"A": cells(attributions(20)), "B": cells(attributions(20))}))
    depot.load("sne")
    assert depot.one("SELECT count(*) FROM sources.sne_attributions") == 20
    assert depot.rows("SELECT fichier, lignes_lues FROM meta.verrou ORDER BY 1") == [
        ("sne/2021/x.xlsx#A", 20),
        ("sne/2021/x.xlsx#B", 20),
    ]


def test_a_sheet_named_by_its_year_outside_any_folder_of_a_year(depot: Depot) -> None:
    depot.drop("sne/x.xlsx", workbook({"2020": cells(attributions(20)), "2021": cells(attributions(30))}))
    depot.load("sne")
    assert [(c.millesime, c.lignes_lues) for c in depot.comptes["sne"]] == [(2020, 20), (2021, 30)]


def test_percentages_errors_and_places(depot: Depot) -> None:
    """Above and left of the table, nothing: the library leaves that out, the lines of the sheet stay."""
    lignes = attributions(30)
    noms = list(lignes[0])

    def dessiner(classeur: Any, feuille: Any) -> None:
        part = classeur.add_format({"num_format": '0.00" "%'})
        texte = classeur.add_format({"num_format": '0.00" %"'})
        for i, ligne in enumerate([dict.fromkeys(noms, ""), *lignes]):
            feuille.write_row(i + 4, 2, noms if i == 0 else ligne.values())
        colonne = noms.index("pct_plafond_plus") + 2
        feuille.write_number(5, colonne, 0.65, part)
        feuille.write_number(6, colonne, 0.2298, part)
        feuille.write_number(7, colonne, 65, texte)
        feuille.write_number(8, noms.index("rfr") + 2, 0.5, part)
        feuille.write_formula(9, noms.index("residence") + 2, "=NA()", None, "#N/A")
        feuille.write_formula(10, noms.index("nb_personnes") + 2, "=A1/0", None, "#DIV/0!")

    depot.drop("sne/2021/x.xlsx", drawn(dessiner))
    depot.load("sne")
    (compte,) = depot.comptes["sne"]
    assert (compte.lignes_lues, compte.lignes_gardees + compte.lignes_quarantaine) == (30, 30)
    assert depot.rows(
        "SELECT _ligne, pct_plafond_plus::VARCHAR FROM sources.sne_attributions WHERE _ligne <= 8 ORDER BY 1"
    ) == [(6, "65.00"), (7, "22.98"), (8, "65.00")]
    lus = dict(depot.rows("SELECT _ligne, rfr FROM sources.sne_attributions WHERE _ligne = 9"))
    assert lus.get(9) != 50  # only what is declared in % is
    # As in a CSV: the text of an error says nothing, and no cell is refused for it.
    assert depot.rows(
        "SELECT _ligne, residence, nb_personnes FROM sources.sne_attributions WHERE _ligne IN (10, 11) ORDER BY 1"
    ) == [(10, None, int(lignes[4]["nb_personnes"])), (11, lignes[5]["residence"], None)]
    assert depot.rows("SELECT count(*) FROM quarantaine.sne_attributions WHERE _ligne IN (10, 11)") == [(0,)]


def test_a_request_number_kept_as_a_number_is_none(depot: Depot) -> None:
    """A workbook keeps fifteen figures of a number, whatever it shows: two persons would be one."""
    lignes = attributions(60)
    noms = list(lignes[0])

    def dessiner(_: Any, feuille: Any) -> None:
        for i, ligne in enumerate([dict.fromkeys(noms, ""), *lignes]):
            feuille.write_row(i, 0, noms if i == 0 else ligne.values())
        feuille.write_number(3, noms.index("numero_unique"), 71051900010002144)
        feuille.write_number(4, noms.index("numero_unique"), 1710519000100021e2)

    depot.drop("sne/2021/x.xlsx", drawn(dessiner))
    depot.load("sne")
    assert depot.rows(
        "SELECT _ligne, colonne, regle, valeur FROM quarantaine.sne_attributions ORDER BY 1"
    ) == [(4, "demandeur_id", "type", "(masqué)"), (5, "demandeur_id", "type", "(masqué)")]


@pytest.mark.parametrize(("ligne", "colonne"), [(1048575, 16383), (1048575, 0), (0, 16383)])
def test_a_cell_far_away_is_a_sentence(depot: Depot, ligne: int, colonne: int) -> None:
    def dessiner(_: Any, feuille: Any) -> None:
        for i, cellules in enumerate(cells(attributions(20))):
            feuille.write_row(i, 0, cellules)
        feuille.write_string(ligne, colonne, " ")

    depot.drop("sne/2021/attributions.xlsx", drawn(dessiner))
    with pytest.raises(DonneesRefusees, match=r"sne/2021/attributions\.xlsx : la feuille « Export » s'étend"):
        depot.read("sne")


def test_a_reader_that_dies_names_the_file(depot: Depot, monkeypatch: pytest.MonkeyPatch) -> None:
    """The library may abort its process: it is not ours."""
    monkeypatch.setenv("PYTHONHASHSEED", "cette valeur arrête Python à son démarrage")
    depot.drop("sne/2021/attributions.xlsx", workbook({"A": cells(attributions(20))}))
    with pytest.raises(DonneesRefusees, match=r"sne/2021/attributions\.xlsx : classeur illisible"):
        depot.read("sne")
