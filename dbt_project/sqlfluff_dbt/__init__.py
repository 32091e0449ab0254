"""What sqlfluff needs of dbt to render the models without a database: variables, types, short lists of axes.

Only the linter reads this; dbt itself compiles the models in every build. A model that loops over every axis
and measure renders to thousands of lines that repeat a few: the linter is given the first and the last of each
list, which holds every line of the template and is read in seconds instead of minutes.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import yaml
from jinja2 import Environment

_PROJET = Path(__file__).parents[1]
_VARIABLES: dict[str, Any] = yaml.safe_load((_PROJET / "dbt_project.yml").read_text(encoding="utf-8"))["vars"]


class _Retour(Exception):
    """Carries the list that a macro returns."""


def _retourner(valeur: list[Any]) -> None:
    raise _Retour(valeur)


def _abregee(macro: Callable[..., Any]) -> Callable[..., Any]:
    """The macro, with any list it returns cut to its first and last items."""

    def appeler(*args: Any, **kwargs: Any) -> Any:
        try:
            return macro(*args, **kwargs)
        except _Retour as retour:
            valeur = retour.args[0]
            return valeur if len(valeur) < 3 else [valeur[0], valeur[-1]]

    return appeler


def _macros_abregees() -> dict[str, Callable[..., Any]]:
    environnement = Environment(autoescape=False, extensions=["jinja2.ext.do"])  # noqa: S701 - SQL, not HTML
    environnement.globals["return"] = _retourner
    module = environnement.from_string((_PROJET / "macros" / "axes.sql").read_text(encoding="utf-8")).module
    return {nom: _abregee(macro) for nom, macro in vars(module).items() if callable(macro) and nom[0] != "_"}


class _Types:
    """The type macros of dbt, in DuckDB's words."""

    def __getattr__(self, name: str) -> Any:
        if not name.startswith("type_"):
            raise AttributeError(name)
        return lambda: {"type_string": "varchar"}.get(name, name.removeprefix("type_"))


class _Adaptateur:
    """Stands for a dispatched macro by its name and its first argument: the others may be no SQL."""

    @staticmethod
    def dispatch(name: str, _package: str = "") -> Callable[..., str]:
        return lambda *args: f"{name}({args[0]})"


def var(name: str, default: Any = None) -> Any:
    """Value of a project variable."""
    return _VARIABLES.get(name, default)


def env_var(_name: str, default: str = "") -> str:
    """No variable of the environment is set for the linter."""
    return default


dbt = _Types()
adapter = _Adaptateur()
globals().update(_macros_abregees())
