"""What earlier versions published and masked: an input of the next one, and what that one leaves.

A later version never shows what an earlier one hid. A count changes between two versions by nothing or by
the threshold at least; otherwise its year keeps what was published until the yearly closing, which is the
first version that holds a later year: no clock decides. Only the reading, the comparison and the writing
belong here.
"""

import fcntl
import os
from collections.abc import Sequence
from pathlib import Path

import polars as pl

from pipelines.diffusion.grille import FIGURE
from pipelines.errors import DonneesRefusees
from pipelines.fichiers import replacing

SHOWN = ["numerateur", "denominateur", "valeur", "cible", "operateur", "atteint", "statut", "masque"]
# It tells which counts are small, and what they would have been compared with.
_MODE = 0o640
HIDDEN = ["masque_numerateur", "masque_denominateur", "masque_valeur"]
_SCHEMA = {
    **dict.fromkeys(FIGURE, pl.String),
    "numerateur": pl.Int64,
    "denominateur": pl.Int64,
    "valeur": pl.Float64,
    "cible": pl.Float64,
    "operateur": pl.String,
    "atteint": pl.Boolean,
    "statut": pl.String,
    "masque": pl.String,
    **dict.fromkeys(HIDDEN, pl.Boolean),
    "cloture": pl.Int32,
}


def read_memory(paths: Sequence[Path] = ()) -> pl.DataFrame:
    """The memory of the versions published so far; empty before the first.

    Where several files are kept, what any of them hides is hidden; what was shown is said by the first.
    """
    found = [_read(path) for path in paths if path.exists()]
    if not found:
        return pl.DataFrame(schema=_SCHEMA)
    shown = [pl.col(name).first() for name in [*SHOWN, "cloture"]]
    hidden = [pl.col(name).max() for name in HIDDEN]
    return pl.concat(found).group_by(FIGURE, maintain_order=True).agg(*shown, *hidden).select(list(_SCHEMA))


def _read(path: Path) -> pl.DataFrame:
    try:
        memory = pl.read_parquet(path)
    except (pl.exceptions.PolarsError, OSError) as error:
        raise DonneesRefusees(_refusal(path, str(error))) from None
    if dict(memory.schema) != _SCHEMA:
        raise DonneesRefusees(_refusal(path, "ses colonnes ne sont pas celles attendues"))
    return memory


def _refusal(path: Path, why: str) -> str:
    return (
        f"{path} : mémoire de l'édition publique illisible ({why}) ; sans elle, une nouvelle version "
        "montrerait ce qu'une ancienne masquait. Reprendre ce fichier dans une sauvegarde"
    )


def write_memory(path: Path, memory: pl.DataFrame) -> None:
    """Write the memory that a build returned, by one rename; to be called before its tables are published.

    A build stopped between the two leaves a memory that hides what nobody saw, never one that forgets.
    Builds of other territories may write the same file at once: what it says of them is kept.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    folder = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY)
    try:
        fcntl.flock(folder, fcntl.LOCK_EX)
        others = read_memory([path]).join(memory, on=FIGURE, how="anti")
        with replacing(path, _MODE) as draft:
            pl.concat([memory, others]).sort(FIGURE).write_parquet(draft, statistics=False)
    finally:
        os.close(folder)


def compare(grid: pl.DataFrame, memory: pl.DataFrame) -> pl.DataFrame:
    """Beside each row, what memory holds of it (`_avant_*`), and `figee`: its year keeps what it holds."""
    closing = grid.filter("base_menages").group_by("epci_siren").agg(pl.col("annee").max().alias("_cloture"))
    before = memory.rename({c: f"_avant_{c}" for c in [*SHOWN, *HIDDEN, "cloture"]}).with_columns(
        _connu=pl.lit(True)
    )
    rows = grid.join(before, on=FIGURE, how="left", maintain_order="left").join(
        closing, on="epci_siren", how="left", maintain_order="left"
    )
    top, base = (
        (pl.col(m).fill_null(0) - pl.col(f"_avant_{m}")).fill_null(0) for m in ("numerateur", "denominateur")
    )
    # The rest of a rate is a count too: fifteen more, of sixteen, say that one is not.
    rest = pl.when(pl.col("nature") == "taux").then(base - top).otherwise(0)
    little = [(m.abs() >= 1) & (m.abs() < pl.col("seuil_secret")) for m in (top, base, rest)]
    open_year = pl.col("_cloture") <= pl.col("_avant_cloture")
    kept = pl.col("base_menages") & (pl.any_horizontal(little) & open_year).any().over("epci_siren", "bloc")
    return rows.with_columns(pl.col("_connu").fill_null(False), figee=kept.fill_null(False))


def cells(rows: pl.DataFrame, *, hidden: bool) -> pl.DataFrame:
    """The counts that memory says were masked, or those that were published and have not changed."""
    found = []
    for measure in ("numerateur", "denominateur"):
        if hidden:
            which = pl.col(f"_avant_masque_{measure}")
        else:
            which = ~pl.col(f"_avant_masque_{measure}") & (pl.col(measure) == pl.col(f"_avant_{measure}"))
        found.append(
            rows.filter(pl.col("_connu") & which.fill_null(False)).select(
                "ligne", pl.lit(measure).alias("mesure")
            )
        )
    return pl.concat(found)


def remember(printed: pl.DataFrame, memory: pl.DataFrame) -> pl.DataFrame:
    """The memory after a version: what it printed about households or masked, and all known before."""
    about = pl.col("base_menages") | pl.any_horizontal(HIDDEN)
    now = (
        printed.filter(about)
        .with_columns(cloture=pl.when("figee").then("_avant_cloture").otherwise("_cloture").cast(pl.Int32))
        .select(*[pl.col(name).cast(kind) for name, kind in _SCHEMA.items()])
        .unique(FIGURE, keep="first", maintain_order=True)
    )
    return pl.concat([now, memory.join(now, on=FIGURE, how="anti")]).sort(FIGURE)
