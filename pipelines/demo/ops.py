"""The occupation survey in its canonical long layout: households by residence, added up to every level.

What belongs here: drawing who lives in each residence and adding up. A level is always the sum of its
residences.
"""

from typing import Any

import numpy as np
import polars as pl

from pipelines.demo.ecriture import Entiers, Reels
from pipelines.demo.parametres import read_seed
from pipelines.demo.parc import Lieu

COLONNES = [
    "millesime", "bailleur_siren", "niveau", "code", "zone", "population", "theme", "modalite",
    "effectif", "base", "nb_logements_enquetes", "nb_menages_repondants", "statut",
]  # fmt: skip
# What the survey does not count: the rest of a theme that is not a partition.
RESTES = {("minima_sociaux", "aucun"), ("aide_logement", "non"), ("enfants", "autre")}
AGES = ("-30", "30-39", "40-49", "50-64", "65-74", "75+")


def _shares(profil: dict[str, float], bandes: list[str]) -> dict[str, tuple[list[str], list[float]]]:
    """Modalities and shares of each theme for one kind of place and population."""
    autre = 1 - profil["isole"] - profil["monoparental"] - profil["couple"] - profil["couple_enfants"]
    bas = profil["moins_40"]
    # Above 40 %, each band takes a bit less than half of what is left.
    haut = [0.42 * 0.55**rang for rang in range(len(bandes) - 2)]
    haut = [part / sum(haut) for part in haut]
    reste = 1 - profil["plus_75"]
    ages = [reste * part for part in (0.15, 0.19, 0.21, 0.29, 0.16)]
    stable, precaire = profil["emploi_stable"], profil["emploi_precaire"]
    chomage = 0.45 * (1 - stable - precaire)
    minima, nombreuse = profil["minima"], profil["famille_nombreuse"]
    return {
        "composition": (
            ["isole", "monoparental", "couple", "couple_enfants", "autre"],
            [profil["isole"], profil["monoparental"], profil["couple"], profil["couple_enfants"], autre],
        ),
        "ressources_plus": (bandes, [bas * 0.46, bas * 0.54, *((1 - bas) * part for part in haut)]),
        "age_titulaire": (list(AGES), [*ages, profil["plus_75"]]),
        "activite": (
            ["emploi_stable", "emploi_precaire", "chomage", "autre"],
            [stable, precaire, chomage, 1 - stable - precaire - chomage],
        ),
        "minima_sociaux": (["rsa", "aah", "aucun"], [minima * 0.66, minima * 0.34, 1 - minima]),
        "aide_logement": (["oui", "non"], [min(0.9, bas + 0.12), 1 - min(0.9, bas + 0.12)]),
        "enfants": (["3_et_plus", "autre"], [nombreuse, 1 - nombreuse]),
    }


def _multinomial(rng: np.random.Generator, effectifs: Entiers, parts: Reels) -> Entiers:
    """One draw per row: `effectifs` households shared by the probabilities of its row."""
    return rng.multinomial(effectifs, parts / parts.sum(axis=1, keepdims=True)).astype(np.int64)


def _residences(rng: np.random.Generator, lieu: Lieu, annee: int) -> pl.DataFrame:
    """One row per residence, population, theme and modality, with the places the residence belongs to."""
    p, t, parc = lieu.p, lieu.t, lieu.parc
    c: dict[str, Any] = p.commun["ops"]
    bandes: list[str] = c["bandes"][c["annees"][annee]]
    premier = min(p.millesimes_rpls)
    millesime = min(max(annee, premier), max(p.millesimes_rpls))
    dans = parc.in_stock(millesime) & (parc.construction < annee)
    occupes = dans & (parc.mode[millesime] == 1)
    recents = occupes & (parc.bail[millesime] >= (millesime - 2) * 12)
    taille = len(parc.residences)
    logements = np.bincount(parc.residence[dans], minlength=taille)
    menages = np.bincount(parc.residence[occupes], minlength=taille)
    arrives = np.bincount(parc.residence[recents], minlength=taille)
    presents = np.flatnonzero(logements > 0)
    secteur_de = np.zeros(taille, dtype=np.int64)
    secteur_de[parc.residence] = parc.secteur
    bas, haut = c["part_repondants"]
    taux = rng.uniform(float(bas), float(haut), taille)
    repondants = np.minimum(rng.binomial(menages, taux), menages)
    arrives_repondants = np.minimum(rng.binomial(arrives, taux), repondants)
    sirens = [p.bailleurs[k].siren for k in t.bailleurs]
    ecart = rng.normal(1.0, 0.12, taille).clip(0.6, 1.5)
    morceaux = []
    for population, base_menages, enquetes in (
        ("ENSEMBLE", repondants, logements),
        ("EMMENAGES_RECENTS", arrives_repondants, arrives),
    ):
        profils = [_shares(c["profils"][s.profil or s.genre][population], bandes) for s in parc.secteurs]
        for theme in profils[0]:
            modalites = profils[0][theme][0]
            parts = np.array([profil[theme][1] for profil in profils])[secteur_de[presents]]
            parts = parts.clip(0)
            parts[:, 0] = np.minimum(parts[:, 0] * ecart[presents], 0.95)
            base = base_menages[presents]
            if theme == "activite":
                base = (base * 1.28).astype(np.int64)
            tirages = _multinomial(rng, base, parts)
            for k, modalite in enumerate(modalites):
                if (theme, modalite) in RESTES:
                    continue
                morceaux.append(
                    pl.DataFrame(
                        {
                            "r": presents,
                            "population": [population] * presents.size,
                            "theme": [theme] * presents.size,
                            "modalite": [modalite] * presents.size,
                            "effectif": tirages[:, k],
                            "base": base,
                            "nb_logements_enquetes": enquetes[presents],
                            "nb_menages_repondants": base_menages[presents],
                        }
                    )
                )
    lieux = pl.DataFrame(
        {
            "r": np.arange(taille),
            "residence": parc.residences,
            "secteur": secteur_de,
            "bailleur_siren": [sirens[i] for i in parc.bailleur_residence],
        }
    )
    generation = "qpv_2024" if str(annee) >= _last_generation() else "qpv_2015"
    secteurs = pl.DataFrame(
        {
            "secteur": np.arange(len(parc.secteurs)),
            "commune": [s.commune for s in parc.secteurs],
            "qpv": [getattr(s, generation) for s in parc.secteurs],
            "zones": [list(s.zones) for s in parc.secteurs],
        },
        schema_overrides={"qpv": pl.String, "zones": pl.List(pl.String)},
    )
    return (
        pl.concat(morceaux)
        .join(lieux, on="r", maintain_order="left")
        .join(secteurs, on="secteur", maintain_order="left")
    )


def _last_generation() -> str:
    return max(g["generation"] for g in read_seed("ref_qpv_generations"))


def survey(rng: np.random.Generator, lieu: Lieu) -> dict[int, pl.DataFrame]:
    """Canonical rows by survey year: residence, QPV, zone, commune and EPCI, for each landlord.

    Communes and the EPCI come in three parts (in QPV, outside, both); small cells of residences are partly
    secret, and the totals above them keep counting them.
    """
    p, t = lieu.p, lieu.t
    resultat = {}
    cle = ["bailleur_siren", "population", "theme", "modalite"]
    sommes = [pl.col(c).sum() for c in ("effectif", "base", "nb_logements_enquetes", "nb_menages_repondants")]
    for annee in p.commun["ops"]["annees"]:
        detail = _residences(rng, lieu, annee).with_columns(
            pl.when(pl.col("qpv").is_null()).then(pl.lit("HORS_QPV")).otherwise(pl.lit("QPV")).alias("zone")
        )

        def level(lignes: pl.DataFrame, niveau: str, code: pl.Expr, zone: pl.Expr) -> pl.DataFrame:
            return (
                lignes.with_columns(code.alias("code"), zone.alias("zone"))
                .group_by([*cle, "code", "zone"], maintain_order=True)
                .agg(sommes)
                .with_columns(pl.lit(niveau).alias("niveau"))
            )

        ensemble = pl.lit("ENSEMBLE")
        epci = pl.lit(t.epci_siren)
        parts = [
            level(detail, "epci", epci, pl.col("zone")),
            level(detail, "epci", epci, ensemble),
            level(detail, "commune", pl.col("commune"), pl.col("zone")),
            level(detail, "commune", pl.col("commune"), ensemble),
            level(detail.filter(pl.col("qpv").is_not_null()), "qpv", pl.col("qpv"), pl.lit("QPV")),
            level(detail.explode("zones").drop_nulls("zones"), "zone", pl.col("zones"), ensemble),
            level(detail, "residence", pl.col("residence"), pl.col("zone")),
        ]
        lignes = pl.concat([part.select(sorted(part.columns)) for part in parts])
        petit = (pl.col("effectif") > 0) & (pl.col("effectif") < int(p.commun["ops"]["seuil_secret"]))
        tire = pl.Series(rng.random(lignes.height) < float(p.commun["ops"]["part_secret_residences"]))
        secret = petit & tire & (pl.col("niveau") == "residence")
        resultat[annee] = lignes.with_columns(
            pl.lit(str(annee)).alias("millesime"),
            pl.when(secret).then(None).otherwise(pl.col("effectif")).alias("effectif"),
            pl.when(secret).then(pl.lit("secret")).alias("statut"),
        ).select(COLONNES)
    return resultat
