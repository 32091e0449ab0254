"""A DuckDB file made from the shared lake, as it is or as it was: time travel gives last year's bilan back.

Nothing but the lake is read; what is written is completed and published like any built warehouse.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import duckdb

from pipelines.errors import DonneesRefusees, MauvaisUsage
from pipelines.lac.connexion import ALIAS, LacPartage, attach, connected
from pipelines.lac.partage import recorded_slices, shared_tables, slices, territory
from pipelines.lac.structure import Table, definitions, read_structure
from pipelines.publication import Chantier, Etape, Execution, next_number, prepare
from pipelines.sql import identifier, literal, qualified

_EXTRAIT = "extrait"


@dataclass(frozen=True)
class Instantane:
    """One state of the shared lake: its number, when it was published, and what was said of it."""

    numero: int
    publie_le: datetime
    message: str


def snapshots(lac: LacPartage) -> list[Instantane]:
    """Return the publications that the lake can go back to, newest first.

    Raises:
        MauvaisUsage: nothing was published yet.
        ObservatoireError: PostgreSQL cannot be reached.

    """
    with connected(lac) as con:
        attach(con, lac)
        rows = con.execute(
            "select snapshot_id, cast(timezone('UTC', snapshot_time) as timestamp), commit_message "
            f"from {ALIAS}.snapshots() where commit_message is not null order by snapshot_id desc"
        ).fetchall()
    return [Instantane(*row) for row in rows]


def extract(
    chantier: Chantier,
    lac: LacPartage,
    *,
    epci: Sequence[str] = (),
    instantane: int | None = None,
    au: datetime | None = None,
) -> Execution:
    """Fill the base of a building site from the shared lake, ready to be published.

    Args:
        chantier: the building site, with no base yet.
        lac: the shared lake.
        epci: territories wanted; none: all those published.
        instantane: snapshot to go back to; None: the last one.
        au: moment to go back to, in place of a number.

    Raises:
        MauvaisUsage: no such snapshot, or a territory not published by then (the message says which were).
        DonneesRefusees: the rows of the lake are not those that were recorded.

    """
    with connected(lac) as con:
        attach(con, lac, instantane=instantane, au=au)
        published = dict(
            con.execute(
                f"select epci_siren, empreinte_modeles from {ALIAS}.meta.publications order by all"
            ).fetchall()
        )
        if unknown := sorted(set(epci) - published.keys()):
            raise MauvaisUsage(
                f"L'EPCI {', '.join(unknown)} n'est pas dans cet état du lac partagé, qui contient : "
                f"{', '.join(published) or 'aucun'}."
            )
        wanted = sorted(epci) or list(published)
        tables = [
            table
            for table in shared_tables(read_structure(con, ALIAS))
            if (table.schema, table.nom) not in {("meta", "publications"), ("meta", "tranches")}
            # What was public then may show what was hidden since.
            and (table.schema != "diffusion" or (instantane is None and au is None))
        ]
        con.execute(f"attach {literal(str(chantier.base))} as {_EXTRAIT}")
        for table in tables:
            _copy(con, table, wanted)
        _check(con, tables, wanted)
        if epci:
            con.executemany(
                f"insert into {_EXTRAIT}.sources.parametres values ('epci', ?)", [[siren] for siren in wanted]
            )
        con.execute(f"detach {_EXTRAIT}")
    return prepare(
        chantier,
        numero=next_number(chantier.dossier),
        empreinte_modeles=max(published[siren] for siren in wanted),
        etapes=list[Etape](),
        anterieur=None,
    )


def _copy(con: duckdb.DuckDBPyConnection, table: Table, epci: Sequence[str]) -> None:
    con.execute(f"create schema if not exists {qualified(_EXTRAIT, table.schema)}")
    for statement in definitions(table, _EXTRAIT):
        con.execute(statement)
    column = territory(table)
    rows = f"{identifier(column)} is null or list_contains(?, {identifier(column)})" if column else "true"
    con.execute(
        f"insert into {qualified(_EXTRAIT, table.schema, table.nom)} "
        f"select * from {qualified(ALIAS, table.schema, table.nom)} where {rows}",
        [list(epci)] if column else [],
    )


def _check(con: duckdb.DuckDBPyConnection, tables: Sequence[Table], epci: Sequence[str]) -> None:
    found = {tranche: content for table in tables for tranche, content in slices(con, _EXTRAIT, table, epci)}
    copied = {(table.schema, table.nom) for table in tables}
    recorded = {
        tranche: content
        for tranche, content in recorded_slices(con, epci).items()
        if (tranche.schema, tranche.table) in copied
    }
    wrong = sorted(
        {f"{t.schema}.{t.table}" for t in found.keys() | recorded.keys() if found.get(t) != recorded.get(t)}
    )
    if wrong:
        raise DonneesRefusees(
            f"Le lac partagé ne redonne pas les lignes qui y ont été publiées : {', '.join(wrong)}. "
            "Republiez ces territoires, ou revenez à un instantané antérieur (--instantane)."
        )
