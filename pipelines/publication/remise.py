"""The files to hand over for an edition, in the formats that its readers open, with what describes them.

Which tables an edition holds is in `editions`; here they are written out, and described by `description`.
"""

import shutil
import tempfile
from collections.abc import Sequence
from pathlib import Path

import duckdb
import xlsxwriter

from pipelines.affichable import affichable
from pipelines.edition import editions, read_mark
from pipelines.errors import MauvaisUsage
from pipelines.fichiers import replacing, write_json
from pipelines.lecture_seule import open_read_only
from pipelines.publication import description
from pipelines.publication.cartes import write_maps
from pipelines.publication.editions import write_edition
from pipelines.sql import literal, qualified

FORMATS = ("duckdb", "parquet", "csv", "xlsx", "gpkg")
# What a sheet of a workbook may hold, its header apart.
_ROWS_OF_A_SHEET = 1_048_575


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
    mode = known[edition].mode
    _folder(sortie, mode)
    written: list[Path] = []
    with tempfile.TemporaryDirectory(prefix="observatoire-") as folder:
        aside = Path(folder) / "edition.duckdb"
        write_edition(entrepot, edition, aside)
        with open_read_only(aside) as con:
            tables = _tables(con)
            resources = []
            for schema, table in tables:
                for format_ in (f for f in formats if f in {"parquet", "csv"}):
                    path = sortie / format_ / f"{schema}.{table}.{format_}"
                    _export(con, schema, table, path, mode)
                    written.append(path)
                    resources.append(description.table_resource(con, schema, table, path, sortie))
            if "xlsx" in formats:
                path = sortie / f"{edition}.xlsx"
                with replacing(path, mode) as temporary:
                    _workbook(con, tables, temporary)
                written.append(path)
                resources.append(description.file_resource(path, sortie, "Classeur, une feuille par table"))
        if "gpkg" in formats:
            for path in write_maps(entrepot, aside, edition, sortie):
                written.append(path)
                resources.append(
                    description.file_resource(path, sortie, "Carte, un lieu et une année par ligne")
                )
        if "duckdb" in formats:
            path = sortie / f"{edition}.duckdb"
            with replacing(path, mode) as temporary:
                shutil.copyfile(aside, temporary)
            written.append(path)
            resources.append(description.file_resource(path, sortie, "Base DuckDB, toutes les tables"))
        with open_read_only(aside) as con:
            mark = read_mark(con)
            described = {description.PACKAGE: description.package(edition, mark, resources)}
            if description.is_open(edition):
                described[description.CATALOGUE] = description.catalogue(con, edition, mark, resources)
    for name, content in described.items():
        write_json(sortie / name, content, mode)
        written.append(sortie / name)
    return written


def _tables(con: duckdb.DuckDBPyConnection) -> list[tuple[str, str]]:
    return [
        (str(schema), str(table))
        for schema, table in con.execute(
            "select schema_name, table_name from duckdb_tables() where not internal order by all"
        ).fetchall()
    ]


def _folder(path: Path, mode: int) -> None:
    """Make a folder that who may read its files can enter; one that is there keeps its rights."""
    if path.is_dir():
        return
    path.mkdir(parents=True)
    path.chmod(0o700 | mode & 0o044 | (mode & 0o044) >> 2)


def _export(con: duckdb.DuckDBPyConnection, schema: str, table: str, path: Path, mode: int) -> None:
    _folder(path.parent, mode)
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
