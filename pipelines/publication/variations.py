"""What a new warehouse changes for its readers: how many figures moved, and which of them most.

For the account of a run, from the published figures alone; the whole list is `comparaison`'s.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import duckdb

from pipelines.publication.causes import recorded_causes
from pipelines.publication.comparaison import COMPARED, KEY, Changement, explain
from pipelines.sql import identifier, literal

# Enough to see what happened, few enough to be read.
SHOWN = 20


@dataclass(frozen=True)
class Variation:
    """One published figure of a whole EPCI, before and after."""

    cle: dict[str, str]
    unite: str
    avant: float
    apres: float
    causes: Sequence[str]


@dataclass(frozen=True)
class Mouvement:
    """What changed between two versions of a warehouse."""

    changees: int
    apparues: int
    disparues: int
    plus_fortes: Sequence[Variation]


def movement(anterieur: Path, base: Path) -> Mouvement | None:
    """Compare a warehouse with the one that it replaces; None when they have no figures to compare.

    Units differ, so changes are ranked by their share of the larger of the two values.
    """
    with duckdb.connect() as con:
        con.execute(f"attach {literal(str(anterieur))} as a (read_only)")
        con.execute(f"attach {literal(str(base))} as b (read_only)")
        if not _comparable(con):
            return None
        changees, apparues, disparues = con.execute(
            "select "
            "count(*) filter (where a.indicateur is not null and b.indicateur is not null "
            f"and ({_DIFFERS})), "
            "count(*) filter (where a.indicateur is null), count(*) filter (where b.indicateur is null) "
            f"from a.marts.indicateurs as a full join b.marts.indicateurs as b on {_SAME}"
        ).fetchall()[0]
        rows = con.execute(
            f"select {_KEYS}, a.unite, a.valeur, b.valeur, a.source, b.source, "
            "a.version_methode, b.version_methode "
            f"from a.marts.indicateurs as a inner join b.marts.indicateurs as b on {_SAME} "
            "where a.axe = 'epci' and a.statut = 'publiable' and b.statut = 'publiable' "
            "and a.valeur <> b.valeur "
            "order by abs(b.valeur - a.valeur) / greatest(abs(a.valeur), abs(b.valeur)) desc, "
            f"{_KEYS} limit ?",
            [SHOWN],
        ).fetchall()
        causes = recorded_causes(con)
    fortes = []
    for row in rows:
        cle = {name: str(value) for name, value in zip(KEY, row, strict=False)}
        unite, avant, apres, *recorded = row[len(KEY) :]
        sides = (
            {"valeur": avant, "source": recorded[0], "version_methode": recorded[2]},
            {"valeur": apres, "source": recorded[1], "version_methode": recorded[3]},
        )
        change = explain(Changement(cle, *sides), causes)
        fortes.append(Variation(cle, str(unite), float(avant), float(apres), change.causes))
    return Mouvement(int(changees), int(apparues), int(disparues), fortes)


def _comparable(con: duckdb.DuckDBPyConnection) -> bool:
    """Whether both have the columns read here: a warehouse of an older version may not."""
    columns = sorted({*KEY, *COMPARED, "unite", "source", "version_methode"})
    found = con.execute(
        "select count(*) from duckdb_columns() where database_name in ('a', 'b') "
        "and schema_name = 'marts' and table_name = 'indicateurs' and list_contains(?, column_name)",
        [columns],
    ).fetchall()[0][0]
    return int(found) == 2 * len(columns)


_SAME = " and ".join(f"a.{identifier(c)} is not distinct from b.{identifier(c)}" for c in KEY)
_DIFFERS = " or ".join(f"a.{identifier(c)} is distinct from b.{identifier(c)}" for c in COMPARED)
_KEYS = ", ".join(f"a.{identifier(c)}" for c in KEY)
