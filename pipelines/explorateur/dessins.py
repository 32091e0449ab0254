"""The drawings of a choice of figures: over time, ranked, on a map. A target is a line; what is missing is
not drawn as 0.

Only what is drawn belongs here; the figures are those of `requetes`, unchanged.
"""

import json
from collections.abc import Mapping, Sequence
from typing import Any

import altair as alt
import polars as pl

# More curves than a reader tells apart.
CURVES = 8
_BARS = 40
# Without the menu of the drawing, whose last line sends it to a site; the page has its own exports.
_PLAIN = {"embedOptions": {"actions": False}}
_WIDTH = 640
_ACCENT, _MISSED, _TARGET = "#1b5e8c", "#b3541e", "#444444"


def trend(figures: pl.DataFrame, titre: str, unite: str) -> Any:
    """Return the curve of each place over the periods, the largest bases first; None with nothing to draw."""
    known = _named(figures).filter(pl.col("valeur").is_not_null())
    if known["periode"].n_unique() < 2:
        return None
    kept = (
        known.group_by("nom")
        .agg(pl.col("denominateur").fill_null(0).sum().alias("poids"))
        .sort(["poids", "nom"], descending=[True, False])
        .head(CURVES)["nom"]
    )
    # With what is missing of them: a curve stops where a figure does, it does not pass over it.
    drawn = _named(figures).filter(pl.col("nom").is_in(kept.to_list()))
    # One domain for colours and dashes, in place of one order each: their legends are then one.
    told: dict[str, Any] = {
        "title": None,
        "scale": alt.Scale(domain=kept.to_list()),
        "legend": alt.Undefined if len(kept) > 1 else None,
    }
    lines = (
        alt.Chart(_values(drawn))
        .mark_line(point=True)
        .encode(
            x=alt.X("periode:O", title=None, axis=alt.Axis(labelAngle=0)),
            y=alt.Y("valeur:Q", title=unite, scale=alt.Scale(zero=False)),
            color=alt.Color("nom:N", **told),
            strokeDash=alt.StrokeDash("nom:N", **told),
            tooltip=_TOOLTIP,
        )
    )
    targets = known.filter(pl.col("cible").is_not_null()).unique(["periode", "cible"]).sort("periode")
    layers = [lines]
    if known["nom"].n_unique() == 1 and targets.height:
        layers.append(
            alt.Chart(_values(targets))
            .mark_line(strokeDash=[6, 4], color=_TARGET)
            .encode(x="periode:O", y="cible:Q", tooltip=[alt.Tooltip("cible:Q", title="Cible")])
        )
    return alt.layer(*layers).properties(
        width=_WIDTH, height=280, title=titre, description=titre, usermeta=_PLAIN
    )


def ranking(figures: pl.DataFrame, periode: str, titre: str, unite: str) -> Any:
    """Return the places of one period from the highest to the lowest; None when there is at most one."""
    known = _named(figures).filter((pl.col("periode") == periode) & pl.col("valeur").is_not_null())
    if known.height < 2:
        return None
    shown = known.sort(["valeur", "nom"], descending=[True, False]).head(_BARS)
    bars = (
        alt.Chart(_values(shown))
        .mark_bar()
        .encode(
            y=alt.Y("nom:N", sort=shown["nom"].to_list(), title=None, axis=alt.Axis(labelLimit=260)),
            x=alt.X("valeur:Q", title=unite),
            color=alt.condition("datum.atteint === false", alt.value(_MISSED), alt.value(_ACCENT)),
            tooltip=_TOOLTIP,
        )
    )
    text = bars.mark_text(align="left", dx=3, color="#222222").encode(
        text=alt.Text("valeur:Q", format=".2~f"), color=alt.value("#222222")
    )
    layers = [bars, text]
    targets = shown["cible"].drop_nulls().unique().to_list()
    if len(targets) == 1:
        layers.append(
            alt.Chart(alt.Data(values=[{"cible": targets[0]}]))
            .mark_rule(strokeDash=[6, 4], color=_TARGET)
            .encode(x="cible:Q")
        )
    return alt.layer(*layers).properties(
        width=_WIDTH, title=f"{titre}, {periode}", description=titre, usermeta=_PLAIN
    )


def carte(
    figures: pl.DataFrame, contours: Mapping[str, Sequence[str]], periode: str, titre: str, unite: str
) -> Any:
    """Return the places of one period on a map, outlined; None without outline or without figure."""
    known = _named(figures).filter(pl.col("periode") == periode)
    shapes = [
        {
            "type": "Feature",
            "geometry": json.loads(outline),
            "properties": {"nom": row["nom"], "valeur": row["valeur"]},
        }
        for row in known.to_dicts()
        for outline in contours.get(row["modalite"], ())
    ]
    if not shapes or all(shape["properties"]["valeur"] is None for shape in shapes):
        return None
    # Rows of a figure set and nothing else: no projection of the whole Earth around them.
    data = alt.Data(
        values={"type": "FeatureCollection", "features": shapes}, format=alt.DataFormat(property="features")
    )
    return (
        alt.Chart(data)
        .mark_geoshape(stroke="#333333")
        .encode(
            color=alt.Color("properties.valeur:Q", title=unite, scale=alt.Scale(scheme="blues")),
            tooltip=[
                alt.Tooltip("properties.nom:N", title="Lieu"),
                alt.Tooltip("properties.valeur:Q", title=unite, format=".2~f"),
            ],
        )
        .project(type="identity", reflectY=True)
        .properties(width=_WIDTH, height=420, title=f"{titre}, {periode}", description=titre, usermeta=_PLAIN)
    )


def png(drawing: Any) -> bytes:
    """Return a drawing as a picture, made here: nothing is asked of another machine."""
    import vl_convert

    return bytes(vl_convert.vegalite_to_png(drawing.to_json(), scale=2))


_TOOLTIP = [
    alt.Tooltip("nom:N", title="Lieu"),
    alt.Tooltip("periode:O", title="Période"),
    alt.Tooltip("valeur:Q", title="Valeur", format=".2~f"),
    alt.Tooltip("comptes:N", title="Comptes"),
    alt.Tooltip("statut:N", title="Statut"),
]


def _named(figures: pl.DataFrame) -> pl.DataFrame:
    """Add the name of each row (its place, its segment where there are several) and its counts as text."""
    parted = figures["segment"].n_unique() > 1
    named = (pl.concat_str(["libelle", "segment"], separator=" · ") if parted else pl.col("libelle")).alias(
        "nom"
    )
    counts = (
        pl.when(pl.col("denominateur").is_not_null())
        .then(pl.concat_str(["numerateur", "denominateur"], separator=" sur "))
        .otherwise(pl.col("numerateur").cast(pl.String))
        .alias("comptes")
    )
    return figures.with_columns(named, counts)


def _values(rows: pl.DataFrame) -> alt.Data:
    columns = ["nom", "periode", "valeur", "comptes", "cible", "atteint", "statut"]
    return alt.Data(values=rows.select(columns).to_dicts())
