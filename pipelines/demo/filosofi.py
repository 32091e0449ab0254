"""Synthetic incomes in the layouts of INSEE: key figures by commune, EPCI, département and region; QPV.

What belongs here: values near the real ones, the markers of secrecy, and the columns of the published files.
"""

from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from pipelines.demo.ecriture import write_csv
from pipelines.demo.parametres import Parametres, communes_of, quarters_of, read_seed

# Column, share of the disposable income in %, and how it moves with the poverty rate (points per point).
PARTS = (
    ("PACT", 72.0, -0.25), ("PTSA", 66.0, -0.22), ("PCHO", 3.2, 0.05), ("PBEN", 3.6, -0.02),
    ("PPEN", 27.5, 0.0), ("PPAT", 9.5, -0.12), ("PPSOC", 4.6, 0.36), ("PPFAM", 2.0, 0.09),
    ("PPMINI", 1.4, 0.14), ("PPLOGT", 1.2, 0.13), ("PIMPOT", -15.5, 0.10),
)  # fmt: skip
Ligne = tuple[str, int, float, float]
AGES = (1.35, 1.25, 1.2, 1.0, 0.75, 0.7)


def _columns(suffixe: str) -> list[str]:
    return [
        "CODGEO", *(f"{c}{suffixe}" for c in ("NBMENFISC", "NBPERSMENFISC", "MED", "PIMP", "TP60")),
        *(f"TP60AGE{k}{suffixe}" for k in range(1, 7)), *(f"TP60TOL{k}{suffixe}" for k in (1, 2)),
        *(f"{c}{suffixe}" for c, _, _ in PARTS), *(f"{c}{suffixe}" for c in ("D1", "D9", "RD")),
    ]  # fmt: skip


def _decimal(valeur: float) -> str:
    return f"{valeur:.1f}".replace(".", ",")


def _share(valeur: float, repere: float) -> str:
    """A share keeps the sign of its usual value."""
    return _decimal(max(valeur, 0.2) if repere > 0 else valeur)


def _row(rng: np.random.Generator, c: dict[str, Any], lieu: Ligne) -> list[str]:
    """One territory: everything, only the headcount and the median, or only the headcount, by population."""
    code, population, mediane, pauvrete = lieu
    detail, publie = int(c["population_detaillee"]), int(c["population_publiee"])
    bruit = rng.normal(0, 0.6, len(PARTS))
    if population < publie:
        return [code, str(int(population / 2.25)), str(population), *["s"] * 25]
    mediane = round(mediane / 10) * 10
    tete = [code, str(int(population / 2.25)), str(population), str(mediane)]
    if population < detail:
        return [*tete, *["s"] * 24]
    d1 = round(mediane * (0.595 - 0.0035 * pauvrete) / 10) * 10
    d9 = round(mediane * (1.62 + 0.006 * pauvrete) / 10) * 10
    ages = [_decimal(round(min(pauvrete * k, 70))) for k in AGES]
    if pauvrete * AGES[5] < 5:
        ages[5] = "s"
    return [
        *tete,
        _decimal(round(max(64 - 1.05 * pauvrete, 25))),
        _decimal(round(pauvrete)),
        *ages,
        _decimal(round(pauvrete * 0.36)) if pauvrete * 0.36 >= 5 else "nd",
        _decimal(round(min(pauvrete * 1.62, 65))),
        *(
            _share(base + pente * (pauvrete - 14) + e, base)
            for (_, base, pente), e in zip(PARTS, bruit, strict=True)
        ),
        str(d1),
        str(d9),
        _decimal(d9 / d1),
    ]


def write_incomes(rng: np.random.Generator, dossier: Path, p: Parametres) -> dict[str, int]:
    """Write the incomes of the years and levels of the parameters; returns rows by relative path."""
    c: dict[str, Any] = p.commun["filosofi"]
    derniere = max(c["annees"])
    base: dict[str, list[Ligne]] = {"COM": [], "EPCI": [], "DEP": [], "REG": []}
    for t in p.territoires:
        habitants = 0
        for commune in communes_of(t.epci_siren):
            code, population = commune.code, commune.population
            habitants += population
            mediane, pauvrete = t.revenus["communes"].get(code) or (
                t.revenus["commune"][0] * float(rng.normal(1, 0.035)),
                t.revenus["commune"][1] * float(rng.uniform(0.8, 1.2)),
            )
            base["COM"].append((code, population, float(mediane), float(pauvrete)))
        mediane_epci, pauvrete_epci = t.revenus["epci"]
        base["EPCI"].append((t.epci_siren, habitants, float(mediane_epci), float(pauvrete_epci)))
    base["DEP"] = [(code, 500_000, float(m), float(tp)) for code, (m, tp) in c["departements"].items()]
    base["REG"] = [(code, 5_000_000, float(m), float(tp)) for code, (m, tp) in c["regions"].items()]
    fichiers: dict[str, int] = {}
    for annee in c["annees"]:
        colonnes = _columns(str(annee)[-2:])
        recul = (1 + float(c["croissance_annuelle"])) ** (annee - derniere)
        for niveau, lieux in base.items():
            lignes = [
                _row(rng, c, (code, habitants, mediane * recul, pauvrete))
                for code, habitants, mediane, pauvrete in sorted(lieux)
            ]
            relatif = f"filosofi/{annee}/cc_filosofi_{annee}_{niveau}.csv"
            tableau = pl.DataFrame(lignes, schema=dict.fromkeys(colonnes, pl.String), orient="row")
            fichiers[relatif] = write_csv(dossier / relatif, tableau)
    return fichiers | _write_qpv(rng, dossier, p)


def _write_qpv(rng: np.random.Generator, dossier: Path, p: Parametres) -> dict[str, int]:
    """Incomes of the 2015 QPV over several years, in the joined layout; two of them are not published."""
    c: dict[str, Any] = p.commun["filosofi"]
    annees = [int(a) for a in c["qpv_annees"]]
    regions = {d["code_departement"]: d["code_region"] for d in read_seed("ref_departements")}
    regionales = {s["code"] for s in read_seed("ref_seuils_q1") if s["portee"] == "region"}
    mediane, pauvrete, mediane_chere, pauvrete_chere = (float(v) for v in c["qpv_median"])
    anciens: dict[str, tuple[str, str]] = {}
    for t in p.territoires:
        for q in quarters_of(t.epci_siren):
            if q.code.startswith("QP"):
                anciens[q.code] = (q.libelle, q.communes[0])
    lignes = []
    for rang, (code, (nom, commune)) in enumerate(sorted(anciens.items())):
        chere = regions[commune[:2]] in regionales
        m = (mediane_chere if chere else mediane) * float(rng.normal(1, 0.04))
        tp = (pauvrete_chere if chere else pauvrete) * float(rng.normal(1, 0.08))
        for annee in annees:
            recul = (1 + float(c["croissance_annuelle"])) ** (annee - annees[-1])
            gini, s80s20 = 0.2 + 0.002 * (tp - 40), 2.7 + tp / 100
            valeurs = [f"{round(m * recul, -1):.1f}", f"{tp:.1f}", f"{gini:.3f}", f"{s80s20:.1f}"]
            if rang % 11 == 7:
                valeurs = ["", "", "", ""]
            lignes.append([code, *valeurs, str(annee), nom, commune])
    colonnes = ["code", "revenu_median", "taux_pauvrete", "gini", "s80s20", "annee", "nom_qp", "insee_com"]
    tableau = pl.DataFrame(lignes, schema=dict.fromkeys(colonnes, pl.String), orient="row")
    relatif = f"filosofi/{annees[-1]}/filosofi_{annees[0]}_{annees[-1]}_qpv2015.csv"
    chemin = dossier / relatif
    chemin.parent.mkdir(parents=True, exist_ok=True)
    publies = tableau.with_columns(pl.when(pl.col(pl.String) != "").then(pl.col(pl.String)))
    publies.write_csv(chemin, line_terminator="\n")
    return {relatif: tableau.height}
