"""Open a deposited file whatever its container, find its header and its layout, and give DuckDB its raw text
cells.

What comes out is always the same: columns `c0`, `c1`… of text, with the line in the original file. What the
cells mean belongs in `normalise`.
"""

import csv
import json
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import duckdb
import fastexcel
import polars as pl
import pyarrow.parquet as pq

from pipelines.errors import DonneesRefusees
from pipelines.ingestion.correspondances import Appariement, Correspondance, match, normalise_label
from pipelines.ingestion.declarations import ident, quote
from pipelines.ingestion.landing import FichierDepose
from pipelines.ingestion.projections import declared_crs, geographic, to_wgs84
from pipelines.ingestion.reparation import Reparation, decode, repair
from pipelines.inspection import (
    Etat,
    decompress_gzip,
    inspect_text,
    open_archive,
    refuse_non_data,
)

SEPARATEURS = (";", ",", "\t", "|")
LIGNES_D_ENTETE_MAX = 30
ECHANTILLON = 1 << 18
# DuckDB sizes its buffers on this: a larger one costs memory on every thread.
LIGNE_MAX = 2 << 20


@dataclass(frozen=True)
class Ouverture:
    """A file opened far enough to know its layout(s); `appariements[0]` is the main one."""

    fichier: FichierDepose
    lecteur: str
    chemin: Path  # what is parsed: the file itself, or its decompressed copy
    etat: Etat
    appariements: tuple[Appariement, ...]
    ligne_entete: int = 1
    separateur: str = ";"
    feuille: str | None = None
    tableau: pl.DataFrame | None = None  # formats that are read at once (xlsx, geojson)
    autres_feuilles: tuple[str, ...] = ()


class NonReconnu(Exception):
    """No product recognises the file; the message says what was expected. Raised to `executer`, never to
    users."""


@dataclass(frozen=True)
class Brut:
    """Raw cells ready for SQL: `relation` has columns c0…cN of text and, unless `premiere_ligne` is given,
    `_ligne`."""

    relation: str
    premiere_ligne: int | None
    lignes_attendues: int | None = None
    reparation: Reparation | None = None


def _best(
    candidats: Sequence[Correspondance], lignes: Sequence[Sequence[str | None]], nom: str
) -> tuple[tuple[Any, ...], int, Appariement, list[Appariement]] | None:
    """Best (score, row, mapping, complementary mappings) over the first rows of a table."""
    meilleur: tuple[tuple[Any, ...], int, Appariement, list[Appariement]] | None = None
    for rang, cellules in enumerate(lignes):
        if sum(1 for c in cellules if c and c.strip()) < 2:
            continue
        trouves = [a for c in candidats if (a := match(c, cellules, nom)) is not None]
        principaux = [a for a in trouves if not a.correspondance.complementaire]
        for a in principaux:
            connus = len(a.positions) + len(a.longues) + len(a.eclatees)
            if not connus:
                continue
            score = (
                a.complet,
                connus,
                len(a.correspondance.signature),
                -rang,
                a.correspondance.correspondance,
            )
            if meilleur is None or score > meilleur[0]:
                complements = [t for t in trouves if t.correspondance.complementaire and t.complet]
                meilleur = (score, rang, a, complements)
    return meilleur


def _missing(fichier: FichierDepose, a: Appariement, suite: str = "") -> DonneesRefusees:
    detail = []
    for champ in a.manquants:
        alias = a.correspondance.alias.get(champ)
        if alias is None and champ in a.correspondance.derives:
            alias = a.correspondance.derives[champ].colonne
        detail.append(f"« {champ} »" + (f" (noms essayés : {', '.join(alias)})" if alias else ""))
    colonnes = ", ".join(c for c in a.colonnes if c.strip())
    return DonneesRefusees(
        f"{fichier.relatif} : colonne obligatoire absente pour {a.correspondance.produit} "
        f"(présentation la plus proche : {a.correspondance.correspondance}) : {' ; '.join(detail)}. "
        f"Colonnes trouvées : {colonnes}. Complétez le fichier, ou décrivez cette présentation dans "
        f"correspondances/*.yml de votre dossier de dépôt.{suite}"
    )


def _choose(
    fichier: FichierDepose,
    candidats: Sequence[Correspondance],
    tables: Sequence[tuple[Any, Sequence[Sequence[str | None]]]],
) -> tuple[Any, int, tuple[Appariement, ...]]:
    """The table (separator or sheet), the header row and the mappings that fit best.

    Raises:
        DonneesRefusees: a known layout lacks a required column.
        NonReconnu: nothing fits.
    """
    essais = []
    for cle, lignes in tables:
        trouve = _best(candidats, lignes, fichier.nom)
        if trouve is not None:
            essais.append((trouve[0], cle, trouve))
    if essais:
        essais.sort(key=lambda e: e[0])
        _, cle, (_, rang, appariement, complements) = essais[-1]
        if appariement.complet:
            return cle, rang, (appariement, *complements)
        requis = [c for c in appariement.correspondance.declaration.champs if c.requis]
        if len(appariement.manquants) * 2 <= max(len(requis), 1) or (
            appariement.correspondance.signature and len(appariement.positions) > len(appariement.manquants)
        ):
            raise _missing(fichier, appariement)
    produits = sorted({c.produit for c in candidats})
    colonnes = next((", ".join(c for c in ligne if c) for _, t in tables[:1] for ligne in t[:1]), "")
    raise NonReconnu(
        f"aucune présentation connue de {', '.join(produits) or fichier.source} ne correspond "
        f"(première ligne : {colonnes[:200]})"
    )


def open_file(fichier: FichierDepose, candidats: Sequence[Correspondance], temporaire: Path) -> Ouverture:
    """Find out how to read one file: container, encoding facts, header row, separator or sheet, layout.

    Raises:
        DonneesRefusees: unreadable, not data, or a required column is missing.
        NonReconnu: no product recognises it.
    """
    ext = fichier.extension
    if ext in {".csv", ".csv.gz"}:
        return _open_csv(fichier, candidats, temporaire, compresse=ext.endswith(".gz"))
    if ext == ".xlsx":
        return _open_xlsx(fichier, candidats)
    if ext == ".parquet":
        return _open_parquet(fichier, candidats)
    if ext in {".geojson", ".json", ".geojson.gz"}:
        return _open_geojson(fichier, candidats, temporaire, compresse=ext.endswith(".gz"))
    raise NonReconnu(
        f"format « {ext or 'sans extension'} » non lu (attendu : csv, csv.gz, zip, xlsx, parquet, geojson)"
    )


def _inspected(fichier: FichierDepose, temporaire: Path, compresse: bool, suffixe: str) -> tuple[Path, Etat]:
    if not compresse:
        return fichier.chemin, inspect_text(fichier.chemin, fichier.relatif, fichier.taille, fichier.sha256)
    with fichier.chemin.open("rb") as flux:
        debut = flux.read(1024)
    if not debut.startswith(b"\x1f\x8b"):
        refuse_non_data(debut, fichier.relatif)
    cible = temporaire / f"decompresse{suffixe}"
    decompress_gzip(fichier.chemin, cible, fichier.relatif)
    return cible, inspect_text(cible, fichier.relatif, fichier.taille, fichier.sha256)


def _sample(chemin: Path, etat: Etat) -> list[tuple[int, str]]:
    """First non-blank lines with their numbers, decoded."""
    with chemin.open("rb") as flux:
        octets = flux.read(ECHANTILLON)
    if etat.utf16:
        texte = octets.decode("utf-16", errors="replace")
    else:
        texte = "\n".join(decode(ligne) for ligne in re.split(rb"\r\n|\n|\r", octets))
    lignes = texte.split("\n")
    if len(octets) == ECHANTILLON and len(lignes) > 1:
        lignes.pop()
    return [(i, ligne) for i, ligne in enumerate(lignes, 1) if ligne.strip()][:LIGNES_D_ENTETE_MAX]


def _cells(ligne: str, separateur: str) -> list[str]:
    try:
        return next(csv.reader([ligne], delimiter=separateur), [])
    except csv.Error:
        return ligne.split(separateur)


def _open_csv(
    fichier: FichierDepose, candidats: Sequence[Correspondance], temporaire: Path, *, compresse: bool
) -> Ouverture:
    chemin, etat = _inspected(fichier, temporaire, compresse, ".csv")
    echantillon = _sample(chemin, etat)
    tables = [(s, [_cells(ligne, s) for _, ligne in echantillon]) for s in SEPARATEURS]
    separateur, rang, appariements = _choose(fichier, candidats, tables)
    if rang == len(echantillon) - 1:
        raise DonneesRefusees(
            f"{fichier.relatif} : le fichier ne contient que son en-tête, aucune donnée. Vérifiez l'export."
        )
    return Ouverture(
        fichier, "csv", chemin, etat, appariements, ligne_entete=echantillon[rang][0], separateur=separateur
    )


def _text_or_none(valeur: Any) -> str | None:
    return None if valeur is None else str(valeur)


def _open_xlsx(fichier: FichierDepose, candidats: Sequence[Correspondance]) -> Ouverture:
    with fichier.chemin.open("rb") as flux:
        refuse_non_data(flux.read(1024), fichier.relatif)
    open_archive(fichier.chemin, fichier.relatif).close()
    feuilles: dict[str, pl.DataFrame] = {}
    try:
        classeur = fastexcel.read_excel(fichier.chemin)
        for nom in classeur.sheet_names:
            feuilles[nom] = classeur.load_sheet(nom, header_row=None, dtypes="string").to_polars()
    except fastexcel.FastExcelError as error:
        raise DonneesRefusees(
            f"{fichier.relatif} : classeur illisible ({error}). Enregistrez-le de nouveau."
        ) from error
    tables = []
    for nom, tableau in feuilles.items():
        if tableau.height:
            tetes = [[_text_or_none(v) for v in ligne] for ligne in tableau.head(LIGNES_D_ENTETE_MAX).rows()]
            tables.append((nom, tetes))
    if not tables:
        raise DonneesRefusees(f"{fichier.relatif} : le classeur est vide.")
    voulues = {normalise_label(c.feuille) for c in candidats if c.feuille}
    preferees = [t for t in tables if normalise_label(t[0]) in voulues] or tables
    try:
        feuille, rang, appariements = _choose(fichier, candidats, preferees)
    except NonReconnu:
        feuille, rang, appariements = _choose(fichier, candidats, tables)
    tableau = feuilles[feuille]
    tableau = tableau.rename({c: f"c{i}" for i, c in enumerate(tableau.columns)})
    donnees = tableau.with_row_index("_ligne", offset=1).cast({"_ligne": pl.Int64}).slice(rang + 1)
    donnees = donnees.filter(pl.any_horizontal(pl.exclude("_ligne").is_not_null()))
    if not donnees.height:
        raise DonneesRefusees(f"{fichier.relatif} : la feuille « {feuille} » ne contient que son en-tête.")
    return Ouverture(
        fichier,
        "xlsx",
        fichier.chemin,
        Etat(fichier.taille, fichier.sha256),
        appariements,
        ligne_entete=rang + 1,
        feuille=feuille,
        tableau=donnees,
        autres_feuilles=tuple(n for n, _ in tables if n != feuille),
    )


def _open_parquet(fichier: FichierDepose, candidats: Sequence[Correspondance]) -> Ouverture:
    with fichier.chemin.open("rb") as flux:
        refuse_non_data(flux.read(1024), fichier.relatif)
    try:
        description = pq.ParquetFile(fichier.chemin)
        colonnes, lignes = description.schema_arrow.names, description.metadata.num_rows
    except (OSError, ValueError) as error:
        raise DonneesRefusees(
            f"{fichier.relatif} : fichier Parquet illisible ou tronqué ({error})."
        ) from error
    _, _, appariements = _choose(fichier, candidats, [(None, [colonnes])])
    if not lignes:
        raise DonneesRefusees(f"{fichier.relatif} : le fichier ne contient aucune ligne.")
    return Ouverture(
        fichier, "parquet", fichier.chemin, Etat(fichier.taille, fichier.sha256), appariements, ligne_entete=0
    )


def _open_geojson(
    fichier: FichierDepose, candidats: Sequence[Correspondance], temporaire: Path, *, compresse: bool
) -> Ouverture:
    chemin, etat = _inspected(fichier, temporaire, compresse, ".geojson")
    try:
        contenu = json.loads(chemin.read_bytes())
        entites = contenu["features"]
        lignes = [{**(e["properties"] or {}), "geometrie": e["geometry"]} for e in entites]
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise DonneesRefusees(
            f"{fichier.relatif} : GeoJSON illisible ou tronqué. Téléchargez-le de nouveau."
        ) from error
    if not lignes:
        raise DonneesRefusees(f"{fichier.relatif} : le fichier ne contient aucune entité.")
    geometries = [ligne["geometrie"] for ligne in lignes]
    epsg = declared_crs(contenu)
    if epsg is not None:
        for ligne, geometrie in zip(lignes, to_wgs84(geometries, epsg, fichier.relatif), strict=True):
            ligne["geometrie"] = geometrie
    elif not geographic(geometries):
        raise DonneesRefusees(
            f"{fichier.relatif} : les coordonnées ne sont pas des degrés et la projection n'est pas dite "
            "(« crs »). Exportez-le en WGS 84."
        )
    colonnes = list(dict.fromkeys(c for ligne in lignes for c in ligne))
    _, _, appariements = _choose(fichier, candidats, [(None, [colonnes])])
    tableau = pl.DataFrame(
        {
            "_ligne": range(1, len(lignes) + 1),
            **{f"c{i}": [_as_text(ligne.get(c)) for ligne in lignes] for i, c in enumerate(colonnes)},
        },
        schema={"_ligne": pl.Int64, **{f"c{i}": pl.String for i in range(len(colonnes))}},
    )
    return Ouverture(fichier, "geojson", chemin, etat, appariements, ligne_entete=0, tableau=tableau)


def _as_text(valeur: Any) -> str | None:
    if valeur is None or isinstance(valeur, str):
        return valeur
    return json.dumps(valeur, ensure_ascii=False, separators=(",", ":"))


def _read_csv(
    chemin: Path, separateur: str, colonnes: Sequence[str], sauter: int, ligne_max: int = LIGNE_MAX
) -> str:
    types = ", ".join(f"'{c}': 'VARCHAR'" for c in colonnes)
    return (
        f"read_csv({quote(str(chemin))}, delim = {quote(separateur)}, quote = '\"', escape = '\"', "
        f"header = false, skip = {sauter}, auto_detect = false, strict_mode = true, "
        f"max_line_size = {ligne_max}, nullstr = '', columns = {{{types}}})"
    )


def direct(ouverture: Ouverture, con: duckdb.DuckDBPyConnection) -> Brut | None:
    """Raw cells without the repair pass, or None when the text needs it."""
    largeur = len(ouverture.appariements[0].colonnes)
    if ouverture.tableau is not None:
        con.register("brut_tableau", ouverture.tableau)
        return Brut("brut_tableau", None, ouverture.tableau.height)
    if ouverture.lecteur == "parquet":
        noms = pq.ParquetFile(ouverture.chemin).schema_arrow.names
        cellules = ", ".join(f"CAST({ident(n)} AS VARCHAR) AS c{i}" for i, n in enumerate(noms))
        source = f"read_parquet({quote(str(ouverture.chemin))}, file_row_number = true)"
        return Brut(f"(SELECT {cellules}, file_row_number + 1 AS _ligne FROM {source})", None)
    if not ouverture.etat.propre:
        return None
    relation = _read_csv(
        ouverture.chemin, ouverture.separateur, [f"c{i}" for i in range(largeur)], ouverture.ligne_entete
    )
    return Brut(relation, ouverture.ligne_entete + 1, ouverture.etat.lignes - ouverture.ligne_entete)


def repaired(ouverture: Ouverture, temporaire: Path) -> Brut:
    """Raw cells after the repair pass.

    Raises:
        DonneesRefusees: the file was cut.
    """
    largeur = len(ouverture.appariements[0].colonnes)
    cible = temporaire / "repare.csv"
    bilan = repair(
        ouverture.chemin,
        ouverture.etat,
        cible,
        separateur=ouverture.separateur,
        ligne_entete=ouverture.ligne_entete,
        largeur=largeur,
    )
    if bilan.coupee:
        raise DonneesRefusees(
            f"{ouverture.fichier.relatif} : le fichier est tronqué (la dernière ligne, "
            f"{bilan.malformees[-1][0]}, est incomplète). Téléchargez-le ou exportez-le de nouveau."
        )
    colonnes = ["_ligne", *(f"c{i}" for i in range(largeur))]
    lu = _read_csv(cible, ouverture.separateur, colonnes, 0, max(LIGNE_MAX, bilan.plus_longue + 1))
    cellules = ", ".join(f"c{i}" for i in range(largeur))
    relation = f"(SELECT CAST(_ligne AS BIGINT) AS _ligne, {cellules} FROM {lu})"
    return Brut(relation, None, bilan.ecrites, bilan)


def with_mapping(ouverture: Ouverture, appariement: Appariement) -> Ouverture:
    """The same file read with another of its mappings."""
    return replace(ouverture, appariements=(appariement,))
