"""Insee's bases on neighbourhoods, from the landing folder to the sheet of a neighbourhood, by the command."""

import re
from pathlib import Path

import duckdb
import pytest

from pipelines import bilan
from tests.metamorphose.depots import base
from tests.partage import Publie, published

EPCI = "200066009"
QUARTIERS = ("QN06803M", "QN06804M", "QN06805M", "QN06806M", "QN06807M", "QN06808M", "QN06809M")
AILLEURS = {"71076": "68224", "71105": "68154", "71118": "68376", "71333": "68166", "247100589": EPCI}
FINE = "\u202f"


def _write(folder: Path) -> None:
    """The small folder, moved to another territory, and two years of two themes for its neighbourhoods."""
    base().write(folder)
    for path in sorted(p for p in folder.rglob("*") if p.suffix in (".csv", ".yml")):
        text = path.read_text(encoding="utf-8")
        for old, new in AILLEURS.items():
            text = text.replace(old, new)
        path.write_text(text, encoding="utf-8")
    for year, more in ((2018, 0), (2022, 2)):
        # The commune of the last is not in the file.
        places = [*QUARTIERS, "68224", EPCI, "FR"]
        emploi = "".join(f"{code};x;{40 + more + rank},5;{900 + rank}\n" for rank, code in enumerate(places))
        caf = "".join(f"{code};x;2000;{500 + 10 * more};s\n" for code in places)
        (folder / "qpv" / str(year)).mkdir(parents=True, exist_ok=True)
        for name, text in (
            (f"INSP_{year}.csv", f"CODGEO;LIBGEO;TX_TOT_EMPL;ABCDE\n{emploi}"),
            (f"REVN_{year}.csv", f"CODGEO;LIBGEO;A;ARSAS;BREV\n{caf}"),
        ):
            (folder / "qpv" / str(year) / name).write_text(text, encoding="utf-8")


@pytest.fixture(scope="module")
def construit(tmp_path_factory: pytest.TempPathFactory) -> Publie:
    """The warehouse of that folder."""
    return published(tmp_path_factory, "portraits", _write)


def test_seven_portraits_with_kind_gaps_and_trend(construit: Publie) -> None:
    with duckdb.connect(str(construit.entrepot), read_only=True) as con:
        lignes = con.execute(
            # A neighbourhood over two communes has a row for each, and only one of them is in the file.
            "select modalite, type_indicateur, max(ecart_commune), ecart_epci, ecart_france, "
            "periode_anterieure, evolution from marts.portraits_quartiers where epci_siren = ? "
            "and periode = '2022' and indicateur = 'part_en_emploi' group by all order by modalite",
            [EPCI],
        ).fetchall()
        statuts = con.execute(
            "select distinct indicateur, valeur, statut from marts.portraits_quartiers "
            "where domaine = 'prestations' and periode = '2022' and indicateur <> 'allocataires' order by 1"
        ).fetchall()
    assert lignes == [
        (code, "impact", rank - 7.0 if rank < 6 else None, rank - 8.0, rank - 9.0, "2018", 2.0)
        for rank, code in enumerate(QUARTIERS)
    ]
    # A share of two published numbers; a marker of secrecy is a status.
    assert statuts == [("allocataires_rsa", 26.0, "publiable"), ("part_bas_revenus", None, "secret")]


def test_the_sheet_of_a_neighbourhood_shows_them(construit: Publie, tmp_path: Path) -> None:
    chemin, *_ = bilan.render(construit.entrepot, EPCI, 2022, tmp_path, fiches=True)
    brut = re.sub(r"<(style|script).*?</\1>", "", chemin.read_text(encoding="utf-8"), flags=re.S)
    texte = re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", brut.replace(FINE, " ")))
    assert {code for code in QUARTIERS if f"({code})" not in texte} == set()
    assert "15 à 64 ans en emploi impact 2022 42,50 % −7,0 −8,0 −9,0 2018 2,0" in texte
