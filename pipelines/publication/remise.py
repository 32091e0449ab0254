"""The files to hand over for an edition, in the formats that its readers open, with what describes them.

Which tables an edition holds is in `editions`; here they are written out. The description follows the Data
Package standard (`datapackage.json`): title, readers, provenance, and each table with its columns.
"""

import shutil
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import duckdb
import xlsxwriter

from pipelines.affichable import affichable
from pipelines.edition import editions, read_mark
from pipelines.errors import MauvaisUsage
from pipelines.fichiers import replacing, write_json
from pipelines.lecture_seule import open_read_only
from pipelines.publication.cartes import write_maps
from pipelines.publication.editions import write_edition
from pipelines.sql import literal, qualified

FORMATS = ("duckdb", "parquet", "csv", "xlsx", "gpkg")
DESCRIPTION = "datapackage.json"
# What a sheet of a workbook may hold, its header apart.
_ROWS_OF_A_SHEET = 1_048_575
_TYPES = {"BIGINT": "integer", "INTEGER": "integer", "DOUBLE": "number", "BOOLEAN": "boolean", "DATE": "date"}
_LICENCES = {
    "publique": {"name": "etalab-2.0", "title": "Licence Ouverte 2.0"},
    "signataires": {"name": "restreinte", "title": "Réservé aux signataires, sans rediffusion"},
}


def hand_over(entrepot: Path, edition: str, sortie: Path, formats: Sequence[str]) -> list[Path]:
    """Write an edition of a warehouse in a folder, and return the files written.

    Args:
        entrepot: the warehouse, or the file of that edition.
        edition: `signataires` or `publique`.
        sortie: where to write; made when it does not exist.
        formats: of `FORMATS`; Parquet and CSV give one file per table.

    Raises:
        MauvaisUsage: an unknown edition or format, or a table that no workbook can hold.
        ObservatoireError: the file is another edition, or not a warehouse.
    """
    known = editions()
    if edition not in known:
        raise MauvaisUsage(f"Édition inconnue : « {edition} ». Éditions : {', '.join(known)}.")
    wrong = [f for f in formats if f not in FORMATS]
    if wrong or not formats:
        raise MauvaisUsage(
            f"Format inconnu : {', '.join(wrong) or '(aucun)'}. Formats : {', '.join(FORMATS)}."
        )
    sortie.mkdir(parents=True, exist_ok=True)
    written: list[Path] = []
    with tempfile.TemporaryDirectory(prefix="observatoire-") as folder:
        aside = Path(folder) / "edition.duckdb"
        write_edition(entrepot, edition, aside)
        with open_read_only(aside) as con:
            tables = _tables(con)
            mode = known[edition].mode
            resources = []
            for schema, table in tables:
                for format_ in (f for f in formats if f in {"parquet", "csv"}):
                    path = sortie / format_ / f"{schema}.{table}.{format_}"
                    _export(con, schema, table, path, mode)
                    written.append(path)
                    resources.append(_resource(con, schema, table, path.relative_to(sortie), format_))
            if "xlsx" in formats:
                path = sortie / f"{edition}.xlsx"
                with replacing(path, mode) as temporary:
                    _workbook(con, tables, temporary)
                written.append(path)
                resources.append(_file(path.relative_to(sortie), "Classeur, une feuille par table"))
            mark = read_mark(con)
        if "gpkg" in formats:
            for path in write_maps(entrepot, aside, edition, sortie):
                written.append(path)
                resources.append(_file(path.relative_to(sortie), "Carte, un lieu et une année par ligne"))
        if "duckdb" in formats:
            path = sortie / f"{edition}.duckdb"
            with replacing(path, mode) as temporary:
                shutil.copyfile(aside, temporary)
            written.append(path)
            resources.append(_file(path.relative_to(sortie), "Base DuckDB, toutes les tables"))
    description = {
        "name": f"observatoire-{edition}",
        "title": f"Attributions de logements sociaux, édition {edition}",
        "description": f"Pour : {mark.lecteurs}.",
        "version": str(mark.version),
        "sources": [{"title": "Entrepôt d'Observatoire", "empreinte": mark.empreinte}],
        "licenses": [_LICENCES[edition]],
        "resources": resources,
    }
    write_json(sortie / DESCRIPTION, description)
    return [*written, sortie / DESCRIPTION]


def _tables(con: duckdb.DuckDBPyConnection) -> list[tuple[str, str]]:
    return [
        (str(schema), str(table))
        for schema, table in con.execute(
            "select schema_name, table_name from duckdb_tables() where not internal order by all"
        ).fetchall()
    ]


def _export(con: duckdb.DuckDBPyConnection, schema: str, table: str, path: Path, mode: int) -> None:
    path.parent.mkdir(exist_ok=True)
    with replacing(path, mode) as temporary:
        target = f"copy (from {qualified(schema, table)}) to {literal(str(temporary))} "
        if path.suffix == ".parquet":
            con.execute(target + "(format parquet, compression zstd)")
        else:
            con.execute(target + "(format csv, header, delimiter ';')")


def _workbook(con: duckdb.DuckDBPyConnection, tables: Sequence[tuple[str, str]], path: Path) -> None:
    options = {"strings_to_formulas": False, "strings_to_urls": False, "constant_memory": True}
    with xlsxwriter.Workbook(str(path), options) as book:
        for rank, (schema, table) in enumerate(tables, 1):
            cursor = con.execute(f"from {qualified(schema, table)}")
            names = [str(column[0]) for column in cursor.description or ()]
            rows = cursor.fetchall()
            if len(rows) > _ROWS_OF_A_SHEET:
                raise MauvaisUsage(
                    f"{schema}.{table} a {len(rows)} lignes, plus que n'en tient une feuille : demandez "
                    "parquet ou csv."
                )
            # Thirty-one characters at most, and no two alike.
            sheet = book.add_worksheet(f"{rank} {table}"[:31])
            sheet.freeze_panes(1, 0)
            for line, row in enumerate([names, *rows]):
                for column, value in enumerate(row):
                    if isinstance(value, bool):
                        sheet.write_boolean(line, column, value)
                    elif isinstance(value, int | float):
                        sheet.write_number(line, column, value)
                    elif value is not None:
                        sheet.write_string(line, column, affichable(str(value)))


def _resource(
    con: duckdb.DuckDBPyConnection, schema: str, table: str, path: Path, format_: str
) -> dict[str, Any]:
    columns = con.execute(
        "select column_name, data_type, comment from duckdb_columns() "
        "where schema_name = ? and table_name = ? order by column_index",
        [schema, table],
    ).fetchall()
    ((comment,),) = con.execute(
        "select comment from duckdb_tables() where schema_name = ? and table_name = ?", [schema, table]
    ).fetchall()
    return {
        "name": f"{schema}.{table}.{format_}".lower(),
        "path": path.as_posix(),
        "format": format_,
        "description": comment or "",
        **({"dialect": {"delimiter": ";"}} if format_ == "csv" else {}),
        "schema": {
            "fields": [
                {"name": name, "type": _TYPES.get(kind, "string"), "description": text or ""}
                for name, kind, text in columns
            ]
        },
    }


def _file(path: Path, description: str) -> dict[str, Any]:
    return {
        "name": path.name.lower(),
        "path": path.as_posix(),
        "format": path.suffix.removeprefix("."),
        "description": description,
    }
