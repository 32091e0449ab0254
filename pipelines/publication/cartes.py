"""The figures of an edition on a map: a GeoPackage per level that the warehouse has outlines of.

Outlines are open data of their producers: any edition may be drawn with them. The figures are the edition's.
"""

import sqlite3
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

import duckdb

from pipelines.edition import PUBLIQUE, editions
from pipelines.errors import DonneesRefusees
from pipelines.fichiers import replacing
from pipelines.paths import spatial_extension
from pipelines.sql import identifier, literal, qualified

SUFFIX = "gpkg"
# One instant for all: a file made again from the same content has the same bytes.
_INSTANT = "1970-01-01T00:00:00.000Z"
_TALLIES = {"": "valeur", "_num": "numerateur", "_den": "denominateur"}
_FIGURES = (
    "select epci_siren, axe, modalite, cast(left(periode, 4) as integer) as annee, indicateur, valeur, "
    "numerateur, denominateur from {} where periode_type in ('annee', 'millesime') and segment_type = 'tous'"
)


def write_maps(entrepot: Path, fichier: Path, edition: str, sortie: Path) -> list[Path]:
    """Write the maps of an edition, and return their files.

    A map has a row per place and year, with the outline, and three columns per indicator: its value, and the
    counts that it is made of. What is masked in the edition is empty.

    Args:
        entrepot: the warehouse, or the file of the edition; it has the outlines.
        fichier: the file of the edition, which has the figures.
        edition: its name.
        sortie: the folder to write in.

    Raises:
        DonneesRefusees: the file has no outline.

    """
    with duckdb.connect() as con:
        con.execute(f"load {literal(str(spatial_extension()))}")
        con.execute(f"attach {literal(str(entrepot))} as origine (read_only)")
        con.execute(f"attach {literal(str(fichier))} as remise (read_only)")
        levels = _levels(con)
        if not levels:
            raise DonneesRefusees(
                f"« {entrepot} » n'a pas de contours : donnez l'entrepôt (une édition publique n'en a pas), "
                "ou déposez les contours des communes et des quartiers et reconstruisez."
            )
        _read_figures(con, edition)
        return [_write(con, level, edition, sortie) for level in levels]


def _levels(con: duckdb.DuckDBPyConnection) -> list[str]:
    known = con.execute(
        "from duckdb_tables() where database_name = 'origine' and schema_name = 'marts' "
        "and table_name = 'contours'"
    ).fetchall()
    if not known:
        return []
    rows = con.execute("select distinct niveau from origine.marts.contours order by niveau").fetchall()
    return [str(level) for (level,) in rows]


def _read_figures(con: duckdb.DuckDBPyConnection, edition: str) -> None:
    """The figures of places, one row each: those of every public table, or of the exact ones."""
    names = ["remise.marts.indicateurs"]
    if edition == PUBLIQUE:
        tables = con.execute(
            "select schema_name, table_name from duckdb_tables() where database_name = 'remise' "
            "and list_contains(?, schema_name) order by all",
            [list(editions()[PUBLIQUE].schemas)],
        ).fetchall()
        names = [qualified("remise", schema, table) for schema, table in tables]
    every = " union ".join(_FIGURES.format(name) for name in names)
    con.execute(f"create temp table chiffres as {every}")


def _write(con: duckdb.DuckDBPyConnection, level: str, edition: str, sortie: Path) -> Path:
    indicators = [
        str(name)
        for (name,) in con.execute(
            "select distinct indicateur from chiffres where axe = ? order by all", [level]
        ).fetchall()
    ]
    path = sortie / f"{edition}-{level}.{SUFFIX}"
    with replacing(path, editions()[edition].mode) as temporary:
        con.execute(
            f"copy ({_places(level, indicators)}) to {literal(str(temporary))} "
            f"(format gdal, driver 'GPKG', layer_name {literal(level)}, srs 'EPSG:4326')"
        )
        _without_clock(temporary)
    return path


def _places(level: str, indicators: Sequence[str]) -> str:
    """One row per place and year, with its outline; a place without a figure has one row, of no year."""
    columns = "".join(
        f", max({measure}) filter (where indicateur = {literal(name)}) as {identifier(name + suffix)}"
        for name in indicators
        for suffix, measure in _TALLIES.items()
    )
    # Several outlines make one place; in their order, so that bytes do not depend on that of the rows.
    return (
        "with lieux as (select epci_siren, code, min(libelle) as nom, st_collectionextract(st_collect(list("
        "st_geomfromgeojson(geometrie) order by rang)), 3) as geom from origine.marts.contours "
        f"where niveau = {literal(level)} group by epci_siren, code), "
        f"mesures as (select epci_siren, modalite as code, annee{columns} from chiffres "
        f"where axe = {literal(level)} group by all) "
        "select lieux.epci_siren, lieux.code, lieux.nom, mesures.* exclude (epci_siren, code), lieux.geom "
        "from lieux left join mesures using (epci_siren, code) order by epci_siren, code, annee"
    )


def _without_clock(path: Path) -> None:
    with closing(sqlite3.connect(path)) as con, con:
        con.execute("update gpkg_contents set last_change = ?", [_INSTANT])
