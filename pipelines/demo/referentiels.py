"""The small reference files of the landing folder: thresholds, landlords, local zones, outlines to draw.

What belongs here: what the demonstration needs and no public source gives (synthetic thresholds, invented
landlords).
"""

import json
from pathlib import Path

import polars as pl

from pipelines.demo.ecriture import write_csv
from pipelines.demo.parametres import Parametres, Territoire, quarters_of, read_seed
from pipelines.demo.parc import Parc


def zone_rows(t: Territoire, parc: Parc) -> pl.DataFrame:
    """Criteria of the territory's local zones, in the canonical layout: one row per criterion.

    A zone drawn on IRIS also lists its residences, for allocations that give no dwelling number.
    """
    lignes: list[tuple[str, ...]] = []
    for z in t.zones:
        lignes += [(z.zone, z.type_zone, z.nom, "iris", iris) for iris in z.iris]
        lignes += [(z.zone, z.type_zone, z.nom, "commune", commune) for commune in z.communes]
        if z.iris:
            presents = sorted(
                {
                    parc.residences[r]
                    for r, s in set(zip(parc.residence.tolist(), parc.secteur.tolist(), strict=True))
                    if z.zone in parc.secteurs[s].zones
                }
            )
            lignes += [(z.zone, z.type_zone, z.nom, "residence", r) for r in presents]
    colonnes = ["zone", "type", "nom", "critere", "valeur"]
    schema = dict.fromkeys(colonnes, pl.String)
    return pl.DataFrame(lignes, schema=schema, orient="row").select(
        pl.lit(t.epci_siren).alias("epci_siren"),
        *colonnes,
        pl.lit(None, dtype=pl.String).alias("debut"),
        pl.lit(None, dtype=pl.String).alias("fin"),
    )


def _thresholds(p: Parametres) -> pl.DataFrame:
    """Q1 thresholds of the territories by year, for the EPCI; by region where one value serves the whole
    region."""
    departements = {d["code_departement"]: d["code_region"] for d in read_seed("ref_departements")}
    regionales = {s["code"] for s in read_seed("ref_seuils_q1") if s["portee"] == "region"}
    lignes = []
    for t in p.territoires:
        region = departements[t.prefixe[:2]]
        portee, code = ("region", region) if region in regionales else ("epci", t.epci_siren)
        lignes += [(str(a.annee), portee, code, str(a.seuil_q1)) for a in t.annees.values()]
    colonnes = ["annee", "portee", "code", "seuil"]
    return pl.DataFrame(sorted(lignes), schema=dict.fromkeys(colonnes, pl.String), orient="row")


def write_references(dossier: Path, p: Parametres, zones: pl.DataFrame) -> dict[str, int]:
    """Write thresholds, landlords and zones; returns rows by relative path."""
    bailleurs = [(b.siren, b.nom, alias) for b in p.bailleurs.values() for alias in b.alias]
    colonnes = ["siren", "nom", "alias"]
    fichiers = {
        "referentiels/bailleurs.csv": pl.DataFrame(
            sorted(bailleurs), schema=dict.fromkeys(colonnes, pl.String), orient="row"
        ),
        "referentiels/seuils_q1.csv": _thresholds(p),
        "zones/zones.csv": zones,
    }
    return {relatif: write_csv(dossier / relatif, lignes) for relatif, lignes in fichiers.items()}


def write_outlines(dossier: Path, p: Parametres) -> dict[str, int]:
    """Write an outline of each neighbourhood, around the frame where its dwellings are drawn.

    In Lambert-93, as cities often give them. A neighbourhood of the first generation has the outline of the
    one that follows it.
    """
    anciens: dict[str, list[str]] = {}
    for ligne in read_seed("ref_qpv_correspondance"):
        anciens.setdefault(ligne["code_qpv_2024"], []).append(ligne["code_qpv_2015"])
    noms = {q.code: q.libelle for t in p.territoires for q in quarters_of(t.epci_siren)}
    entites = []
    traces: set[str] = set()
    for recent, cadre in sorted(p.cadres_qpv.items()):
        for code in (recent, *sorted(c for c in anciens.get(recent, []) if c)):
            if code not in noms or code in traces:
                continue
            traces.add(code)
            entites.append(
                {
                    "type": "Feature",
                    "properties": {"code_qp": code, "lib_qp": noms[code]},
                    "geometry": {"type": "Polygon", "coordinates": [_outline(cadre)]},
                }
            )
    crs = {"type": "name", "properties": {"name": "urn:ogc:def:crs:EPSG::2154"}}
    chemin = dossier / "qpv" / "qpv_contours.geojson"
    chemin.parent.mkdir(parents=True, exist_ok=True)
    lignes = ",\n".join(json.dumps(e, ensure_ascii=False, separators=(",", ":")) for e in entites)
    entete = f'{{"type":"FeatureCollection","crs":{json.dumps(crs)},"features":['
    chemin.write_text(f"{entete}\n{lignes}]}}\n", encoding="utf-8")
    return {"qpv/qpv_contours.geojson": len(entites)}


def _outline(cadre: tuple[int, int, int, int]) -> list[list[int]]:
    """An octagon that holds the frame, corners included."""
    ouest, sud, est, nord = cadre
    marge = max(est - ouest, nord - sud) // 5
    return [
        [ouest, sud - marge], [est, sud - marge], [est + marge, sud], [est + marge, nord],
        [est, nord + marge], [ouest, nord + marge], [ouest - marge, nord], [ouest - marge, sud],
        [ouest, sud - marge],
    ]  # fmt: skip
