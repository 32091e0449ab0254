"""French for what the command-line library says by itself: headings of the help, errors of usage."""

from typing import Any

from typer.core import TyperCommand, TyperGroup
from typer.exceptions import TyperException

_WORDS = {
    "Usage:": "Usage :",
    "[OPTIONS] COMMAND [ARGS]...": "COMMANDE [OPTIONS]",
    "Options:": "Options :",
    "Commands:": "Commandes :",
    "Arguments:": "Arguments :",
    "[required]": "[obligatoire]",
    "[default: ": "[défaut : ",
    "Show this message and exit.": "Affiche cette aide.",
}


def _french(text: str) -> str:
    for english, french in _WORDS.items():
        text = text.replace(english, french)
    return text


class Groupe(TyperGroup):
    """The command itself: its help in French."""

    def get_help(self, ctx: Any) -> str:
        """Return the help of the command."""
        return _french(super().get_help(ctx))


class Commande(TyperCommand):
    """One sub-command: its help in French."""

    def get_help(self, ctx: Any) -> str:
        """Return the help of the sub-command."""
        return _french(super().get_help(ctx))


def usage_sentence(error: TyperException) -> str:
    """Return one French sentence for a wrong call, and where the help is."""
    if type(error).__name__ == "NoArgsIsHelpError":
        return f"{error.message}"
    context = getattr(error, "ctx", None)
    path = context.command_path if context is not None else "observatoire"
    return f"{_what(error)} Aide : {path} --help"


def _what(error: TyperException) -> str:
    kind = type(error).__name__
    name = _name(error)
    if kind == "MissingParameter":
        return f"Il manque {name}."
    if kind == "NoSuchOption":
        close = ", ".join(getattr(error, "possibilities", None) or [])
        hint = f" Vouliez-vous {close} ?" if close else ""
        return f"Option inconnue : {getattr(error, 'option_name', '')}.{hint}"
    if kind == "BadParameter":
        return f"Valeur refusée pour {name} : {error.message}." if name else f"{error.message}"
    if error.message.startswith("No such command"):
        return f"Commande inconnue : {error.message.split(chr(39))[1]}."
    if error.message.startswith("Missing command"):
        return "Il manque une commande."
    return f"{error.message}"


def _name(error: TyperException) -> str:
    hint, param = getattr(error, "param_hint", None), getattr(error, "param", None)
    if hint:
        return hint if isinstance(hint, str) else " / ".join(hint)
    if param is None:
        return ""
    return " / ".join(param.opts) if param.param_type_name == "option" else str(param.human_readable_name)
