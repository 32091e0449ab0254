"""Deposited polygons: brought to longitude and latitude (WGS 84), and looked at before anything uses them.

Uses DuckDB's spatial extension from its wheel: no network. Placing dwellings in polygons is the models'.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import duckdb

from pipelines.errors import DonneesRefusees
from pipelines.ingestion.declarations import quote
from pipelines.ingestion.landing import settings
from pipelines.paths import spatial_extension

_EPSG = re.compile(r"EPSG:{1,2}(\w+)$", re.IGNORECASE)
_WGS84 = {"4326", "CRS84"}
# The rule that a polygon breaks when it is none.
UNUSABLE = "polygone_inutilisable"
_CITES = 5
_EN_METRES = "coordonnées hors des degrés d'un globe"
_ILLISIBLE = "géométrie illisible, ou contour qui ne se ferme pas"


@dataclass(frozen=True)
class Polygone:
    """One polygon: its GeoJSON in degrees, why it cannot be used (empty when it can), and whether it lies in
    France once latitude and longitude are exchanged, and only then."""

    texte: str | None
    defaut: str = ""
    inverse: bool = False


def declared_crs(contenu: dict[str, Any]) -> str | None:
    """EPSG code that a GeoJSON declares, None when it says nothing or WGS 84."""
    try:
        nom = str(contenu["crs"]["properties"]["name"])
    except (KeyError, TypeError):
        return None
    trouve = _EPSG.search(nom)
    return trouve[1] if trouve and trouve[1] not in _WGS84 else None


def _connect() -> duckdb.DuckDBPyConnection:
    con = duckdb.connect()
    con.execute(f"LOAD {quote(str(spatial_extension()))}")
    return con


def look_at(textes: Sequence[str | None], epsg: str | None, nom: str) -> list[Polygone]:
    """The polygons of a GeoJSON file in longitude and latitude, each judged on its own.

    Raises:
        DonneesRefusees: the projection is unknown, or coordinates are not degrees and no projection is given.
    """
    try:
        polygones = judge(textes, epsg)
    except LookupError:
        raise DonneesRefusees(
            f"{nom} : projection EPSG:{str(epsg)[:20]} inconnue. Exportez le fichier en WGS 84."
        ) from None
    loin = [p for p in polygones if p.defaut == _EN_METRES]
    if epsg is None and len(loin) * 2 > len(polygones):
        raise DonneesRefusees(
            f"{nom} : les coordonnées ne sont pas des degrés et la projection n'est pas dite "
            "(« crs »). Exportez-le en WGS 84."
        )
    return polygones


def judge(textes: Sequence[str | None], epsg: str | None = None) -> list[Polygone]:
    """Polygons written as GeoJSON or as WKT, as GeoJSON in longitude and latitude, each judged on its own.

    A contour that crosses itself is kept: simplification makes many, and models mend them.

    Raises:
        LookupError: nobody knows the projection.
    """
    with _connect() as con:
        geojson = "starts_with(ltrim(g), '{')"
        geometrie = f"CASE WHEN {geojson} THEN TRY(ST_GeomFromGeoJSON(g)) ELSE TRY(ST_GeomFromText(g)) END"
        texte = f"CASE WHEN {geojson} THEN g ELSE ST_AsGeoJSON(geo)::VARCHAR END"
        if epsg is not None:
            projection = quote(f"EPSG:{epsg}")
            try:
                con.execute(f"SELECT ST_Transform(ST_Point(0, 0), {projection}, 'EPSG:4326', true)")
            except duckdb.Error as erreur:
                raise LookupError(epsg) from erreur
            geometrie = f"TRY(ST_Transform({geometrie}, {projection}, 'EPSG:4326', true))"
            texte = "ST_AsGeoJSON(geo)"
        lignes = con.execute(
            f"SELECT {texte}, ST_GeometryType(geo)::VARCHAR, TRY(ST_Within(ST_Point(0, 0), geo)), "
            "ST_Area(geo), ST_XMin(geo), ST_YMin(geo), ST_XMax(geo), ST_YMax(geo) "
            f"FROM (SELECT i, g, {geometrie} AS geo "
            "FROM (SELECT unnest(range(len($1))) AS i, unnest($1::VARCHAR[]) AS g)) ORDER BY i",
            [list(textes)],
        ).fetchall()
    return [_judge(*ligne) for ligne in lignes]


def polygon_warnings(polygones: Sequence[tuple[int, Polygone]], places: str) -> list[tuple[str, str]]:
    """What to say of the polygons of a file: rule and message.

    Args:
        polygones: each with its place.
        places: what places are called, in French: « entités », « lignes ».
    """
    alertes = []
    for regle, texte, touches in (
        (UNUSABLE, "Polygones qui n'en sont pas, écartés", [i for i, p in polygones if p.defaut]),
        (
            "coordonnees_inversees",
            "Polygones hors de France, où ils seraient si la latitude et la longitude étaient échangées",
            [i for i, p in polygones if p.inverse],
        ),
    ):
        if touches:
            citees = ", ".join(str(i) for i in touches[:_CITES])
            suite = "…" if len(touches) > _CITES else ""
            alertes.append(
                (regle, f"{texte} : {len(touches)} sur {len(polygones)}, {places} {citees}{suite}")
            )
    return alertes


def _judge(
    texte: str | None, genre: str | None, lu: bool | None, aire: float | None, *boite: float | None
) -> Polygone:
    if genre is not None and genre not in {"POLYGON", "MULTIPOLYGON"}:
        return Polygone(texte, f"{genre.lower()} au lieu d'un polygone")
    bornes = [b for b in boite if b is not None]
    # A contour that does not close is read by the first library, and stops the one that places points in it.
    if genre is None or lu is None or len(bornes) < 4:
        return Polygone(texte, _ILLISIBLE)
    gauche, bas, droite, haut = bornes
    if not (-180 <= gauche <= droite <= 180 and -90 <= bas <= haut <= 90):
        return Polygone(texte, _EN_METRES)
    if not aire:
        return Polygone(texte, "polygone sans surface")
    x, y = (gauche + droite) / 2, (bas + haut) / 2
    return Polygone(texte, inverse=not _in_france(x, y) and _in_france(y, x))


def _in_france(longitude: float, latitude: float) -> bool:
    return any(
        gauche <= longitude <= droite and bas <= latitude <= haut
        for gauche, bas, droite, haut in settings()["emprises"].values()
    )
