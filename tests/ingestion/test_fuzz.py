"""Damaged exports, from fixed seeds: a sentence, or an account equal to a count made without the readers."""

import json
import random
import re
import subprocess
import sys
from pathlib import Path

import pytest

from pipelines.errors import DonneesRefusees
from pipelines.ingestion import Options, ingest

from .conftest import CLE
from .exemples import attributions, demandes, table

FICHIERS = {"attributions.csv": table(*attributions(40)), "demandes.csv": table(*demandes(40))}
# Some at each run, the others among the long proofs: each file is read by the whole reader.
GRAINES = [pytest.param(g, marks=pytest.mark.slow if g >= 4 else ()) for g in range(12)]
PAR_GRAINE = 8


def quote_a_cell(rnd: random.Random, ligne: bytes) -> bytes:
    cellules = ligne.split(b";")
    i = rnd.randrange(len(cellules))
    cellules[i] = (
        rnd.choice([b'"%s', b'%s"', b'"%s"', b'"%s""', b'x"%s', b'"a;b %s"', b' "%s"']) % cellules[i]
    )
    return b";".join(cellules)


def insert(rnd: random.Random, ligne: bytes) -> bytes:
    place = rnd.randrange(len(ligne) + 1)
    bruits = [b'"', b";", b"\r", b"\0", b"\xe9", b"\xc3\xa9", b"\t", b"'", b"\xef\xbb\xbf", b"\xe2\x80\xae"]
    return ligne[:place] + rnd.choice(bruits) + ligne[place:]


def remove(rnd: random.Random, ligne: bytes) -> bytes:
    place = rnd.randrange(max(len(ligne), 1))
    return ligne[:place] + ligne[place + rnd.randint(1, 20) :]


def pad(rnd: random.Random, ligne: bytes) -> bytes:
    return ligne + rnd.choice([b";", b";;;", b" ", b"\t", b";x"])


def blank(_: random.Random, ligne: bytes) -> bytes:
    return b"\n" + ligne + b"\n \n"


def damaged(rnd: random.Random, bon: str) -> bytes:
    lignes = bon.rstrip("\n").encode().split(b"\n")
    for _ in range(rnd.randint(1, 6)):
        i = rnd.randrange(0 if rnd.random() < 0.1 else 1, len(lignes))
        lignes[i] = rnd.choice([quote_a_cell, quote_a_cell, insert, remove, pad, blank])(rnd, lignes[i])
    fin = rnd.choice([b"\n", b"\r\n"])
    texte = fin.join(lignes) + rnd.choice([fin, b""])
    return texte[: rnd.randrange(len(texte))] if rnd.random() < 0.1 else texte


def lines_of(contenu: bytes) -> int:
    """Lines below the header: every physical line that holds something. No damage breaks a line inside
    quotes, so that each is a record, whole or not."""
    lignes = [x for x in re.split(rb"\r?\n", contenu.replace(b"\0", b"")) if x.decode("latin-1").strip()]
    return len(lignes) - 1


@pytest.mark.parametrize("graine", GRAINES)
def test_damaged_exports(graine: int, tmp_path: Path) -> None:
    rnd = random.Random(graine)  # noqa: S311
    lus = 0
    for rang in range(PAR_GRAINE):
        nom, bon = rnd.choice(sorted(FICHIERS.items()))
        contenu = damaged(rnd, bon)
        donnees = tmp_path / str(rang)
        (donnees / "sne/2021").mkdir(parents=True)
        (donnees / "sne/2021" / nom).write_bytes(contenu)
        phrase = ""
        try:
            (compte,) = ingest("sne", donnees, tmp_path / "magasin", CLE, Options(threads=1))
        except DonneesRefusees as refus:
            phrase = str(refus)
        if phrase:
            assert nom in phrase
            assert not re.search(r"\d{18}|71051900010|71022000010", phrase)
            continue
        lus += 1
        assert compte.lignes_lues == lines_of(contenu), (rang, contenu)
    assert lus


@pytest.mark.parametrize(
    ("graine", "nombre"),
    [pytest.param(g, 100, marks=pytest.mark.slow) for g in range(100)],
)
def test_damaged_files_of_every_source_and_format(graine: int, nombre: int) -> None:
    """Ten thousand, by hundreds: a process each, whose memory is measured. See `fuzz.py`."""
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-m", "tests.ingestion.fuzz", str(graine), str(nombre)],
        cwd=Path(__file__).parents[2],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    compte = json.loads(done.stdout)
    assert compte["faults"] == []
    assert compte["counted"] > nombre / 8
    assert compte["read"] + compte["refused"] == nombre
