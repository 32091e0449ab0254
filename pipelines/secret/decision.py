"""The decision table: for each figure, which of its counts are masked and why.

Reads the unmasked figures, batch of territories by batch of territories, and writes decisions. A decision
exists for every figure, masked or not, so that a figure without a decision is an error that a join can see.
"""

import logging
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import duckdb
import numpy as np
import polars as pl

from pipelines.secret.audit import computable, remedies
from pipelines.secret.relations import Relations
from pipelines.secret.systeme import Bools, Ints
from pipelines.secret.unites import (
    CELLS,
    COMP,
    DEN,
    INC,
    LAYERS,
    NUM,
    PER_YEAR,
    Assembly,
    Lot,
    assemble,
    build,
)

_LOG = logging.getLogger(__name__)

FIGURE_KEY = (
    "epci_siren",
    "periode_type",
    "periode",
    "indicateur",
    "axe",
    "modalite",
    "segment_type",
    "segment",
)
_COUNTS = ("numerateur", "denominateur", "inconnus")
_OTHERS = ("valeur", "unite", "cible", "operateur", "seuil_secret", "base_menages")
DECISION_COLUMNS = (
    *FIGURE_KEY,
    "masque_numerateur",
    "masque_denominateur",
    "masque_inconnus",
    "masque_valeur",
    "masque_cible",
    "motif",
)
# Figures worked on together: what fits the processor's caches. Territories are never split; memory follows
# this number, not the country.
ROWS_PER_BATCH = 200_000
# Figures read together: each reading scans the whole relation.
_BATCHES_PER_READING = 8


def decide(
    con: duckdb.DuckDBPyConnection,
    source: str,
    relations: Relations,
    *,
    cible: str = "entrepot.secret",
    imbrications: str | None = None,
    rows_per_batch: int = ROWS_PER_BATCH,
    audit: bool = True,
) -> None:
    """Write the decision table of a relation of unmasked figures.

    Args:
        con: open DuckDB connection.
        source: relation with the columns of `entrepot.indicateurs` (contract columns, `seuil_secret`,
            `base_menages`).
        relations: what links the figures.
        cible: table to create or replace, one row per figure of `source`.
        imbrications: relation (epci_siren, axe_fin, modalite_fine, axe, modalite) saying which modality of a
            coarse axis holds each modality of a fine one (residence in commune, QPV in commune); None
            without.
        rows_per_batch: figures worked on together, as many batches at once as DuckDB has threads.
        audit: check the result by exact elimination, and mask what it still finds. Without it the work is
            several times shorter: every equation taken alone hides its masked counts, combinations may not.
    """
    empty = _decide_batch(_empty_source(), relations, None)
    con.register("_secret_vide", empty.to_arrow())
    con.execute(f"CREATE OR REPLACE TABLE {cible} AS SELECT * FROM _secret_vide")
    con.unregister("_secret_vide")
    nested = None
    if imbrications is not None:
        nested = con.sql(
            f"SELECT DISTINCT epci_siren, axe_fin, modalite_fine, axe, modalite FROM {imbrications}"
        ).pl()

    def work(part: pl.DataFrame, batch: Sequence[str]) -> pl.DataFrame:
        of_batch = None if nested is None else _of(nested, batch)
        return _decide_batch(_typed(part), relations, of_batch, audit=audit)

    columns = ", ".join((*FIGURE_KEY, *_COUNTS, *_OTHERS))
    every = list(_batches(con, source, rows_per_batch))
    ((threads,),) = con.execute("SELECT current_setting('threads')").fetchall()
    with ThreadPoolExecutor(max_workers=int(threads)) as pool:
        for start in range(0, len(every), _BATCHES_PER_READING):
            batches = every[start : start + _BATCHES_PER_READING]
            sirens = pl.DataFrame({"epci_siren": [siren for batch in batches for siren in batch]})
            con.register("_secret_lot", sirens.to_arrow())
            frame = con.sql(f"SELECT {columns} FROM {source} SEMI JOIN _secret_lot USING (epci_siren)").pl()
            con.unregister("_secret_lot")
            parts = [_of(frame, batch) for batch in batches]
            del frame
            for decisions in pool.map(work, parts, batches):
                con.register("_secret_decisions", decisions.to_arrow())
                con.execute(f"INSERT INTO {cible} SELECT * FROM _secret_decisions")
                con.unregister("_secret_decisions")


def _of(frame: pl.DataFrame, sirens: Sequence[str]) -> pl.DataFrame:
    return frame.filter(pl.col("epci_siren").is_in(sirens))


def decide_frame(
    frame: pl.DataFrame,
    relations: Relations,
    imbrications: pl.DataFrame | None = None,
    *,
    audit: bool = True,
) -> pl.DataFrame:
    """The decisions on a frame of unmasked figures (whole territories), one row per figure, in its order.

    The frame has the columns that `decide` reads; see `DECISION_COLUMNS` for what is returned.
    """
    return _decide_batch(
        _typed(frame.select(*FIGURE_KEY, *_COUNTS, *_OTHERS)), relations, imbrications, audit=audit
    )


def _batches(con: duckdb.DuckDBPyConnection, source: str, rows_per_batch: int) -> Iterator[list[str]]:
    sizes = con.sql(f"SELECT epci_siren, count(*) FROM {source} GROUP BY ALL ORDER BY ALL").fetchall()
    batch: list[str] = []
    rows = 0
    for siren, size in sizes:
        if batch and rows + size > rows_per_batch:
            yield batch
            batch, rows = [], 0
        batch.append(siren)
        rows += size
    if batch:
        yield batch


_TYPES: dict[str, type[pl.DataType]] = {
    **dict.fromkeys((*FIGURE_KEY, "unite", "operateur"), pl.String),
    **dict.fromkeys(_COUNTS, pl.Int64),
    "valeur": pl.Float64,
    "cible": pl.Float64,
    "seuil_secret": pl.Int64,
    "base_menages": pl.Boolean,
}


def _typed(frame: pl.DataFrame) -> pl.DataFrame:
    return frame.with_columns(*[pl.col(name).cast(kind) for name, kind in _TYPES.items()]).with_columns(
        pl.col(*FIGURE_KEY).fill_null("")
    )


def _empty_source() -> pl.DataFrame:
    return pl.DataFrame(schema=_TYPES)


def _decide_batch(
    frame: pl.DataFrame, relations: Relations, imbrications: pl.DataFrame | None, *, audit: bool = True
) -> pl.DataFrame:
    # A missing threshold or a missing base counts as sensitive: silence must not publish.
    sensitive = (pl.col("seuil_secret").is_null() | (pl.col("seuil_secret") > 0)) & pl.col(
        "base_menages"
    ).fill_null(True)
    concerned = frame.select(sensitive.alias("c")).get_column("c").to_numpy()
    hidden = {name: np.zeros(frame.height, dtype=bool) for name in ("num", "den", "inc", "val")}
    primary = np.zeros(frame.height, dtype=bool)
    if concerned.any():
        if frame.get_column("seuil_secret").null_count():
            fallback = int(frame.get_column("seuil_secret").max() or 0)  # type: ignore[arg-type]
            frame = frame.with_columns(pl.col("seuil_secret").fill_null(fallback))
        part = frame.filter(pl.Series(concerned))
        masks = _masks(part, relations, imbrications, audit)
        for name, values in masks.items():
            (primary if name == "primary" else hidden[name])[concerned] = values
    result = frame.select(*FIGURE_KEY).with_columns(
        pl.Series("masque_numerateur", hidden["num"]),
        pl.Series("masque_denominateur", hidden["den"]),
        pl.Series("masque_inconnus", hidden["inc"]),
        pl.Series("masque_valeur", hidden["val"]),
        pl.Series("masque_cible", _derived_targets(frame, hidden["val"], relations)),
        pl.Series("_primaire", primary),
    )
    masked = pl.any_horizontal("masque_numerateur", "masque_denominateur", "masque_inconnus", "masque_valeur")
    return result.with_columns(
        pl.when("_primaire")
        .then(pl.lit("primaire"))
        .when(masked | pl.col("masque_cible"))
        .then(pl.lit("secondaire"))
        .otherwise(None)
        .cast(pl.String)
        .alias("motif")
    ).select(*DECISION_COLUMNS)


def _derived_targets(frame: pl.DataFrame, masked_value: Bools, relations: Relations) -> Bools:
    """Targets that are themselves a masked figure: last year's rate, or another indicator's."""
    derived = pl.col("operateur").is_in(relations.operateurs_derives) & pl.col("cible").is_not_null()
    if not frame.select(derived.any()).item():
        return np.zeros(frame.height, dtype=bool)
    hidden = (
        frame.filter(pl.Series(masked_value, dtype=pl.Boolean) & pl.col("valeur").is_not_null())
        .select("epci_siren", pl.col("valeur").round(6).alias("_cible"))
        .unique()
        .with_columns(pl.lit(True).alias("_vu"))
    )
    joined = frame.select(
        "epci_siren",
        pl.when(derived).then(pl.col("cible").round(6)).alias("_cible"),
    ).join(hidden, on=["epci_siren", "_cible"], how="left", maintain_order="left")
    return joined.get_column("_vu").fill_null(False).to_numpy()


def _masks(
    frame: pl.DataFrame, relations: Relations, imbrications: pl.DataFrame | None, audit: bool
) -> dict[str, Bools]:
    """Masks of sensitive figures: num, den, inc, val, and whether one of the figure's own counts is small."""
    lot = build(frame, relations, imbrications)
    assembly = assemble(lot, relations)
    layers = _mask_layers(lot, assembly, audit)
    at = np.searchsorted(np.array(LAYERS), lot.row_layer)
    by_layer = np.stack([layers[number] for number in LAYERS])
    spilled = lot.row_spill >= 0

    def of(measure: int) -> Bools:
        own: Bools = by_layer[at, lot.row_unit * CELLS + measure]
        before: Bools = by_layer[at, np.where(spilled, lot.row_spill, 0) * CELLS + measure] & spilled
        return own | before

    num, den, inc = of(NUM), of(DEN), of(INC)
    own = frame.select(
        *[_small(pl.col(name)).alias(name) for name in _COUNTS],
        (
            pl.col("unite").is_in(relations.unites_de_parts)
            & _small(pl.col("denominateur") - pl.col("numerateur"))
        )
        .fill_null(False)
        .alias("complement"),
        pl.col("unite").is_in(relations.unites_de_comptes).alias("compte"),
        pl.col("numerateur").is_not_null().alias("avec"),
    )
    flags = {name: own.get_column(name).to_numpy() for name in own.columns}
    small_num = (flags["numerateur"] & flags["compte"]) | flags["complement"]
    # A value that is no ratio of counts (a median, points) goes with its base alone.
    ratio = flags["compte"] & flags["avec"]
    den = den | flags["denominateur"]
    num = num | small_num | den
    return {
        "num": num,
        "den": den,
        "inc": inc | flags["inconnus"],
        "val": np.where(ratio, num, flags["denominateur"]),
        "primary": small_num | flags["denominateur"] | flags["inconnus"],
    }


def _small(count: pl.Expr) -> pl.Expr:
    return ((count > 0) & (count < pl.col("seuil_secret"))).fill_null(False)


def _mask_layers(lot: Lot, assembly: Assembly, audit: bool) -> dict[int, Bools]:
    """Per layer of periods (the finer holds the coarser), whether each cell of each unit is masked."""
    system = assembly.system
    masked = np.zeros(len(system.value), dtype=bool)
    protect = np.zeros(len(system.value), dtype=bool)
    result: dict[int, Bools] = {}
    for number in LAYERS:
        if number > 1 and not lot.present[number].any():
            result[number] = result[number - 1]
            continue
        small = np.flatnonzero(lot.small[number])
        protect[assembly.of_cell[small]] = True
        rest = np.arange(assembly.n_real, len(system.value))
        protect[rest] |= assembly.rest_small[number]
        weight = np.zeros(len(system.value), dtype=np.int64)
        weight[: assembly.n_real] = np.maximum(system.value[: assembly.n_real], 0) // PER_YEAR[number]
        if number == 1:
            weight[rest] = system.value[rest]
        masked[assembly.of_cell[small]] = True
        masked[rest] = True
        layer = _Layer(protect, weight, _shown(lot, assembly, number))
        masked = _complete(assembly, masked, layer, audit)
        result[number] = masked[assembly.of_cell[: assembly.n_real]]
    return result


def _shown(lot: Lot, assembly: Assembly, number: int) -> Bools:
    """The equations of a layer: those whose counts all have figures there (no quarter on a fine axis)."""
    equations = assembly.system.equations
    shown = np.zeros(len(assembly.system.value), dtype=bool)
    shown[assembly.of_cell[np.flatnonzero(np.repeat(lot.present[number], CELLS))]] = True
    shown[assembly.n_real :] = True
    hidden = np.zeros(equations.size, dtype=bool)
    rank = np.repeat(np.arange(equations.size), np.diff(equations.ptr))
    hidden[rank[~shown[equations.cell]]] = True
    return ~hidden


@dataclass(frozen=True)
class _Layer:
    """What one layer of periods asks: cells to protect, the weight of each, equations that hold there."""

    protect: Bools
    weight: Ints
    shown: Bools


def _complete(assembly: Assembly, masked: Bools, layer: _Layer, audit: bool) -> Bools:
    """Mask until no equation, and no combination of equations, gives a protected cell back."""
    system = assembly.system
    useful = layer.shown & ((assembly.rest < 0) | layer.protect[np.maximum(assembly.rest, 0)])
    masked = _follow_rows(assembly, masked)
    active = system.equations_of(np.flatnonzero(masked))
    among = np.flatnonzero(layer.shown)
    block_of_eq = assembly.block[system.equations.cell[system.equations.ptr[:-1]]]
    while True:
        new = system.choose(active[useful[active]], masked, layer.weight)
        if len(new) == 0 and not audit:
            return masked
        if len(new) == 0:
            found = np.flatnonzero(computable(system, masked, among, assembly.block) & layer.protect)
            if len(found) == 0:
                return masked
            # Only the territories and years where something had to be added can still be in doubt.
            among = np.flatnonzero(layer.shown & np.isin(block_of_eq, assembly.block[found]))
            new = remedies(system, masked, found, among, assembly.block)
            if len(new) == 0:
                _LOG.debug("%d small counts follow from remainders that no figure gives", len(found))
                return masked
        before = masked
        masked = before.copy()
        masked[new] = True
        masked = _follow_rows(assembly, masked)
        active = system.equations_of(np.flatnonzero(masked & ~before))


def _follow_rows(assembly: Assembly, masked: Bools) -> Bools:
    """A masked denominator takes its numerator, a masked numerator its complement."""
    cells = assembly.of_cell[: assembly.n_real].reshape(-1, CELLS)
    masked = masked.copy()
    while True:
        count = int(masked.sum())
        masked[cells[masked[cells[:, DEN]], NUM]] = True
        both = masked[cells[:, NUM]] | masked[cells[:, COMP]]
        masked[cells[both, NUM]] = True
        masked[cells[both, COMP]] = True
        if int(masked.sum()) == count:
            return masked
