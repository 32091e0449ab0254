"""The wide marts: for analysts, the figures of some indicators side by side (`larges.yml` lists them).

No figure is made here: each is the one of `marts.indicateurs`, under its indicator's name. Their columns are
described from the catalogue and from the columns that they come from.
"""

from collections.abc import Iterator, Sequence
from functools import cache
from pathlib import Path
from typing import Any

import duckdb
import yaml

from pipelines import libelles
from pipelines.sql import describe, identifier, literal

_LIST = Path(__file__).with_suffix(".yml")
_KEY = ("epci_siren", "periode_type", "periode", "axe", "modalite", "segment_type", "segment")
_COUNTS = ("numerateur", "denominateur", "inconnus")
_SMALL = (
    "L'un des chiffres de la ligne porte, ou trahit, un petit effectif : à ne pas répéter à qui "
    "l'édition n'est pas destinée."
)
_READING = (
    "Une requête fixe l'axe, le segment et le type de période, sans quoi un même cas est compté plusieurs "
    "fois ; un taux ne s'additionne ni ne se moyenne, il se refait sur les comptes. Grain : une "
    "intercommunalité, une période, un axe, une modalité et un segment."
)


@cache
def wide_marts() -> dict[str, dict[str, Any]]:
    """Return what each wide mart is made of, by name."""
    listed: dict[str, dict[str, Any]] = yaml.safe_load(_LIST.read_text(encoding="utf-8"))
    return listed


def write_wide_marts(con: duckdb.DuckDBPyConnection) -> None:
    """Write the wide marts beside `marts.indicateurs`, in the place of any that are there.

    Args:
        con: the base under construction, with `marts.indicateurs` and its catalogue, `meta.indicateurs`.

    """
    catalogue = {
        str(row[0]): row
        for row in con.execute(
            "select indicateur, libelle, unite, additif, numerateur_libelle, denominateur_libelle, nature "
            "from meta.indicateurs"
        ).fetchall()
    }
    origin = dict(
        con.execute(
            "select column_name, comment from duckdb_columns() "
            "where schema_name = 'marts' and table_name = 'indicateurs'"
        ).fetchall()
    )
    for name, mart in wide_marts().items():
        counts = _COUNTS if mart.get("comptes", True) else ()
        target = f"marts.{identifier(name)}"
        con.execute(f"create or replace table {target} as {_query(mart, counts)}")
        meant = {column: origin[column] for column in (*_KEY, "modalite_libelle", "source")}
        meant["petit_effectif"] = _SMALL
        for indicateur in mart["indicateurs"]:
            meant |= _describe(catalogue[indicateur], counts)
        describe(con, target, f"{mart['titre']} {_READING}", meant)


def _query(mart: dict[str, Any], counts: Sequence[str]) -> str:
    """One row per place, period and segment: the key, then the columns of each indicator, as listed."""
    columns = [
        f"max(case when indicateur = {literal(i)} then {source} end) as {identifier(name)}"
        for i in mart["indicateurs"]
        for source, name in _columns(i, counts)
    ]
    kept = [("indicateur", mart["indicateurs"])]
    kept += [
        (column, mart[listed])
        for column, listed in (("segment_type", "segments"), ("periode_type", "periodes"))
        if listed in mart
    ]
    where = " and ".join(f"{column} in ({', '.join(map(literal, values))})" for column, values in kept)
    first, last = _KEY[:5], _KEY[5:]
    return (
        f"select {', '.join(first)}, min(modalite_libelle) as modalite_libelle, {', '.join(last)}, "
        f"{', '.join(columns)}, bool_or(petit_effectif) as petit_effectif, min(source) as source "
        f"from marts.indicateurs where {where} group by {', '.join(_KEY)}"
    )


def _columns(indicateur: str, counts: Sequence[str]) -> Iterator[tuple[str, str]]:
    """What each column of an indicator is made of, and its name."""
    yield "valeur", indicateur
    for count in (*counts, "statut"):
        yield count, f"{indicateur}_{count}"


def _describe(row: tuple[Any, ...], counts: Sequence[str]) -> dict[str, str]:
    """What each column of an indicator says, from its row of the catalogue."""
    indicateur, libelle, unite, additif, numerateur, denominateur, nature = row
    unit = ", rapport" if nature == "ratio" else f", en {libelles.unite(unite)}".replace("€", "euros")
    meant = {
        indicateur: f"{libelle}{unit}." + ("" if additif else " Ne pas additionner."),
        f"{indicateur}_numerateur": f"{numerateur} (numérateur de {indicateur})."
        if numerateur and nature != "mesure"
        else f"Sans objet : {indicateur} n'est pas un rapport de nombres.",
        f"{indicateur}_denominateur": f"{denominateur} (dénominateur de {indicateur})."
        if denominateur
        else f"Sans objet : {indicateur} n'a pas de dénominateur.",
        f"{indicateur}_inconnus": f"Cas dont la réponse est inconnue, hors de {indicateur}.",
        f"{indicateur}_statut": f"Statut de {indicateur} : publiable, secret, indisponible, sans_objet, "
        "rupture_serie ou provisoire.",
    }
    return {name: meant[name] for _, name in _columns(indicateur, counts)}
