"""Load the entries of the store into a warehouse: tables of `sources`, `quarantaine` and `meta`.

Rules between files are here (which one wins when two give the same row); those within one, in `fichier`.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import replace

import duckdb
import polars as pl

from pipelines.ingestion.comptes import TABLES_META, CompteFichier
from pipelines.ingestion.correspondances import correspondances
from pipelines.ingestion.declarations import Produit, ident, products_of, quote, table_ddl
from pipelines.ingestion.fichier import count
from pipelines.ingestion.magasin import Magasin


def load(con: duckdb.DuckDBPyConnection, source: str, comptes: Sequence[CompteFichier]) -> dict[str, int]:
    """Create the tables `sources.*` and `quarantaine.*` of a source and fill them from the store.

    Every table of the source is created, empty when nothing was read. When two files of the same product and
    vintage give the same key, the last in path order wins and the earlier rows are counted as duplicates.
    Rows are added to `meta.verrou`, `meta.avertissements` and `meta.couverture`.

    Args:
        con: an open, writable connection to the warehouse being built.
        source: name of the source.
        comptes: accounts returned by `ingest` for that source.

    Returns:
        Number of rows per table of `sources`.
    """
    for schema in ("sources", "quarantaine", "meta"):
        con.execute(f"CREATE SCHEMA IF NOT EXISTS {schema}")
    for table, (titre, colonnes) in TABLES_META.items():
        _create_meta(con, table, titre, colonnes)
    finaux: dict[tuple[str, str | None], CompteFichier] = {(c.fichier, c.produit): c for c in comptes}
    rangs = {}
    for produit in products_of(source):
        for ddl in table_ddl(produit):
            con.execute(ddl)
        siens = sorted((c for c in comptes if c.produit == produit.produit), key=lambda c: c.fichier)
        for compte in _load_product(con, produit, siens):
            finaux[compte.fichier, compte.produit] = compte
        rangs[produit.produit] = count(con, f"SELECT count(*) FROM sources.{ident(produit.produit)}")
    ordonnes = sorted(finaux.values(), key=lambda c: (c.fichier, c.produit or ""))
    for table in TABLES_META:
        con.execute(f"DELETE FROM meta.{table} WHERE source = ?", [source])
    for compte in ordonnes:
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
    con.execute(f"COMMENT ON TABLE meta.{table} IS {quote(titre)}")
    for nom, (_, texte) in colonnes.items():
        con.execute(f"COMMENT ON COLUMN meta.{table}.{ident(nom)} IS {quote(texte)}")


def _load_product(
    con: duckdb.DuckDBPyConnection, produit: Produit, comptes: Sequence[CompteFichier]
) -> Iterator[CompteFichier]:
    """Fill one table; yields the accounts with the duplicates found between files."""
    dernier_par_cle = {c.cle: ordre for ordre, c in enumerate(comptes)}
    parties = []
    for ordre, c in enumerate(comptes):
        if dernier_par_cle[c.cle] != ordre:
            continue  # the same content comes again later under another name
        ligne = "_ligne" if c.premiere_ligne is None else f"file_row_number + {c.premiere_ligne} AS _ligne"
        colonnes = ", ".join(ident(f.nom) for f in produit.champs)
        parties.append(
            (
                ordre,
                f"SELECT {colonnes}, millesime, {quote(c.fichier)} AS _fichier, {ligne}, {ordre} AS _ordre, "
                f"file_row_number AS _rang "
                f"FROM read_parquet({quote(str(Magasin(c.magasin).parquet(c.cle)))}, file_row_number = true)",
            )
        )
    remplacees = _replaced(con, produit, comptes, parties)
    table = f"sources.{ident(produit.produit)}"
    noms = ", ".join(ident(n) for n in produit.colonnes)
    filtre = ""
    if remplacees is not None:
        con.register("remplacees", remplacees)
        filtre = " ANTI JOIN remplacees USING (_ordre, _rang)"
    for _, sql in parties:
        con.execute(f"INSERT INTO {table} ({noms}) SELECT {noms} FROM ({sql}){filtre}")
    if remplacees is not None:
        con.unregister("remplacees")

    for ordre, c in enumerate(comptes):
        if dernier_par_cle[c.cle] != ordre:
            perdues = c.lignes_gardees
        elif remplacees is None or not remplacees.filter(pl.col("_ordre") == ordre).height:
            perdues = 0
        else:
            restantes = count(
                con, f"SELECT count(DISTINCT _ligne) FROM {table} WHERE _fichier = {quote(c.fichier)}"
            )
            perdues = c.lignes_gardees - restantes
        refusees = quote(str(Magasin(c.magasin).quarantaine(c.cle)))
        con.execute(
            f"INSERT INTO quarantaine.{ident(produit.produit)} "
            f"SELECT {quote(c.fichier)}, _ligne, colonne, valeur, regle, message "
            f"FROM read_parquet({refusees})"
        )
        yield (
            replace(c, lignes_gardees=c.lignes_gardees - perdues, lignes_doublons=c.lignes_doublons + perdues)
            if perdues
            else c
        )


def _replaced(
    con: duckdb.DuckDBPyConnection,
    produit: Produit,
    comptes: Sequence[CompteFichier],
    parties: Sequence[tuple[int, str]],
) -> pl.DataFrame | None:
    """Rows (`_ordre`, `_rang`) whose key comes again in a later file of the same vintage."""
    if not produit.cle or len(parties) < 2:
        return None
    millesimes = Counter(comptes[ordre].millesime for ordre, _ in parties)
    # Files read with a vintage per row have none of their own: they may meet any other.
    par_ligne = any(_vintage_per_row(comptes[ordre]) for ordre, _ in parties)
    concernees = [sql for ordre, sql in parties if par_ligne or millesimes[comptes[ordre].millesime] > 1]
    if not concernees:
        return None
    cle = ", ".join(ident(c) for c in ("millesime", *produit.cle))
    connue = " OR ".join(f"{ident(c)} IS NOT NULL" for c in produit.cle)
    union = " UNION ALL ".join(
        f"SELECT {cle}, _ordre, _rang FROM ({sql}) WHERE {connue}" for sql in concernees
    )
    trouvees = con.execute(
        f"SELECT _ordre, _rang FROM ({union}) "
        f"QUALIFY _ordre < max(_ordre) OVER (PARTITION BY {cle}) ORDER BY ALL"
    ).pl()
    return trouvees if trouvees.height else None


def _vintage_per_row(compte: CompteFichier) -> bool:
    noms = {c.correspondance: c for c in correspondances(compte.source)}
    correspondance = noms.get(compte.correspondance)
    return correspondance is None or "millesime" in correspondance.alias
