"""Quoting of names in the few statements that Python writes, and what engines say without the values in it.

Values always go through parameters.
"""

import re
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import duckdb

# Errors about a value, which they quote in more than one way; the others quote names of tables and columns.
_ABOUT_A_VALUE = re.compile(r"\b(Conversion|Constraint|Invalid Input|Out of Range) Error\b")


def identifier(name: str) -> str:
    """Return a name as a quoted SQL identifier."""
    return '"' + name.replace('"', '""') + '"'


def literal(text: str) -> str:
    """Return a quoted SQL literal, where a statement takes no parameter (`attach`, `comment on`)."""
    return "'" + text.replace("'", "''") + "'"


def qualified(*names: str) -> str:
    """Return catalogue, schema and table as one quoted name."""
    return ".".join(identifier(name) for name in names)


def declare(
    con: "duckdb.DuckDBPyConnection", target: str, title: str, columns: Mapping[str, tuple[str, str]]
) -> None:
    """Make an empty table in the place of any of that name, with its comments.

    Args:
        con: open connection, with the right to write.
        target: the table, quoted (`qualified`).
        title: what the table is.
        columns: name to type (with its constraints) and meaning, in order.

    """
    body = ", ".join(f"{identifier(name)} {kind}" for name, (kind, _) in columns.items())
    con.execute(f"create or replace table {target} ({body})")
    describe(con, target, title, {name: text for name, (_, text) in columns.items()})


def describe(con: "duckdb.DuckDBPyConnection", target: str, title: str, columns: Mapping[str, str]) -> None:
    """Put its comments on a table: what it is, and what each of some columns means."""
    in_one_go(
        con,
        [
            f"comment on table {target} is {literal(title)}",
            *(
                f"comment on column {target}.{identifier(name)} is {literal(text)}"
                for name, text in columns.items()
            ),
        ],
    )


def in_one_go(con: "duckdb.DuckDBPyConnection", statements: Sequence[str]) -> None:
    """Run statements that return nothing in a transaction of their own: all of them or none.

    Alone, each is forced to the disk before the next one starts, which takes five milliseconds; a warehouse
    has thousands of comments.
    """
    if not statements:
        return
    con.execute("begin")
    try:
        con.execute(";\n".join(statements))
    except BaseException:
        con.execute("rollback")
        raise
    con.execute("commit")


def without_values(message: str) -> str:
    """Return what an engine said without the cells that it quoted, nor the statement that it shows after."""
    said = message.partition("\nLINE ")[0]
    about = _ABOUT_A_VALUE.search(said)
    if about is None:
        return re.sub(r"'[^'\n]*'", "'…'", said)
    before, after = said[: about.start()], said[about.start() :]
    # A value may hold quotes and line ends: all between the first quote and the last of its kind.
    after = re.sub(r"(['\"]).*\1", r"\1…\1", after, count=1, flags=re.DOTALL)
    after = re.sub(r"(with value) .*? (can't)", r"\1 … \2", after, flags=re.DOTALL)
    return before + after.partition("\n")[0]
