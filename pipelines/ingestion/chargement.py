"""Load the entries of the store into a warehouse: tables of `sources`, `quarantaine` and `meta`.

What makes one record of several rows is in `enregistrements`; what happens inside one file, in `fichier`.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace

import duckdb

from pipelines.ingestion import enregistrements
from pipelines.ingestion.comptes import TABLES_META, Avertissement, CompteFichier
from pipelines.ingestion.declarations import (
    COLONNES_QUARANTAINE,
    Produit,
    ident,
    products_of,
    quote,
    table_ddl,
)
from pipelines.ingestion.fichier import count
from pipelines.ingestion.magasin import Magasin
from pipelines.sql import describe, qualified

# Where landlords' mergers are said: a row whose alias is the SIREN of another landlord.
_FUSIONS = ("ref_bailleurs", "convention_bailleurs")


def load(con: duckdb.DuckDBPyConnection, source: str, comptes: Sequence[CompteFichier]) -> dict[str, int]:
    """Create the tables `sources.*` and `quarantaine.*` of a source and fill them from the store.

    Every table of the source is created, empty when nothing was read. Rows of one thing, in one file or in
    several, become one record. Rows are added to `meta.verrou`, `meta.avertissements`, `meta.couverture` and
    `meta.conflits`.

    Args:
        con: an open, writable connection to the warehouse being built. Landlords' mergers are known when the
            sources `referentiels` and the conventions were loaded before.
        source: name of the source.
        comptes: accounts returned by `ingest` for that source.

    Returns:
        Number of rows per table of `sources`.

    Raises:
        DonneesRefusees: one file has too many lines of one key (`lignes_par_cle` of landing.yml).
    """
    for schema in ("sources", "quarantaine", "meta"):
        con.execute(f"CREATE SCHEMA IF NOT EXISTS {schema}")
    for table, (titre, colonnes) in TABLES_META.items():
        _create_meta(con, table, titre, colonnes)
        con.execute(f"DELETE FROM meta.{table} WHERE source = ?", [source])
    finaux = [c for c in comptes if c.produit is None]
    rangs = {}
    fusions = _mergers(con)
    for produit in products_of(source):
        for ddl in table_ddl(produit):
            con.execute(ddl)
        siens = sorted((c for c in comptes if c.produit == produit.produit), key=lambda c: c.fichier)
        finaux += _load_product(con, produit, siens, fusions)
        rangs[produit.produit] = count(con, f"SELECT count(*) FROM sources.{ident(produit.produit)}")
    for compte in sorted(finaux, key=lambda c: (c.fichier, c.produit or "")):
        for table, lignes in (
            ("verrou", [compte.lock_row()]),
            ("avertissements", compte.warning_rows()),
            ("couverture", compte.coverage_rows()),
        ):
            marques = ", ".join("?" * len(TABLES_META[table][1]))
            for ligne in lignes:
                con.execute(f"INSERT INTO meta.{table} VALUES ({marques})", ligne)
    return rangs


def _create_meta(
    con: duckdb.DuckDBPyConnection, table: str, titre: str, colonnes: dict[str, tuple[str, str]]
) -> None:
    corps = ", ".join(f"{ident(nom)} {kind}" for nom, (kind, _) in colonnes.items())
    con.execute(f"CREATE TABLE IF NOT EXISTS meta.{table} ({corps})")
    describe(con, qualified("meta", table), titre, {nom: texte for nom, (_, texte) in colonnes.items()})


def _mergers(con: duckdb.DuckDBPyConnection) -> dict[str, str]:
    """Landlords that were absorbed, and by whom, as far as the sources already loaded say it."""
    connues = con.execute(
        "SELECT table_name FROM information_schema.tables WHERE table_schema = 'sources' "
        "AND table_name IN (SELECT unnest(?)) ORDER BY table_name",
        [list(_FUSIONS)],
    ).fetchall()
    fusions: dict[str, str] = {}
    for (table,) in connues:
        trouvees = con.execute(
            f"SELECT alias, min(siren) FROM sources.{ident(table)} "
            "WHERE regexp_full_match(alias, '[0-9]{9}') AND alias <> siren GROUP BY alias ORDER BY alias"
        ).fetchall()
        for absorbe, par in trouvees:
            fusions[absorbe] = min(par, fusions.get(absorbe, par))
    return fusions


def _load_product(
    con: duckdb.DuckDBPyConnection,
    produit: Produit,
    comptes: Sequence[CompteFichier],
    fusions: Mapping[str, str],
) -> list[CompteFichier]:
    """Fill one table; the accounts, once records are made of lines."""
    for compte in comptes:
        refusees = quote(str(Magasin(compte.magasin).quarantaine(compte.cle)))
        colonnes = ", ".join(ident(c) for c in COLONNES_QUARANTAINE if c != "_fichier")
        con.execute(
            f"INSERT INTO quarantaine.{ident(produit.produit)} "
            f"SELECT {quote(compte.fichier)} AS _fichier, {colonnes} FROM read_parquet({refusees})"
        )
    if not comptes:
        return []
    # A file that has no row left to read gives an empty Parquet, which is a part like another.
    parties = " UNION ALL ".join(_rows(produit, rang, compte) for rang, compte in enumerate(comptes))
    con.execute(f"CREATE OR REPLACE TEMP VIEW {enregistrements.LIGNES} AS {parties}")
    absents = [_missing(produit, [compte]) for compte in comptes]
    bilan = enregistrements.resolve(con, produit, fusions, absents, [compte.fichier for compte in comptes])
    _fill(con, produit, comptes, bilan)
    enregistrements.carry(con, produit, f"sources.{ident(produit.produit)}")
    finaux = _accounts(con, comptes)
    con.execute(f"DROP VIEW {enregistrements.LIGNES}")
    return finaux


def _rows(produit: Produit, rang: int, compte: CompteFichier) -> str:
    """The rows of one file as they were read, dated by the file where they have no date of their own."""
    colonnes = ", ".join(ident(f.nom) for f in produit.champs)
    date = "NULL" if compte.date_extraction is None else quote(compte.date_extraction.isoformat())
    ligne = (
        "_ligne" if compte.premiere_ligne is None else f"file_row_number + {compte.premiere_ligne} AS _ligne"
    )
    parquet = quote(str(Magasin(compte.magasin).parquet(compte.cle)))
    return (
        f"SELECT {colonnes}, millesime, coalesce(date_extraction, {date}::DATE) AS date_extraction, {ligne}, "
        f"{rang}::INTEGER AS _ordre, file_row_number AS _rang, {quote(compte.sha256)} AS _sha "
        f"FROM read_parquet({parquet}, file_row_number = true)"
    )


def _missing(produit: Produit, comptes: Sequence[CompteFichier]) -> set[str]:
    """The fields that none of some files holds."""
    return {f.nom for f in produit.champs}.difference(*(c.champs_lus for c in comptes))


def _absent(produit: Produit, comptes: Sequence[CompteFichier]) -> str | None:
    """The fields that none of some files holds, between commas; None when every one is there."""
    absents = sorted(_missing(produit, comptes))
    return f",{','.join(absents)}," if absents else None


def _fill(
    con: duckdb.DuckDBPyConnection,
    produit: Produit,
    comptes: Sequence[CompteFichier],
    bilan: enregistrements.Bilan,
) -> None:
    """Write the rows that are alone as they are, then the merged records, and what was set aside."""
    table = f"sources.{ident(produit.produit)}"
    noms = ", ".join(ident(n) for n in produit.colonnes)
    champs = ", ".join(ident(f.nom) for f in produit.champs)
    con.execute(
        "CREATE OR REPLACE TEMP TABLE enr_fichiers (_ordre INTEGER, fichier VARCHAR, absents VARCHAR)"
    )
    con.executemany(
        "INSERT INTO enr_fichiers VALUES (?, ?, ?)",
        [[rang, c.fichier, _absent(produit, [c])] for rang, c in enumerate(comptes)],
    )
    con.execute(
        f"INSERT INTO {table} ({noms}) SELECT {champs}, millesime, date_extraction, absents, fichier, _ligne "
        f"FROM {enregistrements.LIGNES} INNER JOIN enr_fichiers USING (_ordre) "
        f"ANTI JOIN {enregistrements.GROUPES} AS g USING (_ordre, _rang)"
    )
    con.execute(
        f"INSERT INTO meta.conflits SELECT {quote(produit.source)}, {quote(produit.produit)}, "
        "'candidat_ambigu', NULL, false, fichier, _ligne, NULL, NULL, NULL, NULL "
        f"FROM {enregistrements.AMBIGUS} INNER JOIN enr_fichiers USING (_ordre) ORDER BY ALL"
    )
    if not bilan.groupes:
        return
    reunis = con.execute(f"SELECT DISTINCT _fichiers FROM {enregistrements.RECORDS} ORDER BY 1").fetchall()
    con.execute("CREATE OR REPLACE TEMP TABLE enr_reunis (_fichiers INTEGER[], absents VARCHAR)")
    con.executemany(
        "INSERT INTO enr_reunis VALUES (?, ?)",
        [[rangs, _absent(produit, [comptes[rang] for rang in rangs])] for (rangs,) in reunis],
    )
    con.execute(
        f"INSERT INTO {table} ({noms}) SELECT {champs}, millesime, date_extraction, enr_reunis.absents, "
        f"fichier, _ligne FROM {enregistrements.RECORDS} INNER JOIN enr_fichiers USING (_ordre) "
        "INNER JOIN enr_reunis USING (_fichiers) ORDER BY _ordre, _rang"
    )
    con.execute(
        f"INSERT INTO meta.conflits SELECT {quote(produit.source)}, {quote(produit.produit)}, c.regle, "
        "c.colonne, c.utilisee, a.fichier, c.ligne, c.valeur, b.fichier, c.autre_ligne, c.autre_valeur "
        f"FROM {enregistrements.CONFLITS} AS c INNER JOIN enr_fichiers AS a ON c.o = a._ordre "
        "INNER JOIN enr_fichiers AS b ON c.o2 = b._ordre ORDER BY ALL"
    )


def _accounts(con: duckdb.DuckDBPyConnection, comptes: Sequence[CompteFichier]) -> list[CompteFichier]:
    """The accounts once records are made: a line is kept when one of its rows is the origin of a record."""
    # A line of a wide file gives several rows: it is lost when none of them is left.
    perdues = con.execute(
        f"WITH sorties AS (SELECT _ordre, _ligne, count(*) AS n, bool_and(_repetee) AS repetee "
        f"FROM {enregistrements.GROUPES} WHERE NOT _origine GROUP BY ALL), "
        f"toutes AS (SELECT _ordre, _ligne, count(*) AS n FROM {enregistrements.LIGNES} "
        f"SEMI JOIN sorties USING (_ordre, _ligne) GROUP BY ALL) "
        "SELECT _ordre, count(*) FILTER (repetee), count(*) FILTER (NOT repetee) "
        "FROM sorties INNER JOIN toutes USING (_ordre, _ligne) WHERE sorties.n = toutes.n GROUP BY _ordre"
    ).fetchall()
    repetees = {ordre: int(n) for ordre, n, _ in perdues}
    fusionnees = {ordre: int(n) for ordre, _, n in perdues}
    return [
        replace(
            compte,
            lignes_gardees=compte.lignes_gardees - repetees.get(rang, 0) - fusionnees.get(rang, 0),
            lignes_doublons=compte.lignes_doublons + repetees.get(rang, 0),
            lignes_fusionnees=fusionnees.get(rang, 0),
            avertissements=(*compte.avertissements, *_warnings(con, rang, compte, comptes)),
        )
        for rang, compte in enumerate(comptes)
    ]


def _warnings(
    con: duckdb.DuckDBPyConnection, rang: int, compte: CompteFichier, comptes: Sequence[CompteFichier]
) -> list[Avertissement]:
    trouves = []
    for colonne, nombre in con.execute(
        f"SELECT colonne, count(*) FROM {enregistrements.CONFLITS} "
        "WHERE o = ? AND utilisee GROUP BY colonne ORDER BY colonne",
        [rang],
    ).fetchall():
        message = (
            f"« {colonne} » : une autre ligne dit autre chose du même enregistrement (voir meta.conflits)"
        )
        trouves.append(Avertissement("conflit", message, int(nombre), compte.lignes_lues))
    ambigues = count(con, f"SELECT count(*) FROM {enregistrements.AMBIGUS} WHERE _ordre = {rang}")
    if ambigues:
        message = (
            "Candidat qui pourrait être l'un ou l'autre de deux autres, faute de numéro de logement ou de "
            "date de commission : gardé à part (lignes dans meta.conflits)"
        )
        trouves.append(Avertissement("candidat_ambigu", message, ambigues, compte.lignes_lues))
    memes = [c for c in comptes if c.sha256 == compte.sha256 and c.millesime != compte.millesime]
    if memes:
        noms = ", ".join(c.fichier for c in memes)
        message = f"Ce fichier est déposé à l'identique sous un autre millésime : {noms}"
        trouves.append(Avertissement("meme_fichier_deux_millesimes", message))
    return trouves
