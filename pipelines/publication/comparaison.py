"""Which figures changed between two warehouses, by how much, and what explains each change.

The causes are read from what the two warehouses recorded (files, conventions, methods, rules): nothing is
guessed beyond that, and a change without a recorded cause says so.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

import duckdb

from pipelines.publication.lecture import open_warehouse
from pipelines.publication.sql import identifier, literal

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
# Read by every indicator: a change there may move any figure.
SHARED_SOURCES = frozenset({"geographie", "geo", "qpv", "referentiels", "zones"})


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


@dataclass(frozen=True)
class Causes:
    """What two warehouses recorded differently."""

    fichiers: dict[str, list[str]]
    conventions: dict[str, str]
    parametres: bool
    modeles: bool


def compare(avant: Path, apres: Path) -> list[Changement]:
    """Return the figures of `marts.indicateurs` that differ between two warehouses, with the causes.

    Raises:
        ObservatoireError: one of the two is not a readable warehouse.

    """
    with open_warehouse(avant), open_warehouse(apres), duckdb.connect() as con:
        con.execute(f"attach {literal(str(avant))} as a (read_only)")
        con.execute(f"attach {literal(str(apres))} as b (read_only)")
        causes = recorded_causes(con)
        return [explain(change, causes) for change in _changes(con)]


def explain(change: Changement, causes: Causes) -> Changement:
    """Add to a change the causes that the two warehouses recorded."""
    found = []
    sides = [side for side in (change.avant, change.apres) if side is not None]
    versions = {str(side["version_methode"]) for side in sides}
    if len(versions) > 1:
        found.append(f"méthode de l'indicateur ({' → '.join(str(s['version_methode']) for s in sides)})")
    if change.cle["epci_siren"] in causes.conventions:
        found.append(f"convention ({causes.conventions[change.cle['epci_siren']]})")
    named = " ".join(str(side["source"] or "") for side in sides).lower()
    for source, changes in sorted(causes.fichiers.items()):
        if source in SHARED_SOURCES or source in named:
            found.extend(f"fichier {text}" for text in changes)
    if causes.parametres:
        found.append("paramètres de la construction (années ou EPCI demandés)")
    if not found and causes.modeles:
        found.append("règles de calcul (projet dbt)")
    return Changement(change.cle, change.avant, change.apres, found or ["aucune cause enregistrée"])


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


def recorded_causes(con: duckdb.DuckDBPyConnection) -> Causes:
    """Read what the attached warehouses `a` and `b` recorded differently."""
    fichiers: dict[str, list[str]] = {}
    rows = con.execute(
        "select coalesce(a.source, b.source), coalesce(a.fichier, b.fichier), "
        "a.sha256 is null, b.sha256 is null "
        "from (select distinct source, fichier, sha256 from a.meta.verrou) as a "
        "full join (select distinct source, fichier, sha256 from b.meta.verrou) as b "
        "on a.source = b.source and a.fichier = b.fichier "
        "where a.sha256 is distinct from b.sha256 order by 1, 2"
    ).fetchall()
    for source, fichier, added, removed in rows:
        word = "ajouté" if added else "retiré" if removed else "modifié"
        fichiers.setdefault(str(source), []).append(f"{word} : {fichier}")
    conventions = {
        str(siren): f"{avant or 'absente'} → {apres or 'absente'}"
        for siren, avant, apres in con.execute(
            "select coalesce(a.epci_siren, b.epci_siren), a.version, b.version "
            "from a.sources.conventions as a "
            "full join b.sources.conventions as b on a.epci_siren = b.epci_siren "
            "where a.empreinte is distinct from b.empreinte order by 1"
        ).fetchall()
    }
    parametres = con.execute(
        "select (select list(p order by p) from a.sources.parametres as p) "
        "is distinct from (select list(p order by p) from b.sources.parametres as p)"
    ).fetchall()[0][0]
    fingerprint = "select max_by(empreinte_modeles, version) from {}.meta.executions"
    modeles = con.execute(f"select ({fingerprint.format('a')}) is distinct from ({fingerprint.format('b')})")
    return Causes(fichiers, conventions, bool(parametres), bool(modeles.fetchall()[0][0]))
