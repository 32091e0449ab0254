"""One file made to exhaust memory, read as a build reads it, in a process that does nothing else.

    python -m tests.ingestion.memoire make FOLDER CASE     # prints the source
    python -m tests.ingestion.memoire read FOLDER SOURCE

The second prints one JSON object: lines read or sentence, peak of memory in bytes, seconds.
"""

import json
import re
import resource
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import xlsxwriter

from pipelines.errors import ObservatoireError
from pipelines.ingestion import Options, ingest
from pipelines.ingestion.landing import settings

from .exemples import attributions
from .test_classeurs import cells
from .test_polygones import CARRE, features, polygon

CLE = b"cle de test, jamais utilisee ailleurs"
LIGNES = attributions(20)
LIMITES = settings()["limites"]


def sheet(ligne: int, colonne: int) -> Callable[[Path], str]:
    """A workbook of a few kilobytes with a stray space at a place (counted from 0)."""

    def make(donnees: Path) -> str:
        with xlsxwriter.Workbook(str(place(donnees, "sne/2021/export.xlsx"))) as classeur:
            feuille = classeur.add_worksheet("Export")
            for i, cellules in enumerate(cells(LIGNES)):
                feuille.write_row(i, 0, cellules)
            feuille.write_string(ligne, colonne, " ")
        return "sne"

    return make


def one_row(nombre: int) -> Callable[[Path], str]:
    """A Parquet whose only row is repeated: a few megabytes whatever their number."""

    def make(donnees: Path) -> str:
        bloc = pa.concat_tables([pa.Table.from_pylist([dict(LIGNES[0])])] * 100_000).combine_chunks()
        with pq.ParquetWriter(
            place(donnees, "sne/2021/export.parquet"), bloc.schema, compression="zstd"
        ) as f:
            for _ in range(nombre // 100_000):
                f.write_table(bloc)
        return "sne"

    return make


def columns(nombre: int, lignes: int) -> Callable[[Path], str]:
    """A CSV with this many columns."""

    def make(donnees: Path) -> str:
        ajoutees = [f"x{i}" for i in range(nombre - len(LIGNES[0]))]
        with place(donnees, "sne/2021/export.csv").open("w", encoding="utf-8") as flux:
            flux.write(";".join([*LIGNES[0], *ajoutees]) + "\n")
            for i in range(lignes):
                valeurs = (str(v) for v in LIGNES[i % len(LIGNES)].values())
                flux.write(";".join([*valeurs, *["1"] * len(ajoutees)]) + "\n")
        return "sne"

    return make


def polygons(octets: int) -> Callable[[Path], str]:
    """A GeoJSON of at most this many bytes: few contours, of as many points as that leaves."""

    def make(donnees: Path) -> str:
        points = octets // 90 // len("[4.80000, 46.7], ")
        contour = polygon([*([round(4.8 + 0.1 * i / points, 5), 46.7] for i in range(points)), *CARRE[1:]])
        contenu = features(*[contour] * 90)
        assert octets * 0.9 < len(contenu) <= octets
        place(donnees, "qpv/qpv2015.geojson").write_text(contenu, encoding="utf-8")
        return "geographie"

    return make


def place(donnees: Path, nom: str) -> Path:
    """A file to make, its folder made."""
    (donnees / nom).parent.mkdir(parents=True, exist_ok=True)
    return donnees / nom


CAS: dict[str, Callable[[Path], str]] = {
    "la cellule XFD1048576": sheet(1_048_575, 16_383),
    "une espace en A1048576": sheet(1_048_575, 0),
    "autant de cellules que permis": sheet(LIMITES["cellules_feuille"] // len(LIGNES[0]) - 1, 0),
    "autant de colonnes que permis": sheet(LIMITES["cellules_feuille"] // LIMITES["colonnes"] - 1, LIMITES["colonnes"] - 1),
    "40 millions de lignes": one_row(40_000_000),
    "une ligne, répétée autant que permis": one_row(LIMITES["lignes_sans_controle"]),
    "2 000 colonnes": columns(2_000, 10_000),
    "600 colonnes": columns(LIMITES["colonnes"], 50_000),
    "un GeoJSON, autant que permis": polygons(LIMITES["octets_geojson"]),
}  # fmt: skip


def read(dossier: Path, source: str) -> dict[str, object]:
    """Read a source; say what came of it and what it cost."""
    debut, lues, phrase = time.monotonic(), 0, ""
    try:
        comptes = ingest(source, dossier / "depot", dossier / "magasin", CLE, Options(threads=2))
        lues = sum(compte.lignes_lues for compte in comptes)
    except ObservatoireError as refus:
        phrase = str(refus)
    return {"lues": lues, "phrase": phrase, "octets": peak(), "secondes": time.monotonic() - debut}


def peak() -> int:
    """The most memory, in bytes, that this program or one that it started held; not what its parent held before."""
    (propre,) = re.findall(r"^VmHWM:\s+(\d+) kB$", Path("/proc/self/status").read_text(), flags=re.M)
    return max(int(propre), resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss) << 10


if __name__ == "__main__":
    print(json.dumps(read(Path(sys.argv[1]), sys.argv[2])))
