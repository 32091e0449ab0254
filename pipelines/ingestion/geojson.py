"""GeoJSON files: one line per feature, its properties and its polygon in longitude and latitude as text.

Polygons that no software could use are set aside here, with their reason; what is in them belongs in the
models.
"""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import polars as pl

from pipelines.errors import DonneesRefusees
from pipelines.ingestion.correspondances import Correspondance
from pipelines.ingestion.landing import FichierDepose, settings
from pipelines.ingestion.ouverture import Ecart, Entete, Ouverture, choose, settle
from pipelines.ingestion.projections import UNUSABLE, declared_crs, look_at, polygon_warnings
from pipelines.ingestion.textes import inspected
from pipelines.inspection import FichierVide


def open_geojson(fichier: FichierDepose, candidats: Sequence[Correspondance], temporaire: Path) -> Ouverture:
    """Find the layout of a GeoJSON, and bring its polygons to WGS 84.

    Raises:
        DonneesRefusees: damaged, beyond the limits, an unknown projection, no usable polygon, or a required
            column is missing.
        NonReconnu: no product recognises it.
    """
    chemin, etat = inspected(fichier, temporaire, ".geojson")
    if chemin.stat().st_size > settings()["limites"]["octets_geojson"]:
        raise DonneesRefusees(
            f"{fichier.relatif} : fichier trop grand pour être lu. Simplifiez ses contours, ou découpez-le."
        )
    try:
        contenu = json.loads(chemin.read_bytes())
        entites = contenu["features"]
        lignes = [{**(e["properties"] or {}), "geometrie": e["geometry"]} for e in entites]
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise DonneesRefusees(
            f"{fichier.relatif} : GeoJSON illisible ou tronqué. Téléchargez-le de nouveau."
        ) from error
    if not lignes:
        raise FichierVide(f"{fichier.relatif} : le fichier ne contient aucune entité.")
    colonnes = list(dict.fromkeys(c for ligne in lignes for c in ligne))
    noms = [_clean(c) for c in colonnes]
    choix = settle(fichier, candidats, choose(fichier, candidats, [Entete(noms, 0, 0)]))
    textes = [_as_text(ligne["geometrie"]) for ligne in lignes]
    polygones = look_at(textes, declared_crs(contenu), fichier.relatif)
    for ligne, polygone in zip(lignes, polygones, strict=True):
        ligne["geometrie"] = polygone.texte
    tableau = pl.DataFrame(
        {
            "_ligne": range(1, len(lignes) + 1),
            **{f"c{i}": [_as_text(ligne.get(c)) for ligne in lignes] for i, c in enumerate(colonnes)},
        },
        schema={"_ligne": pl.Int64, **{f"c{i}": pl.String for i in range(len(colonnes))}},
    )
    refuses = [rang for rang, p in enumerate(polygones, 1) if p.defaut]
    if len(refuses) == len(lignes):
        raise DonneesRefusees(
            f"{fichier.relatif} : aucun polygone utilisable ({polygones[0].defaut}). Exportez-le de nouveau."
        )
    return Ouverture(
        fichier,
        "geojson",
        chemin,
        etat,
        choix.appariements,
        ligne_entete=0,
        tableau=tableau.filter(~pl.col("_ligne").is_in(refuses)),
        ecarts=tuple(
            Ecart(rang, "geometrie", UNUSABLE, p.defaut) for rang, p in enumerate(polygones, 1) if p.defaut
        ),
        alertes=tuple(polygon_warnings(list(enumerate(polygones, 1)), "entités")),
    )


def _clean(texte: str) -> str:
    """Half a character of UTF-16, which JSON lets through, is no text: it becomes the replacement sign."""
    return texte.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def _as_text(valeur: Any) -> str | None:
    if valeur is None:
        return None
    if not isinstance(valeur, str):
        valeur = json.dumps(valeur, ensure_ascii=False, separators=(",", ":"))
    return _clean(valeur)
