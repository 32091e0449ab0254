"""A text from a file, a server or a person, made safe to show: to a terminal, in a log, in a report.

The one rule about characters that act instead of being read; where it is applied is at the edges.
"""

import re
import unicodedata

# What acts on a terminal, on the direction of a line or on its end; half characters that cannot be written.
_ACTS = re.compile(
    "[\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u206f\ufff9-\ufffb\ud800-\udfff\U000e0000-\U000e007f]"
)
# What is not seen and does nothing.
_UNSEEN = re.compile("[\u00ad\u180e\u200b-\u200d\u2060-\u2064\ufeff]")
_PLAIN = {
    "’": "'",
    "‘": "'",
    "“": '"',
    "”": '"',
    "–": "-",
    "—": "-",
    "…": "...",
    "€": "EUR",
    "œ": "oe",
    "Œ": "OE",
}


def affichable(texte: str, *, lignes: bool = False) -> str:
    r"""Return a text whose every character is seen: what acts is written as an escape (`\x1b`, `\u202e`).

    Args:
        texte: the text.
        lignes: keep its line ends, each followed by spaces: a name that holds one cannot pass for a line.

    """
    if lignes and "\n" in texte:
        return "\n  ".join(affichable(ligne) for ligne in texte.rstrip("\n").split("\n"))
    return _ACTS.sub(_escape, _UNSEEN.sub("", texte.replace("\t", " ")))


def _escape(found: re.Match[str]) -> str:
    number = ord(found[0])
    if number < 0x100:
        return f"\\x{number:02x}"
    return f"\\u{number:04x}" if number < 0x10000 else f"\\U{number:08x}"


def sans_commande_json(texte: str) -> str:
    r"""Return a JSON text of the same value whose characters that act are written as escapes of JSON."""
    return re.sub(r"[^\n]", lambda found: _in_json(found[0]), texte) if _acts_in_json(texte) else texte


def _acts_in_json(texte: str) -> bool:
    return any(found[0] != "\n" for found in _ACTS.finditer(texte)) or bool(_UNSEEN.search(texte))


def _in_json(caractere: str) -> str:
    if not (_ACTS.match(caractere) or _UNSEEN.match(caractere)):
        return caractere
    unites = caractere.encode("utf-16-be", "surrogatepass")
    return "".join(f"\\u{unites[i]:02x}{unites[i + 1]:02x}" for i in range(0, len(unites), 2))


def approche(error: UnicodeError) -> tuple[str, int]:
    """Return what an output writes in place of what its encoding lacks: an error handler of Python's codecs.

    A figure that cannot be written must not turn a success into a failure: spaces stay spaces, letters lose
    their accents, the rest is a question mark.
    """
    if not isinstance(error, UnicodeEncodeError):
        raise error
    return "".join(map(_plain, error.object[error.start : error.end])), error.end


def _plain(caractere: str) -> str:
    if caractere.isspace():
        return " "
    bare = unicodedata.normalize("NFKD", _PLAIN.get(caractere, caractere)).encode("ascii", "ignore").decode()
    return bare or "?"
