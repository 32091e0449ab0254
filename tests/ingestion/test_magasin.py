"""The store: what was read once is not read again, and nothing half written is ever used."""

import json
import random

import duckdb
import pytest

from pipelines.ingestion import declarations, executer, load
from pipelines.ingestion.comptes import CompteFichier

from .conftest import Depot
from .exemples import attributions, logements, table


def test_a_known_content_is_not_parsed_again(depot: Depot, monkeypatch: pytest.MonkeyPatch) -> None:
    depot.drop("rpls/2022/rpls.csv", table(*logements(50, LOYERPRINC="?")))
    premiers = depot.read("rpls")

    def forbidden(*_: object) -> None:
        raise AssertionError("parsed again")

    monkeypatch.setattr(executer.lecture, "direct", forbidden)
    monkeypatch.setattr(executer.lecture, "repaired", forbidden)
    seconds = depot.read("rpls")
    assert seconds == premiers
    assert [c.reutilise for c in seconds] == [True]
    # Nor is it under another name.
    (depot.donnees / "rpls/2022/rpls.csv").rename(depot.donnees / "rpls/2022/autre_nom.csv")
    (compte,) = depot.read("rpls")
    assert compte.reutilise
    assert compte.fichier == "rpls/2022/autre_nom.csv"


def test_the_same_content_twice_in_a_vintage_counts_once(depot: Depot) -> None:
    contenu = table(*logements(50))
    depot.drop("rpls/2022/a.csv", contenu)
    depot.drop("rpls/2022/b.csv", contenu)
    depot.drop("rpls/2023/c.csv", contenu)
    depot.load("rpls")
    assert depot.rows("SELECT fichier, lignes_gardees, lignes_doublons FROM meta.verrou ORDER BY 1") == [
        ("rpls/2022/a.csv", 50, 0),
        ("rpls/2022/b.csv", 0, 50),
        ("rpls/2023/c.csv", 50, 0),
    ]
    assert depot.one("SELECT count(*) FROM sources.rpls_logements") == 100


def test_dwellings_without_a_number_are_as_many_as_one_file_repeats_them(depot: Depot) -> None:
    sans = [{k: v for k, v in x.items() if k != "IDENT_REP"} for x in logements(30)]
    lignes = [x | {"SURFHAB": f"{60 + rang},00", "LIBSEGPATRIM": ""} for rang, x in enumerate(sans)]
    depot.drop("rpls/2018/nord.csv", table(*lignes))
    depot.drop("rpls/2018/sud.csv", table(*lignes[:20], *[lignes[0]] * 4, lignes[29] | {"SURFHAB": "99"}))
    # Another vintage is another state of the stock.
    depot.drop("rpls/2019/sud.csv", table(*lignes[:20]))
    depot.load("rpls")
    assert depot.one("SELECT count(*) FROM sources.rpls_logements WHERE millesime = 2018") == 35
    assert depot.one("SELECT count(*) FROM sources.rpls_logements WHERE millesime = 2019") == 20
    assert depot.one("SELECT sum(lignes_lues - lignes_gardees - lignes_doublons) FROM meta.verrou") == 0


def test_what_the_content_depends_on_is_in_the_key(depot: Depot) -> None:
    depot.drop("rpls/2022/rpls.csv", table(*logements(50)))
    (avant,) = depot.read("rpls")
    (depot.donnees / "rpls/2023").mkdir()
    (depot.donnees / "rpls/2022/rpls.csv").rename(depot.donnees / "rpls/2023/rpls.csv")
    (millesime,) = depot.read("rpls")
    depot.drop("rpls/2023/rpls.csv", table(*logements(50, NBPIECE="4")))
    (contenu,) = depot.read("rpls")
    assert len({avant.cle, millesime.cle, contenu.cle}) == 3


@pytest.mark.parametrize("dommage", ["parquet", "quarantaine", "compte", "compte_vide"])
def test_an_incomplete_entry_is_read_again(depot: Depot, dommage: str) -> None:
    depot.drop("rpls/2022/rpls.csv", table(*logements(50)))
    (compte,) = depot.read("rpls")
    chemins = {
        "parquet": depot.magasin / f"{compte.cle}.parquet",
        "quarantaine": depot.magasin / f"{compte.cle}.quarantaine.parquet",
        "compte": depot.magasin / f"{compte.cle}.json",
        "compte_vide": depot.magasin / f"{compte.cle}.json",
    }
    if dommage == "compte_vide":
        chemins[dommage].write_text("{")
    else:
        chemins[dommage].unlink()
    (encore,) = depot.read("rpls")
    assert not encore.reutilise
    assert encore == compte


def test_the_same_bytes_give_the_same_files_whatever_the_threads(
    depot: Depot, tmp_path_factory: pytest.TempPathFactory
) -> None:
    from pipelines.ingestion import Options, ingest

    tirage = random.Random(3)  # noqa: S311 - shuffles test rows
    lignes = logements(3_000)
    for i in tirage.sample(range(3_000), 30):
        lignes[i]["MODE"] = "8"
    depot.drop("rpls/2022/rpls.csv", table(*lignes, *lignes[:50]))
    contenus = []
    for fils in (1, 4):
        magasin = tmp_path_factory.mktemp(f"magasin{fils}")
        (compte,) = ingest("rpls", depot.donnees, magasin, b"k" * 32, Options(threads=fils))
        with duckdb.connect() as con:
            load(con, "rpls", [compte])
            contenus.append(
                (
                    compte.to_json(),
                    con.execute("SELECT * FROM sources.rpls_logements").fetchall(),
                    con.execute("SELECT * FROM quarantaine.rpls_logements").fetchall(),
                )
            )
    assert contenus[0] == contenus[1]


def test_accounts_go_through_json(depot: Depot) -> None:
    depot.drop(
        "sne/2021/attributions.csv", table(*attributions(60, numero_unique="x", rang="x")) + "trop;court\n"
    )
    (compte,) = depot.read("sne")
    assert CompteFichier.from_json(json.loads(json.dumps(compte.to_json()))) == compte
    assert (compte.lignes_lues, compte.lignes_gardees, compte.lignes_quarantaine) == (61, 59, 2)


def test_an_account_that_does_not_add_up_cannot_exist() -> None:
    with pytest.raises(AssertionError):
        CompteFichier("f", "rpls", "rpls_logements", 2022, 1, "x", lignes_lues=3, lignes_gardees=2)


def test_loading_twice_is_loading_once(depot: Depot) -> None:
    depot.drop("rpls/2022/rpls.csv", table(*logements(50)))
    assert depot.load("rpls") == depot.load("rpls")
    assert depot.one("SELECT count(*) FROM meta.verrou") == 1
    assert depot.one("SELECT count(*) FROM sources.rpls_logements") == 50
    assert set(declarations()["rpls_logements"].colonnes) == {
        c
        for (c,) in depot.rows(
            "SELECT column_name FROM duckdb_columns() "
            "WHERE table_name = 'rpls_logements' AND schema_name = 'sources'"
        )
    }
