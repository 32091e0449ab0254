"""Which figures changed between two warehouses, or two files of an edition, by how much, and why.

What explains a change is read from what the two warehouses recorded, in `causes`; a change without a recorded
cause says so.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

import duckdb

from pipelines.edition import ATELIER, MENTIONS, PUBLIQUE, read_mark, read_public
from pipelines.errors import ObservatoireError
from pipelines.publication.causes import Causes, recorded_causes
from pipelines.publication.lecture import open_warehouse
from pipelines.sql import identifier, literal

KEY = ("epci_siren", "periode_type", "periode", "indicateur", "axe", "modalite", "segment_type", "segment")
COMPARED = (
    "valeur",
    "numerateur",
    "denominateur",
    "inconnus",
    "cible",
    "operateur",
    "atteint",
    "manque",
    "statut",
)


@dataclass(frozen=True)
class Changement:
    """One figure that is not the same in two warehouses; `avant` or `apres` is None when a side lacks it."""

    cle: dict[str, str]
    avant: dict[str, object] | None
    apres: dict[str, object] | None
    causes: list[str] = field(default_factory=list)

    @property
    def ecart(self) -> float | None:
        """Change of the value, None when one side has none."""
        values = [side.get("valeur") if side else None for side in (self.avant, self.apres)]
        if isinstance(values[0], (int, float)) and isinstance(values[1], (int, float)):
            return values[1] - values[0]
        return None


def compare(avant: Path, apres: Path) -> list[Changement]:
    """Return the figures that differ between two warehouses, or files of an edition, with the causes.

    Of two kinds of files, what both hold is compared: exact figures, or the public tables.

    Raises:
        ObservatoireError: one of the two is neither, or one is exact and the other public.

    """
    every = tuple(MENTIONS)
    with (
        open_warehouse(avant, accepte=every) as left,
        open_warehouse(apres, accepte=every) as right,
        duckdb.connect() as con,
    ):
        kinds = [read_mark(side).edition for side in (left, right)]
        public = PUBLIQUE in kinds
        if public and not set(kinds) <= {PUBLIQUE, ATELIER}:
            raise ObservatoireError(
                f"« {avant} » est l'édition {kinds[0]} et « {apres} » l'édition {kinds[1]} : leurs chiffres "
                "ne se comparent pas, l'écart serait ce que l'édition publique masque. Donnez deux fichiers "
                "de la même édition, ou l'entrepôt."
            )
        for base, path in (("a", avant), ("b", apres)):
            if public:
                con.execute(f"attach ':memory:' as {base}")
                read_public(con, path, base)
            else:
                con.execute(f"attach {literal(str(path))} as {base} (read_only)")
        causes = recorded_causes(con)
        return [explain(change, causes) for change in _changes(con)]


def explain(change: Changement, causes: Causes) -> Changement:
    """Add to a change the causes that the two warehouses recorded."""
    sides = [side for side in (change.avant, change.apres) if side is not None]
    found = causes.of(
        change.cle["epci_siren"],
        change.cle["indicateur"],
        ", ".join(str(side["source"] or "") for side in sides),
        [str(side["version_methode"]) for side in sides],
    )
    return Changement(change.cle, change.avant, change.apres, found)


def _changes(con: duckdb.DuckDBPyConnection) -> Iterable[Changement]:
    carried = (*COMPARED, "source", "version_methode")
    same_key = " and ".join(f"a.{identifier(c)} is not distinct from b.{identifier(c)}" for c in KEY)
    differs = " or ".join(f"a.{identifier(c)} is distinct from b.{identifier(c)}" for c in COMPARED)
    keys = ", ".join(f"coalesce(a.{identifier(c)}, b.{identifier(c)})" for c in KEY)
    left, right = (", ".join(f"{side}.{identifier(c)}" for c in carried) for side in "ab")
    cursor = con.execute(
        f"select a.indicateur is not null, b.indicateur is not null, {keys}, {left}, {right} "
        f"from a.marts.indicateurs as a full join b.marts.indicateurs as b on {same_key} "
        f"where a.indicateur is null or b.indicateur is null or {differs} order by {keys}"
    )
    for in_left, in_right, *values in cursor.fetchall():
        cle = {name: str(value) for name, value in zip(KEY, values, strict=False)}
        sides = values[len(KEY) :]
        avant = dict(zip(carried, sides[: len(carried)], strict=True)) if in_left else None
        apres = dict(zip(carried, sides[len(carried) :], strict=True)) if in_right else None
        yield Changement(cle, avant, apres)
