"""What one file may hold (`limites` of landing.yml): read at the limit, refused in a sentence one past it."""

import io
import json
import zipfile
from collections.abc import Callable

import polars as pl
import pytest

from pipelines.errors import DonneesRefusees
from pipelines.ingestion.landing import settings

from .conftest import Depot
from .exemples import attributions, table
from .test_classeurs import cells, workbook
from .test_polygones import CARRE, features, polygon

LIGNES = attributions(20)


def columns_of_text(depot: Depot) -> int:
    depot.drop("sne/2021/export.csv", table(*LIGNES))
    return len(LIGNES[0])


def columns_of_a_sheet(depot: Depot) -> int:
    depot.drop("sne/2021/export.xlsx", workbook({"A": cells(LIGNES)}))
    return len(LIGNES[0])


def cells_of_a_sheet(depot: Depot) -> int:
    depot.drop("sne/2021/export.xlsx", workbook({"A": cells(LIGNES)}))
    return (len(LIGNES) + 1) * len(LIGNES[0])


def bytes_of_a_workbook(depot: Depot) -> int:
    contenu = workbook({"A": cells(LIGNES)})
    depot.drop("sne/2021/export.xlsx", contenu)
    with zipfile.ZipFile(io.BytesIO(contenu)) as archive:
        return sum(membre.file_size for membre in archive.infolist())


def rows_of_a_parquet(depot: Depot) -> int:
    depot.drop("sne/2021/export.parquet", parquet(pl.DataFrame(LIGNES)))
    return len(LIGNES)


def rows_of_one_row_repeated(depot: Depot) -> int:
    repetee = pl.DataFrame(LIGNES[:1])
    contenu = parquet(pl.concat([repetee] * 60_000))
    assert len(contenu) < 60_000
    depot.drop("sne/2021/export.parquet", contenu)
    return 60_000


def rows_of_one_wide_row_repeated(depot: Depot) -> int:
    large = pl.DataFrame([{"CODGEO": "71076", **{f"{m}21": "12" for m in ("MED", "TP60", "D1", "D9", "RD")}}])
    depot.drop("filosofi/2021/COM.parquet", parquet(pl.concat([large] * 20_000)))
    return 20_000 * large.width


def bytes_of_a_geojson(depot: Depot) -> int:
    contenu = features(polygon(CARRE))
    depot.drop("qpv/qpv2015.geojson", contenu)
    assert json.loads(contenu)
    return len(contenu.encode())


def parquet(cadre: pl.DataFrame) -> bytes:
    tampon = io.BytesIO()
    cadre.write_parquet(tampon)
    return tampon.getvalue()


CAS = {
    "colonnes d'un CSV": ("colonnes", "sne", columns_of_text),
    "colonnes d'une feuille": ("colonnes", "sne", columns_of_a_sheet),
    "cellules d'une feuille": ("cellules_feuille", "sne", cells_of_a_sheet),
    "octets d'un classeur": ("octets_classeur", "sne", bytes_of_a_workbook),
    "lignes d'un Parquet": ("lignes_parquet", "sne", rows_of_a_parquet),
    "une ligne répétée": ("lignes_sans_controle", "sne", rows_of_one_row_repeated),
    "une ligne large répétée": ("lignes_sans_controle", "filosofi", rows_of_one_wide_row_repeated),
    "octets d'un GeoJSON": ("octets_geojson", "geographie", bytes_of_a_geojson),
}


@pytest.mark.parametrize(("limite", "source", "deposer"), CAS.values(), ids=CAS)
def test_a_file_is_read_at_the_limit_and_refused_past_it(
    depot: Depot,
    monkeypatch: pytest.MonkeyPatch,
    limite: str,
    source: str,
    deposer: Callable[[Depot], int],
) -> None:
    mesure = deposer(depot)
    monkeypatch.setitem(settings()["limites"], limite, mesure - 1)
    with pytest.raises(DonneesRefusees, match=r"^\w+(?:/2021)?/\w+\.\w+ : "):
        depot.read(source)
    assert not list(depot.magasin.glob("tmp-*"))
    monkeypatch.setitem(settings()["limites"], limite, mesure)
    assert sum(compte.lignes_lues for compte in depot.read(source))


def test_each_limit_is_tried() -> None:
    assert {limite for limite, _, _ in CAS.values()} == set(settings()["limites"])
