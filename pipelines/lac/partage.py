"""A territory's warehouse published in the shared lake: its slices replaced in one transaction.

Each process computes its territories in its own DuckDB file, with the same models, and publishes them here.
A slice is what one territory has of one table, or what all have in common of it; only slices whose rows
changed are written.
"""

import hashlib
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

import duckdb

from pipelines.errors import MauvaisUsage, ObservatoireError
from pipelines.lac.connexion import ALIAS, LacPartage, alone, attach, connected, pauses
from pipelines.lac.ecriture import EXACT
from pipelines.lac.structure import (
    Colonne,
    Table,
    definition,
    definitions,
    described,
    read_columns,
    read_structure,
)
from pipelines.publication import open_warehouse, published_execution, read_parameters
from pipelines.publication.empreintes import WRITTEN_AT_PUBLICATION, row_sums
from pipelines.sql import identifier, literal, qualified

# What only serves a build stays in the file of the build; `meta.publications` says how it went.
SCHEMAS = ("sources", "quarantaine", "seeds", "entrepot", "marts", "diffusion", "meta")
# What a run was asked and what its checks found: the table is there, its rows are the run's own.
SANS_LIGNES = frozenset({("sources", "parametres"), ("meta", "controles")})
_PRIVE = "prive"
_ESSAIS = 10
_COMMUN = ""

PUBLICATIONS = Table(
    "meta",
    "publications",
    "Une ligne par territoire du lac partagé : l'exécution dont viennent ses lignes.",
    (
        Colonne("epci_siren", "VARCHAR", True, "SIREN de l'EPCI."),
        Colonne("execution", "VARCHAR", True, "Identifiant de l'exécution (Dagster)."),
        Colonne("fin", "TIMESTAMP", True, "Fin de la construction (UTC)."),
        Colonne("verrou", "VARCHAR", True, "Empreinte des octets lus (meta.empreinte)."),
        Colonne("empreinte_modeles", "VARCHAR", True, "Empreinte des règles de calcul."),
        Colonne("version_observatoire", "VARCHAR", True, "Version d'Observatoire."),
    ),
)
TRANCHES = Table(
    "meta",
    "tranches",
    "Ce que chaque territoire a de lignes dans chaque table du lac partagé, et l'empreinte de ces lignes.",
    (
        Colonne("epci_siren", "VARCHAR", True, "SIREN de l'EPCI ; vide : lignes communes à tous."),
        Colonne("nom_schema", "VARCHAR", True, "Schéma de la table."),
        Colonne("nom_table", "VARCHAR", True, "Nom de la table."),
        Colonne("lignes", "BIGINT", True, "Nombre de lignes."),
        Colonne("empreinte", "VARCHAR", True, "Empreinte des lignes, indépendante de leur ordre."),
    ),
)


@dataclass(frozen=True)
class Tranche:
    """What one territory has of one table; `epci` is empty for the rows common to all."""

    schema: str
    table: str
    epci: str


@dataclass(frozen=True)
class Contenu:
    """The rows of a slice: how many, and their hash."""

    lignes: int
    empreinte: str


@dataclass(frozen=True)
class Publication:
    """What a publication did."""

    epci: Sequence[str]
    instantane: int
    tranches: int
    lignes: int
    essais: int
    autres_verrous: Sequence[str]


def territory(table: Table) -> str | None:
    """Return the column that says whose a row is; None when the table is the same for all.

    What was read from files is common, even where it names an EPCI; what conventions say and what is computed
    from them belongs to a territory.
    """
    if table.schema == "seeds" or (table.schema in {"sources", "quarantaine"} and "_fichier" in table.noms):
        return None
    found = [name for name in table.noms if name == "epci_siren"]
    return next(iter([*found, *(name for name in table.noms if name.startswith("epci_siren_"))]), None)


def publish_territories(entrepot: Path, lac: LacPartage) -> Publication:
    """Replace, in the shared lake, what the territories of a published warehouse have in it.

    Raises:
        MauvaisUsage: the warehouse was built for some years only, or the folder of the files is missing.
        ObservatoireError: PostgreSQL cannot be reached, or the tables of the lake are those of other rules.

    """
    with open_warehouse(entrepot) as con:
        execution = published_execution(con)
        if read_parameters(con).get("annee"):
            raise MauvaisUsage(
                "Un entrepôt construit avec --annees ne se publie pas dans le lac partagé : il y "
                "remplacerait toutes les années de ses territoires. Reconstruisez-le sans cette option."
            )
        epci = [
            str(siren)
            for (siren,) in con.execute("select epci_siren from meta.conventions order by all").fetchall()
        ]
        (verrou,) = con.execute("select empreinte from meta.empreinte").fetchall()[0]
    rows = [
        (
            siren,
            execution.execution,
            execution.fin,
            verrou,
            execution.empreinte_modeles,
            version("observatoire"),
        )
        for siren in epci
    ]
    with connected(lac) as con:
        con.execute(f"attach {literal(str(entrepot))} as {_PRIVE} (read_only)")
        tables = shared_tables(read_structure(con, _PRIVE))
        contents = {
            tranche: content for table in tables for tranche, content in slices(con, _PRIVE, table, epci)
        }
        with alone(con, lac):
            attach(con, lac, ecrire=True)
            _make_tables(con, [*tables, PUBLICATIONS, TRANCHES])
            for essai, pause in enumerate(pauses(), 1):
                try:
                    changed = _replace(con, tables, epci, contents, rows)
                    break
                except duckdb.Error as error:
                    _roll_back(con)
                    if "conflict" not in str(error).lower():
                        raise
                    if essai == _ESSAIS:
                        raise ObservatoireError(
                            f"Un autre programme écrit dans le lac partagé : {_ESSAIS} essais de publication "
                            "ont échoué. Rien n'y a changé ; relancez la même commande."
                        ) from error
                    time.sleep(pause)
            (snapshot,) = con.execute(f"select max(snapshot_id) from {ALIAS}.snapshots()").fetchall()[0]
            others = [
                str(siren)
                for (siren,) in con.execute(
                    f"select epci_siren from {ALIAS}.meta.publications where verrou <> ? order by all",
                    [verrou],
                ).fetchall()
            ]
    lines = sum(contents[tranche].lignes for tranche in changed if tranche in contents)
    return Publication(epci, int(snapshot), len(changed), lines, essai, others)


def shared_tables(tables: Iterable[Table]) -> list[Table]:
    """Return the tables of a warehouse that the shared lake has too.

    Raises:
        ValueError: a column has a type that the lake's Parquet files would not keep exactly.

    """
    shared = [t for t in tables if t.schema in SCHEMAS and (t.schema, t.nom) not in WRITTEN_AT_PUBLICATION]
    inexact = [f"{t.nom_complet}.{c.nom}" for t in shared for c in t.colonnes if c.type in EXACT]
    if inexact:
        raise ValueError(f"no exact Parquet type for {', '.join(inexact)}")
    return shared


def slices(
    con: duckdb.DuckDBPyConnection, catalogue: str, table: Table, epci: Sequence[str]
) -> Iterator[tuple[Tranche, Contenu]]:
    """Return the slices of a table that have rows, for the given territories and for all."""
    if (table.schema, table.nom) in SANS_LIGNES:
        return
    source = qualified(catalogue, table.schema, table.nom)
    column = territory(table)
    whose = f"coalesce({identifier(column)}, '')" if column else "''"
    where = f"where list_contains(?, {whose})"
    for siren, count, low, high in con.execute(
        f"select {whose}, {row_sums(sorted(table.noms))} from {source} {where} group by 1 order by 1",
        [[*epci, _COMMUN]],
    ).fetchall():
        digest = hashlib.sha256(f"{sorted(table.noms)!r} {count} {low} {high}".encode()).hexdigest()
        yield Tranche(table.schema, table.nom, str(siren)), Contenu(int(count), digest)


def recorded_slices(con: duckdb.DuckDBPyConnection, epci: Sequence[str]) -> dict[Tranche, Contenu]:
    """Return what the attached lake recorded of the slices of territories and of those common to all."""
    rows = con.execute(
        f"select nom_schema, nom_table, epci_siren, lignes, empreinte from {ALIAS}.meta.tranches "
        "where list_contains(?, epci_siren)",
        [[*epci, _COMMUN]],
    ).fetchall()
    return {Tranche(*row[:3]): Contenu(*row[3:]) for row in rows}


def _make_tables(con: duckdb.DuckDBPyConnection, tables: Iterable[Table]) -> None:
    """Make the tables that the lake does not have; a column added by the rules is added.

    Raises:
        ObservatoireError: a table of the lake has a column that these rules do not make, or of another type.

    """
    known = read_columns(con, ALIAS)
    statements: list[str] = []
    for table in tables:
        found = known.get((table.schema, table.nom))
        if found is None:
            statements.append(f"create schema if not exists {qualified(ALIAS, table.schema)}")
            statements += definitions(table, ALIAS)
            if territory(table) == "epci_siren" and table.schema != "meta":
                target = qualified(ALIAS, table.schema, table.nom)
                statements.append(f"alter table {target} set partitioned by (epci_siren)")
        else:
            statements += _added_columns(found, table)
    if statements:
        con.execute("begin")
        for statement in statements:
            con.execute(statement)
        con.execute("commit")


def _added_columns(found: Sequence[Colonne], table: Table) -> Iterator[str]:
    before = {colonne.nom: colonne.type for colonne in found}
    now = {colonne.nom: colonne.type for colonne in table.colonnes}
    different = sorted(name for name in before if now.get(name) != before[name])
    if different:
        raise ObservatoireError(
            f"La table {table.nom_complet} du lac partagé vient d'autres règles de calcul (colonnes "
            f"{', '.join(different)}). Publiez dans un lac neuf, ou avec la version d'Observatoire de ce lac."
        )
    target = qualified(ALIAS, table.schema, table.nom)
    for colonne in table.colonnes:
        if colonne.nom not in before:
            # Rows of the other territories have no value yet.
            free = Colonne(colonne.nom, colonne.type, False, colonne.commentaire)
            yield f"alter table {target} add column {definition(free)}"
            yield from described(target, free)


def _replace(
    con: duckdb.DuckDBPyConnection,
    tables: Sequence[Table],
    epci: Sequence[str],
    contents: Mapping[Tranche, Contenu],
    rows: Sequence[tuple[object, ...]],
) -> list[Tranche]:
    """Replace the slices that changed, in one transaction, and return them."""
    con.execute("begin")
    recorded = recorded_slices(con, epci)
    changed = sorted(
        (t for t in contents.keys() | recorded.keys() if contents.get(t) != recorded.get(t)),
        key=lambda t: (t.schema, t.table, t.epci),
    )
    for table in tables:
        mine = [t.epci for t in changed if (t.schema, t.table) == (table.schema, table.nom)]
        if mine:
            _replace_slices(con, table, mine, recorded)
    if changed:
        whose = [*epci, _COMMUN]
        _replace_rows(
            con,
            TRANCHES,
            whose,
            [(t.epci, t.schema, t.table, c.lignes, c.empreinte) for t, c in contents.items()],
        )
    _replace_rows(con, PUBLICATIONS, epci, rows)
    con.execute(
        f"call {ALIAS}.set_commit_message(?, ?)", ["observatoire", f"publication de {', '.join(epci)}"]
    )
    con.execute("commit")
    return changed


def _replace_slices(
    con: duckdb.DuckDBPyConnection, table: Table, epci: Sequence[str], recorded: Mapping[Tranche, Contenu]
) -> None:
    target = qualified(ALIAS, table.schema, table.nom)
    column = territory(table)
    columns = ", ".join(identifier(name) for name in table.noms)
    named = [siren for siren in epci if siren]
    # Plain predicates: the lake chooses by them, and by its statistics, the files that it looks into.
    kinds: list[tuple[list[str], str]] = [
        (named, f"{identifier(column or '')} in ({', '.join('?' for _ in named)})"),
        ([siren for siren in epci if not siren], f"{identifier(column)} is null" if column else "true"),
    ]
    for sirens, predicate in kinds:
        if not sirens:
            continue
        values = sirens if "?" in predicate else []
        if any(Tranche(table.schema, table.nom, siren) in recorded for siren in sirens):
            con.execute(f"delete from {target} where {predicate}", values)
        con.execute(
            f"insert into {target} ({columns}) select {columns} "
            f"from {qualified(_PRIVE, table.schema, table.nom)} where {predicate}",
            values,
        )


def _replace_rows(
    con: duckdb.DuckDBPyConnection, table: Table, epci: Sequence[str], rows: Sequence[tuple[object, ...]]
) -> None:
    """Replace what the lake says of territories, in two statements whatever their number."""
    target = qualified(ALIAS, table.schema, table.nom)
    con.execute(f"delete from {target} where epci_siren in ({', '.join('?' for _ in epci)})", list(epci))
    columns = ", ".join(f"unnest(cast(? as {colonne.type}[]))" for colonne in table.colonnes)
    con.execute(
        f"insert into {target} select {columns}", [list(values) for values in zip(*rows, strict=True)]
    )


def _roll_back(con: duckdb.DuckDBPyConnection) -> None:
    try:
        con.execute("rollback")
    except duckdb.TransactionException:
        # A commit that was refused has already ended the transaction.
        return
