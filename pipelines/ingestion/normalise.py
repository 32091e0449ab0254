"""SQL that turns raw text cells into typed values, one expression per semantic type.

Each field goes through the same steps: trim, null tokens, translation of labels, conversion. A cell that
holds something and converts to nothing is written in `_rejets`, so that the row is refused with its column
and value. Whether a converted value is acceptable belongs in `validation`.
"""

import unicodedata
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from pipelines.ingestion.correspondances import Appariement, normalise_label
from pipelines.ingestion.declarations import Champ, Produit, ident, quote
from pipelines.ingestion.pseudonymes import hmac_sql

MASQUE = "(masqué)"
SEPARATEUR_REJETS = "\x1f"
SEPARATEUR_VALEUR = "\x1e"

_ESPACES = " \t\r\n\u00a0\u202f\u2009\ufeff"
_BRUITS_DE_NOMBRE = " \t\u00a0\u202f\u2009€%'"
_OUI = ("oui", "o", "vrai", "true", "t", "yes", "y", "1", "1.0", "x")
_NON = ("non", "n", "faux", "false", "f", "no", "0", "2", "0.0", "2.0")
_COMMUNE = "^(0[1-9]|[1-8][0-9]|9[0-8]|2[AB])[0-9]{3}$"
_QPV = "^(QP[0-9]{2}[0-9AB][0-9]{3}|QN[0-9]{2}[0-9AB][0-9]{2}[MINC])$"
# What a file may say of itself, row by row, whatever the product.
_COMMUNS = (
    Champ(nom="millesime", type="annee", description="Millésime"),
    Champ(nom="date_extraction", type="date", description="Date de l'extraction"),
)


def _in(expression: str, valeurs: Sequence[str]) -> str:
    return f"{expression} IN ({', '.join(quote(v) for v in valeurs)})"


def _trimmed(x: str) -> str:
    """Text without spaces of any kind around it, NULL when nothing is left.

    `="06029"`, a spreadsheet's way to keep zeros, is unwrapped. `trim` with a list of characters is slow: it
    is called for the rare cells that need it.
    """
    fins = " AND ".join(f"NOT suffix({x}, {quote(e)})" for e in " \t\u00a0\u202f")
    propre = f"ascii({x}) > 32 AND ascii({x}) NOT IN (61, 160, 8201, 8239, 65279) AND {fins}"
    nettoye = f"trim(regexp_replace(trim({x}, {quote(_ESPACES)}), '^=\"(.*)\"$', '\\1'), {quote(_ESPACES)})"
    return f"CASE WHEN {propre} THEN {x} ELSE nullif({nettoye}, '') END"


def _number(x: str) -> str:
    """Text of a number: decimal comma or dot, spaces of any width, €, % and typographic minus removed."""
    return f"translate({x}, {quote(',−' + _BRUITS_DE_NOMBRE)}, '.-')"


def _decimal(x: str, type_duckdb: str) -> str:
    # A cast that fails is slow in DuckDB: plain numbers are tried first, with their comma already turned.
    simple = f"try_cast(replace({x}, ',', '.') AS {type_duckdb})"
    return f"coalesce({simple}, try_cast({_number(x)} AS {type_duckdb}))"


def _real(x: str) -> str:
    reel = _decimal(x, "DOUBLE")
    return f"CASE WHEN isfinite({reel}) THEN {reel} END"


def _integer(x: str, type_duckdb: str) -> str:
    reel = f"try_cast({_number(x)} AS DOUBLE)"
    return (
        f"CASE WHEN regexp_full_match({x}, '-?[0-9]{{1,9}}') THEN CAST({x} AS {type_duckdb}) "
        f"WHEN isfinite({reel}) AND floor({reel}) = {reel} THEN try_cast({reel} AS {type_duckdb}) END"
    )


def _date(x: str) -> str:
    iso = f"try_cast(substr({x}, 1, 10) AS DATE)"
    francaise = f"try_cast(substr({x}, 7, 4) || '-' || substr({x}, 4, 2) || '-' || substr({x}, 1, 2) AS DATE)"
    autres = f"CAST(try_strptime({x}, ['%d/%m/%Y', '%d-%m-%Y', '%d.%m.%Y', '%Y/%m/%d', '%Y%m%d']) AS DATE)"
    entiere = f"(length({x}) = 10 OR substr({x}, 11, 1) IN (' ', 'T'))"
    return (
        f"CASE WHEN {entiere} AND substr({x}, 5, 1) = '-' AND substr({x}, 8, 1) = '-' THEN {iso} "
        f"WHEN {entiere} AND substr({x}, 3, 1) = '/' AND substr({x}, 6, 1) = '/' THEN {francaise} "
        f"ELSE {autres} END"
    )


def _month(x: str) -> str:
    return (
        f"CASE WHEN length({x}) = 7 AND substr({x}, 3, 1) = '/' "
        f"THEN try_cast(substr({x}, 4, 4) || '-' || substr({x}, 1, 2) || '-01' AS DATE) "
        f"WHEN length({x}) = 6 AND substr({x}, 2, 1) = '/' "
        f"THEN try_cast(substr({x}, 3, 4) || '-0' || substr({x}, 1, 1) || '-01' AS DATE) "
        f"WHEN length({x}) = 7 AND substr({x}, 5, 1) = '-' THEN try_cast({x} || '-01' AS DATE) "
        f"ELSE CAST(date_trunc('month', {_date(x)}) AS DATE) END"
    )


def _code(x: str) -> str:
    """A code that a spreadsheet may have turned into a number: upper case, no `.0`."""
    return f"upper(CASE WHEN suffix({x}, '.0') THEN substr({x}, 1, length({x}) - 2) ELSE {x} END)"


def _commune(x: str) -> str:
    code = _code(x)
    complete = f"CASE WHEN length({code}) = 4 THEN '0' || {code} ELSE {code} END"
    motif = quote(_COMMUNE)
    return (
        f"CASE WHEN regexp_full_match({x}, {motif}) THEN {x} "
        f"WHEN regexp_full_match({complete}, {motif}) THEN {complete} END"
    )


def _departement(x: str) -> str:
    code = _code(x)
    court = (
        f"CASE WHEN length({code}) = 1 THEN '0' || {code} "
        f"WHEN length({code}) = 3 AND {code}[1] = '0' THEN substr({code}, 2) ELSE {code} END"
    )
    return f"CASE WHEN regexp_full_match({court}, '[0-9]{{2,3}}|2[AB]') THEN {court} END"


def _region(x: str) -> str:
    code = _code(x)
    complet = f"CASE WHEN length({code}) = 1 THEN '0' || {code} ELSE {code} END"
    return f"CASE WHEN regexp_full_match({code}, '[0-9]{{1,3}}') THEN {complet} END"


def _siren(x: str) -> str:
    chiffres = f"translate({_code(x)}, {quote(' .' + _ESPACES)}, '')"
    return (
        f"CASE WHEN regexp_full_match({x}, '[0-9]{{9}}([0-9]{{5}})?') THEN substr({x}, 1, 9) "
        f"WHEN NOT regexp_full_match({chiffres}, '[0-9]+') THEN NULL "
        f"WHEN length({chiffres}) IN (13, 14) THEN substr(lpad({chiffres}, 14, '0'), 1, 9) "
        f"WHEN length({chiffres}) = 9 THEN {chiffres} WHEN length({chiffres}) = 8 THEN '0' || {chiffres} END"
    )


def _qpv(x: str) -> str:
    return f"CASE WHEN regexp_full_match(upper({x}), {quote(_QPV)}) THEN upper({x}) END"


def _iris(x: str) -> str:
    code = _code(x)
    complet = f"CASE WHEN length({code}) = 8 THEN '0' || {code} ELSE {code} END"
    return f"CASE WHEN regexp_full_match({complet}, '[0-9][0-9AB][0-9]{{7}}') THEN {complet} END"


def _territory(x: str) -> str:
    """Code of a territory of any level: the zero a spreadsheet took from 1004 or 10040101 is put back."""
    code = f"CASE WHEN suffix({x}, '.0') THEN substr({x}, 1, length({x}) - 2) ELSE {x} END"
    perdu = f"regexp_full_match({code}, '[0-9]|[0-9]{{4}}|[0-9]{{8}}')"
    return f"CASE WHEN {perdu} THEN '0' || {code} ELSE {code} END"


def _list(x: str) -> str:
    return f"regexp_replace(trim(translate({x}, ';|/+ ', ',,,,,'), ','), ',+', ',', 'g')"


def _text(x: str) -> str:
    """Text as it is; a formula is refused, so that no spreadsheet ever runs one that came with the data."""
    return f"CASE WHEN {x}[1] IN ('=', '@') THEN NULL ELSE {x} END"


def _convert(champ: Champ, x: str) -> str:
    if champ.echelle:
        return _decimal(x, champ.type_duckdb)
    if champ.type in {"entier", "grand_entier", "annee"}:
        return _integer(x, champ.type_duckdb)
    if champ.type == "reel":
        return _real(x)
    if champ.type == "booleen":
        return (
            f"CASE WHEN {_in(f'lower({x})', _OUI)} THEN true WHEN {_in(f'lower({x})', _NON)} THEN false END"
        )
    if champ.type == "personne":
        # Same cleaning as `pseudonymes.pseudonym`.
        return hmac_sql(f"upper(regexp_replace({x}, '\\s+', '', 'g'))")
    return {
        "texte": _text,
        "commune": _commune,
        "departement": _departement,
        "region": _region,
        "siren": _siren,
        "qpv": _qpv,
        "iris": _iris,
        "territoire": _territory,
        "liste": _list,
        "date": _date,
        "mois": _month,
    }[champ.type](x)


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


def _tokens(champ: Champ, jetons: Sequence[str]) -> str:
    """The trimmed text, NULL when it is one of the field's null tokens."""
    nom = ident(champ.nom)
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
    par_valeur: dict[str, list[str]] = {}
    for k, v in table.items():
        par_valeur.setdefault(v, []).append(k)
    # Codes written as they should be, nearly all of them, do not go through the slower comparison.
    justes = [c for c in champ.codes or {} if explicites.get(normalise_label(c), c) == c]
    cas = f"WHEN {_in(expression, justes)} THEN {expression} " if justes else ""
    cas += " ".join(f"WHEN {_in(cle, ks)} THEN {quote(v)}" for v, ks in par_valeur.items())
    return f"CASE {cas} ELSE {expression} END"


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
) -> Requete:
    """The query that reads raw cells and gives typed fields and `_rejets`.

    `_ligne` is there when the relation has it, `_corrections` (items: rank, then `+` or `-`) when some are
    given.
    """
    c = appariement.correspondance
    base, bruts, surs = _raw_expressions(appariement, relation, millesime)
    tous = (*produit.champs, *_COMMUNS)
    champs = [f for f in tous if f.nom in bruts]
    gardee = ["_ligne"] if ligne else []
    # Values that come from the mapping and not from a cell need no cleaning: they cross the layers as is.
    gardee += [f"CAST({surs[f.nom]} AS {f.type_duckdb}) AS {ident(f.nom)}" for f in tous if f.nom in surs]
    portees = (["_ligne"] if ligne else []) + [ident(f.nom) for f in tous if f.nom in surs]

    sql = _layer(gardee, [f"{_trimmed(bruts[f.nom])} AS {ident(f.nom)}" for f in champs], base)
    if corrections:
        sql = _layer(portees, _corrected(champs, surs, corrections), sql)
        portees = [*portees, "_corrections"]
    jetons = {f.nom: (*produit.nuls, *f.nuls, *c.nuls.get(f.nom, ())) for f in champs}
    sql = _layer(portees, [f"{_tokens(f, jetons[f.nom])} AS {ident(f.nom)}" for f in champs], sql)
    traduits = {f.nom: _translate(f, {**f.valeurs, **c.valeurs.get(f.nom, {})}, ident(f.nom)) for f in champs}
    sql = _layer(portees, [f"{traduits[f.nom]} AS {ident(f.nom)}" for f in champs], sql)
    convertis = [f"{ident(f.nom)} AS {ident('t_' + f.nom)}" for f in champs]
    convertis += [f"{_convert(f, ident(f.nom))} AS {ident(f.nom)}" for f in champs]
    sql = _layer(portees, convertis, sql)
    debut = [nom for nom in portees if nom in {"_ligne", "_corrections"}]
    finales = [*_final(produit, c.nuls, champs, set(surs)), _rejects(champs)]
    return Requete(_layer(debut, finales, sql), tous, bool(c.depivot or c.eclater))


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


def _final(
    produit: Produit, nuls: Mapping[str, Sequence[str]], lus: Sequence[Champ], surs: Collection[str]
) -> list[str]:
    """Every field of the product: converted, defaulted, or an empty one of the right type when the file lacks
    it."""
    noms = {f.nom for f in lus}
    expressions = []
    for f in (*produit.champs, *_COMMUNS):
        valeur = ident(f.nom) if f.nom in noms or f.nom in surs else f"CAST(NULL AS {f.type_duckdb})"
        if f.nom in noms:
            for nombre in _numeric_tokens(f, (*produit.nuls, *f.nuls, *nuls.get(f.nom, ()))):
                valeur = f"nullif({valeur}, CAST({nombre} AS {f.type_duckdb}))"
        if f.defaut is not None:
            valeur = f"coalesce({valeur}, CAST({quote(f.defaut)} AS {f.type_duckdb}))"
        expressions.append(f"{valeur} AS {ident(f.nom)}")
    return expressions


def _rejects(champs: Sequence[Champ]) -> str:
    """Column `_rejets`: `field RS value` items for the cells that hold something and convert to nothing."""
    # An HMAC and a list always convert.
    faillibles = [f for f in champs if f.type not in {"personne", "liste"}]
    if not faillibles:
        return "CAST(NULL AS VARCHAR) AS _rejets"
    tests = {f.nom: f"({ident('t_' + f.nom)} IS NOT NULL AND {ident(f.nom)} IS NULL)" for f in faillibles}
    # A value may hold anything, the separators of this very column included.
    controle = quote(SEPARATEUR_REJETS + SEPARATEUR_VALEUR)
    items = ", ".join(
        f"CASE WHEN {tests[f.nom]} THEN {quote(f.nom + SEPARATEUR_VALEUR)} || "
        f"translate({ident('t_' + f.nom)}, {controle}, '') END"
        for f in faillibles
    )
    details = f"concat_ws({quote(SEPARATEUR_REJETS)}, {items})"
    return f"CASE WHEN {' OR '.join(tests.values())} THEN {details} END AS _rejets"


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
