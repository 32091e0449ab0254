"""Synthetic territories with every kind of link between figures, made from rows so that all sums hold.

One row is one household; figures are counted from the rows exactly as the warehouse does: over nested axes,
crossings, segments, calendar and rolling periods, and related indicators.
"""

from collections.abc import Iterable

import numpy as np
import polars as pl

from pipelines.secret.decision import FIGURE_KEY

SEUIL = 11


def menages(seed: int, n: int, annees: int = 2) -> pl.DataFrame:
    """One row per lease: where, whose, when, and what it counts for."""
    rng = np.random.default_rng(seed)
    n_com, n_bail, n_res = (int(x) for x in rng.integers((2, 2, 2), (7, 5, 5)))
    skew = rng.uniform(0.5, 2.5)

    def pick(k: int) -> np.ndarray:
        weights = 1 / np.arange(1, k + 1) ** skew
        return rng.choice(k, size=n, p=weights / weights.sum())

    commune = pick(n_com)
    residence = commune * 4 + rng.integers(0, rng.integers(2, 5), n)
    qpv = np.where((residence % 4 == 1) & (commune < 3), commune, -1)
    quartile = rng.choice([1, 2, 3, 4, 0], size=n, p=[0.25, 0.25, 0.2, 0.2, 0.1])
    return pl.DataFrame(
        {
            "commune": [f"C{c}" for c in commune],
            "bailleur": [f"B{b}" for b in pick(n_bail)],
            "reservataire": [f"R{r}" for r in pick(n_res)],
            "residence": [f"X{r}" for r in residence],
            "qpv": [f"Q{q}" if q >= 0 else None for q in qpv],
            "quartile": quartile,
            "releve": rng.random(n) < 0.06,
            "prioritaire": rng.random(n) < 0.35,
            "dalo": rng.random(n) < 0.3,
            "mutation": rng.random(n) < 0.3,
            "typologie": [f"T{t}" for t in 1 + pick(5)],
            "mois": rng.integers(0, 12 * annees, n),
        }
    )


def periodes(premiere: int, annees: int) -> Iterable[tuple[str, str, int, int]]:
    """(type, name, first month, last month + 1) of every period wholly inside the years."""
    for y in range(annees):
        yield "annee", f"{premiere + y}", 12 * y, 12 * y + 12
        for s in range(2):
            yield "semestre", f"{premiere + y}-S{s + 1}", 12 * y + 6 * s, 12 * y + 6 * s + 6
        for t in range(4):
            yield "trimestre", f"{premiere + y}-T{t + 1}", 12 * y + 3 * t, 12 * y + 3 * t + 3
        for m in range(12):
            end = 12 * y + m + 1
            for span in (6, 12):
                if end >= span:
                    yield f"glissant_{span}m", f"{premiere + y}-{m + 1:02d}", end - span, end


AXES = (
    (),
    ("commune",),
    ("bailleur",),
    ("reservataire",),
    ("residence",),
    ("qpv",),
    ("bailleur", "commune"),
)


def indicateurs(
    rows: pl.DataFrame,
    siren: str = "200000001",
    *,
    annees: int = 2,
    fines: bool = True,
    axes: tuple[tuple[str, ...], ...] = AXES,
    segments: tuple[str, ...] = ("typologie",),
) -> pl.DataFrame:
    """The unmasked figures of a territory, with the columns of `entrepot.indicateurs` that matter here."""
    outside, inside = pl.col("qpv").is_null(), pl.col("qpv").is_not_null()
    known = pl.col("quartile") > 0
    q1, moved = pl.col("quartile") == 1, pl.col("releve")
    dated, nothing = pl.col("mois").is_not_null(), pl.lit(None, dtype=pl.Int64)
    # (indicator, population, numerator, unknown); unite follows: a count has no denominator.
    rules: list[tuple[str, pl.Expr, pl.Expr, pl.Expr | None]] = [
        ("baux", pl.lit(True), pl.lit(True), None),
        ("hors_qpv_q1", outside & (known | moved), q1 | moved, outside & ~known & ~moved),
        ("hors_qpv_q1_strict", outside & known, q1, outside & ~known),
        ("qpv_q234", inside & known, ~q1, inside & ~known),
        ("qpv_q2", inside & known, pl.col("quartile") == 2, inside & ~known),
        ("qpv_q34", inside & known, pl.col("quartile") >= 3, inside & ~known),
        ("prioritaires", pl.lit(True), pl.col("prioritaire"), None),
        ("dalo", pl.lit(True), pl.col("prioritaire") & pl.col("dalo"), None),
        ("mutations", pl.lit(True), pl.col("mutation"), None),
    ]
    frames: list[pl.DataFrame] = []
    for kind, name, start, stop in periodes(2021, annees):
        if not fines and kind != "annee":
            continue
        window = rows.filter((pl.col("mois") >= start) & (pl.col("mois") < stop))
        for axe in axes:
            for segment in ("", *segments):
                if segment and len(axe) > 1:
                    continue
                by = [*axe, *([segment] if segment else [])]
                source = window.drop_nulls(axe) if axe else window
                # A key seen in any period has a row in every period: absence would be information.
                every = (rows.drop_nulls(axe) if axe else rows).select(*by, pl.lit(1).alias("_")).unique()
                counts = source.group_by(*by, pl.lit(1).alias("_")).agg(
                    *[
                        expr.sum().cast(pl.Int64).alias(f"{indicator}.{measure}")
                        for indicator, base, num, unknown in rules
                        for measure, expr in (
                            ("num", base & num & dated),
                            ("den", base & dated),
                            ("inc", (pl.lit(False) if unknown is None else unknown) & dated),
                        )
                    ]
                )
                counts = every.join(counts, on=[*by, "_"], how="left", nulls_equal=True).fill_null(0)
                modality = pl.concat_str([pl.col(a) for a in axe], separator=" x ") if axe else pl.lit(siren)
                for indicator, _, _, unknown in rules:
                    alone = indicator == "baux"
                    num, den = pl.col(f"{indicator}.num"), pl.col(f"{indicator}.den")
                    rate = pl.when(den > 0).then(100.0 * num / den)
                    frames.append(
                        counts.select(
                            pl.lit(siren).alias("epci_siren"),
                            pl.lit(kind).alias("periode_type"),
                            pl.lit(name).alias("periode"),
                            pl.lit(indicator).alias("indicateur"),
                            pl.lit(" x ".join(axe) if axe else "epci").alias("axe"),
                            modality.alias("modalite"),
                            pl.lit(segment or "tous").alias("segment_type"),
                            (pl.col(segment) if segment else pl.lit("tous")).alias("segment"),
                            num.alias("numerateur"),
                            (nothing if alone else den).alias("denominateur"),
                            (nothing if unknown is None else pl.col(f"{indicator}.inc")).alias("inconnus"),
                            (num.cast(pl.Float64) if alone else rate).alias("valeur"),
                            pl.lit("nombre" if alone else "%").alias("unite"),
                            pl.lit(None, dtype=pl.Float64).alias("cible"),
                            pl.lit(None, dtype=pl.String).alias("operateur"),
                            pl.lit(SEUIL).alias("seuil_secret"),
                            pl.lit(True).alias("base_menages"),
                        )
                    )
    return pl.concat(frames)


def imbrications(rows: pl.DataFrame, siren: str = "200000001") -> pl.DataFrame:
    """Which commune holds each résidence and each QPV."""
    return pl.concat(
        rows.drop_nulls(fine)
        .select(
            pl.lit(siren).alias("epci_siren"),
            pl.lit(fine).alias("axe_fin"),
            pl.col(fine).alias("modalite_fine"),
            pl.lit("commune").alias("axe"),
            pl.col("commune").alias("modalite"),
        )
        .unique()
        for fine in ("residence", "qpv")
    )


def publier(figures: pl.DataFrame, decisions: pl.DataFrame) -> pl.DataFrame:
    """What a reader receives: masked counts and values are empty."""
    key = list(FIGURE_KEY)
    joined = figures.join(decisions, on=key, how="inner", validate="1:1", maintain_order="left")
    assert joined.height == figures.height
    return joined.with_columns(
        [
            pl.when(~pl.col(f"masque_{name}")).then(pl.col(name)).alias(name)
            for name in ("numerateur", "denominateur", "inconnus", "valeur", "cible")
        ]
    ).select(figures.columns)
