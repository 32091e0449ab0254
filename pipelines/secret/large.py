"""Small cells of a wide table of counts (`marts.attributions` and its like), by the same mechanism.

A wide table gives counts by several dimensions at once; its totals are published elsewhere. All its margins
are therefore taken as published when they reach the threshold, and the cells are masked so that no margin
gives one back.
"""

import itertools
from collections.abc import Mapping, Sequence

import duckdb
import polars as pl

from pipelines.errors import MauvaisUsage
from pipelines.secret.decision import decide_frame
from pipelines.secret.relations import Relations

_ALONE = "unique"


def masquer(
    con: duckdb.DuckDBPyConnection,
    source: str,
    cible: str,
    *,
    cles: Sequence[str],
    dimensions: Sequence[str],
    mesures: Sequence[str],
    relations: Relations,
    periode: tuple[str, str] | None = None,
    seuil: str = "seuil_secret",
    sommes: Mapping[str, Sequence[str]] | None = None,
) -> pl.DataFrame:
    """Write which counts of a wide table are masked: its keys, and `masque_<mesure>` for each measure.

    Args:
        con: open DuckDB connection.
        source: relation to protect, unmasked; one row per keys, dimensions and period.
        cible: table to create or replace, one row per row of `source`.
        cles: columns that split the table in parts nobody adds together (territory first, then zonings or
            methods).
        dimensions: columns over which counts are added.
        mesures: columns of counts of households.
        relations: how periods and names are written (`relations.yml`).
        periode: columns (periode_type, periode); None when a row is one year or one vintage given in `cles`.
        seuil: column of the threshold; 0 masks nothing.
        sommes: measures made of other measures of the row (`{"baux": ["q1", "q234", "inconnus"]}`).

    Returns:
        The margins that have to be masked too, where some are (same columns, the dimensions summed out are
        NULL).

    Raises:
        MauvaisUsage: when two rows have the same key.
    """
    columns = [*cles, *(periode or ()), *dimensions, *mesures, seuil]
    frame = con.sql(f"SELECT {', '.join(_quote(c) for c in columns)} FROM {source}").pl()
    decisions, margins = masquer_frame(
        frame,
        cles=cles,
        dimensions=dimensions,
        mesures=mesures,
        relations=relations,
        periode=periode,
        seuil=seuil,
        sommes=sommes,
    )
    con.register("_secret_large", decisions.to_arrow())
    con.execute(f"CREATE OR REPLACE TABLE {cible} AS SELECT * FROM _secret_large")
    con.unregister("_secret_large")
    return margins


def _quote(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def masquer_frame(
    frame: pl.DataFrame,
    *,
    cles: Sequence[str],
    dimensions: Sequence[str],
    mesures: Sequence[str],
    relations: Relations,
    periode: tuple[str, str] | None = None,
    seuil: str = "seuil_secret",
    sommes: Mapping[str, Sequence[str]] | None = None,
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """The decisions on a wide table, in the order of its rows, and the margins to mask; see `masquer`."""
    identity = [*cles, *(periode or ()), *dimensions]
    if frame.select(identity).is_duplicated().any():
        raise MauvaisUsage(f"table à protéger : plusieurs lignes ont la même clé ({', '.join(identity)})")
    masks = [f"masque_{name}" for name in mesures]
    if frame.is_empty():
        empty = frame.select(*identity).with_columns(
            [pl.Series(mask, [], dtype=pl.Boolean) for mask in masks]
        )
        return empty, empty
    coded, axes = _coded(frame, cles, dimensions, periode, seuil)
    figures: list[pl.DataFrame] = []
    everything = tuple(range(len(dimensions)))
    for kept in (*_subsets(dimensions), everything):
        figures.append(_margin(coded, kept, axes, mesures, relations))
    long = pl.concat(figures)
    decided = decide_frame(long, _local(relations, axes, sommes or {}))
    wide = decided.pivot(
        on="indicateur",
        on_columns=list(mesures),
        index=["epci_siren", "periode_type", "periode", "axe", "modalite"],
        values="masque_numerateur",
    ).rename(dict(zip(mesures, masks, strict=True)))
    finest = _key(coded, everything, axes, relations)
    rows = finest.join(
        wide,
        on=["epci_siren", "periode_type", "periode", "axe", "modalite"],
        how="left",
        maintain_order="left",
    )
    result = frame.select(*identity).with_columns([rows.get_column(mask) for mask in masks])
    keys = [_key(coded, kept, axes, relations) for kept in _subsets(dimensions)]
    margins = _masked_margins(frame.select(*identity), dimensions, keys, wide, masks)
    return result, margins


def _coded(
    frame: pl.DataFrame,
    cles: Sequence[str],
    dimensions: Sequence[str],
    periode: tuple[str, str] | None,
    seuil: str,
) -> tuple[pl.DataFrame, list[str]]:
    """Keys and dimensions as numbers (a name may hold any character), beside the measures."""

    def number(columns: Sequence[str]) -> pl.Series:
        distinct = frame.select(columns).unique().sort(columns).with_row_index("_n")
        joined = frame.select(columns).join(
            distinct, on=list(columns), how="left", nulls_equal=True, maintain_order="left"
        )
        return joined.get_column("_n").cast(pl.String)

    axes = [f"d{i}" for i in range(len(dimensions))]
    kind = pl.col(periode[0]).cast(pl.String) if periode else pl.lit(_ALONE)
    name = pl.col(periode[1]).cast(pl.String) if periode else pl.lit(_ALONE)
    coded = frame.with_columns(
        number(cles).alias("_cle"),
        kind.alias("_type"),
        name.alias("_periode"),
        pl.col(seuil).cast(pl.Int64).alias("_seuil"),
        *[number([dimension]).alias(f"_{axis}") for axis, dimension in zip(axes, dimensions, strict=True)],
    )
    return coded, axes


def _key(coded: pl.DataFrame, kept: tuple[int, ...], axes: list[str], relations: Relations) -> pl.DataFrame:
    """The key, in the form of a figure, of each row once some dimensions are summed out."""
    total = not kept
    names = relations.separateur.join(axes[i] for i in kept)
    modality = pl.concat_str([pl.col(f"_{axes[i]}") for i in kept], separator=relations.separateur)
    return coded.select(
        pl.col("_cle").alias("epci_siren"),
        pl.col("_type").alias("periode_type"),
        pl.col("_periode").alias("periode"),
        pl.lit(relations.axe_total if total else names).alias("axe"),
        (pl.lit(relations.axe_total) if total else modality).alias("modalite"),
    )


def _margin(
    coded: pl.DataFrame, kept: tuple[int, ...], axes: list[str], mesures: Sequence[str], relations: Relations
) -> pl.DataFrame:
    """The counts summed over the dimensions that are not kept, one figure per measure."""
    key = _key(coded, kept, axes, relations)
    summed = (
        key.with_columns(
            *[coded.get_column(name).cast(pl.Int64) for name in mesures], coded.get_column("_seuil")
        )
        .group_by(key.columns)
        .agg(pl.col(*mesures).sum(), pl.col("_seuil").max())
        .sort(key.columns)
    )
    return pl.concat(
        summed.select(
            *key.columns,
            pl.lit(name).alias("indicateur"),
            pl.lit(relations.segment_total).alias("segment_type"),
            pl.lit(relations.segment_total).alias("segment"),
            pl.col(name).alias("numerateur"),
            pl.lit(None, dtype=pl.Int64).alias("denominateur"),
            pl.lit(None, dtype=pl.Int64).alias("inconnus"),
            pl.lit(None, dtype=pl.Float64).alias("valeur"),
            pl.lit("nombre").alias("unite"),
            pl.lit(None, dtype=pl.Float64).alias("cible"),
            pl.lit(None, dtype=pl.String).alias("operateur"),
            pl.col("_seuil").alias("seuil_secret"),
            pl.lit(True).alias("base_menages"),
        )
        for name in mesures
    )


def _local(relations: Relations, axes: list[str], sommes: Mapping[str, Sequence[str]]) -> Relations:
    """The relations of one wide table: its dimensions share out the total, its measures add up as told."""
    return Relations.model_validate(
        {
            **relations.model_dump(),
            "unites_de_comptes": ["nombre"],
            "unites_de_parts": [],
            "axes": {"defaut": "partition", "partition": axes},
            "axes_fins": [],
            "principaux": [],
            "egalites": [],
            "equilibres": [],
            "sommes": [
                {"total": f"{total}.numerateur", "parties": [f"{part}.numerateur" for part in parts]}
                for total, parts in sommes.items()
            ],
        }
    )


def _subsets(dimensions: Sequence[str]) -> list[tuple[int, ...]]:
    """The dimensions that each margin keeps: all the ways to sum out one or more."""
    ranks = range(len(dimensions))
    return [kept for size in ranks for kept in itertools.combinations(ranks, size)]


def _masked_margins(
    identity: pl.DataFrame,
    dimensions: Sequence[str],
    keys: list[pl.DataFrame],
    wide: pl.DataFrame,
    masks: list[str],
) -> pl.DataFrame:
    """The margins of which a measure is masked, under the names of the table."""
    found: list[pl.DataFrame] = []
    for kept, key in zip(_subsets(dimensions), keys, strict=True):
        gone = [
            pl.lit(None, identity.schema[name]).alias(name)
            for i, name in enumerate(dimensions)
            if i not in kept
        ]
        # The key of a figure has columns of its own, which may bear the names of the table's.
        own = [f"_{name}" for name in key.columns]
        named = pl.concat(
            [key.rename(dict(zip(key.columns, own, strict=True))), identity.with_columns(gone)],
            how="horizontal",
        )
        named = named.unique(subset=own, keep="first", maintain_order=True)
        found.append(
            named.join(wide, left_on=own, right_on=key.columns, how="inner", maintain_order="left")
            .filter(pl.any_horizontal(masks))
            .select(*identity.columns, *masks)
        )
    return pl.concat(found)
