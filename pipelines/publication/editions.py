"""The file of each edition of a warehouse, for the members of the conference and for anybody.

The warehouse is the atelier; the files stand beside it and say which warehouse they come from. What the
public may read is decided in `pipelines.diffusion`; here tables are only copied.
"""

from pathlib import Path

import duckdb

from pipelines.edition import COLUMNS, Edition, Marque, editions, read_mark
from pipelines.fichiers import flush_folder, keep_access, replacing
from pipelines.lecture_seule import open_read_only
from pipelines.paths import WorkingFolder, edition_path
from pipelines.publication.chantier import Chantier
from pipelines.publication.lecture import VERSION_SCHEMA
from pipelines.sql import describe, identifier, in_one_go, literal, qualified

_COMMENTS = (
    "Édition : signataires ou publique.",
    "Pour qui elle est faite.",
    "Version de l'entrepôt dont elle vient.",
    "Empreinte du contenu de cet entrepôt.",
    "Version de la structure des tables.",
)

_DICTIONNAIRE = {
    "schema": "Schéma.",
    "table": "Table.",
    "colonne": "Colonne ; vide : la table elle-même.",
    "type": "Type de la colonne.",
    "description": "Ce que contient la table ou la colonne.",
}


def write_edition(entrepot: Path, nom: str, cible: Path) -> None:
    """Write the file of one edition of a warehouse, whole or not at all.

    Args:
        entrepot: the warehouse, published or about to be; open for writing nowhere.
        nom: `signataires` or `publique`.
        cible: the file to make or to replace.
    """
    edition = editions()[nom]
    with open_read_only(entrepot) as con:
        marque = read_mark(con)
    with replacing(cible, edition.mode) as temporary, duckdb.connect() as con:
        con.execute(f"attach {literal(str(entrepot))} as origine (read_only)")
        con.execute(f"attach {literal(str(temporary))} as edition")
        _copy(con, edition)
        _sign(con, nom, edition, marque)
        # Whole before it takes its place.
        con.execute("detach edition")


def prepare_editions(chantier: Chantier) -> None:
    """Write the files of every edition of the base under construction, aside: nothing is published yet."""
    for nom in editions():
        write_edition(chantier.base, nom, edition_path(chantier.base, nom))


def put_editions(chantier: Chantier) -> None:
    """Put the prepared files in their places, each by one rename; the warehouse itself comes after them."""
    for nom in editions():
        path = edition_path(chantier.dossier.entrepot, nom)
        prepared = edition_path(chantier.base, nom)
        keep_access(prepared, path, editions()[nom].mode)
        prepared.replace(path)
    flush_folder(chantier.dossier.entrepot.parent)


def renew_editions(dossier: WorkingFolder) -> list[str]:
    """Write again the files that are not those of the published warehouse; return their names."""
    stale = stale_editions(dossier)
    for nom in stale:
        write_edition(dossier.entrepot, nom, edition_path(dossier.entrepot, nom))
    return stale


def stale_editions(dossier: WorkingFolder) -> list[str]:
    """The editions whose file is not that of the published warehouse, or is missing."""
    with open_read_only(dossier.entrepot) as con:
        empreinte = read_mark(con).empreinte
    return [nom for nom in editions() if _fingerprint(edition_path(dossier.entrepot, nom)) != empreinte]


def _fingerprint(path: Path) -> str | None:
    if not path.is_file():
        return None
    try:
        with open_read_only(path) as con:
            return read_mark(con).empreinte
    except duckdb.Error:
        return None


def _copy(con: duckdb.DuckDBPyConnection, edition: Edition) -> None:
    tables = con.execute(
        "select schema_name, table_name, comment from duckdb_tables() where database_name = 'origine' "
        "and (list_contains($schemas, schema_name) "
        "or (schema_name = 'meta' and list_contains($meta, table_name))) order by schema_name, table_name",
        {"schemas": list(edition.schemas), "meta": list(edition.meta)},
    ).fetchall()
    for schema in sorted({"meta", *edition.schemas}):
        con.execute(f"create schema edition.{identifier(schema)}")
    described = []
    for schema, table, comment in tables:
        name = qualified(schema, table)
        con.execute(f"create table edition.{name} as {edition.select('origine', schema, table)}")
        if comment is not None:
            described.append(f"comment on table edition.{name} is {literal(comment)}")
    for schema, table, column, comment in con.execute(
        "select o.schema_name, o.table_name, o.column_name, o.comment from duckdb_columns() as o "
        "semi join duckdb_columns() as e on e.database_name = 'edition' "
        "and e.schema_name = o.schema_name and e.table_name = o.table_name "
        "and e.column_name = o.column_name where o.database_name = 'origine' order by all"
    ).fetchall():
        name = f"{qualified(schema, table)}.{identifier(column)}"
        if comment is not None:
            described.append(f"comment on column edition.{name} is {literal(comment)}")
    in_one_go(con, described)


def _sign(con: duckdb.DuckDBPyConnection, nom: str, edition: Edition, marque: Marque) -> None:
    con.execute(
        "create table edition.meta.edition as select ? as edition, ? as lecteurs, ?::integer as version, "
        "? as empreinte, ?::integer as version_schema",
        [nom, edition.lecteurs, marque.version, marque.empreinte, VERSION_SCHEMA],
    )
    describe(
        con,
        "edition.meta.edition",
        "De quelle édition est ce fichier, et pour qui.",
        dict(zip((*COLUMNS, "version_schema"), _COMMENTS, strict=True)),
    )
    con.execute(
        'create table edition.meta.dictionnaire as select schema_name as schema, table_name as "table", '
        "colonne, type, description from ("
        "select schema_name, table_name, 0 as rang, null::varchar as colonne, null::varchar as type, "
        "comment as description from duckdb_tables() where database_name = 'edition' union all "
        "select schema_name, table_name, column_index, column_name, data_type, comment "
        "from duckdb_columns() where database_name = 'edition') order by schema_name, table_name, rang"
    )
    describe(
        con,
        "edition.meta.dictionnaire",
        "Une ligne par table et par colonne de cette édition.",
        _DICTIONNAIRE,
    )
