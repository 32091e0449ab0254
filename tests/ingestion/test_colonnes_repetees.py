"""One column, one field: columns that answer to one field agree, or the file is refused."""

import pytest

from pipelines.errors import DonneesRefusees

from .conftest import Depot
from .exemples import attributions, logements


def twice(lignes: list[dict[str, str]], colonne: str, secondes: list[str], nom: str | None = None) -> str:
    """The CSV with a second column of that name (or of another), just before it."""
    noms = list(lignes[0])
    place = noms.index(colonne)
    corps = []
    for ligne, seconde in zip(lignes, secondes, strict=True):
        cellules = list(ligne.values())
        corps.append(";".join([*cellules[:place], seconde, *cellules[place:]]))
    entete = [*noms[:place], nom or colonne, *noms[place:]]
    return "\n".join([";".join(entete), *corps]) + "\n"


@pytest.mark.parametrize("nom", [None, "Ressources Mensuelles"])
@pytest.mark.parametrize("secondes", ["", "1210", "1 210,00 €", "NA"])
def test_an_empty_or_equal_column_is_ignored_and_said(depot: Depot, nom: str | None, secondes: str) -> None:
    depot.drop("sne/2021/a.csv", twice(attributions(20), "ressources_mensuelles", [secondes] * 20, nom))
    depot.load("sne")
    assert depot.rows(
        "SELECT count(*), min(ressources_mensuelles)::INTEGER FROM sources.sne_attributions"
    ) == [(20, 1210)]
    ((message,),) = depot.rows("SELECT message FROM meta.avertissements WHERE regle = 'colonne_repetee'")
    assert "ressources_mensuelles" in str(message)
    assert "n° 21" in str(message)
    assert "n° 22" in str(message)


def test_a_column_fills_the_empty_cells_of_the_other(depot: Depot) -> None:
    lignes = attributions(20)
    for ligne in lignes[:10]:
        ligne["ressources_mensuelles"] = ""
    secondes = ["900"] * 10 + [""] * 10
    depot.drop("sne/2021/a.csv", twice(lignes, "ressources_mensuelles", secondes))
    depot.load("sne")
    assert depot.rows(
        "SELECT ressources_mensuelles::INTEGER, count(*) FROM sources.sne_attributions GROUP BY 1 ORDER BY 1"
    ) == [(900, 10), (1210, 10)]


@pytest.mark.parametrize("abime", [False, True])
def test_columns_that_disagree_refuse_the_file_and_are_named(depot: Depot, abime: bool) -> None:
    lignes = attributions(20)
    if abime:  # the repaired path too
        lignes[2]["residence"] = '"Les Ormes'
    secondes = ["1210,00"] * 20
    secondes[6] = "1310"
    depot.drop("sne/2021/a.csv", twice(lignes, "ressources_mensuelles", secondes))
    with pytest.raises(DonneesRefusees) as erreur:
        depot.read("sne")
    for morceau in (
        "sne/2021/a.csv",
        "« ressources_mensuelles » (n° 21)",
        "(n° 22)",
        "premières lignes : 8)",
    ):
        assert morceau in str(erreur.value)
    assert "1310" not in str(erreur.value)


def test_two_aliases_of_one_field_are_one_column(depot: Depot) -> None:
    depot.drop("rpls/2022/a.csv", twice(logements(20), "SIRET", ["900007105"] * 20, "SIREN"))
    depot.load("rpls")
    assert depot.one("SELECT DISTINCT siren_bailleur FROM sources.rpls_logements") == "900007105"
    depot.drop("rpls/2022/a.csv", twice(logements(20), "SIRET", ["900007493"] * 20, "SIREN"))
    with pytest.raises(DonneesRefusees, match=r"SIREN.*SIRET|SIRET.*SIREN"):
        depot.read("rpls")


def test_a_code_and_its_label_are_two_columns(depot: Depot) -> None:
    """Preferences: the first one there is read, the other is another column."""
    depot.drop("rpls/2022/a.csv", twice(logements(20), "FINAN", ["13"] * 20, "FINAN_CODE"))
    depot.load("rpls")
    assert depot.one("SELECT DISTINCT financement FROM sources.rpls_logements") == "13"


def test_columns_of_one_name_in_a_parquet(depot: Depot) -> None:
    import io

    import pyarrow as pa
    import pyarrow.parquet as pq

    lignes = attributions(20)
    colonnes = [pa.array([ligne[c] for ligne in lignes]) for c in lignes[0]]
    tampon = io.BytesIO()
    pq.write_table(pa.Table.from_arrays([*colonnes, pa.array(["77"] * 20)], [*lignes[0], "rfr"]), tampon)
    depot.drop("sne/2021/a.parquet", tampon.getvalue())
    with pytest.raises(DonneesRefusees, match=r"« rfr » \(n° 25\) et « rfr » \(n° 40\)"):
        depot.read("sne")


@pytest.mark.parametrize(("seconde", "accord"), [("247100589", True), ("", True), ("242100410", False)])
def test_a_column_read_by_what_another_says_is_compared_too(depot: Depot, seconde: str, accord: bool) -> None:
    """The code of a threshold is an EPCI's or a region's, as its scope says."""
    depot.drop(
        "referentiels/seuils_q1.csv",
        f"annee;portee;code;seuil;code\n2021;epci;247100589;9000;{seconde}\n2021;region;27;9100;27\n",
    )
    if accord:
        assert depot.load("referentiels")["ref_seuils_q1"] == 2
        return
    with pytest.raises(DonneesRefusees, match="« code »"):
        depot.read("referentiels")
