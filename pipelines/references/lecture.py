"""Reads the shipped tables, and writes them to the warehouse beside what the landing folder gives."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from typing import Any

import duckdb

from pipelines.references.declarations import Table, declarations, parquet
from pipelines.sql import declare, identifier, literal

# Tables of schema `sources`: `livre_communes`, …
PREFIXE = "livre_"
# Outlines are drawn for the territories covered alone: the column that says of what each is.
_CONTOURS = {"qpv_polygones": "code_qpv", "communes_contours": "code_commune"}
_FICHIER = "references/{}.parquet"
# As every table of `sources` has them: what is common to all territories, and where a row comes from.
_ORIGINE = (
    ("_fichier", "VARCHAR", "Fichier livré avec le produit."),
    ("_ligne", "BIGINT", "Rang de la ligne dans ce fichier."),
)


@dataclass(frozen=True)
class Commune:
    """A commune of today."""

    code: str
    nom: str
    departement: str
    region: str
    population: int


@dataclass(frozen=True)
class Quartier:
    """A priority neighbourhood, and those of its communes that are in the territory."""

    generation: int
    code: str
    libelle: str
    communes: tuple[str, ...]


@dataclass(frozen=True)
class Territoire:
    """A territory of the shipped list, as it is at the date of its latest list."""

    siren: str
    nom: str
    nature: str
    epci_liste: str | None
    communes: tuple[Commune, ...]
    quartiers: tuple[Quartier, ...]

    @property
    def population(self) -> int:
        """How many live there."""
        return sum(c.population for c in self.communes)

    @property
    def region(self) -> str:
        """The region of most of its inhabitants."""
        return regions()[self.siren]

    @property
    def departements(self) -> list[str]:
        """Its départements, in order."""
        return sorted({c.departement for c in self.communes})


def load(con: duckdb.DuckDBPyConnection, sirens: Iterable[str]) -> None:
    """Write the shipped tables to `sources.livre_*`, in the order of the files.

    They are whole, but for the outlines: those of the given territories alone, which are all that is drawn.
    """
    traces = _drawn(sirens)
    con.execute("create schema if not exists sources")
    for nom, table in declarations().tables.items():
        cible = f"sources.{identifier(PREFIXE + nom)}"
        _create(con, cible, table)
        colonnes = ", ".join(identifier(c.nom) for c in table.colonnes)
        code = _CONTOURS.get(nom)
        voulu, valeurs = (f"list_contains(?, {identifier(code)})", [traces]) if code else ("true", [])
        con.execute(
            f"insert into {cible} select {colonnes}, ?, file_row_number + 1 "
            f"from read_parquet(?, file_row_number = true) where {voulu}",
            [_FICHIER.format(nom), str(parquet(nom)), *valeurs],
        )


def create(con: duckdb.DuckDBPyConnection) -> None:
    """Write the tables `sources.livre_*` without rows: as if the product shipped nothing."""
    con.execute("create schema if not exists sources")
    for nom, table in declarations().tables.items():
        _create(con, f"sources.{identifier(PREFIXE + nom)}", table)


def _drawn(sirens: Iterable[str]) -> list[str]:
    """Codes of the communes that the territories had or have, and of the neighbourhoods that are there."""
    with _shipped() as con:
        found = con.execute(
            "with siennes as (select coalesce(p.code_commune, m.code_commune) as code from epci_membres as m "
            "left join passage as p on m.code_commune = p.code_commune_historique "
            "where list_contains(?, m.epci_siren)) "
            "select code from siennes union select q.code_qpv from qpv as q "
            "left join passage as p on q.code_commune = p.code_commune_historique "
            "inner join siennes as s on s.code = coalesce(p.code_commune, q.code_commune) order by 1",
            [list(sirens)],
        ).fetchall()
    return [str(code) for (code,) in found]


def _create(con: duckdb.DuckDBPyConnection, cible: str, table: Table) -> None:
    colonnes = [*((c.nom, c.type, c.description) for c in table.colonnes), *_ORIGINE]
    declare(
        con,
        cible,
        f"{table.description} Livré avec le produit.",
        {nom: (genre, texte) for nom, genre, texte in colonnes},
    )


def rows(table: str) -> list[dict[str, Any]]:
    """Return the rows of a shipped table, by column."""
    with duckdb.connect() as con:
        found = con.execute("select * from read_parquet(?)", [str(parquet(table))])
        noms = [str(c[0]) for c in found.description or []]
        return [dict(zip(noms, ligne, strict=True)) for ligne in found.fetchall()]


def territories() -> dict[str, tuple[str, str | None]]:
    """Return the name of every shipped territory, and the EPCI that the lists name in its place, by SIREN."""
    with duckdb.connect() as con:
        found = con.execute(
            "select distinct epci_siren, epci_nom, epci_liste from read_parquet(?)",
            [str(parquet("epci_membres"))],
        ).fetchall()
    return {str(siren): (str(nom), None if liste is None else str(liste)) for siren, nom, liste in found}


@cache
def regions() -> dict[str, str]:
    """Return the region of every shipped territory: that of most of its inhabitants."""
    with _shipped() as con:
        found = con.execute(
            "select epci_siren, arg_max(region, habitants order by region) from ("
            "select m.epci_siren, c.region, sum(coalesce(c.population, 0)) as habitants "
            "from epci_membres as m inner join communes as c on m.code_commune = c.code_commune "
            "where m.fin is null group by all"
            ") group by all"
        ).fetchall()
    return {str(siren): str(region) for siren, region in found}


def territory(siren: str) -> Territoire | None:
    """Return a territory of the shipped list; None when it has no commune there today."""
    with _shipped() as con:
        tetes = con.execute(
            "select distinct epci_nom, nature, epci_liste from epci_membres where epci_siren = ?", [siren]
        ).fetchall()
        communes = con.execute(_COMMUNES, [siren]).fetchall()
        if not tetes or not communes:
            return None
        quartiers = con.execute(_QUARTIERS, [[c[0] for c in communes]]).fetchall()
    ((nom, nature, liste),) = tetes
    return Territoire(
        siren=siren,
        nom=str(nom),
        nature=str(nature),
        epci_liste=liste,
        communes=tuple(Commune(*c) for c in communes),
        quartiers=tuple(Quartier(g, code, libelle, tuple(c)) for g, code, libelle, c in quartiers),
    )


@contextmanager
def _shipped() -> Iterator[duckdb.DuckDBPyConnection]:
    """A connection that sees the shipped tables under their names."""
    with duckdb.connect() as con:
        for nom in declarations().tables:
            con.execute(f"create view {identifier(nom)} as from read_parquet({literal(str(parquet(nom)))})")
        yield con


_COMMUNES = """
select c.code_commune, c.nom, c.departement, c.region, coalesce(c.population, 0)
from epci_membres as m inner join communes as c on m.code_commune = c.code_commune
where m.epci_siren = ? and m.fin is null order by c.code_commune
"""
_QUARTIERS = """
select q.generation, q.code_qpv, min(q.libelle),
    list_sort(list(distinct coalesce(p.code_commune, q.code_commune)))
from qpv as q left join passage as p on q.code_commune = p.code_commune_historique
where list_contains(?, coalesce(p.code_commune, q.code_commune)) group by all order by all
"""
