"""Quoting of names in the few statements that Python writes; values always go through parameters."""


def identifier(name: str) -> str:
    """Return a name as a quoted SQL identifier."""
    return '"' + name.replace('"', '""') + '"'


def literal(text: str) -> str:
    """Return a quoted SQL literal, where a statement takes no parameter (`attach`, `comment on`)."""
    return "'" + text.replace("'", "''") + "'"


def qualified(*names: str) -> str:
    """Return catalogue, schema and table as one quoted name."""
    return ".".join(identifier(name) for name in names)
