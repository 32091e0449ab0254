"""SQL that turns raw text cells into typed values, one expression per semantic type.

Each field goes through the same steps: trim, null tokens, translation of labels, conversion. A cell that
holds something and converts to nothing is written in `_rejets`, so that the row is refused with its column
and value. Whether a converted value is acceptable belongs in `validation`.
"""

import re
import unicodedata
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cache, partial

from pipelines.ingestion import identifiants
from pipelines.ingestion.correspondances import Appariement, normalise_label
from pipelines.ingestion.declarations import Champ, Produit, Regle, ident, quote, relative_bound
from pipelines.ingestion.extractions import MOIS
from pipelines.ingestion.pseudonymes import hmac_sql

MASQUE = "(masqué)"
SEPARATEUR_REJETS = "\x1f"
SEPARATEUR_VALEUR = "\x1e"
# Names of the rules that a declaration implies, as the quarantine gives them.
TYPE, CODE, MINIMUM, MAXIMUM, FORME = (
    "type",
    "code_inconnu",
    "sous_le_minimum",
    "au_dessus_du_maximum",
    "forme_invalide",
)
PERSONNEL = "donnee_personnelle"

_ESPACES = " \t\r\n\u00a0\u202f\u2009\ufeff"
_OUI = ("oui", "o", "vrai", "true", "t", "yes", "y", "1", "1.0", "x")
_NON = ("non", "n", "faux", "false", "f", "no", "0", "2", "0.0", "2.0")
# What a file may say of itself, row by row, whatever the product.
_COMMUNS = (
    Champ(nom="millesime", type="annee", description="Millésime"),
    Champ(nom="date_extraction", type="date", description="Date de l'extraction"),
)
# A number is one number: groups of three parted by one mark, one decimal mark, € or % at the end alone.
_DECIMALES = r"(?:[.,][0-9]*)?(?:[eE][-+]?[0-9]{1,3})?"
_NOMBRE_SIMPLE = rf"[-+]?(?:[0-9]+{_DECIMALES}|[.,][0-9]+)"
_NOMBRE_ESPACE = r"[-+]?[0-9]{1,3}(?:[ '][0-9]{3})+(?:[.,][0-9]*)?"
_NOMBRE_POINTS = r"[-+]?[0-9]{1,3}(?:(?:\.[0-9]{3})+,[0-9]*|(?:\.[0-9]{3}){2,})"
_NOMBRE_VIRGULES = r"[-+]?[0-9]{1,3}(?:(?:,[0-9]{3})+\.[0-9]*|(?:,[0-9]{3}){2,})"
_MILLIERS = r"[-+]?[1-9][0-9]{0,2}[.,][0-9]{3}"
# Units of amounts, and the digits before a lone mark that leave both readings possible: 999.500 a month is
# no 999 500.
# With each, the period that it may be written with: `9 000 €/an` is no amount of a month.
_MONTANTS = {"€ par mois": (2, "mois"), "€ par an": (3, "an")}
_UNITES = r"(?i) ?(?:%|(?:€|euros?|eur)(?: ?(?:/|par) ?(?:{periodes}|m2|m²))?|m2|m²|ans?)$"
_UNITE = _UNITES.format(periodes="an|mois")
_ORDINAL = r"(?i)^([0-9]{1,2}) ?(?:er|ère|ere|e|ème|eme)$"
_HEURE = (
    r"(?i)(?: à)?[ T][0-9]{1,2}[:h][0-9]{2}(?::[0-9]{2}(?:[.,][0-9]+)?)?"
    r" ?(?:Z|[AP]M|[+-][0-9]{2}(?::?[0-9]{2})?)?$"
)
_JOUR_DE_SEMAINE = "^(?:(?:lun|mar|mercre|jeu|vendre|same)di|dimanche) "
# A day written as its midnight in universal time, east of Greenwich: the evening before.
_VEILLE_AU_SOIR = r"[0-9]{4}-[0-9]{2}-[0-9]{2}[ T]2[0-3]:00(?::00(?:[.,]0+)?)? ?(?:Z|\+00(?::?00)?)"
_LETTRES = r".*[a-zA-Z\pL]{3}.*"
# Day zero of the serial numbers that spreadsheets give to dates (1900 system).
_ORIGINE_DES_NUMEROS = "DATE '1899-12-30'"
_JOUR_D_ABORD = "%d/%m/%Y"
# The two forms that nearly every date has, read at once.
_SIMPLE = "[0-9]{4}-[0-9]{2}-[0-9]{2}|[0-9]{2}/[0-9]{2}/[0-9]{4}"
_NUMERO = r"[1-9][0-9]{4}(?:[.,][0-9]+)?"
# The lexical form of each type: what a quarantine about persons may show of a refused cell. A name, a
# telephone or a social-security number has none of them.
_FORMES = {
    "date": r"[0-9]{1,4}[/.-][0-9]{1,2}(?:[/.-][0-9]{1,4})?(?:[ T][0-9:]{4,8})?",
    "annee": r"[0-9]{1,4}",
    "booleen": r"[0-9]",
    "siren": r"[0-9]{1,9}",
    "commune": r"[0-9]{1,5}|2[ABab][0-9]{3}",
    "departement": r"[0-9]{1,3}",
    "region": r"[0-9]{1,3}",
    "qpv": r"[Qq][PNpn][0-9ABab]{1,6}[MINCminc]?",
    "iris": r"[0-9]{1,9}",
    "num_rpls": r"[0-9]{1,9}",
}


Etape = Callable[[str], str]
"""Gives the name of an intermediate text, computed once in a layer of its own: written out where it is used,
a dozen times in one date, it made most of a query that costs more to plan than a small file to read."""


def _in_place(expression: str) -> str:
    return f"({expression})"


def _in_layer(champ: str, etapes: dict[str, str], expression: str) -> str:
    return ident(etapes.setdefault(expression, f"e{len(etapes)}_{champ}"))


def _in(expression: str, valeurs: Sequence[str]) -> str:
    return f"{expression} IN ({', '.join(quote(v) for v in valeurs)})"


def _full(expression: str, motif: str) -> str:
    return f"regexp_full_match({expression}, {quote(motif)})"


def _trimmed(x: str) -> str:
    """Text without spaces of any kind around it, NULL when nothing is left.

    `="06029"`, a spreadsheet's way to keep zeros, is unwrapped. `trim` with a list of characters is slow: it
    is called for the rare cells that need it.
    """
    fins = " AND ".join(f"NOT suffix({x}, {quote(e)})" for e in " \t\u00a0\u202f")
    propre = f"ascii({x}) > 32 AND ascii({x}) NOT IN (61, 160, 8201, 8239, 65279) AND {fins}"
    nettoye = f"trim(regexp_replace(trim({x}, {quote(_ESPACES)}), '^=\"(.*)\"$', '\\1'), {quote(_ESPACES)})"
    return f"CASE WHEN {propre} THEN {x} ELSE nullif({nettoye}, '') END"


def _number(x: str, sauf: str, etape: Etape, *, entier: bool, unite: str = _UNITE) -> str:
    """Text that a cast can read, of a number as people print it; NULL when it is not one number, and for the
    plain ones that `sauf` tells.

    A lone mark before three digits (`1.234`) parts thousands in a column of whole numbers, where decimals
    make no sense, and decimals elsewhere.
    """
    y = etape(f"CASE WHEN NOT {sauf} THEN regexp_replace(replace({x}, '−', '-'), {quote(unite)}, '') END")
    sans = "translate({y}, ' ''{marque}', '')"
    milliers = f"WHEN {_full(y, _MILLIERS)} THEN {sans.format(y=y, marque='.,')} " if entier else ""
    return (
        f"CASE {milliers}WHEN {_full(y, _NOMBRE_SIMPLE)} OR {_full(y, _NOMBRE_ESPACE)} "
        f"THEN replace({sans.format(y=y, marque='')}, ',', '.') "
        f"WHEN {_full(y, _NOMBRE_POINTS)} THEN replace({sans.format(y=y, marque='.')}, ',', '.') "
        f"WHEN {_full(y, _NOMBRE_VIRGULES)} THEN {sans.format(y=y, marque=',')} END"
    )


def _decimal(x: str, type_duckdb: str, etape: Etape, unite: str = _UNITE) -> str:
    # A cast that fails is slow in DuckDB: plain numbers are tried first, with their comma already turned.
    simple = _full(x, "-?[0-9]+(?:[.,][0-9]+)?")
    autre = _number(x, simple, etape, entier=False, unite=unite)
    return f"try_cast(CASE WHEN {simple} THEN replace({x}, ',', '.') ELSE {autre} END AS {type_duckdb})"


def _real(x: str, etape: Etape) -> str:
    reel = _decimal(x, "DOUBLE", etape)
    return f"CASE WHEN isfinite({reel}) THEN {reel} END"


def _amount(x: str, type_duckdb: str, chiffres: int, periode: str, etape: Etape) -> str:
    """An amount of money, unreadable when a lone mark before three digits (`1.210`) may part decimals or
    thousands: nothing says which, and one is a thousand times the other; or when it is of another period."""
    unite = _UNITES.format(periodes=periode)
    douteux = rf"[-+]?[1-9][0-9]{{0,{chiffres - 1}}}[.,][0-9]{{3}}"
    sans_unite = f"regexp_replace({x}, {quote(unite)}, '')"
    return f"CASE WHEN NOT {_full(sans_unite, douteux)} THEN {_decimal(x, type_duckdb, etape, unite)} END"


def _integer(x: str, type_duckdb: str, etape: Etape) -> str:
    cardinal = f"regexp_replace({x}, {quote(_ORDINAL)}, '\\1')"
    simple = _full(x, "-?[0-9]{1,9}")
    reel = f"try_cast({_number(cardinal, simple, etape, entier=True)} AS DOUBLE)"
    return (
        f"CASE WHEN {simple} THEN CAST({x} AS {type_duckdb}) "
        f"WHEN isfinite({reel}) AND floor({reel}) = {reel} THEN try_cast({reel} AS {type_duckdb}) END"
    )


def _bound(borne: float | date | str, reference: str, *, annee: bool) -> str:
    """SQL of a declared bound; one that counts from the extraction is NULL, and passes, without any."""
    if isinstance(borne, str):
        jour = f"({reference} + INTERVAL {relative_bound(borne)} YEAR)"
        return f"year({jour})" if annee else f"CAST({jour} AS DATE)"
    if isinstance(borne, date):
        return f"DATE '{borne.isoformat()}'"
    return f"{borne:g}"


def _in_its_century(
    champ: Champ, reference: str, ce_siecle: str, precedent: str, *, annee: bool = False
) -> str:
    """A year of two digits is of this century unless that is after the extraction, then of the one before.

    Where the column's bounds do not allow the century before, this century still holds up to the bound: an
    extraction without a date is only known by its vintage, and a lease of January may be in it.
    """
    limite = f"year({reference})" if annee else reference
    bas = "NULL" if champ.min is None else _bound(champ.min, reference, annee=annee)
    haut = "NULL" if champ.max is None else _bound(champ.max, reference, annee=annee)
    return (
        f"CASE WHEN {reference} IS NULL OR {ce_siecle} <= {limite} THEN {ce_siecle} "
        f"WHEN {precedent} >= {bas} THEN {precedent} WHEN {ce_siecle} <= {haut} THEN {ce_siecle} END"
    )


def _date(x: str, champ: Champ, reference: str, etape: Etape, *, mois_d_abord: bool) -> str:
    """A date, in figures or with its month in letters: few are, and only these cost more."""
    en_chiffres = _in_figures(x, champ, reference, etape, mois_d_abord=mois_d_abord)
    return f"coalesce({en_chiffres}, {_spelled(x, champ, reference, etape)})"


def _of_two_digits(y: str, ordre: str, champ: Champ, reference: str) -> str:
    """The date of a text whose year has two digits."""
    siecles = [
        f"CAST(try_strptime(left({y}, -2) || '{siecle}' || right({y}, 2), {quote(ordre)}) AS DATE)"
        for siecle in (20, 19)
    ]
    return _in_its_century(champ, reference, *siecles)


def _in_figures(x: str, champ: Champ, reference: str, etape: Etape, *, mois_d_abord: bool) -> str:
    """A date: ISO, French, with a time or not, of two or four digits of year, or a spreadsheet's number."""
    iso = f"try_cast(substr({x}, 1, 10) AS DATE)"
    jour, mois = (4, 1) if mois_d_abord else (1, 4)
    parties = " || '-' || ".join(
        f"substr({x}, {n}, {taille})" for n, taille in ((7, 4), (mois, 2), (jour, 2))
    )
    francaise = f"try_cast({parties} AS DATE)"
    ordre = "%m/%d/%Y" if mois_d_abord else _JOUR_D_ABORD
    numero = f"{_ORIGINE_DES_NUMEROS} + CAST(CAST(regexp_replace({x}, '[.,].*', '') AS DOUBLE) AS INTEGER)"
    y = etape(
        f"CASE WHEN NOT {_full(x, _SIMPLE)} THEN "
        f"translate(regexp_replace({x}, {quote(_HEURE)}, ''), '.-', '//') END"
    )
    complete = f"CAST(try_strptime({y}, {quote(ordre)}) AS DATE)"
    return (
        f"CASE WHEN {_full(x, '[0-9]{4}-[0-9]{2}-[0-9]{2}')} THEN {iso} "
        f"WHEN {_full(x, _VEILLE_AU_SOIR)} THEN {iso} + 1 "
        f"WHEN {_full(x, '[0-9]{2}/[0-9]{2}/[0-9]{4}')} THEN {francaise} "
        f"WHEN {_full(y, '[0-9]{1,2}/[0-9]{1,2}/[0-9]{4}')} THEN {complete} "
        f"WHEN {_full(y, '[0-9]{4}/[0-9]{1,2}/[0-9]{1,2}')} THEN CAST(try_strptime({y}, '%Y/%m/%d') AS DATE) "
        f"WHEN {_full(y, '[0-9]{1,2}/[0-9]{1,2}/[0-9]{2}')} "
        f"THEN {_of_two_digits(y, ordre, champ, reference)} "
        f"WHEN {_full(x, '(?:19|20)[0-9]{6}')} THEN CAST(try_strptime({x}, '%Y%m%d') AS DATE) "
        f"WHEN {_full(x, _NUMERO)} THEN {numero} END"
    )


def serial_number(x: str) -> str:
    """Whether a text is the number that spreadsheets give to a day."""
    return _full(x, _NUMERO)


def _spelled(x: str, champ: Champ, reference: str, etape: Etape, *, mois: bool = False) -> str:
    """A date whose month is a word (`1er mars 2021`, `01-mars-21`); `mars 2021` is a month's first day. NULL
    where there is no word."""
    y = f"regexp_replace(lower(strip_accents({x})), {quote(_JOUR_DE_SEMAINE)}, '')"
    y = f"regexp_replace({y}, '^1er\\b', '1')"
    for numero, motif in enumerate(MOIS, 1):
        y = f"regexp_replace({y}, '[ ./-]*\\b{motif}\\b[ ./-]*', '/{numero:02}/')"
    if mois:
        y = f"regexp_replace({y}, '^/', '01/')"
    y = etape(f"CASE WHEN {_full(x, _SIMPLE)} THEN NULL WHEN {_full(x, _LETTRES)} THEN {y} END")
    entiere, courte = _full(y, "[0-9]{1,2}/[0-9]{2}/[0-9]{4}"), _full(y, "[0-9]{1,2}/[0-9]{2}/[0-9]{2}")
    return (
        f"CASE WHEN {entiere} THEN CAST(try_strptime({y}, {quote(_JOUR_D_ABORD)}) AS DATE) "
        f"WHEN {courte} THEN {_of_two_digits(y, _JOUR_D_ABORD, champ, reference)} END"
    )


def _month(x: str, champ: Champ, reference: str, etape: Etape, *, mois_d_abord: bool) -> str:
    """First day of a month: `03/2015`, `2015-03`, `03/15`, or any date of that month."""
    premier = etape(f"translate('01/' || {x}, '.-', '//')")
    longue = f"CAST(try_strptime({premier}, {quote(_JOUR_D_ABORD)}) AS DATE)"
    courte = _of_two_digits(premier, _JOUR_D_ABORD, champ, reference)
    entiere = _in_figures(x, champ, reference, etape, mois_d_abord=mois_d_abord)
    en_lettres = _spelled(x, champ, reference, etape, mois=True)
    return (
        f"CASE WHEN {_full(x, '[0-9]{2}/[0-9]{4}')} "
        f"THEN try_cast(substr({x}, 4, 4) || '-' || substr({x}, 1, 2) || '-01' AS DATE) "
        f"WHEN {_full(x, '[0-9]{4}[-/.][0-9]{1,2}')} "
        f"THEN CAST(try_strptime(translate({x}, '.-', '//') || '/01', '%Y/%m/%d') AS DATE) "
        f"WHEN {_full(x, '[0-9]{1,2}[-/.][0-9]{4}')} THEN {longue} "
        f"WHEN {_full(x, '[0-9]{1,2}[-/.][0-9]{2}')} THEN {courte} "
        f"WHEN {_full(x, '(?:19|20)[0-9]{4}')} THEN CAST(try_strptime({x} || '01', '%Y%m%d') AS DATE) "
        f"WHEN {_full(x, '[0-9.,]+')} AND NOT {_full(x, _NUMERO)} THEN NULL "
        f"WHEN {_full(x, _LETTRES)} THEN CAST(date_trunc('month', {en_lettres}) AS DATE) "
        f"ELSE CAST(date_trunc('month', {entiere}) AS DATE) END"
    )


def _year(x: str, champ: Champ, reference: str, etape: Etape) -> str:
    """A year; of two digits where the column has bounds that say of which century it may be."""
    # A spreadsheet may show a year as the first day of it.
    datee = (
        f"CASE WHEN {_full(x, '[0-9]{4}-[0-9]{2}-[0-9]{2}(?:[ T].*)?')} THEN left({x}, 4) "
        f"WHEN {_full(x, '[0-9]{1,2}[/.][0-9]{1,2}[/.][0-9]{4}')} THEN right({x}, 4) ELSE {x} END"
    )
    entiere = _integer(f"({datee})", champ.type_duckdb, etape)
    if champ.min is None:
        return entiere
    siecles = [f"CAST({siecle}00 + CAST({x} AS INTEGER) AS INTEGER)" for siecle in (20, 19)]
    deux = _in_its_century(champ, reference, *siecles, annee=True)
    return f"CASE WHEN {_full(x, '[0-9]{2}')} THEN {deux} ELSE {entiere} END"


def _list(x: str) -> str:
    liste = f"regexp_replace(trim(translate({x}, ';|/+ ', ',,,,,'), ','), ',+', ',', 'g')"
    return f"regexp_replace({liste}, '\\b0+([1-9])', '\\1', 'g')"


def _text(x: str) -> str:
    """Text as it is; a formula is refused, so that no spreadsheet ever runs one that came with the data."""
    return f"CASE WHEN {x}[1] IN ('=', '@') THEN NULL ELSE {x} END"


def _simple(type_: str, x: str, etape: Etape) -> str:
    if type_ == "personne":
        return hmac_sql(identifiants.request_number(x))
    if type_ in identifiants.FONCTIONS:
        return identifiants.FONCTIONS[type_](x)
    return _real(x, etape) if type_ == "reel" else _text(x)


def _convert(
    champ: Champ,
    x: str,
    reference: str = "CAST(NULL AS DATE)",
    etape: Etape = _in_place,
    *,
    mois_d_abord: bool = False,
) -> str:
    if champ.selon:
        cas = " ".join(
            f"WHEN {quote(valeur)} THEN {_simple(type_, x, etape)}"
            for valeur, type_ in champ.selon.types.items()
        )
        return f"CASE {ident(champ.selon.champ)} {cas} ELSE {_simple(champ.type, x, etape)} END"
    if champ.echelle:
        montant = next((m for unite, m in _MONTANTS.items() if (champ.unite or "").startswith(unite)), None)
        if montant is None:
            return _decimal(x, champ.type_duckdb, etape)
        return _amount(x, champ.type_duckdb, *montant, etape)
    if champ.type in {"entier", "grand_entier"}:
        return _integer(x, champ.type_duckdb, etape)
    if champ.type == "booleen":
        return (
            f"CASE WHEN {_in(f'lower({x})', _OUI)} THEN true WHEN {_in(f'lower({x})', _NON)} THEN false END"
        )
    if champ.type == "presence":
        return f"CASE WHEN regexp_full_match({_list(x)}, {quote(str(champ.motif))}) THEN true END"
    if champ.type == "annee":
        return _year(x, champ, reference, etape)
    if champ.etiquette:
        return _text(f"regexp_replace(lower(strip_accents({x})), '[\\s_]+', '_', 'g')")
    if champ.type in {"date", "mois"}:
        lire = _date if champ.type == "date" else _month
        return lire(x, champ, reference, etape, mois_d_abord=mois_d_abord)
    return _simple(champ.type, x, etape)


def lexical_form(champ: Champ) -> str | None:
    """Pattern of the texts that a column may hold, right or wrong; None where any text may be there."""
    if champ.codes:
        # A code without a digit looks like a name.
        formes = {re.sub("[0-9]", "0", re.sub("[A-Za-z]", "a", code)) for code in champ.codes}
        motifs = [
            "".join({"0": "[0-9]", "a": "[A-Za-z]"}.get(c, re.escape(c)) for c in forme)
            for forme in sorted(formes)
            if "0" in forme
        ]
        return "|".join(motifs) or None
    if champ.numerique and champ.type != "annee":
        # More digits than the column's greatest value has, and one: a date of birth is not shown for an age.
        chiffres = 9 if champ.max is None or isinstance(champ.max, str) else len(f"{champ.max:g}") + 1
        return rf"-?[0-9]{{1,{chiffres}}}(?:[.,][0-9]{{1,6}})? ?[€%]?"
    return _FORMES.get("date" if champ.type == "mois" else champ.type)


def _without_accents(texte: str) -> str:
    return "".join(c for c in unicodedata.normalize("NFKD", texte) if not unicodedata.combining(c))


def _numeric_tokens(champ: Champ, jetons: Sequence[str]) -> list[str]:
    if not champ.numerique:
        return []
    nombres = []
    for jeton in jetons:
        try:
            nombres.append(str(float(jeton)).removesuffix(".0"))
        except ValueError:
            continue
    return list(dict.fromkeys(nombres))


@cache
def _empty_labels() -> frozenset[str]:
    """What says « nothing » in a cell, as labels are compared: the same for every column of every file."""
    return frozenset(normalise_label(j) for j in identifiants.empty_tokens())


def _tokens(champ: Champ, jetons: Sequence[str], libelles: Collection[str]) -> str:
    """The trimmed text, NULL when it is one of the field's null tokens, or one of those of identifiers; a
    token that is a label of the field (`NR`: non réservé) is that label."""
    nom = ident(champ.nom)
    vides = {normalise_label(j) for j in jetons} | _empty_labels()
    if dits := sorted({normalise_label(libelle) for libelle in libelles} & vides):
        reste = _tokens(champ, jetons, ())
        return f"CASE WHEN {_in(f'lower(strip_accents({nom}))', dits)} THEN {nom} ELSE {reste} END"
    if champ.nomme:
        vide = identifiants.emptied(nom)
    elif champ.texte_libre or champ.decisif:
        # A name may be any word: there is a commune for most of them.
        vide = nom
    else:
        # What begins with a digit is a value, and nearly every cell; a date of zeros is none.
        chiffre = f"regexp_full_match({nom}, '[0 ./-]+')" if champ.type in {"date", "mois"} else "false"
        sure = _in(nom, ("oui", "non", *(champ.codes or {})))
        vide = (
            f"CASE WHEN ascii({nom}) BETWEEN 49 AND 57 OR {sure} THEN {nom} "
            f"WHEN {chiffre} THEN NULL ELSE {identifiants.emptied(nom, valeur=True)} END"
        )
    if not jetons:
        return vide
    return f"CASE WHEN {vide} IS NULL THEN NULL ELSE {_tokens_of(nom, jetons)} END"


def _tokens_of(nom: str, jetons: Sequence[str]) -> str:
    if not jetons:
        return nom
    bas = [j.lower() for j in jetons]
    sans_doublon = list(dict.fromkeys(bas + [_without_accents(j) for j in bas]))
    return f"CASE WHEN {_in(f'lower({nom})', sans_doublon)} THEN NULL ELSE {nom} END"


def _translate(champ: Champ, valeurs: Mapping[str, str], expression: str) -> str:
    """Labels to codes, compared without case, accents nor double spaces; codes themselves without case."""
    explicites = {normalise_label(k): v for k, v in valeurs.items()}
    table = {normalise_label(c): c for c in champ.codes or {}} | explicites
    if not table:
        return expression
    cle = f"lower(strip_accents({expression}))"
    if any(" " in k for k in table):
        cle = f"regexp_replace({cle}, '\\s+', ' ', 'g')"
    if any(k.isdigit() for k in table):
        # A code that a spreadsheet took for a number: `2.0`, `02`.
        cle = f"regexp_replace(regexp_replace({cle}, '[.,]0+$', ''), '^0+([0-9])', '\\1')"
    par_valeur: dict[str, list[str]] = {}
    for k, v in table.items():
        par_valeur.setdefault(v, []).append(k)
    # Codes written as they should be, nearly all of them, do not go through the slower comparison.
    justes = [c for c in champ.codes or {} if explicites.get(normalise_label(c), c) == c]
    cas = f"WHEN {_in(expression, justes)} THEN {expression} " if justes else ""
    cas += " ".join(f"WHEN {_in(cle, ks)} THEN {quote(v)}" for v, ks in par_valeur.items())
    # What is no code of a coded column is nothing that its readers know.
    autre = "NULL" if champ.codes else expression
    return f"CASE {cas} ELSE {autre} END"


@dataclass(frozen=True)
class Requete:
    """The normalising query and the fields it produces, in order."""

    sql: str
    champs: tuple[Champ, ...]
    multiplie: bool  # one line of the file may give several rows


@dataclass(frozen=True)
class CelluleCorrigee:
    """A correction in terms of SQL: values of the key fields, the cell's text today, its new text."""

    cle: Mapping[str, str]
    colonne: str
    attendu: str | None
    nouveau: str | None
    remplace: bool


def build_query(
    produit: Produit,
    appariement: Appariement,
    relation: str,
    millesime: int | None,
    *,
    ligne: bool,
    corrections: Sequence[CelluleCorrigee] = (),
    mois_d_abord: Collection[str] = (),
) -> Requete:
    """The query that reads raw cells and gives typed fields and `_rejets`.

    `_ligne` is there when the relation has it, `_corrections` (items: rank, then `+` or `-`) when some are
    given. A cell that is unreadable or impossible is NULL; `_rejets` says which, by which rule. The month
    comes first in the date columns of `mois_d_abord` (`12/25/2021`).
    """
    c = appariement.correspondance
    base, bruts, surs = _raw_expressions(appariement, relation, millesime)
    tous = (*produit.champs, *_COMMUNS)
    champs = [f for f in tous if f.nom in bruts]
    gardee = ["_ligne"] if ligne else []
    # Values that come from the mapping and not from a cell need no cleaning: they cross the layers as is.
    gardee += [f"CAST({surs[f.nom]} AS {f.type_duckdb}) AS {ident(f.nom)}" for f in tous if f.nom in surs]
    portees = (["_ligne"] if ligne else []) + [ident(f.nom) for f in tous if f.nom in surs]
    noms = [ident(f.nom) for f in champs]
    bruts_gardes = [ident("t_" + f.nom) for f in champs]

    nettoyes = {f.nom: (_trimmed if f.texte_libre else identifiants.cleaned)(bruts[f.nom]) for f in champs}
    sql = _layer(gardee, _named(nettoyes), base)
    if corrections:
        sql = _layer(portees, _corrected(champs, surs, corrections), sql)
        portees = [*portees, "_corrections"]
    jetons = {f.nom: (*produit.nuls, *f.nuls, *c.nuls.get(f.nom, ())) for f in champs}
    libelles = {f.nom: {**f.valeurs, **c.valeurs.get(f.nom, {})} for f in champs}
    sql = _layer(portees, _named({f.nom: _tokens(f, jetons[f.nom], libelles[f.nom]) for f in champs}), sql)
    traduits = {f.nom: _translate(f, libelles[f.nom], ident(f.nom)) for f in champs}
    textes = [f"{nom} AS {brut}" for nom, brut in zip(noms, bruts_gardes, strict=True)]
    sql = _layer(portees, [*textes, *_named(traduits)], sql)
    reference = _reference(millesime, "millesime" in bruts, "millesime" in surs)
    etapes: dict[str, str] = {}
    convertis = {
        f.nom: _scaled(
            f,
            c.echelles.get(f.nom),
            _convert(
                f,
                ident(f.nom),
                reference,
                partial(_in_layer, f.nom, etapes),
                mois_d_abord=f.nom in mois_d_abord,
            ),
        )
        for f in champs
    }
    textes_intermediaires = [f"{expression} AS {ident(nom)}" for expression, nom in etapes.items()]
    sql = _layer([*portees, *bruts_gardes, *noms], textes_intermediaires, sql)
    sql = _layer(portees, [*bruts_gardes, *_named(convertis)], sql)
    nombres = {f.nom: _numeric_tokens(f, jetons[f.nom]) for f in champs}
    sql = _layer(portees, [*_without_numeric_tokens(champs, nombres)], sql)
    debut = [nom for nom in portees if nom in {"_ligne", "_corrections"}]
    defauts = {
        f.nom: _conditions(produit, f, _own_reference(reference, "millesime" in bruts)) for f in champs
    }
    sql = _layer(debut, [*_final(produit, defauts, set(surs)), _rejects(produit, champs, defauts)], sql)
    if any(r.cellules for r in produit.regles):
        sql = _layer(debut, _obeying(produit, tous), sql)
    return Requete(sql, tous, bool(c.depivot or c.eclater))


def _named(expressions: Mapping[str, str]) -> list[str]:
    return [f"{expression} AS {ident(nom)}" for nom, expression in expressions.items()]


def _reference(millesime: int | None, lu: bool, sur: bool) -> str:
    """SQL of the date against which the dates of a file are judged: the end of its vintage, since the date of
    its extraction may come from a name that changes without its content."""
    if lu:
        annee = ident("millesime")
        return f"CASE WHEN {_full(annee, '[0-9]{4}')} THEN make_date(CAST({annee} AS INTEGER), 12, 31) END"
    if sur and millesime is not None:
        return f"DATE '{millesime}-12-31'"
    return "CAST(NULL AS DATE)"


def _own_reference(reference: str, lu: bool) -> str:
    """The same once vintages are numbers."""
    return f"make_date({ident('millesime')}, 12, 31)" if lu and reference.startswith("CASE") else reference


def _scaled(champ: Champ, facteur: float | None, valeur: str) -> str:
    return valeur if facteur is None else f"try_cast({valeur} * {facteur:g} AS {champ.type_duckdb})"


def _layer(portees: Sequence[str], expressions: Sequence[str], source: str) -> str:
    return f"SELECT {', '.join([*portees, *expressions])} FROM ({source})"


def _corrected(
    champs: Sequence[Champ], surs: Mapping[str, str], corrections: Sequence[CelluleCorrigee]
) -> list[str]:
    """The cells with their corrections; `_corrections` says which met their row, and as expected or not."""
    par_nom = {f.nom: f for f in champs}
    nouvelles = {f.nom: "" for f in champs}
    marques = []
    for rang, c in enumerate(corrections):
        if c.colonne not in par_nom or not set(c.cle) <= set(par_nom) | set(surs):
            continue
        lues = {n: _convert(par_nom[n], ident(n)) if n in par_nom else ident(n) for n in c.cle}
        trouvee = " AND ".join(f"CAST({lues[n]} AS VARCHAR) = {quote(v)}" for n, v in c.cle.items())
        attendu = "NULL" if c.attendu is None else quote(c.attendu)
        juste = f"{ident(c.colonne)} IS NOT DISTINCT FROM {attendu}"
        marque = f"CASE WHEN {juste} THEN '{rang}+' ELSE '{rang}-' END"
        marques.append(f"CASE WHEN {trouvee} THEN {marque} END")
        if c.remplace:
            nouveau = "NULL" if c.nouveau is None else quote(c.nouveau)
            nouvelles[c.colonne] += f" WHEN {trouvee} AND {juste} THEN {nouveau}"
    cellules = [
        f"CASE{cas} ELSE {ident(nom)} END AS {ident(nom)}" if cas else ident(nom)
        for nom, cas in nouvelles.items()
    ]
    toutes = f"nullif(concat_ws(',', {', '.join(marques)}), '')" if marques else "CAST(NULL AS VARCHAR)"
    return [*cellules, f"{toutes} AS _corrections"]


def _without_numeric_tokens(champs: Sequence[Champ], nombres: Mapping[str, Sequence[str]]) -> list[str]:
    """Numbers that stand for nothing (`9999,00`), emptied, and the texts that they come from."""
    expressions = {}
    for f in champs:
        valeur, brut = ident(f.nom), ident("t_" + f.nom)
        dits = ", ".join(f"CAST({nombre} AS {f.type_duckdb})" for nombre in nombres[f.nom])
        for nom, expression in ((f.nom, valeur), ("t_" + f.nom, brut)):
            expressions[nom] = (
                f"CASE WHEN {valeur} IN ({dits}) THEN NULL ELSE {expression} END" if dits else expression
            )
    return _named(expressions)


def _conditions(produit: Produit, champ: Champ, reference: str) -> dict[str, str]:
    """What makes a cell unreadable or impossible, by name of rule; conditions over its text and its value."""
    valeur, brut = ident(champ.nom), ident("t_" + champ.nom)
    trouvees = {CODE if champ.codes else TYPE: f"{brut} IS NOT NULL AND {valeur} IS NULL"}
    for regle, signe, borne in ((MINIMUM, "<", champ.min), (MAXIMUM, ">", champ.max)):
        if borne is not None:
            limite = _bound(borne, reference, annee=champ.type == "annee")
            trouvees[regle] = f"{valeur} {signe} {limite}"
    if champ.motif is not None and champ.type != "presence":
        trouvees[FORME] = f"NOT regexp_matches({valeur}, {quote(f'^(?:{champ.motif})')})"
    if produit.personnel and champ.texte_libre:
        motifs = "|".join(f"(?:{m})" for m in identifiants.personal_patterns().values())
        trouvees[PERSONNEL] = f"regexp_matches({valeur}, {quote(f'(?i){motifs}')})"
    return trouvees


def _final(produit: Produit, defauts: Mapping[str, Mapping[str, str]], surs: Collection[str]) -> list[str]:
    """Every field of the product: converted, emptied when impossible, defaulted, or an empty one of the right
    type when the file lacks it."""
    expressions = {}
    for f in (*produit.champs, *_COMMUNS):
        valeur = ident(f.nom) if f.nom in defauts or f.nom in surs else f"CAST(NULL AS {f.type_duckdb})"
        impossibles = [c for regle, c in defauts.get(f.nom, {}).items() if regle not in {TYPE, CODE}]
        if impossibles:
            valeur = f"CASE WHEN {' OR '.join(impossibles)} THEN NULL ELSE {valeur} END"
        if f.defaut is not None:
            valeur = f"coalesce({valeur}, CAST({quote(f.defaut)} AS {f.type_duckdb}))"
        expressions[f.nom] = valeur
    return _named(expressions)


def _shown(produit: Produit, champ: Champ) -> str:
    """The refused text as the quarantine may keep it: of a file about persons, only what has the form of its
    column."""
    brut = ident("t_" + champ.nom)
    if champ.type == "personne":
        return quote(MASQUE)
    if not produit.personnel:
        # A value may hold anything, the separators of `_rejets` included.
        return f"translate({brut}, {quote(SEPARATEUR_REJETS + SEPARATEUR_VALEUR)}, '')"
    forme = lexical_form(champ)
    return (
        quote(MASQUE)
        if forme is None
        else f"CASE WHEN {_full(brut, forme)} THEN {brut} ELSE {quote(MASQUE)} END"
    )


def _rejects(produit: Produit, champs: Sequence[Champ], defauts: Mapping[str, Mapping[str, str]]) -> str:
    """Column `_rejets`: `field RS rule RS value` items for the cells that hold something and give nothing."""
    items, toutes = [], []
    for f in champs:
        conditions = defauts[f.nom]
        toutes += [f"({c})" for c in conditions.values()]
        valeur = _shown(produit, f)
        cas = " ".join(
            f"WHEN {condition} THEN {quote(SEPARATEUR_VALEUR.join((f.nom, regle, '')))} || "
            f"{quote(MASQUE) if regle == PERSONNEL else valeur}"
            for regle, condition in conditions.items()
        )
        if cas:
            items.append(f"CASE {cas} END")
    if not items:
        return "CAST(NULL AS VARCHAR) AS _rejets"
    details = f"concat_ws({quote(SEPARATEUR_REJETS)}, {', '.join(items)})"
    return f"CASE WHEN {' OR '.join(toutes)} THEN {details} END AS _rejets"


def _obeying(produit: Produit, tous: Sequence[Champ]) -> list[str]:
    """The rows once the rules between columns have emptied the cells that they name, and said so."""
    regles = [r for r in produit.regles if r.cellules]
    rompues = {r.nom: f"NOT coalesce({r.sql}, true)" for r in regles}
    expressions = {}
    for f in tous:
        siennes = [rompues[r.nom] for r in regles if f.nom in r.cellules]
        nom = ident(f.nom)
        expressions[f.nom] = f"CASE WHEN {' OR '.join(siennes)} THEN NULL ELSE {nom} END" if siennes else nom
    items = ", ".join(f"CASE WHEN {rompues[r.nom]} THEN {_broken(produit, r)} END" for r in regles)
    rejets = f"nullif(concat_ws({quote(SEPARATEUR_REJETS)}, _rejets, {items}), '')"
    rompue = " OR ".join(rompues.values())
    return [*_named(expressions), f"CASE WHEN {rompue} THEN {rejets} ELSE _rejets END AS _rejets"]


def _broken(produit: Produit, regle: Regle) -> str:
    libres = (
        {f.nom for f in produit.champs if f.texte_libre or f.type == "personne"}
        if produit.personnel
        else set()
    )
    valeurs = ", ".join(
        quote(MASQUE) if nom in libres else f"coalesce(CAST({ident(nom)} AS VARCHAR), '')"
        for nom in regle.colonnes
    )
    tete = SEPARATEUR_VALEUR.join((", ".join(regle.colonnes), regle.nom, ""))
    return f"{quote(tete)} || concat_ws(' | ', {valeurs})"


def _raw_expressions(
    appariement: Appariement, relation: str, millesime: int | None
) -> tuple[str, dict[str, str], dict[str, str]]:
    """The relation after unpivoting or exploding, the cell of each field, and the fields the mapping itself
    gives."""
    c = appariement.correspondance
    bruts = {champ: f"c{p}" for champ, p in appariement.positions.items()}
    surs = {}
    contexte = {"correspondance": c.correspondance, "millesime": "" if millesime is None else str(millesime)}
    for champ, modele in c.constantes.items():
        surs[champ] = quote(modele.format_map(contexte))
    for champ, d in c.derives.items():
        if champ in appariement.derivees:
            brut = f"trim(c{appariement.derivees[champ]})"
            cas = " ".join(f"WHEN regexp_matches({brut}, {quote(m)}) THEN {quote(v)}" for m, v in d.motifs)
            defaut = "NULL" if d.defaut is None else quote(d.defaut)
            surs[champ] = f"CASE {cas} ELSE {defaut} END"
        elif d.defaut is not None:
            surs[champ] = quote(d.defaut)
    if c.depivot:
        relation = f"({_unpivot(appariement, relation)})"
        _unpivoted(appariement, bruts, surs)
    if c.eclater:
        champ = c.eclater.champ
        if c.eclater.separateur is not None:
            cellule = bruts[champ]
            liste = f"string_split({cellule}, {quote(c.eclater.separateur)})"
            items = f"CASE WHEN {cellule} IS NULL THEN [NULL] ELSE {liste} END"
        else:
            cellules = ", ".join(f"nullif(trim(c{p}), '')" for p in appariement.eclatees)
            # A line whose columns are all empty still gives one row, with an empty value.
            liste = f"list_filter([{cellules}], lambda v: v IS NOT NULL)"
            items = f"CASE WHEN len({liste}) = 0 THEN [NULL] ELSE {liste} END"
        relation = f"(SELECT *, unnest({items}) AS u FROM {relation})"
        bruts[champ] = "u"
    if "millesime" not in bruts and millesime is not None:
        surs["millesime"] = str(millesime)
    bruts = {champ: cellule for champ, cellule in bruts.items() if champ not in surs}
    return f"SELECT * FROM {relation}", bruts, surs


def _unpivot(appariement: Appariement, relation: str) -> str:
    """One row per wide column of each line: `v` its cell, `f_x` what it fixes, `a_x` cells read with it."""
    avec = sorted({champ for _, _, autres in appariement.longues for champ in autres})
    fixes = sorted({champ for longue, _, _ in appariement.longues for champ in longue.fixe})
    structures = []
    for longue, position, autres in appariement.longues:
        cellules = [f"v: c{position}"]
        for champ in fixes:
            valeur = quote(longue.fixe[champ]) if champ in longue.fixe else "NULL"
            cellules.append(f"{ident('f_' + champ)}: CAST({valeur} AS VARCHAR)")
        for champ in avec:
            cellules.append(f"{ident('a_' + champ)}: {f'c{autres[champ]}' if champ in autres else 'NULL'}")
        structures.append("{" + ", ".join(cellules) + "}")
    return (
        f"SELECT * EXCLUDE (m), m.* FROM (SELECT *, unnest([{', '.join(structures)}]) AS m FROM {relation})"
    )


def _unpivoted(appariement: Appariement, bruts: dict[str, str], surs: dict[str, str]) -> None:
    """Add the fields that unpivoting gives."""
    depivot = appariement.correspondance.depivot
    if depivot is None:
        return
    for champ in sorted({champ for longue, _, _ in appariement.longues for champ in longue.fixe}):
        surs[champ] = ident("f_" + champ)
    for champ in sorted({champ for _, _, autres in appariement.longues for champ in autres}):
        bruts[champ] = ident("a_" + champ)
    bruts[depivot.valeur] = "v"
    statuts = {k.lower(): s for k, s in depivot.statuts.items()}
    if statuts and depivot.statut:
        cellule = f"lower(coalesce({_trimmed('v')}, ''))"
        bruts[depivot.valeur] = f"CASE WHEN {_in(cellule, list(statuts))} THEN NULL ELSE v END"
        cas = " ".join(f"WHEN {quote(k)} THEN {quote(s)}" for k, s in statuts.items())
        statut = f"CASE {cellule} {cas} ELSE 'publie' END"
        if depivot.statut in bruts:
            dits = " ".join(
                f"WHEN {quote(k.lower())} THEN {quote(s)}" for k, s in depivot.statuts_colonne.items()
            )
            statut = f"CASE lower(trim({bruts[depivot.statut]})) {dits} ELSE {statut} END"
        surs[depivot.statut] = statut
