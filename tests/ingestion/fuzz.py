"""Damaged files of every source and format, from a seed, and what must be true of each whatever the damage.

    python -m tests.ingestion.fuzz SEED [COUNT]

One file at a time is read as a build reads it. It must give a sentence that names it, or an account whose
lines are those that this module counts for itself; never a traceback, a cell of a person, more than 1 GB or
20 s. Prints one JSON object; the peak of memory is that of the process and of those that it starts.
"""

import gzip
import io
import json
import random
import re
import resource
import sys
import tempfile
import time
import traceback
import zipfile
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any

import duckdb
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import xlsxwriter

from pipelines.demo import generate
from pipelines.errors import ObservatoireError
from pipelines.examen import examine_landing
from pipelines.ingestion import Options, ingest, load
from pipelines.ingestion.correspondances import correspondances

CLE = b"cle de test, jamais utilisee ailleurs"
MEMOIRE_MAX, SECONDES_MAX = 1 << 30, 20.0
# The engine keeps to what a build tells it (OBSERVATOIRE_MEMOIRE) and spills beyond: the rest of the limit
# is for the process itself.
OPTIONS = Options(threads=1, memoire="256MB")
LIGNES = 30
PERSONNES = {
    "sne": re.compile(r"(?<![0-9a-f])\d{18}(?![0-9a-f])|DURAND|06 12 34 56 78"),
    "ops": re.compile("DURAND"),
}
# What is typed in cells, or left by tools: nothing of it is a reason to fall.
CELLULES = (
    *(
        "",
        " ",
        "-",
        "NULL",
        "#N/A",
        "#REF!",
        "NaN",
        "inf",
        "-inf",
        "1e400",
        "-1e-400",
        "9" * 40,
        "0x1F",
        "1_000",
    ),
    *(
        "1,5",
        "1.234,56",
        "12 345",
        "12\u202f345",
        "65 %",
        "-0",
        "+7",
        "\u0661\u0662",
        "\uff11\uff12",
        "½",
        "1/2",
    ),
    *(
        "0000-00-00",
        "2021-02-30",
        "31/02/2021",
        "12/31/2020",
        "99999-12-31",
        "44197",
        "1/1/1",
        "janvier 2021",
    ),
    *(
        "oui",
        "VRAI",
        "1",
        "0",
        "x" * 5000,
        "é\u0301",
        "\ufeff",
        "\u200b",
        "\u202eabc",
        "a\tb",
        "=1+1",
        "'71",
        "\x1b[31m",
    ),
    *(
        "DURAND Marie",
        "06 12 34 56 78",
        "071051900010002144",
        "7,1051900010002E+16",
        "2A004",
        "QP071001",
        "{}",
        "[]",
        '{"a":1}',
    ),
)


@dataclass(frozen=True)
class Fichier:
    """One file to deposit: its source, its name, its bytes, and its lines of data where they are known."""

    source: str
    nom: str
    contenu: bytes
    lignes: int | None = None


@dataclass(frozen=True)
class Table:
    """Rows of text of a well-formed file, its header first."""

    source: str
    nom: str
    lignes: tuple[tuple[str, ...], ...]


@cache
def bases() -> tuple[tuple[Table, ...], tuple[Fichier, ...]]:
    """The first rows of each kind of file that the demonstration has, and its files of other formats."""
    tables, autres = {}, []
    with tempfile.TemporaryDirectory() as dossier:
        racine = Path(dossier)
        generate(racine, echelle=0.005)
        sources = {"zones": "referentiels", "qpv": "geographie", "geo": "geographie"}
        for chemin in sorted(racine.rglob("*.*")):
            if not chemin.is_file():
                continue
            nom = chemin.relative_to(racine).as_posix()
            source = sources.get(nom.split("/")[0], nom.split("/")[0])
            if chemin.suffix == ".csv":
                texte = chemin.read_text(encoding="utf-8-sig", errors="replace").splitlines()[: LIGNES + 1]
                separateur = max(";,", key=texte[0].count)
                lignes = tuple(tuple(x.split(separateur)) for x in texte)
                if len({len(x) for x in lignes}) == 1:
                    tables[source, re.sub(r"\d{4}", "", nom), lignes[0]] = Table(source, nom, lignes)
            else:
                autres.append(Fichier(source, nom, chemin.read_bytes()))
    return tuple(tables[k] for k in sorted(tables)), tuple(autres)


# Damage to rows: the number of rows stays known.


def a_cell(rnd: random.Random, t: Table) -> Table:
    lignes = [list(x) for x in t.lignes]
    for _ in range(rnd.randint(1, 12)):
        ligne = lignes[rnd.randrange(0 if rnd.random() < 0.05 else 1, len(lignes))]
        ligne[rnd.randrange(len(ligne))] = rnd.choice(CELLULES)
    return replace(t, lignes=tuple(map(tuple, lignes)))


def a_column(rnd: random.Random, t: Table) -> Table:
    """One column of one value, left out, twice, named twice, renamed, or put elsewhere."""
    colonnes = list(zip(*t.lignes, strict=True))
    i, quoi = rnd.randrange(len(colonnes)), rnd.randrange(7)
    nom, valeurs = colonnes[i][0], colonnes[i][1:]
    if quoi == 0:
        colonnes[i] = (nom, *[rnd.choice(CELLULES)] * len(valeurs))
    elif quoi == 1 and len(colonnes) > 2:
        del colonnes[i]
    elif quoi == 2:
        colonnes.append(colonnes[i])
    elif quoi == 3:
        colonnes.append((nom, *(rnd.choice(CELLULES) for _ in valeurs)))
    elif quoi == 4:
        colonnes[i] = (
            rnd.choice([nom.upper(), f" {nom} ", nom.replace("_", " "), f"{nom}\ufeff", "x", *CELLULES[-9:]]),
            *valeurs,
        )
    elif quoi == 5:
        rnd.shuffle(colonnes)
    else:
        colonnes[i] = (nom, *(v[::-1] for v in valeurs))
    return replace(t, lignes=tuple(zip(*colonnes, strict=True)))


def some_rows(rnd: random.Random, t: Table) -> Table:
    """No row, fewer, repeated, shuffled, without the header."""
    entete, *corps = t.lignes
    quoi = rnd.randrange(5)
    if quoi == 0:
        corps = corps[: rnd.randrange(3)]
    elif quoi == 1:
        corps += [rnd.choice(corps) for _ in range(rnd.randint(1, 20))]
    elif quoi == 2:
        rnd.shuffle(corps)
    elif quoi == 3:
        return replace(t, lignes=tuple(corps))
    else:
        corps = corps * rnd.randint(2, 40)
    return replace(t, lignes=(entete, *corps))


# Formats.


def text(rnd: random.Random, t: Table) -> Fichier:
    """A CSV of any separator, encoding and line end, its lines damaged; the lines are counted here."""
    separateur = rnd.choice([";", ";", ",", "\t", "|"])
    guillemets = rnd.random() < 0.2
    lignes = []
    for ligne in t.lignes:
        propres = [c.replace("\n", " ").replace("\r", " ") for c in ligne]
        if guillemets or any(separateur in c or '"' in c for c in propres):
            propres = ['"' + c.replace('"', '""') + '"' for c in propres]
        lignes.append(separateur.join(propres))
    fin = rnd.choice(["\n", "\n", "\r\n", "\r"])
    bruits = [
        '"',
        separateur,
        "\0",
        "é",
        "Ã©",
        "\t",
        "'",
        "\ufeff",
        "\u202e",
        "\u2028",
        "\x85",
        "\x0b",
        "\x0c",
        "\x1c",
    ]
    if fin != "\r":
        bruits.append("\r")
    for _ in range(rnd.choice([0, 0, 1, 3, 6])):
        i = rnd.randrange(0 if rnd.random() < 0.1 else 1, len(lignes)) if len(lignes) > 1 else 0
        lignes[i] = _damaged_line(rnd, lignes[i], separateur, bruits)
    for _ in range(rnd.choice([0, 0, 0, 2])):
        lignes.insert(rnd.randint(1, len(lignes)), rnd.choice(["", " ", "\t"]))
    encodage = rnd.choice(["utf-8", "utf-8", "utf-8", "utf-8-sig", "cp1252", "latin-1", "utf-16"])
    contenu = fin.join(lignes) + rnd.choice([fin, fin, "", fin * 3])
    octets = contenu.encode(encodage, "replace")
    lues = contenu.encode(encodage, "replace").decode(encodage).replace("\0", "")
    nombre = (
        sum(1 for x in re.split("\r\n|\n" if fin != "\r" else "\r", lues) if x.replace("\ufeff", "").strip())
        - 1
    )
    if rnd.random() < 0.1:
        octets, nombre = octets[: rnd.randrange(len(octets))], None  # type: ignore[assignment]
    elif rnd.random() < 0.08:
        titre = f"Export du 01/02/2022{fin}{fin}".encode(encodage)
        octets = titre + octets if encodage in {"utf-8", "cp1252", "latin-1"} else octets
    extension = rnd.choice([".csv", ".csv", ".csv", ".txt", ".csv.gz"])
    if extension == ".csv.gz":
        octets = gzip.compress(octets)
    return Fichier(t.source, Path(t.nom).with_suffix("").as_posix() + extension, octets, nombre)


def _damaged_line(rnd: random.Random, ligne: str, separateur: str, bruits: list[str]) -> str:
    place, quoi = rnd.randrange(len(ligne) + 1), rnd.randrange(4)
    if quoi == 0:
        return ligne[:place] + rnd.choice(bruits) + ligne[place:]
    if quoi == 1:
        return ligne[:place] + ligne[place + rnd.randint(1, 20) :]
    if quoi == 2:
        return ligne + rnd.choice([separateur, separateur * 3, " ", f"{separateur}x"])
    cellules = ligne.split(separateur)
    i = rnd.randrange(len(cellules))
    cellules[i] = rnd.choice(
        ['"%s', '%s"', '"%s"', '"%s""', 'x"%s', f'"a{separateur}b %s"', ' "%s"']
    ).replace("%s", cellules[i])
    return separateur.join(cellules)


def workbook(rnd: random.Random, t: Table) -> Fichier:
    """A workbook: numbers as numbers, errors, formulas, a title, other sheets, cells far away."""
    tampon = io.BytesIO()
    blanches = set()
    with xlsxwriter.Workbook(
        tampon, {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False}
    ) as classeur:
        feuille = classeur.add_worksheet(rnd.choice(["Export", "Feuil1", "2021", "Été"]))
        part = classeur.add_format({"num_format": "0%"})
        haut, gauche = rnd.choice([(0, 0), (0, 0), (3, 0), (2, 2)])
        for i, ligne in enumerate(t.lignes):
            if not any(c.strip() for c in ligne):
                blanches.add(i)
            for j, cellule in enumerate(ligne):
                place = (i + haut, j + gauche)
                if i and rnd.random() < 0.3 and re.fullmatch(r"-?\d{1,9}(\.\d+)?", cellule):
                    feuille.write_number(*place, float(cellule), rnd.choice([None, None, part]))
                elif i and rnd.random() < 0.01:
                    feuille.write_formula(*place, "=1/0", None, rnd.choice(["#DIV/0!", "#N/A", cellule]))
                elif cellule:
                    feuille.write_string(*place, cellule)
        if rnd.random() < 0.3:
            classeur.add_worksheet("Notes").write_row(0, 0, ["à lire", rnd.choice(CELLULES) or "x"])
        if rnd.random() < 0.03:
            feuille.write_string(
                *rnd.choice([(1_048_575, 16_383), (1_048_575, 0), (0, 16_383), (200_000, 20)]), " "
            )
    return Fichier(
        t.source,
        Path(t.nom).with_suffix(".xlsx").as_posix(),
        tampon.getvalue(),
        len(t.lignes) - 1 - len(blanches - {0}),
    )


def parquet(rnd: random.Random, t: Table) -> Fichier:
    """A Parquet of columns of any type."""
    noms = [n if t.lignes[0].count(n) == 1 else f"{n} {i}" for i, n in enumerate(t.lignes[0])]
    colonnes = [
        pl.Series(n, c, pl.String)
        for n, c in zip(noms, list(zip(*t.lignes[1:], strict=True)) or [()] * len(noms), strict=True)
    ]
    genres = [
        pl.Int64,
        pl.Float64,
        pl.Date,
        pl.Boolean,
        pl.Binary,
        pl.Categorical,
        pl.Decimal(20, 4),
        pl.Int8,
        pl.Datetime,
    ]
    for _ in range(rnd.randint(0, 8)):
        i = rnd.randrange(len(colonnes))
        quoi = rnd.random()
        try:
            if quoi < 0.8:
                colonnes[i] = colonnes[i].cast(rnd.choice(genres), strict=False)
            elif quoi < 0.9:
                colonnes[i] = pl.Series(noms[i], [[str(v)] for v in colonnes[i]], pl.List(pl.String))
            else:
                colonnes[i] = pl.Series(noms[i], [{"a": str(v)} for v in colonnes[i]])
        except pl.exceptions.PolarsError:
            continue
    tampon = io.BytesIO()
    pl.DataFrame(colonnes).write_parquet(tampon, compression=rnd.choice(["zstd", "snappy", "uncompressed"]))
    return Fichier(
        t.source, Path(t.nom).with_suffix(".parquet").as_posix(), tampon.getvalue(), len(t.lignes) - 1
    )


def archive(rnd: random.Random, t: Table) -> Fichier:
    """A zip of one file, with what tools leave in zips."""
    f = rnd.choice([text, text, workbook, parquet])(rnd, t)
    tampon = io.BytesIO()
    with zipfile.ZipFile(tampon, "w", rnd.choice([zipfile.ZIP_DEFLATED, zipfile.ZIP_STORED])) as contenu:
        contenu.writestr(rnd.choice(["", "d/", "été/"]) + Path(f.nom).name, f.contenu)
        if rnd.random() < 0.3:
            contenu.writestr(rnd.choice(["__MACOSX/._a.csv", "lisez-moi.txt", ".cache/x.csv", "vide/"]), b"")
        if rnd.random() < 0.05:
            contenu.writestr(rnd.choice(["../x.csv", "/etc/x.csv", "a\\..\\..\\x.csv"]), f.contenu)
    return Fichier(t.source, Path(t.nom).with_suffix(".zip").as_posix(), tampon.getvalue(), f.lignes)


def features(rnd: random.Random, _: Table) -> Fichier:
    """A GeoJSON whose entities are damaged, one by one."""
    base = next(f for f in bases()[1] if f.nom.endswith(".geojson"))
    contenu = json.loads(base.contenu)
    entites = contenu["features"] = contenu["features"][: rnd.randint(1, 20)]
    sottises: list[Any] = [
        None,
        [],
        {},
        "x",
        1e308,
        -1,
        [[[]]],
        [[[1, 2]]],
        True,
        {"type": "Point"},
        "\ud800",
    ]
    for _i in range(rnd.choice([0, 1, 3, 10])):
        e = rnd.choice(entites)
        quoi = rnd.randrange(7)
        if not isinstance(e, dict):
            continue
        geometrie = e.get("geometry")
        if quoi == 0:
            e["geometry"] = rnd.choice(sottises)
        elif quoi == 1 and isinstance(geometrie, dict):
            geometrie["coordinates"] = rnd.choice(sottises)
        elif quoi == 2 and isinstance(geometrie, dict):
            geometrie["type"] = rnd.choice(["Point", "MultiPolygon", "Polygon", 3, None])
        elif quoi == 3 and isinstance(geometrie, dict):
            points = geometrie.get("coordinates")
            while isinstance(points, list) and points and isinstance(points[0], list):
                points = rnd.choice(points)
            if isinstance(points, list) and points:
                points[rnd.randrange(len(points))] = rnd.choice(sottises)
        elif quoi == 4 and isinstance(e.get("properties"), dict) and e["properties"]:
            e["properties"][rnd.choice(sorted(e["properties"]))] = rnd.choice([*sottises, *CELLULES])
        elif quoi == 5:
            e["properties"] = rnd.choice([None, {}, e["properties"]])
        else:
            contenu["crs"] = rnd.choice(
                [
                    None,
                    {
                        "type": "name",
                        "properties": {
                            "name": f"urn:ogc:def:crs:EPSG::{rnd.choice(['2154', '4326', '99999', 'abc', '3857'])}"
                        },
                    },
                    3,
                    {},
                ]
            )
    return Fichier(
        "geographie",
        rnd.choice(["qpv/qpv2015.geojson", "qpv/x.json"]),
        json.dumps(contenu).encode("utf-8", "replace"),
        len(entites),
    )


def lists(rnd: random.Random, _: Table) -> Fichier:
    """A damaged YAML list of the landing folder."""
    nom = rnd.choice(
        ["corrections/x.yml", "correspondances/x.yml", "exclusions/retraits.yml", "extractions.yml"]
    )
    bons = {
        "corrections/x.yml": "- produit: sne_demandes\n  cle: {demandeur_id: '071051900010002144'}\n  colonne: rfr\n  action: vider\n  attendu: '1'\n  raison: x\n  fournisseur: x\n",
        "correspondances/x.yml": "correspondance: x\nproduit: sne_demandes\ntitre: x\nchamps:\n  demandeur_id: [numero]\nvaleurs:\n  statut: {ok: active}\n",
        "exclusions/retraits.yml": "- source: sne\n  millesime: 2015\n  le: 2024-01-31\n  motif: DURAND Marie\n",
        "extractions.yml": "- {fichier: sne/2022/x*.csv, date: 2022-12-31}\n",
    }
    texte = bons[nom].encode()
    return Fichier(
        "sne",
        nom,
        _bytes(
            rnd,
            texte,
            [
                b"*a",
                b"&a ",
                b"!!python/object:x ",
                b"\t",
                b"- ",
                b"{",
                b"]",
                b": ",
                b"\0",
                b"\xff",
                b"|\n",
                b"<<: *a",
                b"\x85",
            ],
        ),
    )


def enormous(rnd: random.Random, t: Table) -> Fichier:
    """Small files that would take a machine."""
    entete = ";".join(t.lignes[0])
    quoi = rnd.randrange(7)
    dossier = Path(t.nom).parent.as_posix()
    if quoi == 0:
        return Fichier(
            t.source,
            f"{dossier}/large.csv",
            (
                ";".join(f"c{i}" for i in range(rnd.choice([599, 2000, 60_000]))) + f";{entete}\n1;2\n"
            ).encode(),
        )
    if quoi == 1:
        return Fichier(
            t.source, f"{dossier}/long.csv", f"{entete}\n{'x' * rnd.choice([3, 30]) * 1_000_000}\n".encode()
        )
    if quoi == 2:
        return Fichier(
            t.source, f"{dossier}/bombe.csv.gz", gzip.compress(f"{entete}\n".encode() + b"0;" * 60_000_000, 1)
        )
    if quoi == 3 and len(t.lignes) > 1:
        tampon = io.BytesIO()
        une = pl.DataFrame([dict(zip(t.lignes[0], t.lignes[1], strict=True))]).to_arrow()
        bloc = pa.concat_tables([une] * 10_000).combine_chunks()
        # Block by block: the memory that is judged is that of reading.
        with pq.ParquetWriter(tampon, bloc.schema) as ecrivain:
            for _ in range(rnd.choice([900_000, 3_000_000]) // bloc.num_rows):
                ecrivain.write_table(bloc)
        return Fichier(t.source, f"{dossier}/repete.parquet", tampon.getvalue())
    if quoi == 4:
        return Fichier("geographie", "qpv/profond.geojson", b'{"features":' + b"[" * 200_000)
    if quoi == 5:
        tampon = io.BytesIO()
        with zipfile.ZipFile(tampon, "w") as contenu:
            for i in range(1200):
                contenu.writestr(f"{i}.csv", entete)
        return Fichier(t.source, f"{dossier}/mille.zip", tampon.getvalue())
    return Fichier(
        t.source,
        f"{dossier}/guillemets.csv",
        f"{entete}\n".encode()
        + b'"' * rnd.choice([1, 2]) * 500_001
        + b"\n"
        + (b'"' + b"a;" * 50 + b"\n") * 3000,
    )


def _bytes(rnd: random.Random, octets: bytes, bruits: list[bytes] | None = None) -> bytes:
    """Bytes changed, removed, repeated, inserted, cut."""
    contenu = bytearray(octets)
    for _ in range(rnd.randint(1, 8)):
        place = rnd.randrange(len(contenu) + 1)
        quoi = rnd.randrange(5)
        if quoi == 0 and place < len(contenu):
            contenu[place] ^= 1 << rnd.randrange(8)
        elif quoi == 1:
            del contenu[place : place + rnd.randint(1, 50)]
        elif quoi == 2:
            contenu[place:place] = contenu[place : place + rnd.randint(1, 200)]
        elif quoi == 3:
            contenu[place:place] = rnd.choice(bruits) if bruits else rnd.randbytes(rnd.randint(1, 8))
        elif rnd.random() < 0.2:
            del contenu[place:]
    return bytes(contenu)


def _inside(rnd: random.Random, octets: bytes) -> bytes:
    """A part of a workbook damaged, in an archive that is whole."""
    tampon = io.BytesIO()
    with (
        zipfile.ZipFile(io.BytesIO(octets)) as avant,
        zipfile.ZipFile(tampon, "w", zipfile.ZIP_DEFLATED) as apres,
    ):
        membres = avant.infolist()
        touche = rnd.choice(membres).filename
        for membre in membres:
            contenu = avant.read(membre)
            apres.writestr(membre.filename, _bytes(rnd, contenu) if membre.filename == touche else contenu)
    return tampon.getvalue()


FORMATS: tuple[tuple[Callable[[random.Random, Table], Fichier], float], ...] = (
    *((text, 50.0), (workbook, 14.0), (parquet, 12.0), (archive, 8.0), (features, 9.0), (lists, 6.0)),
    (enormous, 0.6),
)


def damaged(graine: int, nombre: int) -> Iterator[Fichier]:
    """That many damaged files of one seed."""
    rnd = random.Random(graine)  # noqa: S311
    for _ in range(nombre):
        t = rnd.choice(bases()[0])
        for _i in range(rnd.choice([0, 1, 1, 2])):
            if len(t.lignes) > 1:
                t = rnd.choice([a_cell, a_cell, a_column, some_rows])(rnd, t)
        forme = rnd.choices([f for f, _ in FORMATS], [p for _, p in FORMATS])[0]
        fichier = forme(rnd, t)
        if forme not in {lists, enormous} and rnd.random() < 0.3:
            octets = (
                _inside(rnd, fichier.contenu)
                if forme is workbook and rnd.random() < 0.6
                else _bytes(rnd, fichier.contenu)
            )
            fichier = replace(fichier, contenu=octets, lignes=None)
        yield fichier


@cache
def _one_row_each(source: str) -> frozenset[str]:
    """Products whose lines give one row each."""
    longs = {c.produit for c in correspondances(source) if c.depivot or c.eclater}
    return frozenset({c.produit for c in correspondances(source)} - longs)


def faults(fichier: Fichier, dossier: Path, *, examiner: bool) -> Iterator[str]:
    """What is wrong in the way one file is read; nothing when it is read, or refused, as it must be.

    Raises:
        ObservatoireError: the file is refused.
    """
    donnees = dossier / "depot"
    chemin = donnees / fichier.nom
    chemin.parent.mkdir(parents=True)
    chemin.write_bytes(fichier.contenu)
    if fichier.nom.endswith(".yml"):
        t = next(t for t in bases()[0] if t.nom.endswith("demandes.csv"))
        bon = donnees / t.nom
        bon.parent.mkdir(parents=True)
        bon.write_text("\n".join(";".join(x) for x in t.lignes) + "\n", encoding="utf-8")
    if examiner:
        (dossier / "territoires").mkdir()
        examine_landing(donnees, dossier / "territoires")
    dit: list[str] = []
    comptes = ingest(
        fichier.source, donnees, dossier / "magasin", CLE, replace(OPTIONS, progression=dit.append)
    )
    dit += [str(c.to_json()) for c in comptes]
    if (secret := PERSONNES.get(fichier.source)) and (cite := secret.search("\n".join(dit))):
        yield f"a cell is quoted in the account: {cite[0]}"
    # On disk and within its memory, as in a build.
    with duckdb.connect(str(dossier / "w.duckdb")) as con:
        con.execute("SET threads = 1")
        con.execute(f"SET memory_limit = '{OPTIONS.memoire}'")
        load(con, fichier.source, comptes)
        for produit, nom, lues, gardees, fusionnees, doubles, ecartees in con.execute(
            "SELECT produit, fichier, lignes_lues, lignes_gardees, lignes_fusionnees, lignes_doublons, lignes_quarantaine "
            "FROM meta.verrou WHERE produit IS NOT NULL"
        ).fetchall():
            if lues != gardees + fusionnees + doubles + ecartees:
                yield f"account of {produit}: {lues} read, {gardees} + {fusionnees} + {doubles} + {ecartees}"
            if fichier.lignes is not None and lues != fichier.lignes:
                yield f"{lues} lines read, {fichier.lignes} counted"
            rangs, lignes, refusees = con.execute(
                f"SELECT (SELECT count(*) FROM sources.{produit} WHERE _fichier = $f), "
                f"(SELECT count(DISTINCT _ligne) FROM sources.{produit} WHERE _fichier = $f), "
                f"(SELECT count(DISTINCT _ligne) FROM quarantaine.{produit} WHERE _fichier = $f AND portee = 'ligne')",
                {"f": nom},
            ).fetchall()[0]
            if lignes != gardees or (produit in _one_row_each(fichier.source) and rangs != gardees):
                yield f"{rangs} rows of {lignes} lines in the table of {produit}, {gardees} kept"
            if refusees != ecartees:
                yield f"{refusees} lines in the quarantine, {ecartees} counted"


def run(graine: int, nombre: int, garder: Path | None = None) -> dict[str, Any]:
    """Read the files of one seed; return counts, peaks and faults."""
    comptes: Counter[str] = Counter()
    fautes: list[str] = []
    pire = (0.0, "")
    for rang, fichier in enumerate(damaged(graine, nombre)):
        trouvees: list[str] = []
        debut = time.monotonic()
        with tempfile.TemporaryDirectory() as dossier:
            try:
                trouvees += faults(fichier, Path(dossier), examiner=rang % 5 == 0)
                comptes["read"] += 1
                comptes["counted"] += fichier.lignes is not None
            except ObservatoireError as refus:
                comptes["refused"] += 1
                phrase = "".join(traceback.format_exception(refus))
                if Path(fichier.nom).name not in str(refus):
                    trouvees.append(f"the sentence does not name the file: {refus}")
                if (secret := PERSONNES.get(fichier.source)) and (cite := secret.search(phrase)):
                    trouvees.append(f"a cell is quoted in the refusal: {cite[0]}: {refus}")
            except Exception:
                trouvees.append(traceback.format_exc()[-1500:])
        duree = time.monotonic() - debut
        if duree > SECONDES_MAX:
            trouvees.append(f"{duree:.0f} s")
        pire = max(pire, (duree, f"{graine}/{rang} {fichier.nom}"))
        fautes += [f"{graine}/{rang} {fichier.nom}: {faute}" for faute in trouvees]
        if trouvees and garder is not None:
            garder.mkdir(parents=True, exist_ok=True)
            (garder / f"{graine}-{rang}-{Path(fichier.nom).name}").write_bytes(fichier.contenu)
    pics = [
        resource.getrusage(qui).ru_maxrss * 1024 for qui in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)
    ]
    if max(pics) > MEMOIRE_MAX:
        fautes.append(f"{graine}: {max(pics) / 2**30:.2f} GB")
    return {**comptes, "peak_mb": max(pics) >> 20, "slowest": [round(pire[0], 1), pire[1]], "faults": fautes}


if __name__ == "__main__":
    print(
        json.dumps(
            run(
                int(sys.argv[1]),
                int(sys.argv[2]) if len(sys.argv) > 2 else 100,
                Path(sys.argv[3]) if len(sys.argv) > 3 else None,
            ),
            ensure_ascii=False,
        )
    )
