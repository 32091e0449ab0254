"""Names and cells written to break a statement are names and cells like any other."""

import pytest

from .conftest import Depot
from .exemples import attributions, table

HOSTILE = "x'; DROP TABLE sources.sne_attributions; --"


@pytest.mark.parametrize(
    "name", [f"attributions {HOSTILE}.csv", 'attributions ").csv', "attributions $1 ?.csv"]
)
def test_a_hostile_file_name_is_a_file_name(depot: Depot, name: str) -> None:
    depot.drop(f"sne/2021/{name}", table(*attributions(30, date_decision="demain")))
    assert depot.load("sne")["sne_attributions"] == 29
    assert depot.one("SELECT DISTINCT _fichier FROM sources.sne_attributions") == f"sne/2021/{name}"
    assert depot.one("SELECT DISTINCT _fichier FROM quarantaine.sne_attributions") == f"sne/2021/{name}"


def test_hostile_cells_and_columns_are_kept_as_they_are(depot: Depot) -> None:
    lignes = [ligne | {f'"{HOSTILE}"': HOSTILE} for ligne in attributions(30, residence=HOSTILE)]
    lignes[1]["reservataire"] = HOSTILE
    depot.drop("sne/2021/attributions.csv", table(*lignes, separateur="\t"))
    assert depot.load("sne")["sne_attributions"] == 29
    assert depot.one("SELECT residence FROM sources.sne_attributions ORDER BY _ligne LIMIT 1") == HOSTILE
    assert depot.one("SELECT valeur FROM quarantaine.sne_attributions") == HOSTILE
