"""Coordinates of deposited polygons brought to longitude and latitude (WGS 84).

Uses DuckDB's spatial extension from its wheel: no network. Placing dwellings in polygons is the models'.
"""

import json
import re
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import duckdb

from pipelines.errors import DonneesRefusees
from pipelines.ingestion.declarations import quote

_EPSG = re.compile(r"EPSG:{1,2}(\d+)$", re.IGNORECASE)
_WGS84 = {"4326", "CRS84"}


def declared_crs(contenu: dict[str, Any]) -> str | None:
    """EPSG code that a GeoJSON declares, None when it says nothing or WGS 84."""
    try:
        nom = str(contenu["crs"]["properties"]["name"])
    except (KeyError, TypeError):
        return None
    trouve = _EPSG.search(nom)
    return trouve[1] if trouve and trouve[1] not in _WGS84 else None


def _first_point(coordonnees: Any) -> tuple[float, float] | None:
    while isinstance(coordonnees, list) and coordonnees and isinstance(coordonnees[0], list):
        coordonnees = coordonnees[0]
    if isinstance(coordonnees, list) and len(coordonnees) >= 2:
        x, y = coordonnees[:2]
        if isinstance(x, int | float) and isinstance(y, int | float):
            return float(x), float(y)
    return None


def geographic(geometries: Iterable[Any]) -> bool:
    """Whether the coordinates can be degrees, from the first point of each geometry."""
    for geometrie in geometries:
        point = _first_point(geometrie.get("coordinates")) if isinstance(geometrie, dict) else None
        if point is not None and not (abs(point[0]) <= 180 and abs(point[1]) <= 90):
            return False
    return True


def to_wgs84(geometries: Sequence[Any], epsg: str, nom: str) -> list[Any]:
    """Geometries in longitude and latitude.

    Raises:
        DonneesRefusees: the projection is not known, or a geometry cannot be read.
    """
    import duckdb_extension_spatial

    (extension,) = Path(duckdb_extension_spatial.__file__).parent.rglob("spatial.duckdb_extension")
    textes = [None if g is None else json.dumps(g) for g in geometries]
    with duckdb.connect() as con:
        con.execute(f"LOAD {quote(str(extension))}")
        try:
            lignes = con.execute(
                "SELECT ST_AsGeoJSON(ST_Transform(ST_GeomFromGeoJSON(g), ?, 'EPSG:4326', true)) "
                "FROM (SELECT unnest(?::VARCHAR[]) AS g)",
                [f"EPSG:{epsg}", textes],
            ).fetchall()
        except duckdb.Error as erreur:
            raise DonneesRefusees(
                f"{nom} : polygones illisibles, ou projection EPSG:{epsg} inconnue. Exportez-les en WGS 84."
            ) from erreur
    return [None if texte is None else json.loads(texte) for (texte,) in lignes]
