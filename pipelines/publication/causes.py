"""What two warehouses recorded differently, and which of it explains one figure.

Files, readings, conventions, fragility methods, parameters, rules and program: nothing is guessed beyond what
each build recorded. A file is named for a figure whose sources point to it, or that nothing else explains.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

import duckdb

from pipelines.sql import identifier, qualified

# Read by every indicator: a change there may move any figure.
SHARED_SOURCES = frozenset({"geographie", "geo", "qpv", "referentiels", "zones"})
_METHODS = (
    "methodes_fragilite",
    "methodes_fragilite_classes",
    "methodes_fragilite_entetes",
    "methodes_fragilite_matrice",
)
_VINTAGE = re.compile(r"([a-z]+) (\d+)")
# The year before gives the quartiles of the demand and the targets that must not fall.
_YEARS_READ = 2


@dataclass(frozen=True)
class CauseFichier:
    """What happened to one file; a vintage of None: its rows may be of any."""

    source: str
    texte: str
    millesimes: frozenset[int | None]


@dataclass(frozen=True)
class Causes:
    """What two warehouses recorded differently."""

    fichiers: Sequence[CauseFichier] = ()
    conventions: dict[str, str] = field(default_factory=dict)
    methodes: bool = False
    parametres: bool = False
    modeles: bool = False
    programme: bool = False
    renommages: Sequence[str] = ()
    # The public edition names no file: nothing can be said of what it does not record.
    fichiers_connus: bool = True

    def of(self, epci: str, indicateur: str, sources: str, versions: Sequence[str]) -> list[str]:
        """Return what explains a change of one figure, the most precise first.

        Args:
            epci: SIREN of the figure.
            indicateur: identifier of the indicator.
            sources: the sources and vintages that the figure names (« SNE 2021, RPLS 2022 »).
            versions: versions of its definition, before and after.

        """
        found = []
        if len(set(versions)) > 1:
            found.append(f"méthode de l'indicateur ({' → '.join(versions)})")
        if epci in self.conventions:
            found.append(f"convention ({self.conventions[epci]})")
        if self.methodes and "fragil" in indicateur:
            found.append("méthode de fragilité (methodes/*.yml)")
        found += [f"fichier {cause.texte}" for cause in self._files(sources.lower())]
        if self.parametres:
            found.append("paramètres de la construction (années ou EPCI demandés)")
        if self.modeles and len(set(versions)) == 1:
            found.append("règles de calcul (projet dbt)")
        if not self.fichiers_connus:
            return found or ["l'édition publique n'enregistre pas la cause"]
        return found or self._remaining() or ["aucune cause enregistrée"]

    def _files(self, named: str) -> list[CauseFichier]:
        """The files of the named vintages, or else of the named sources; those that every figure reads."""
        shared = [cause for cause in self.fichiers if cause.source in SHARED_SOURCES]
        years = {
            (source, int(year) - before)
            for source, year in _VINTAGE.findall(named)
            for before in range(_YEARS_READ)
        }
        own = [c for c in self.fichiers if c.source not in SHARED_SOURCES and c.source in named]
        exact = [c for c in own if any(m is None or (c.source, m) in years for m in c.millesimes)]
        return [*(exact or own), *shared]

    def _remaining(self) -> list[str]:
        """What no figure names, when nothing else has changed: links between sources, names, program."""
        others = [f"fichier {cause.texte}, par un lien entre sources" for cause in self.fichiers]
        if self.methodes:
            others.append("méthode de fragilité (methodes/*.yml)")
        others += [
            f"fichier renommé : {text} (entre fichiers qui donnent la même ligne, le dernier nom l'emporte)"
            for text in self.renommages
        ]
        if self.programme:
            others.append("programme (version d'Observatoire ou de ses bibliothèques)")
        return others


def recorded_causes(con: duckdb.DuckDBPyConnection) -> Causes:
    """Read what the attached warehouses, or editions, `a` and `b` recorded differently."""
    known = all(_has(con, side, "meta", "verrou") for side in "ab")
    fichiers, renommages = _files(con) if known else ([], [])
    return Causes(
        fichiers=fichiers,
        conventions=_conventions(con),
        methodes=any(_differs(con, table) for table in _METHODS),
        parametres=_differs(con, "parametres"),
        modeles=_run_differs(con, "empreinte_modeles"),
        programme=_run_differs(con, "empreinte_programme"),
        renommages=renommages,
        fichiers_connus=known,
    )


def _conventions(con: duckdb.DuckDBPyConnection) -> dict[str, str]:
    """The conventions that changed, where both sides say theirs."""
    if not all(_has(con, side, "meta", "conventions") for side in "ab"):
        return {}
    rows = con.execute(
        "select coalesce(a.epci_siren, b.epci_siren), a.version, b.version "
        "from a.meta.conventions as a full join b.meta.conventions as b on a.epci_siren = b.epci_siren "
        "where a.empreinte is distinct from b.empreinte order by 1"
    ).fetchall()
    return {str(siren): f"{avant or 'absente'} → {apres or 'absente'}" for siren, avant, apres in rows}


def _run_differs(con: duckdb.DuckDBPyConnection, column: str) -> bool:
    return _of_the_run(con, "a", column) != _of_the_run(con, "b", column)


def _of_the_run(con: duckdb.DuckDBPyConnection, side: str, column: str) -> object:
    """What the run that made a warehouse recorded of itself; None when its version did not record it."""
    if not _has_column(con, side, "meta", "executions", column):
        return None
    query = f"select {identifier(column)} from {side}.meta.executions order by version desc limit 1"
    return con.execute(query).fetchall()[0][0]


@dataclass(frozen=True)
class _Fichier:
    """One file as a build read it."""

    source: str
    sha256: str
    millesimes: frozenset[int | None]
    lecture: tuple[str, ...]


def _files(con: duckdb.DuckDBPyConnection) -> tuple[list[CauseFichier], list[str]]:
    """Files added, removed, changed or read otherwise; and those that only changed their name."""
    before, after = _read(con, "a"), _read(con, "b")
    come = {name: fichier for name, fichier in after.items() if name not in before}
    causes, renamed = list[CauseFichier](), list[str]()
    for name, fichier in sorted(before.items()):
        now = after.get(name)
        if now is None:
            # The same content, read the same way, under another name.
            twin = next((other for other, candidate in sorted(come.items()) if candidate == fichier), None)
            if twin is None:
                causes.append(CauseFichier(fichier.source, f"retiré : {name}", fichier.millesimes))
            else:
                renamed.append(f"{name} → {twin}")
                del come[twin]
        elif now.sha256 != fichier.sha256:
            years = fichier.millesimes | now.millesimes
            causes.append(CauseFichier(fichier.source, f"modifié : {name}", years))
        elif now != fichier:
            how = " → ".join(dict.fromkeys([", ".join(fichier.lecture), ", ".join(now.lecture)]))
            years = fichier.millesimes | now.millesimes
            causes.append(CauseFichier(fichier.source, f"lu autrement : {name} ({how})", years))
    causes += [CauseFichier(f.source, f"ajouté : {name}", f.millesimes) for name, f in come.items()]
    return sorted(causes, key=lambda cause: (cause.source, cause.texte)), renamed


def _read(con: duckdb.DuckDBPyConnection, side: str) -> dict[str, _Fichier]:
    rows = con.execute(
        "select fichier, max(source), max(sha256), list(distinct millesime), bool_or(millesime is null), "
        "list(distinct concat_ws(' ', produit, correspondance, 'déclaration ' || version_declaration, "
        "case when corrections > 0 then corrections || ' correction(s)' end)) "
        f"from {side}.meta.verrou where fichier is not null group by fichier"
    ).fetchall()
    return {
        str(fichier): _Fichier(
            str(source),
            str(sha256),
            frozenset([*(year for year in years or [] if year is not None), *([None] if unknown else [])]),
            tuple(sorted(str(text) for text in reading)),
        )
        for fichier, source, sha256, years, unknown, reading in rows
    }


def _differs(con: duckdb.DuckDBPyConnection, table: str) -> bool:
    """Whether a table of `sources` has other rows; one that a side does not have is no cause by itself."""
    known = con.execute(
        "select count(*) from duckdb_tables() "
        "where database_name in ('a', 'b') and schema_name = 'sources' and table_name = ?",
        [table],
    ).fetchall()[0][0]
    if known != 2:
        return False
    has_origin = _has_column(con, "a", "sources", table, "_fichier")
    left, right = (
        f"(select * exclude (_fichier, _ligne) from {name})" if has_origin else f"(from {name})"
        for name in (qualified(side, "sources", table) for side in "ab")
    )
    return bool(
        con.execute(
            f"select exists(({left} except all {right}) union all ({right} except all {left}))"
        ).fetchall()[0][0]
    )


def _has(con: duckdb.DuckDBPyConnection, side: str, schema: str, table: str) -> bool:
    return bool(
        con.execute(
            "from duckdb_tables() where database_name = ? and schema_name = ? and table_name = ?",
            [side, schema, table],
        ).fetchall()
    )


def _has_column(con: duckdb.DuckDBPyConnection, side: str, schema: str, table: str, column: str) -> bool:
    return bool(
        con.execute(
            "select 1 from duckdb_columns() "
            "where database_name = ? and schema_name = ? and table_name = ? and column_name = ?",
            [side, schema, table, column],
        ).fetchall()
    )
