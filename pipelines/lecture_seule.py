"""Opening a published warehouse for reading, whatever its file is called."""

from pathlib import Path

import duckdb

from pipelines.sql import literal


def open_read_only(entrepot: Path) -> duckdb.DuckDBPyConnection:
    """Open a DuckDB file that nothing will be written in.

    DuckDB names the catalogue after the file: in `marts.duckdb`, `marts.indicateurs` could as well be a table
    of the catalogue `marts`, and is refused. The file is attached under a name that is none of our schemas.

    Raises:
        duckdb.Error: not a DuckDB file, or open for writing elsewhere.

    """
    con = duckdb.connect()
    try:
        con.execute(f"attach {literal(str(entrepot))} as publie (read_only)")
        con.execute("use publie")
    except duckdb.Error:
        con.close()
        raise
    return con
