"""The proof that a person is named nowhere finds every form that the readers take for their number."""

import contextlib
import gzip
import io
import sqlite3
import sys
import unicodedata
import zipfile
from pathlib import Path

import duckdb
import polars as pl
import pytest

from pipelines.errors import ObservatoireError
from pipelines.ingestion import Endroit, Formes, find_in_landing, find_in_traces
from pipelines.ingestion.identifiants import cleaned, request_number, variants

from .conftest import Depot

NUMERO = "071051900010009999"
CORSE = "02A051900010009999"
# What is neither a letter nor a digit, nor left to nobody; half characters are no text.
SIGNES = [
    c
    for c in map(chr, range(1, sys.maxunicode + 1))
    if unicodedata.category(c)[0] in "CZPSM" and unicodedata.category(c) not in {"Cn", "Co", "Cs"}
]


def forms(numero: str) -> list[str]:
    """Every form that may be the number, made of the number and of one character of Unicode."""
    formes = [f"{numero[:5]}{c}{numero[5:]}" for c in SIGNES] + [f"{c}{numero}" for c in SIGNES]
    large = "".join(next((v for v in variants(c)), c) for c in numero)
    return [
        *formes,
        numero[1:],
        numero.lower(),
        large,
        f'="{numero}"',
        f"'{numero}",
        " ".join(numero),
        f"{large[:3]} {large[3:]}",
    ]


@pytest.mark.parametrize("numero", [NUMERO, CORSE])
def test_every_form_that_is_read_is_found(numero: str) -> None:
    formes = pl.DataFrame({"x": forms(numero)})  # read below
    assert formes.height > 10_000
    lues = [
        forme
        for (forme,) in duckdb.sql(
            f"select x from (select x, {cleaned('x')} as y from formes) where {request_number('y')} = '{numero}'"
        ).fetchall()
    ]
    assert len(lues) > 100
    motif = Formes([numero])
    for encodage in ("utf-8", "utf-16-le", "utf-16-be", "cp1252", "latin-1"):
        for forme in lues:
            with contextlib.suppress(UnicodeEncodeError):
                octets = f";{forme};".encode(encodage)
                assert motif.search(octets), (encodage, ascii(forme))


def test_what_is_another_number_is_not_found() -> None:
    motif = Formes([NUMERO])
    for autre in (
        f"1{NUMERO}",
        f"{NUMERO}1",
        NUMERO[:-1],
        NUMERO[2:],
        f"{NUMERO[:5]}x{NUMERO[5:]}",
        "0" * 18,
    ):
        assert not motif.search(f";{autre};".encode()), autre


@pytest.mark.parametrize("bruit", [b"\x10\xff", b"\x00", b" ", b"\xe2\x80\x8b", b"0710519", b"-'"])
def test_a_file_written_to_make_the_search_last_does_not(bruit: bytes, tmp_path: Path) -> None:
    (tmp_path / "x").write_bytes(b"0" + bruit * (2 << 20) + NUMERO[:9].encode() + bruit * 1000)
    assert find_in_traces([tmp_path], [NUMERO]) == []


def test_lines_are_those_of_the_file_whatever_its_size(tmp_path: Path) -> None:
    """Read by pieces: a number across two of them is found once, at its line."""
    ligne = b"x" * 99 + b"\n"
    avant = 4 * 2**20 // 100
    for decale in (0, 50, 95):
        contenu = ligne * avant + b" " * decale + NUMERO.encode() + b"\n" + ligne * 50_000 + NUMERO.encode()
        (tmp_path / "grand.csv").write_bytes(contenu)
        assert find_in_landing(tmp_path, [NUMERO]) == [
            Endroit("grand.csv", avant + 1),
            Endroit("grand.csv", avant + 1 + 50_000 + 1),
        ]


def test_a_number_on_two_lines_of_a_cell_is_found(depot: Depot) -> None:
    depot.drop("sne/2021/demandes.csv", f'a;b\n1;"{NUMERO[:9]}\r\n{NUMERO[9:]}"\n')
    assert find_in_landing(depot.donnees, [NUMERO]) == [Endroit("sne/2021/demandes.csv", 2)]


@pytest.mark.parametrize("nom", ["coupe.csv.gz", "abime.csv.gz", "abime.zip", "chiffre.zip", "classeur.xlsx"])
def test_a_file_that_cannot_be_searched_is_said(depot: Depot, nom: str) -> None:
    """It may name the person: nothing is proved of it, and it is no traceback."""
    entier = gzip.compress(f"a;b\n{NUMERO};1\n".encode() * 1000)
    tampon = io.BytesIO()
    with zipfile.ZipFile(tampon, "w") as archive:
        archive.writestr("a.csv", NUMERO)
    chiffre = bytearray(tampon.getvalue())
    for signature, place in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        chiffre[chiffre.index(signature) + place] |= 1
    contenus = {
        "coupe.csv.gz": entier[:-20],
        "abime.csv.gz": entier[:40] + b"\xff" * 20 + entier[60:],
        "abime.zip": b"PK" + b"\0" * 50,
        "chiffre.zip": bytes(chiffre),
        "classeur.xlsx": b"pas un classeur",
    }
    depot.drop(nom, contenus[nom])
    depot.drop("z.csv", NUMERO)
    assert find_in_landing(depot.donnees, [NUMERO]) == [
        Endroit(f"{nom} (illisible : rien n'en est prouvé)", None),
        Endroit("z.csv", 1),
    ]
    with pytest.raises(ObservatoireError, match="rien en prouver"):
        find_in_traces([depot.donnees], [NUMERO])


def test_a_value_that_a_database_cuts_among_its_pages_is_found(tmp_path: Path) -> None:
    """What Dagster keeps of an error is longer than a page of SQLite: the bytes of the file are not enough."""
    chemin = tmp_path / "index.db"
    for avant in range(4000, 8200, 17):
        chemin.unlink(missing_ok=True)
        with contextlib.closing(sqlite3.connect(chemin)) as con:
            con.execute('create table "les ""faits" (a integer, b text)')
            con.execute(
                'insert into "les ""faits" values (1, ?)',
                [f"{'x' * avant} {NUMERO} {'x' * (13_000 - avant)}"],
            )
            con.commit()
        if NUMERO.encode() not in chemin.read_bytes():
            break
    else:
        pytest.fail("no value was cut")
    assert find_in_traces([tmp_path], [NUMERO]) == [chemin]
    assert find_in_traces([tmp_path], [CORSE]) == []


def test_reports_in_parquet_are_searched(tmp_path: Path) -> None:
    pl.DataFrame({"n": [1], "t": [f"demande {NUMERO}"]}).write_parquet(tmp_path / "a.parquet")
    pl.DataFrame({"n": [1], "t": ["rien"]}).write_parquet(tmp_path / "b.parquet")
    assert find_in_traces([tmp_path], [NUMERO]) == [tmp_path / "a.parquet"]
