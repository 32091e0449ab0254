"""One thing, one record: the rows of every file of a product that speak of the same thing become one.

What identifies a thing and how its states follow one another is declared with the product; the order of
paths and of rows decides nothing. Works on a connection that has the view of all rows (`LIGNES`), and leaves
tables beside it: which rows are records' origins, the merged records, what was in conflict. Reading one file
belongs in `fichier`; filling the tables of the warehouse, in `chargement`.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

import duckdb

from pipelines.errors import DonneesRefusees
from pipelines.ingestion.declarations import Champ, Produit, Rapprochement, ident, quote
from pipelines.ingestion.landing import settings

# Rows as read, of every file: fields, common columns, then `_ordre` (file), `_rang` (place in it) and `_sha`.
LIGNES = "enr_lignes"
# Rows that are not alone: `_groupe` (the thing), `_etat` (0 is the last), `_retenue`, `_origine`, `_repetee`.
GROUPES = "enr_groupes"
# One row per thing of several rows: the values kept, and where the record comes from.
RECORDS = "enr_records"
# What was set aside, value by value.
CONFLITS = "enr_conflits"
# Rows that could be two things.
AMBIGUS = "enr_ambigus"
# A variable of the connection: landlords that were absorbed, and by whom.
FUSIONS = "enr_fusions"

VALEURS_DIVERGENTES, DEUX_DECLARANTS = "valeurs_divergentes", "deux_declarants"
_LIEU = ("_ordre", "_rang")
_VERSION = ("millesime", "date_extraction")


@dataclass(frozen=True)
class Bilan:
    """How many things had several rows, and how many rows could be two things."""

    groupes: int
    ambigus: int


def resolve(
    con: duckdb.DuckDBPyConnection,
    produit: Produit,
    fusions: Mapping[str, str],
    absents: Sequence[Collection[str]],
    fichiers: Sequence[str],
) -> Bilan:
    """Find the things that several rows speak of, and make one record of each.

    Needs the view `LIGNES`; makes `GROUPES`, `RECORDS`, `CONFLITS` and `AMBIGUS`.

    Args:
        con: the connection that has the rows.
        produit: what the rows are.
        fusions: SIREN of the landlords that were absorbed, and of those that absorbed them.
        absents: the fields that each file lacks, by its number (`_ordre`).
        fichiers: their names, by number.

    Raises:
        DonneesRefusees: one file has too many lines of one key.
    """
    absorbes = dict(sorted(fusions.items()))
    con.execute(
        f"SET VARIABLE {FUSIONS} = map(?::VARCHAR[], ?::VARCHAR[])", [list(absorbes), list(absorbes.values())]
    )
    _find_groups(con, produit, fichiers)
    if produit.exemplaires:
        _count_copies(con, produit, absents)
    _order_states(con, produit)
    _merge(con, produit)
    _find_conflicts(con, produit)
    return Bilan(_count(con, RECORDS), _count(con, AMBIGUS))


def _count(con: duckdb.DuckDBPyConnection, table: str) -> int:
    ligne = con.execute(f"SELECT count(*) FROM {table}").fetchone()
    return int(ligne[0]) if ligne else 0


def _normalised(champ: Champ, x: str) -> str:
    """What is compared of a value: landlords after mergers, names without case, accents, articles, signs."""
    if champ.type == "siren":
        return f"coalesce(getvariable('{FUSIONS}')[{x}], {x})"
    if champ.type == "texte" and not champ.codes:
        sans_ligatures = f"replace(replace(lower(strip_accents({x})), 'œ', 'oe'), 'æ', 'ae')"
        sans_signes = f"regexp_replace({sans_ligatures}, '[^a-z0-9]+', ' ', 'g')"
        mots = "residence|resid|res|l|le|la|les|d|de|du|des"
        sans_articles = f"regexp_replace({sans_signes}, '\\b({mots})\\b', ' ', 'g')"
        seuls = [f"nullif(replace({y}, ' ', ''), '')" for y in (sans_articles, sans_signes)]
        return f"coalesce({', '.join(seuls)})"
    return x


def _find_groups(con: duckdb.DuckDBPyConnection, produit: Produit, fichiers: Sequence[str]) -> None:
    con.execute(f"CREATE OR REPLACE TEMP TABLE {AMBIGUS} (_ordre INTEGER, _rang BIGINT, _ligne BIGINT)")
    if not produit.cle:
        con.execute(
            f"CREATE OR REPLACE TEMP TABLE {GROUPES} AS SELECT *, 0::BIGINT AS _groupe FROM {LIGNES} LIMIT 0"
        )
        return
    repli = produit.rapprochement.repli if produit.rapprochement else {}
    lignes = _recall_keys(con, produit, produit.rapprochement) if produit.rapprochement else LIGNES
    cles = [
        f"coalesce(_commune_{c}, {ident(c)}, _{c}, {ident(repli[c])})" if c in repli else ident(c)
        for c in produit.cle
    ]
    ajoutees = ", ".join(f"_{c}, _commune_{c}" for c in repli)
    sans = f" EXCLUDE ({ajoutees})" if repli else ""
    noms = [f"k{i}" for i in range(len(cles))]
    definies = ", ".join(f"{x} AS {n}" for x, n in zip(cles, noms, strict=True))
    # A vintage or a date names nothing by itself.
    connue = " OR ".join(f"{ident(c)} IS NOT NULL" for c in produit.cle if c not in _VERSION)
    memes = " AND ".join(f"{x} IS NOT DISTINCT FROM k.{n}" for x, n in zip(cles, noms, strict=True))
    con.execute(
        "CREATE OR REPLACE TEMP TABLE enr_cles AS SELECT *, row_number() OVER () AS _groupe FROM ("
        f"SELECT {definies}, count(*) AS _nombre FROM {lignes} WHERE {connue} "
        "GROUP BY ALL HAVING count(*) > 1)"
    )
    limite = int(settings()["lignes_par_cle"])
    for ordre, nombre, premiere in con.execute(
        f"SELECT l._ordre, count(*) AS nombre, min(l._ligne) FROM {lignes} AS l INNER JOIN enr_cles AS k "
        f"ON {memes} WHERE ({connue}) AND k._nombre > {limite} GROUP BY l._ordre, k._groupe "
        f"HAVING nombre > {limite} ORDER BY ALL LIMIT 1"
    ).fetchall():
        raise DonneesRefusees(
            f"{fichiers[ordre]} : {nombre} lignes, dont la ligne {premiere}, ont la même clé "
            f"({', '.join(produit.cle)}), plus que les {limite} qu'une même chose peut avoir dans un "
            "fichier. Elles n'en feraient qu'une : une colonne de la clé est sans doute mal reconnue, ou "
            "recopiée vers le bas : corrigez-la, ou sa correspondance."
        )
    con.execute(
        f"CREATE OR REPLACE TEMP TABLE {GROUPES} AS SELECT l.*{sans}, k._groupe FROM {lignes} AS l "
        f"INNER JOIN enr_cles AS k ON {memes} WHERE {connue}"
    )
    if produit.rapprochement and _count(con, GROUPES):
        _tell_apart(con, produit, produit.rapprochement)


def _recall_keys(con: duckdb.DuckDBPyConnection, produit: Produit, r: Rapprochement) -> str:
    """The rows, with the key that those which lack one take from rows of the same thing (`_date_decision`),
    and the one that several share (`_commune_date_decision`).

    A person signs one object once on a day: two committees of one lease are one, the first. An export of
    leases may not say when the committee met. Its row is the candidate whose lease bears the
    same date, else the one chosen before for the same object and not yet signed; when several are, it is
    none.
    """
    lignes = LIGNES
    for manquant, signe in r.repli.items():
        f, g, objet = ident(manquant), ident(signe), ident(r.objet)
        autres = ", ".join(ident(c) for c in produit.cle if c != manquant)
        con.execute(
            f"CREATE OR REPLACE TEMP TABLE enr_sans_cle AS SELECT _ordre, _rang, _ligne, {autres}, {g}, "
            f"{objet} FROM {LIGNES} WHERE {f} IS NULL AND {g} IS NOT NULL"
        )
        con.execute(
            f"CREATE OR REPLACE TEMP TABLE enr_cles_communes AS SELECT {autres}, {objet}, {f}, "
            f"min(premiere) AS premiere FROM (SELECT {autres}, {objet}, {f}, "
            f"min({f}) OVER (PARTITION BY {autres}, {objet}, {g}) AS premiere FROM {LIGNES} "
            f"WHERE {f} IS NOT NULL AND {g} IS NOT NULL AND {objet} IS NOT NULL) "
            f"GROUP BY ALL HAVING min(premiere) < {f}"
        )
        # What the rows of a thing say of it, one row per key and object; NULL for a lease not yet signed.
        con.execute(
            f"CREATE OR REPLACE TEMP TABLE enr_avec_cle AS "
            f"SELECT {autres}, coalesce(c.premiere, l.{f}) AS {f}, {objet}, max(l.{g}) AS {g} "
            f"FROM {LIGNES} AS l LEFT JOIN enr_cles_communes AS c USING ({autres}, {objet}, {f}) "
            f"WHERE {f} IS NOT NULL AND ({autres}) IN (SELECT ({autres}) FROM enr_sans_cle) GROUP BY ALL"
        )
        meme_objet = f"(s.{objet} IS NULL OR a.{objet} IS NULL OR s.{objet} = a.{objet})"
        con.execute(
            f"CREATE OR REPLACE TEMP TABLE enr_cles_trouvees AS SELECT _ordre, _rang, _ligne, "
            f"CASE WHEN len(signees) > 0 THEN signees ELSE choisies END AS trouvees FROM ("
            f"SELECT s._ordre, s._rang, s._ligne, "
            f"list(DISTINCT a.{f}) FILTER (s.{g} = a.{g} AND {meme_objet}) AS signees, "
            f"list(DISTINCT a.{f}) FILTER (a.{g} IS NULL AND s.{objet} = a.{objet} AND a.{f} <= s.{g}) "
            "AS choisies "
            f"FROM enr_sans_cle AS s INNER JOIN enr_avec_cle AS a USING ({autres}) GROUP BY ALL)"
        )
        con.execute(
            f"INSERT INTO {AMBIGUS} SELECT _ordre, _rang, _ligne FROM enr_cles_trouvees "
            "WHERE len(trouvees) > 1"
        )
        lignes = (
            f"(SELECT l.*, t.trouvees[1] AS _{manquant}, c.premiere AS _commune_{manquant} "
            f"FROM {lignes} AS l LEFT JOIN (SELECT * FROM enr_cles_trouvees WHERE len(trouvees) = 1) AS t "
            f"USING (_ordre, _rang) LEFT JOIN enr_cles_communes AS c USING ({autres}, {objet}, {f}))"
        )
    return lignes


def _tell_apart(con: duckdb.DuckDBPyConnection, produit: Produit, rapprochement: Rapprochement) -> None:
    """Split the groups into things, where the key alone does not name one.

    Rows that give the object are the things of that object. A row that does not is the same thing as those
    it agrees with, if they all agree with one another; else it could be two things, and joins neither. In
    terms of graphs: a row joins a clique when its neighbours are one.
    """
    r = rapprochement
    objet = ident(r.objet)
    noms = [f"a{i}" for i in range(len(r.accords))]
    valeurs = ", ".join(
        f"{_normalised(produit.champ(c), ident(c))} AS {n}" for c, n in zip(r.accords, noms, strict=True)
    )
    con.execute(
        f"CREATE OR REPLACE TEMP TABLE enr_vues AS SELECT _groupe, _ordre, _rang, {objet} AS objet, "
        f"{valeurs} FROM {GROUPES}"
    )
    # One node per object, or per distinct description; what an object is said to be, by any of its rows.
    description = ", ".join(f"CASE WHEN objet IS NULL THEN {n} END" for n in noms)
    listes = ", ".join(f"list(DISTINCT {n}) FILTER ({n} IS NOT NULL) AS {n}" for n in noms)
    con.execute(
        f"CREATE OR REPLACE TEMP TABLE enr_noeuds AS SELECT row_number() OVER () AS noeud, * FROM ("
        f"SELECT _groupe, objet, {listes}, list({{o: _ordre, r: _rang}}) AS lignes "
        f"FROM enr_vues GROUP BY _groupe, objet, {description})"
    )
    accord = " AND ".join(f"(a.{n} IS NULL OR b.{n} IS NULL OR list_has_any(a.{n}, b.{n}))" for n in noms)
    con.execute(
        "CREATE OR REPLACE TEMP TABLE enr_liens AS SELECT a._groupe, a.noeud AS a, b.noeud AS b "
        "FROM enr_noeuds AS a INNER JOIN enr_noeuds AS b USING (_groupe) "
        f"WHERE a.noeud <> b.noeud AND (a.objet IS NULL OR b.objet IS NULL) AND {accord}"
    )
    con.execute(
        "CREATE OR REPLACE TEMP TABLE enr_doubles AS SELECT DISTINCT x.a AS noeud FROM enr_liens AS x "
        "INNER JOIN enr_liens AS y ON x.a = y.a AND x.b < y.b "
        "ANTI JOIN enr_liens AS z ON x.b = z.a AND y.b = z.b"
    )
    con.execute(
        "CREATE OR REPLACE TEMP TABLE enr_things AS SELECT n.noeud, n.lignes, "
        "CASE WHEN n.noeud IN (SELECT noeud FROM enr_doubles) THEN n.noeud ELSE "
        "least(n.noeud, coalesce((SELECT min(l.b) FROM enr_liens AS l WHERE l.a = n.noeud "
        "AND l.b NOT IN (SELECT noeud FROM enr_doubles)), n.noeud)) END AS chose FROM enr_noeuds AS n"
    )
    con.execute(
        f"CREATE OR REPLACE TEMP TABLE enr_reparties AS SELECT g.* REPLACE (t.chose AS _groupe) "
        f"FROM {GROUPES} AS g INNER JOIN (SELECT chose, unnest(lignes) AS u FROM enr_things) AS t "
        "ON g._ordre = t.u.o AND g._rang = t.u.r"
    )
    con.execute(
        f"INSERT INTO {AMBIGUS} SELECT g._ordre, g._rang, g._ligne FROM {GROUPES} AS g INNER JOIN "
        "(SELECT unnest(lignes) AS u FROM enr_things WHERE noeud IN (SELECT noeud FROM enr_doubles)) AS t "
        "ON g._ordre = t.u.o AND g._rang = t.u.r"
    )
    con.execute(
        f"CREATE OR REPLACE TEMP TABLE {GROUPES} AS SELECT * FROM enr_reparties "
        "QUALIFY count(*) OVER (PARTITION BY _groupe) > 1"
    )


def _count_copies(
    con: duckdb.DuckDBPyConnection, produit: Produit, absents: Sequence[Collection[str]]
) -> None:
    """Rows without their key: as many things as the file that repeats a content most; the others repeat it.

    Contents are compared by the columns that every file of the vintage holds, as long as these tell who
    declares. The rows join the table of groups as repetitions of a row that is already there.
    """
    inconnue = " AND ".join(f"{ident(c)} IS NULL" for c in produit.cle if c not in _VERSION)
    par_millesime = con.execute(
        f"SELECT millesime, list_sort(list(DISTINCT _ordre)) FROM {LIGNES} WHERE {inconnue} "
        "GROUP BY millesime HAVING count(DISTINCT _ordre) > 1 ORDER BY millesime"
    ).fetchall()
    for millesime, fichiers in par_millesime:
        manquants = {champ for rang in fichiers for champ in absents[rang]}
        if produit.etats.declarant in manquants:
            manquants = set()
        contenu = ", ".join(_normalised(c, ident(c.nom)) for c in produit.champs if c.nom not in manquants)
        # Of two files that repeat a content as often, the fuller one.
        pauvrete = f"[{', '.join(str(len(x)) for x in absents)}][_ordre + 1]"
        con.execute(
            f"CREATE OR REPLACE TEMP TABLE enr_copies AS WITH vues AS ("
            f"SELECT _ordre, _rang, _sha, hash({contenu}) AS h, hash({contenu}, 1) AS h2 "
            f"FROM {LIGNES} WHERE {inconnue} AND millesime IS NOT DISTINCT FROM ?), "
            "par_fichier AS ("
            "SELECT h, h2, _ordre, count(*) AS n, any_value(_sha) AS sha FROM vues GROUP BY ALL), "
            "gagnants AS (SELECT h, h2, _ordre FROM par_fichier "
            f"QUALIFY row_number() OVER (PARTITION BY h, h2 ORDER BY n DESC, {pauvrete}, sha, _ordre) = 1 "
            "AND count(*) OVER (PARTITION BY h, h2) > 1) "
            "SELECT v._ordre, v._rang FROM vues AS v INNER JOIN gagnants AS g ON v.h = g.h AND v.h2 = g.h2 "
            "AND v._ordre <> g._ordre",
            [millesime],
        )
        con.execute(
            f"INSERT INTO {GROUPES} BY NAME SELECT l.*, -1::BIGINT AS _groupe FROM {LIGNES} AS l "
            "INNER JOIN enr_copies AS c ON l._ordre = c._ordre AND l._rang = c._rang"
        )


def _order_states(con: duckdb.DuckDBPyConnection, produit: Produit) -> None:
    """Order the states of each thing, say which rows count, which one is the origin, which ones repeat."""
    e = produit.etats
    avancement = e.avancement or "0"
    recence = f"date_extraction DESC NULLS LAST, ({avancement}) DESC"
    ordre, retenue = recence, "true"
    if e.declarant and e.presence:
        # Only where two declare the same thing does presence come before the date.
        declarant = _normalised(produit.champ(e.declarant), ident(e.declarant))
        plusieurs = f"count(DISTINCT {declarant}) OVER (PARTITION BY _groupe) > 1"
        con.execute(
            f"CREATE OR REPLACE TEMP TABLE {GROUPES} AS SELECT *, {declarant} AS _declarant, "
            f"CASE WHEN {plusieurs} AND ({e.presence}) THEN 1 ELSE 0 END AS _present FROM {GROUPES}"
        )
        ordre = f"_present DESC, {recence}"
        elu = (
            f"first(_declarant IGNORE NULLS) OVER (PARTITION BY _groupe ORDER BY {ordre}, _declarant "
            "ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING)"
        )
        retenue = f"_declarant IS NULL OR coalesce(_declarant = {elu}, true)"
    contenu = ", ".join(ident(c.nom) for c in produit.champs)
    con.execute(
        f"CREATE OR REPLACE TEMP TABLE {GROUPES} AS SELECT *, "
        f"dense_rank() OVER (PARTITION BY _groupe ORDER BY {ordre}) - 1 AS _etat, "
        f"{retenue} AS _retenue, hash({contenu}) AS _contenu FROM {GROUPES}"
    )
    con.execute(
        f"CREATE OR REPLACE TEMP TABLE {GROUPES} AS SELECT *, "
        "_groupe >= 0 AND row_number() OVER ("
        "PARTITION BY _groupe ORDER BY _retenue DESC, _etat, _sha, _ordre, _rang) = 1 AS _origine, "
        "_groupe < 0 OR row_number() OVER (PARTITION BY _groupe, _contenu "
        f"ORDER BY _retenue DESC, _etat, _sha, _ordre, _rang) > 1 AS _repetee FROM {GROUPES}"
    )


def _text(champ: Champ) -> str:
    """The key that chooses between values of the same state: the fuller one, then the first in text order."""
    texte = f"CAST({ident(champ.nom)} AS VARCHAR)"
    return f"-length({texte}), {texte}" if champ.type == "texte" and not champ.codes else f"0, {texte}"


def _last(champ: Champ, condition: str = "") -> str:
    """The value of the last state that gives one."""
    nom = ident(champ.nom)
    return f"arg_min({nom}, (_etat, {_text(champ)})) FILTER (_retenue AND {nom} IS NOT NULL{condition})"


def _merge(con: duckdb.DuckDBPyConnection, produit: Produit) -> None:
    """One record per thing: value by value the last state that gives one; an empty value erases none, but
    among fields that say one thing together."""
    derniers = {
        nom: f" AND _etat = _dernier_{rang}"
        for rang, ensemble in enumerate(produit.etats.ensembles)
        for nom in ensemble
    }
    donnes = "".join(
        f", min(_etat) FILTER (_retenue AND coalesce({', '.join(f'CAST({ident(n)} AS VARCHAR)' for n in e)}) "
        f"IS NOT NULL) OVER (PARTITION BY _groupe) AS _dernier_{rang}"
        for rang, e in enumerate(produit.etats.ensembles)
    )
    sources = sorted({nom for noms in produit.etats.derives.values() for nom in noms})
    donnes += "".join(
        f", {_last(produit.champ(nom))} OVER (PARTITION BY _groupe) AS {ident('_fin_' + nom)}"
        for nom in sources
    )
    for nom, siennes in produit.etats.derives.items():
        derniers[nom] = derniers.get(nom, "") + "".join(
            f" AND ({ident(s)} IS NULL OR {ident(s)} = {ident('_fin_' + s)})" for s in siennes
        )
    valeurs = ", ".join(f"{_last(c, derniers.get(c.nom, ''))} AS {ident(c.nom)}" for c in produit.champs)
    lieux = ", ".join(f"any_value({c}) FILTER (_origine) AS {c}" for c in ("millesime", *_LIEU, "_ligne"))
    con.execute(
        f"CREATE OR REPLACE TEMP TABLE {RECORDS} AS SELECT {valeurs}, {lieux}, "
        "max(date_extraction) FILTER (_retenue) AS date_extraction, "
        "list_sort(list(DISTINCT _ordre) FILTER (_retenue)) AS _fichiers "
        f"FROM (SELECT *{donnes} FROM {GROUPES} WHERE _groupe >= 0) GROUP BY _groupe"
    )


def _find_conflicts(con: duckdb.DuckDBPyConnection, produit: Produit) -> None:
    """What rows of the same state say otherwise, and things that two hold at once."""
    con.execute(
        f"CREATE OR REPLACE TEMP TABLE {CONFLITS} (regle VARCHAR, colonne VARCHAR, utilisee BOOLEAN, "
        "o INTEGER, ligne BIGINT, valeur VARCHAR, o2 INTEGER, autre_ligne BIGINT, autre_valeur VARCHAR)"
    )
    if not _count(con, RECORDS):
        return
    cles = set(produit.cle)
    if produit.rapprochement:
        cles = (cles | {produit.rapprochement.objet}) - set(produit.rapprochement.repli)
    for c in (c for c in produit.champs if c.nom not in cles):
        con.execute(f"INSERT INTO {CONFLITS} {_disagreements(produit, c)}")
    e = produit.etats
    if e.declarant and e.presence:
        con.execute(
            f"INSERT INTO {CONFLITS} SELECT {quote(DEUX_DECLARANTS)}, {quote(e.declarant)}, true, "
            "a._ordre, a._ligne, a._declarant, b._ordre, b._ligne, b._declarant "
            f"FROM {GROUPES} AS a INNER JOIN {GROUPES} AS b ON a._groupe = b._groupe "
            "AND a._origine AND NOT b._retenue AND a._present = 1 AND b._present = 1 WHERE a._groupe >= 0"
        )


def _disagreements(produit: Produit, champ: Champ) -> str:
    nom = ident(champ.nom)
    # Free text and what identifies a person are told by their place only.
    montree = champ.type not in {"texte", "personne"} or bool(champ.codes)
    valeur = f"CAST({nom} AS VARCHAR)" if montree or not produit.restreint else "CAST(NULL AS VARCHAR)"
    utilisee = "false" if champ.indicatif else "true"
    return (
        "WITH dites AS ("
        f"SELECT _groupe, _ordre, _ligne, _sha, {_normalised(champ, nom)} AS lu, {valeur} AS valeur, "
        f"({_text(champ)}) AS choix FROM {GROUPES} WHERE _groupe >= 0 AND _retenue AND {nom} IS NOT NULL "
        f"QUALIFY _etat = min(_etat) OVER (PARTITION BY _groupe)), "
        "partagees AS (SELECT * FROM dites WINDOW w AS (PARTITION BY _groupe) "
        "QUALIFY min(lu) OVER w <> max(lu) OVER w), "
        "lues AS (SELECT _groupe, lu, min(choix) AS choix, "
        "arg_min({o: _ordre, l: _ligne, v: valeur}, (choix, _sha, _ordre, _ligne)) AS d "
        "FROM partagees GROUP BY _groupe, lu), "
        "gardees AS ("
        "SELECT _groupe, arg_min(lu, choix) AS lu, arg_min(d, choix) AS d FROM lues GROUP BY _groupe) "
        f"SELECT {quote(VALEURS_DIVERGENTES)}, {quote(champ.nom)}, {utilisee}, "
        "g.d.o, g.d.l, g.d.v, l.d.o, l.d.l, l.d.v FROM gardees AS g INNER JOIN lues AS l "
        "ON g._groupe = l._groupe AND g.lu <> l.lu"
    )


def carry(con: duckdb.DuckDBPyConnection, produit: Produit, table: str) -> None:
    """Give each dated state of a thing the values that it lacks and that an earlier state gives.

    A field is absent of a state when no file of this state nor of those before holds it.

    Args:
        con: the connection that has the table.
        produit: what the rows are; nothing is done when its states do not follow one another.
        table: the table of records, changed in place.
    """
    if produit.etats.suite_sauf is None:
        return
    identite = ", ".join(ident(c) for c in produit.cle if c not in _VERSION)
    fixes = {*produit.cle, *produit.etats.suite_sauf}
    suivis = [c.nom for c in produit.champs if c.nom not in fixes]
    derives = produit.etats.derives
    sources = sorted({nom for noms in derives.values() for nom in noms})
    suites = {c: f"last_value({ident(c)} IGNORE NULLS) OVER w" for c in suivis}
    # With each value that is worked out, what it was worked out from, as known then.
    alors = "".join(f", {suites[s]} AS {ident('_fin_' + s)}" for s in sources)
    donnees = "".join(
        f", last_value(CASE WHEN {ident(c)} IS NOT NULL THEN struct_pack(v := {ident(c)}, "
        + ", ".join(f"{ident(s)} := {ident('_fin_' + s)}" for s in siennes)
        + f") END IGNORE NULLS) OVER w AS {ident('_dit_' + c)}"
        for c, siennes in derives.items()
    )
    for c, siennes in derives.items():
        dit = ident("_dit_" + c)
        memes = " AND ".join(
            f"({dit}.{ident(s)} IS NULL OR {dit}.{ident(s)} = {ident('_fin_' + s)})" for s in siennes
        )
        suites[c] = f"CASE WHEN {memes} THEN {dit}.v END"
    derniers = ", ".join(f"{sql} AS {ident(c)}" for c, sql in suites.items())
    ajoutees = [*(f"_fin_{s}" for s in sources), *(f"_dit_{c}" for c in derives)]
    sans = f" EXCLUDE ({', '.join(map(ident, ajoutees))})" if ajoutees else ""
    fenetre = f"WINDOW w AS (PARTITION BY {identite} ORDER BY date_extraction ROWS UNBOUNDED PRECEDING)"
    # The lists of absent fields are few: one number each, of one bit a field, and what all the states so far
    # lack is cheap to follow.
    champs = [c.nom for c in produit.champs]
    textes = [t for (t,) in con.execute(f"SELECT DISTINCT champs_absents FROM {table} ORDER BY 1").fetchall()]
    masques = {t: sum(1 << champs.index(c) for c in (t or "").split(",") if c) for t in textes}
    con.execute("CREATE OR REPLACE TEMP TABLE enr_masques (texte VARCHAR, masque HUGEINT)")
    con.executemany("INSERT INTO enr_masques VALUES (?, ?)", [[t, m] for t, m in masques.items()])
    con.execute(
        f"CREATE OR REPLACE TEMP TABLE enr_suites AS SELECT l.*{sans} REPLACE ({derniers}), "
        f"bit_and(m.masque) OVER w AS masque FROM (SELECT *{donnees} FROM (SELECT rowid AS r, *{alors} "
        f"FROM {table} "
        f"WHERE ({identite}) IN (SELECT ({identite}) FROM {table} GROUP BY ALL HAVING count(*) > 1) "
        f"{fenetre}) {fenetre}) AS l "
        f"INNER JOIN enr_masques AS m ON l.champs_absents IS NOT DISTINCT FROM m.texte {fenetre}"
    )
    communs = [m for (m,) in con.execute("SELECT DISTINCT masque FROM enr_suites ORDER BY 1").fetchall()]
    con.execute("CREATE OR REPLACE TEMP TABLE enr_communs (masque HUGEINT, texte VARCHAR)")
    con.executemany(
        "INSERT INTO enr_communs VALUES (?, ?)", [[m, _names(champs, m)] for m in communs] or [[0, None]]
    )
    # An update in place of that many columns takes a hundred times longer than writing the rows again.
    con.execute(f"DELETE FROM {table} WHERE rowid IN (SELECT r FROM enr_suites)")
    con.execute(
        f"INSERT INTO {table} SELECT s.* EXCLUDE (r, masque) REPLACE (c.texte AS champs_absents) "
        "FROM enr_suites AS s INNER JOIN enr_communs AS c ON s.masque = c.masque ORDER BY s.r"
    )


def _names(champs: Sequence[str], masque: int) -> str | None:
    """The fields of a number of one bit a field, as `champs_absents` writes them."""
    noms = sorted(c for rang, c in enumerate(champs) if masque >> rang & 1)
    return f",{','.join(noms)}," if noms else None
