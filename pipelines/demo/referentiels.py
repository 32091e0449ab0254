"""The small reference files of the landing folder: thresholds, landlords, local zones.

What belongs here: what the demonstration needs and no public source gives (synthetic thresholds, invented
landlords).
"""

from pathlib import Path

import polars as pl

from pipelines.demo.ecriture import write_csv
from pipelines.demo.parametres import Parametres, Territoire, read_seed
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
