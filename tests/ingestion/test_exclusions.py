"""Persons and vintages that must no longer be read: set aside, counted, and kept nowhere."""

import gzip
import zipfile
from pathlib import Path

import duckdb
import pytest

from pipelines.errors import DonneesRefusees
from pipelines.ingestion import (
    Endroit,
    Exclusion,
    count_in_store,
    count_vintage_in_store,
    find_in_landing,
    pseudonym,
    purge_store,
    record_exclusions,
)
from pipelines.ingestion.exclusions import FILE, message
from pipelines.ingestion.pseudonymes import key_fingerprint

from .conftest import CLE, Depot
from .exemples import attributions, demandes, occupations, table

NUMERO = "071051900010009999"
PSEUDONYME = pseudonym(CLE, NUMERO)


def person(numero: str = NUMERO, cle: bytes = CLE) -> Exclusion:
    return Exclusion(
        personne=pseudonym(cle, numero), cle=key_fingerprint(cle), le="2024-02-29", motif="demande"
    )


def vintage(source: str, millesime: int) -> Exclusion:
    return Exclusion(source=source, millesime=millesime, le="2024-02-29", motif="durée de conservation")


def fill(depot: Depot, **changes: str) -> None:
    """A person in two files, once with a cell that the readers refuse."""
    lignes = attributions(60)
    lignes[4] |= {"numero_unique": NUMERO, **changes}
    autres = demandes(40)
    autres[7]["numero_unique"] = f"071 0519 {NUMERO[7:]}"
    depot.drop("sne/2021/attributions.csv", table(*lignes))
    depot.drop("sne/2021/demandes.csv", table(*autres))


def account(depot: Depot) -> dict[str, tuple[int, int, int, int]]:
    return {
        str(c.produit): (c.lignes_lues, c.lignes_gardees, c.lignes_quarantaine, c.lignes_doublons)
        for c in depot.comptes["sne"]
    }


def test_lines_of_a_person_are_set_aside_and_counted(depot: Depot) -> None:
    fill(depot)
    assert depot.load("sne") == {
        "sne_agregats": 0, "sne_attributions": 60, "sne_demandes": 40, "sne_transmissions": 0
    }  # fmt: skip
    assert record_exclusions(depot.donnees, [person()]) == [1]
    depot.load("sne")
    assert account(depot) == {"sne_attributions": (60, 59, 1, 0), "sne_demandes": (40, 39, 1, 0)}
    for product, line in (("sne_attributions", 6), ("sne_demandes", 9)):
        assert depot.rows(f"SELECT * FROM sources.{product} WHERE demandeur_id = '{PSEUDONYME}'") == []
        assert depot.rows(f"SELECT _ligne, colonne, valeur, regle, message FROM quarantaine.{product}") == [
            (line, None, None, "personne_exclue", message(1))
        ]
        # The others keep the line that they have in the file.
        assert depot.one(f"SELECT count(DISTINCT _ligne) FROM sources.{product}") == (
            59 if product == "sne_attributions" else 39
        )
        assert depot.one(f"SELECT max(_ligne) FROM sources.{product}") == (
            61 if product == "sne_attributions" else 41
        )
    assert depot.rows(
        "SELECT nombre, total FROM meta.avertissements WHERE regle = 'lignes_exclues' ORDER BY ALL"
    ) == [
        (1, 40),
        (1, 60),
    ]
    assert depot.rows("SELECT * FROM meta.couverture") == []


def test_what_a_refused_line_held_is_not_kept_either(depot: Depot) -> None:
    fill(depot, rang="100")
    depot.load("sne")
    assert depot.one("SELECT valeur FROM quarantaine.sne_attributions") == "100"
    record_exclusions(depot.donnees, [person()])
    depot.load("sne")
    assert depot.rows("SELECT regle, valeur FROM quarantaine.sne_attributions") == [("personne_exclue", None)]


def test_removed_persons_are_not_defects_of_the_file(depot: Depot) -> None:
    """Half the file set aside on request: the tolerance is about lines that are wrong."""
    depot.drop("sne/2021/attributions.csv", table(*attributions(40)))
    depot.load("sne")
    numeros = [ligne["numero_unique"] for ligne in attributions(40)[:20]]
    record_exclusions(depot.donnees, [person(n) for n in numeros])
    depot.load("sne")
    assert account(depot) == {"sne_attributions": (40, 20, 20, 0)}


def test_lines_deleted_from_the_file_leave_an_exclusion_that_waits(depot: Depot) -> None:
    fill(depot)
    record_exclusions(depot.donnees, [person()])
    for name in ("attributions", "demandes"):
        path = depot.donnees / "sne" / "2021" / f"{name}.csv"
        kept = [line for line in path.read_text().splitlines() if NUMERO not in line.replace(" ", "")]
        path.write_text("\n".join(kept) + "\n")
    depot.load("sne")
    assert account(depot) == {"sne_attributions": (59, 59, 0, 0), "sne_demandes": (39, 39, 0, 0)}
    fill(depot)
    depot.load("sne")
    assert account(depot) == {"sne_attributions": (60, 59, 1, 0), "sne_demandes": (40, 39, 1, 0)}


def test_an_exclusion_of_another_key_stops_the_build(depot: Depot) -> None:
    """Its pseudonym would be found nowhere, and the person would come back."""
    fill(depot)
    record_exclusions(depot.donnees, [person(cle=b"une autre cle, assez longue")])
    with pytest.raises(DonneesRefusees, match=r"retraits\.yml, entrée 1 .*autre clé"):
        depot.read("sne")


def test_a_vintage_is_set_aside_whoever_it_is_about(depot: Depot) -> None:
    depot.drop("ops/2020/ops.csv", table(*occupations(30)))
    assert depot.load("ops")["ops_occupation"]
    record_exclusions(depot.donnees, [vintage("ops", 2020), vintage("sne", 2020)])
    assert depot.load("ops")["ops_occupation"] == 0
    assert {r for (r,) in depot.rows("SELECT DISTINCT regle FROM quarantaine.ops_occupation")} == {
        "millesime_exclu"
    }


def test_without_exclusion_nothing_is_read_again(depot: Depot) -> None:
    fill(depot)
    depot.read("sne")
    record_exclusions(depot.donnees, [vintage("ops", 2020)])
    assert all(c.reutilise for c in depot.read("sne"))
    record_exclusions(depot.donnees, [vintage("sne", 2019)])
    assert not any(c.reutilise for c in depot.read("sne"))


def test_the_same_request_is_recorded_once(depot: Depot) -> None:
    assert record_exclusions(depot.donnees, [person(), vintage("sne", 2015)]) == [1, 2]
    assert record_exclusions(depot.donnees, [vintage("sne", 2015), person("071051900010008888")]) == [2, 3]
    text = (depot.donnees / FILE).read_text(encoding="utf-8")
    assert NUMERO not in text
    assert text.count("personne:") == 2


@pytest.mark.parametrize(
    "entry",
    [
        "- {personne: abc, le: 2024-02-29, motif: x}",
        "- {source: sne, le: 2024-02-29, motif: x}",
        "- {source: insee, millesime: 2015, le: 2024-02-29, motif: x}",
        "- {personne: abc, cle: d, source: sne, millesime: 2015, le: 2024-02-29, motif: x}",
        "- {source: sne, millesime: 2015, le: hier, motif: x}",
        "- {source: sne, millesime: 2015, le: 2024-02-31, motif: x}",
        "[",
    ],
)
def test_a_file_that_cannot_be_understood_stops_the_build(depot: Depot, entry: str) -> None:
    fill(depot)
    depot.drop(FILE, entry + "\n")
    with pytest.raises(DonneesRefusees, match=r"exclusions/retraits\.yml"):
        depot.read("sne")


def test_the_store_forgets_a_source_and_nothing_else(depot: Depot) -> None:
    fill(depot)
    depot.drop("ops/2020/ops.csv", table(*occupations(30)))
    depot.load("sne")
    depot.load("ops")
    assert count_in_store(depot.magasin, [PSEUDONYME]) == 2
    assert count_vintage_in_store(depot.magasin, "ops", 2020) == 30
    (depot.magasin / f"{'0' * 64}.parquet").write_bytes(b"left by a dead run")
    assert purge_store(depot.magasin, {"sne"}) == 3
    assert count_in_store(depot.magasin, [PSEUDONYME]) == 0
    assert count_vintage_in_store(depot.magasin, "ops", 2020) == 30
    assert all(c.reutilise for c in depot.read("ops"))
    assert not any(c.reutilise for c in depot.read("sne"))
    rest = [p for p in depot.magasin.rglob("*") if p.is_file()]
    assert not any(PSEUDONYME.encode() in p.read_bytes() for p in rest if p.suffix == ".json")


def test_another_key_leaves_nothing_of_the_old_one_once_the_store_is_emptied(depot: Depot) -> None:
    fill(depot)
    depot.read("sne")
    old = set(depot.magasin.glob("*.parquet"))
    purge_store(depot.magasin, {"sne"})
    from pipelines.ingestion import Options, ingest, load

    other = b"une nouvelle cle, assez longue"
    with duckdb.connect() as con:
        load(con, "sne", ingest("sne", depot.donnees, depot.magasin, other, Options(threads=1)))
        found = con.execute("SELECT demandeur_id FROM sources.sne_attributions").fetchall()
    assert (pseudonym(other, NUMERO),) in found
    assert (PSEUDONYME,) not in found
    assert not old & set(depot.magasin.glob("*.parquet"))
    assert count_in_store(depot.magasin, [PSEUDONYME]) == 0


def test_files_that_name_a_person_are_found_line_by_line(depot: Depot) -> None:
    text = f"numero_unique;x\n1;2\n071 0519 {NUMERO[7:]};3\n9{NUMERO};4\n{NUMERO}0;5\n"
    depot.drop("sne/2021/a.csv", text)
    depot.drop("sne/2022/b.csv.gz", gzip.compress(text.encode()))
    depot.drop("corrections/c.yml", f'- cle: {{numero_unique: "{NUMERO}"}}\n')
    depot.drop("notes.txt", "rien\n")
    with zipfile.ZipFile(depot.donnees / "sne" / "2021" / "d.zip", "w") as archive:
        archive.writestr("m/e.csv", text)
    with zipfile.ZipFile(depot.donnees / "sne" / "2021" / "f.xlsx", "w") as archive:
        archive.writestr("xl/sharedStrings.xml", f"<t>{NUMERO}</t>")
    (depot.donnees / "abime.zip").write_bytes(b"PK no zip")
    large = NUMERO.translate({48 + i: 0xFF10 + i for i in range(10)})
    formes = [
        NUMERO[1:],
        f"'{NUMERO}",
        f"071\u00a00519\u200b{NUMERO[7:]}",
        large,
        f"{NUMERO[:9]}\u00ad{NUMERO[9:]}",
    ]
    depot.drop("sne/2021/formes.csv", "numero_unique;x\n" + "".join(f"{f};1\n" for f in formes))
    depot.drop("sne/2021/latin.csv", f"é;x\n071\u00a00519{NUMERO[7:]};1\n".encode("cp1252"))
    depot.drop("sne/2021/utf16.csv", f"é;x\n{NUMERO};1\n".encode("utf-16"))
    assert find_in_landing(depot.donnees, [NUMERO.lower(), "071051900010001111"]) == [
        Endroit("abime.zip (illisible : rien n'en est prouvé)", None),
        Endroit("corrections/c.yml", 1),
        Endroit("sne/2021/a.csv", 3),
        Endroit("sne/2021/d.zip#m/e.csv", 3),
        Endroit("sne/2021/f.xlsx", None),
        *(Endroit("sne/2021/formes.csv", ligne) for ligne in range(2, 7)),
        Endroit("sne/2021/latin.csv", 2),
        Endroit("sne/2021/utf16.csv", 2),
        Endroit("sne/2022/b.csv.gz", 3),
    ]


def test_no_number_is_written_by_the_removal(depot: Depot, tmp_path: Path) -> None:
    fill(depot)
    record_exclusions(depot.donnees, [person()])
    depot.load("sne")
    written = [p for p in tmp_path.rglob("*") if p.is_file() and p.suffix != ".csv"]
    assert not any(NUMERO.encode() in p.read_bytes() for p in written)
