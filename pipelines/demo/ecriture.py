"""Turning arrays into the text of official files: codes, decimals, dates, encodings, and their dirt.

What belongs here: how a value is spelled and a file is written. Which values there are is decided elsewhere.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl

Entiers = npt.NDArray[np.int64]
Booleens = npt.NDArray[np.bool_]
Reels = npt.NDArray[np.float64]
Dates = npt.NDArray[np.datetime64]

INCONNU = -1
SANS_DATE = np.datetime64("NaT", "D")


def labels(modalites: Sequence[str | None], indices: npt.NDArray[Any]) -> pl.Series:
    """The label of each index; a negative index is empty."""
    serie = pl.Series([*modalites, None], dtype=pl.String)
    rang = np.where(indices < 0, len(modalites), indices).astype(np.uint32)
    return serie.gather(pl.Series(rang))


def integers(valeurs: npt.NDArray[Any]) -> pl.Series:
    """Whole numbers as text; a negative value is empty."""
    serie = pl.Series(valeurs.astype(np.int64))
    return pl.select(pl.when(serie >= 0).then(serie.cast(pl.String))).to_series()


def decimals(centiemes: npt.NDArray[Any], separateur: str) -> pl.Series:
    """Hundredths as text with two decimals; a negative value is empty."""
    serie = pl.Series(centiemes.astype(np.int64))
    texte = (serie // 100).cast(pl.String) + separateur + (serie % 100).cast(pl.String).str.zfill(2)
    return pl.select(pl.when(serie >= 0).then(texte)).to_series()


def dates(jours: Dates) -> pl.Series:
    """ISO dates as text; NaT is empty."""
    return pl.Series(jours.astype("datetime64[D]")).cast(pl.Date).cast(pl.String)


def months(mois: Entiers, *, zero: bool = True) -> pl.Series:
    """Month numbers (year × 12 + month − 1) as MM/AAAA; negative is empty.

    `zero=False` loses the leading zero, as a spreadsheet does.
    """
    serie = pl.Series(mois.astype(np.int64))
    numero = (serie % 12 + 1).cast(pl.String)
    texte = (numero.str.zfill(2) if zero else numero) + "/" + (serie // 12).cast(pl.String)
    return pl.select(pl.when(serie >= 0).then(texte)).to_series()


def yes_no(valeurs: npt.NDArray[Any]) -> pl.Series:
    """1 → oui, 0 → non, negative → empty."""
    return labels(["non", "oui"], valeurs.astype(np.int64))


def draw(rng: np.random.Generator, parts: Mapping[str, float] | Sequence[float], taille: int) -> Entiers:
    """Draw `taille` indices of `parts` in proportion to the shares."""
    valeurs = list(parts.values()) if isinstance(parts, Mapping) else list(parts)
    seuils = np.cumsum(np.asarray(valeurs, dtype=np.float64))
    rangs: Entiers = np.searchsorted(seuils, rng.random(taille) * seuils[-1], side="right").astype(np.int64)
    return rangs


def draw_codes(rng: np.random.Generator, parts: Mapping[str, float], taille: int) -> pl.Series:
    """Draw `taille` keys of `parts` in proportion to the shares."""
    return labels(list(parts), draw(rng, parts, taille))


def pick(rng: np.random.Generator, candidats: Entiers, nombre: int, poids: Reels | None = None) -> Entiers:
    """`nombre` distinct values of `candidats`, in proportion to `poids`; all of them if there are fewer."""
    if nombre >= candidats.size:
        return candidats
    cles = rng.exponential(size=candidats.size)
    if poids is not None:
        cles = cles / poids
    return candidats[np.argsort(cles, kind="stable")[:nombre]]


def dirt_counts(lignes: int, salete: Mapping[str, Any]) -> tuple[int, int]:
    """How many exact duplicates and how many rows to refuse a file of `lignes` rows gets."""
    if lignes < int(salete["lignes_minimum"]):
        return 0, 0
    return (
        max(1, round(lignes * float(salete["part_doublons"]))),
        max(1, round(lignes * float(salete["part_refusees"]))),
    )


def spoil(
    rng: np.random.Generator,
    lignes: pl.DataFrame,
    salete: Mapping[str, Any],
    fichier: str,
) -> pl.DataFrame:
    """Add exact duplicates, and copies of rows that must be refused, as `salete[fichier]` says.

    A row to refuse is a copy of a row under another identifier, with one impossible value of `defauts`
    (column, text) and the columns `effaces` emptied, so that no figure changes whether or not it is refused.
    The rows keep their order; those added are inserted at drawn places.
    """
    identifiant = str(salete[fichier]["identifiant"])
    defauts = salete[fichier]["defauts"]
    effaces = salete[fichier]["effaces"]
    doublons, refusees = dirt_counts(lignes.height, salete)
    if not doublons:
        return lignes
    rangs = pl.Series("_rang", np.arange(lignes.height, dtype=np.float64))
    propres = lignes.with_columns(rangs)
    copies = propres[np.sort(rng.integers(0, lignes.height, doublons))].with_columns(pl.col("_rang") + 0.5)
    fautives = propres[np.sort(rng.integers(0, lignes.height, refusees))].with_columns(
        pl.col("_rang") + 0.25,
        (pl.lit("Z") + pl.col(identifiant).str.slice(1)).alias(identifiant),
        *(pl.lit(None, dtype=pl.String).alias(colonne) for colonne in effaces),
    )
    numero = pl.int_range(pl.len()) % len(defauts)
    fautives = fautives.with_columns(
        *(
            pl.when(numero == i).then(pl.lit(str(valeur))).otherwise(pl.col(colonne)).alias(colonne)
            for i, (colonne, valeur) in enumerate(defauts)
        )
    )
    return pl.concat([propres, copies, fautives]).sort("_rang", maintain_order=True).drop("_rang")


def write_csv(chemin: Path, lignes: pl.DataFrame, *, encodage: str = "utf-8") -> int:
    """Write a `;` file; returns its number of rows. A character that `encodage` lacks is an error, on
    purpose."""
    chemin.parent.mkdir(parents=True, exist_ok=True)
    if encodage == "utf-8":
        lignes.write_csv(chemin, separator=";", line_terminator="\n")
    elif encodage == "utf-8-sig":
        lignes.write_csv(chemin, separator=";", line_terminator="\n", include_bom=True)
    else:
        texte = lignes.write_csv(separator=";", line_terminator="\n")
        chemin.write_bytes(texte.encode(encodage))
    return lignes.height
