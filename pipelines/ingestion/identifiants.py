"""SQL of the identifiers: one cleaning, and one function per kind, for every column of that kind.

A cell that names nothing gives NULL: digits lost to a spreadsheet (`7,11217E+16`) are not put back. Both the
readers and `observatoire purger` run this SQL, so that a person has one form and one pseudonym. Which columns
are of which kind is said by the declarations.
"""

import re
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import duckdb

from pipelines.ingestion.declarations import load_yaml, quote

_FICHIER = Path(__file__).parent / "valeurs.yml"
_COMMUNE = "(0[1-9]|[1-8][0-9]|9[0-8]|2[AB])[0-9]{3}"
_QPV = "QP[0-9]{2}[0-9AB][0-9]{3}|QN[0-9]{2}[0-9AB][0-9]{2}[MINC]"
# Letters and digits of full width, typographic hyphens and apostrophes, and what they stand for.
_LARGES = "".join(map(chr, range(0xFF10, 0xFF1A))) + "".join(
    map(chr, [*range(0xFF21, 0xFF3B), *range(0xFF41, 0xFF5B)])
)
_ETROITS = "".join(chr(ord(c) - 0xFEE0) for c in _LARGES)
_VARIANTES = _LARGES + "‐‑‒–—−－’＇．，／：＋％"
_ORDINAIRES = _ETROITS + "-------''.,/:+%"


@cache
def _valeurs() -> dict[str, Any]:
    (document,) = load_yaml(_FICHIER.read_text(encoding="utf-8"))
    return dict(document)


def empty_tokens() -> tuple[str, ...]:
    """The texts that say « nothing » in any identifier, in lower case and without accents."""
    return tuple(_valeurs()["vides"])


def personal_patterns() -> dict[str, str]:
    """What betrays a person in a free text: name and RE2 pattern, to be matched without case."""
    return dict(_valeurs()["personnels"])


def values_fingerprint() -> str:
    """The text of `valeurs.yml`: what it says is part of what a reading depends on."""
    return _FICHIER.read_text(encoding="utf-8")


_REPONSES = str.maketrans("", "", "0xX")


def variants(c: str) -> list[str]:
    """The characters that are read as an ordinary one, itself left out, in either case."""
    return [v for v, o in zip(_VARIANTES, _ORDINAIRES, strict=True) if o.lower() == c.lower()]


def cleaned(x: str) -> str:
    """A cell of one line of plain characters, NULL when nothing is left.

    Invisible characters go, spaces of any kind become one ordinary space, full-width characters ordinary
    ones; `="06029"` and the leading apostrophe of spreadsheets are unwrapped. Plain ASCII, nearly every cell,
    is taken as it is: the rest is slow.
    """
    simple = (
        f"strlen({x}) = length({x}) AND ascii({x}) > 39 AND ascii({x}) <> 61 "
        f"AND NOT suffix({x}, ' ') AND NOT suffix({x}, chr(9))"
    )
    texte = (
        f"regexp_replace(translate({x}, {quote(_VARIANTES)}, {quote(_ORDINAIRES)}), '\\p{{Cf}}+', '', 'g')"
    )
    texte = f"trim(regexp_replace({texte}, '[\\p{{Z}}\\p{{Cc}}]+', ' ', 'g'))"
    texte = f"trim(regexp_replace({texte}, '^(?:=\"(.*)\"|''+(.*))$', '\\1\\2'))"
    return f"CASE WHEN {simple} THEN {x} ELSE nullif({texte}, '') END"


def emptied(x: str, *, valeur: bool = False) -> str:
    """The cleaned text of an identifier, NULL when it is one of those that say « nothing ».

    In a column of values (`valeur`) a zero and an `x` may be answers: they stay.
    """
    signes = re.escape(_valeurs()["signes_vides"].translate(_REPONSES if valeur else {})).replace("/", r"\/")
    mots = "|".join(re.escape(t) for t in empty_tokens())
    # Accents cost: only words that have some are stripped of them.
    sans_accent = f"CASE WHEN strlen({x}) = length({x}) THEN lower({x}) ELSE lower(strip_accents({x})) END"
    vide = (
        f"length({x}) <= {max(map(len, empty_tokens()))} "
        f"AND regexp_full_match({sans_accent}, {quote(f'[{signes}]+|{mots}')})"
    )
    return f"CASE WHEN {vide} THEN NULL ELSE {x} END"


def _code(x: str) -> str:
    """A code without spaces, in upper case, without the `.0` of a spreadsheet's number."""
    return f"upper(regexp_replace(replace({x}, ' ', ''), '[.,]0+$', ''))"


def _either(x: str, juste: str, autre: str) -> str:
    # Nearly every cell is as it should be: it costs one pattern and nothing else.
    return f"CASE WHEN regexp_full_match({x}, {quote(juste)}) THEN {x} ELSE {autre} END"


def _padded(x: str, longueur: int) -> str:
    """The leading zero that a spreadsheet took, put back when that is all that is missing."""
    return f"CASE WHEN length({x}) = {longueur - 1} THEN '0' || {x} ELSE {x} END"


def _valid(x: str, motif: str) -> str:
    return f"CASE WHEN regexp_full_match({x}, {quote(motif)}) THEN {x} END"


def commune(x: str) -> str:
    """Commune: five characters, Corsica with its letter."""
    return _either(x, _COMMUNE, _valid(_padded(_code(x), 5), _COMMUNE))


def departement(x: str) -> str:
    """Département: two characters, three overseas."""
    code = _code(x)
    court = (
        f"CASE WHEN length({code}) = 1 THEN '0' || {code} "
        f"WHEN length({code}) = 3 AND {code}[1] = '0' THEN substr({code}, 2) ELSE {code} END"
    )
    return _valid(court, "[0-9]{2,3}|2[AB]")


def region(x: str) -> str:
    """Region: two digits."""
    return _valid(_padded(_code(x), 2), "[0-9]{2,3}")


def siren(x: str) -> str:
    """SIREN: nine digits, or the first nine of a SIRET; each may have lost its zero."""
    chiffres = f"regexp_replace({_code(x)}, '[.-]', '', 'g')"
    autre = (
        f"CASE WHEN NOT regexp_full_match({chiffres}, '[0-9]+') THEN NULL "
        f"WHEN length({chiffres}) IN (13, 14) THEN substr(lpad({chiffres}, 14, '0'), 1, 9) "
        f"WHEN length({chiffres}) IN (8, 9) THEN lpad({chiffres}, 9, '0') END"
    )
    return _either(x, "[0-9]{9}", autre)


def qpv(x: str) -> str:
    """Priority neighbourhood, of either generation."""
    return _either(x, _QPV, _valid(f"upper(regexp_replace({x}, '[ ._-]', '', 'g'))", _QPV))


def iris(x: str) -> str:
    """IRIS: a commune and four digits."""
    return _valid(_padded(_code(x), 9), "[0-9][0-9AB][0-9]{7}")


def territory(x: str) -> str:
    """Code of a territory of any level: the zero that a spreadsheet took from 1004 or 10040101 put back."""
    code = f"regexp_replace({x}, '[.]0+$', '')"
    return (
        f"CASE WHEN regexp_full_match({code}, '[0-9]|[0-9]{{4}}|[0-9]{{8}}') THEN '0' || {code} "
        f"ELSE {code} END"
    )


def register_number(x: str) -> str:
    """Number of a dwelling in the register: ten characters, the lost zeros of an all-digit one put back.

    A text with a comma, a sign, more than three letters or fewer than four digits, zeros put back, is no such
    number (`7,1E+09`, a name), nor are ten digits by twos, a telephone, a date, nor what is typed where a
    number is asked for (`9999999999`, `1234567890`).
    """
    code = f"regexp_replace({_code(x)}, '[ _/-]', '', 'g')"
    rempli = f"CASE WHEN regexp_full_match({code}, '[0-9]{{1,9}}') THEN lpad({code}, 10, '0') ELSE {code} END"
    lettres = f"length(regexp_replace({rempli}, '[0-9]', '', 'g'))"
    chiffres = f"length(regexp_replace({rempli}, '[^0-9]', '', 'g'))"
    autre_chose = "[0-9]{2}(?:[ -][0-9]{2}){4}|[0-9]{1,2}[/ -][0-9]{1,2}[/ -](?:[0-9]{4}|[0-9]{2})"
    par_deux = f"regexp_full_match({x}, {quote(autre_chose)})"
    autre = (
        f"CASE WHEN regexp_full_match({rempli}, '[0-9A-Z]{{4,10}}') AND {lettres} <= 3 "
        f"AND {chiffres} >= 4 AND NOT {par_deux} THEN {rempli} END"
    )
    fictif = f"regexp_full_match({x}, {quote(_valeurs()['numeros_fictifs'])})"
    return f"CASE WHEN {fictif} THEN NULL ELSE {_either(x, '[0-9]{10}', autre)} END"


def request_number(x: str) -> str:
    """National number of a request: 18 digits, but for 2A or 2B; seventeen have lost the first zero."""
    code = f"upper(regexp_replace({x}, '[ -]', '', 'g'))"
    autre = (
        f"CASE WHEN regexp_full_match({code}, '[0-9]{{18}}|02[AB][0-9]{{15}}') THEN {code} "
        f"WHEN regexp_full_match({code}, '[1-9][0-9]{{16}}|2[AB][0-9]{{15}}') THEN '0' || {code} END"
    )
    return _either(x, "[0-9]{18}", autre)


def rounded_request_number(x: str) -> str:
    """Whether a text ends as the number of a request does once a spreadsheet has kept fifteen figures of it.

    One in a hundred, or in a thousand, does so by itself: only many of them prove anything.
    """
    code = f"regexp_replace({x}, '[ -]', '', 'g')"
    return f"regexp_full_match({code}, '0?[1-9][0-9]{{14}}00|[1-9][0-9]{{14}}000')"


# Semantic type -> its function, on a cell already cleaned.
FONCTIONS: dict[str, Callable[[str], str]] = {
    "commune": commune,
    "departement": departement,
    "region": region,
    "siren": siren,
    "qpv": qpv,
    "iris": iris,
    "territoire": territory,
    "num_rpls": register_number,
    "personne": request_number,
}


def read_identifier(kind: str, texte: str) -> str | None:
    """The canonical form of one identifier, as the readers would give it; None when it names nothing.

    Args:
        kind: semantic type (`personne`, `num_rpls`, `siren`…).
        texte: the identifier as somebody typed it.
    """
    sql = (
        f"SELECT {FONCTIONS[kind]('y')} FROM (SELECT {emptied('x')} AS y "
        f"FROM (SELECT {cleaned('x')} AS x FROM (SELECT $texte AS x)))"
    )
    with duckdb.connect() as con:
        ligne = con.execute(sql, {"texte": texte}).fetchone()
    return None if ligne is None or ligne[0] is None else str(ligne[0])
