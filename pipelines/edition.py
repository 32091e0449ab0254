"""Which edition a file is, and whether it still is that of the warehouse beside it.

What each holds is in `editions.yml`. Only reading belongs here; the files are written in
`pipelines.publication.editions`.
"""

from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, fields
from functools import cache
from pathlib import Path

import duckdb
import yaml
from pydantic import BaseModel, ConfigDict, TypeAdapter

from pipelines.errors import DonneesRefusees, ObservatoireError
from pipelines.lecture_seule import open_read_only
from pipelines.sql import identifier, literal, qualified

ATELIER, SIGNATAIRES, PUBLIQUE = "atelier", "signataires", "publique"
# What a report of each edition says of itself on every page.
MENTIONS = {
    SIGNATAIRES: "Édition des signataires : chiffres exacts, pour les membres de la conférence et les "
    "partenaires liés par la convention",
    PUBLIQUE: "Édition publique : les petits effectifs sont masqués",
}
_FICHIER = Path(__file__).with_name("editions.yml")


class Edition(BaseModel):
    """What one edition holds, for whom."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    lecteurs: str
    mode: int
    schemas: tuple[str, ...]
    meta: tuple[str, ...]
    # Columns that stay behind, by table of `meta`.
    sans: dict[str, tuple[str, ...]] = {}

    def select(self, origine: str, schema: str, table: str) -> str:
        """The query that reads from a base what the edition holds of one of its tables."""
        left = self.sans.get(table, ()) if schema == "meta" else ()
        names = ", ".join(literal(name) for name in left)
        kept = f"columns(lambda c: c not in ({names}))" if left else "*"
        return f"select {kept} from {qualified(origine, schema, table)}"


@cache
def editions() -> dict[str, Edition]:
    """The editions that are handed over, by name."""
    content = yaml.safe_load(_FICHIER.read_text(encoding="utf-8"))
    return TypeAdapter(dict[str, Edition]).validate_python(content)


@dataclass(frozen=True)
class Marque:
    """What a file says of itself: its edition, for whom, and the warehouse that it comes from."""

    edition: str
    lecteurs: str
    version: int
    empreinte: str


COLUMNS = tuple(f.name for f in fields(Marque))


def read_mark(con: duckdb.DuckDBPyConnection) -> Marque:
    """What an open file says of itself; a warehouse is its own atelier."""
    known = con.execute(
        "select table_name from duckdb_tables() where schema_name = 'meta' "
        "and table_name in ('edition', 'executions') order by table_name limit 1"
    ).fetchall()
    if known == [("edition",)]:
        columns = ", ".join(identifier(name) for name in COLUMNS)
        return Marque(*con.execute(f"select {columns} from meta.edition").fetchall()[0])
    version, empreinte = 0, ""
    if known:
        version, empreinte = con.execute(
            "select version, empreinte from meta.executions order by version desc limit 1"
        ).fetchall()[0]
    return Marque(ATELIER, "L'équipe qui construit l'entrepôt", int(version), str(empreinte))


@contextmanager
def open_public(path: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    """The public edition of a file in the shape of `marts.indicateurs`: nothing else of it can be read.

    Raises:
        DonneesRefusees: the file has no public table.

    """
    with duckdb.connect() as con:
        read_public(con, path, "memory")
        yield con


def read_public(con: duckdb.DuckDBPyConnection, path: Path, base: str) -> None:
    """Copy in an empty base of a connection what `open_public` gives of a file.

    Raises:
        DonneesRefusees: the file has no public table.

    """
    con.execute(f"attach {literal(str(path))} as origine (read_only)")
    # The dictionary of an edition is about it; that of a warehouse, about more.
    there = con.execute(
        "select schema_name, table_name from duckdb_tables() where database_name = 'origine' "
        "and (list_contains($schemas, schema_name) or (schema_name = 'meta' and (list_contains($meta, "
        "table_name) or (table_name = 'dictionnaire' and $edition)))) order by all",
        {
            "schemas": list(editions()[PUBLIQUE].schemas),
            "meta": list(editions()[PUBLIQUE].meta),
            "edition": _is_edition(con, "origine"),
        },
    ).fetchall()
    public = [(schema, table) for schema, table in there if schema != "meta"]
    if not public:
        raise DonneesRefusees(
            f"« {path} » n'a pas d'édition publique. Reconstruisez l'entrepôt avec « observatoire build »."
        )
    target = identifier(base)
    con.execute(f"create schema {target}.marts; create schema {target}.meta")
    every = " union all by name ".join(
        f"select * from {qualified('origine', schema, table)}" for schema, table in public
    )
    con.execute(
        f"create table {target}.marts.indicateurs as select distinct epci_siren, periode_type, periode, "
        "indicateur, axe, modalite, modalite_libelle, segment_type, segment, numerateur, denominateur, "
        "null::bigint as inconnus, valeur, unite, cible, operateur, atteint, null::bigint as manque, "
        f"statut, source, version_methode, false as petit_effectif from ({every})"
    )
    for schema, table in there:
        if schema == "meta":
            held = editions()[PUBLIQUE].select("origine", schema, table)
            con.execute(f"create table {target}.{qualified(schema, table)} as {held}")
    con.execute("detach origine")


def _is_edition(con: duckdb.DuckDBPyConnection, base: str) -> bool:
    return bool(
        con.execute(
            "from duckdb_tables() "
            "where database_name = ? and schema_name = 'meta' and table_name = 'edition'",
            [base],
        ).fetchall()
    )


def check_edition(path: Path, con: duckdb.DuckDBPyConnection, wanted: str) -> Marque:
    """What an open file says of itself, once it is known that it can give an edition.

    Raises:
        ObservatoireError: it is another edition, or that of a warehouse which has changed since.
    """
    marque = read_mark(con)
    if marque.edition not in {ATELIER, wanted}:
        raise ObservatoireError(
            f"« {path} » est l'édition {marque.edition}, qui n'a pas ce que demande l'édition {wanted}. "
            f"Donnez l'entrepôt, ou son fichier « .{wanted}.duckdb »."
        )
    _refuse_stale(path, marque)
    return marque


def refuse_edition(path: Path, con: duckdb.DuckDBPyConnection, accepted: Collection[str]) -> None:
    """Refuse, for who reads more than an edition holds, the file of one that it does not accept.

    Raises:
        ObservatoireError: the open file is another edition, or that of a warehouse which has changed since.

    """
    marque = read_mark(con)
    if marque.edition != ATELIER and marque.edition not in accepted:
        wanted = "l'entrepôt" if not accepted else f"l'entrepôt, ou l'édition {' ou '.join(accepted)}"
        raise ObservatoireError(
            f"« {path} » est l'édition {marque.edition}, qui n'a pas ce que cette commande lit : "
            f"donnez {wanted}."
        )
    _refuse_stale(path, marque)


def _refuse_stale(path: Path, marque: Marque) -> None:
    suffix = f".{marque.edition}"
    entrepot = path.with_name(path.stem.removesuffix(suffix) + path.suffix)
    if not path.stem.endswith(suffix) or not entrepot.is_file():
        return
    try:
        with open_read_only(entrepot) as con:
            present = read_mark(con)
    except duckdb.Error:
        return
    if present.empreinte != marque.empreinte:
        raise ObservatoireError(
            f"« {path} » vient de la version {marque.version} de « {entrepot.name} » "
            f"(empreinte {marque.empreinte[:12]}), qui en est à la {present.version} "
            f"({present.empreinte[:12]}). Reconstruisez, ou refaites ce fichier : observatoire diffuser "
            f"--entrepot {entrepot} --edition {marque.edition} --sortie {path.parent}"
        )
