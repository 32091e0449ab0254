"""Which rows are acceptable: the pandera schema of a product, and the split of a file into kept and refused
rows.

The schema is built from the declaration, rules included. Only failing rows are looked at one by one.
Conversion of text belongs in `normalise`.
"""

import os

# pandera checks no value at all on a LazyFrame unless told so before its import; a test proves that it does.
os.environ["PANDERA_VALIDATION_DEPTH"] = "SCHEMA_AND_DATA"

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandera.polars as pa
import polars as pl
from pandera.errors import SchemaErrors

from pipelines.ingestion.comptes import Avertissement
from pipelines.ingestion.declarations import COMMUNES_LUES, Champ, Produit, Regle
from pipelines.ingestion.normalise import MASQUE, SEPARATEUR_REJETS, SEPARATEUR_VALEUR

TRANCHE = 1_000_000
_POLARS = {
    "VARCHAR": pl.String,
    "INTEGER": pl.Int32,
    "BIGINT": pl.Int64,
    "DOUBLE": pl.Float64,
    "BOOLEAN": pl.Boolean,
    "DATE": pl.Date,
}


@dataclass(frozen=True)
class Refus:
    """One reason to refuse one row; `rang` is its place in the Parquet, from 0."""

    rang: int
    colonne: str | None
    valeur: str | None
    regle: str
    message: str


def _checks(champ: Champ) -> list[pa.Check]:
    checks = []
    if champ.codes is not None:
        checks.append(pa.Check.isin(list(champ.codes), error="code_inconnu"))
    if champ.min is not None:
        checks.append(pa.Check.ge(champ.min, error="sous_le_minimum"))
    if champ.max is not None:
        checks.append(pa.Check.le(champ.max, error="au_dessus_du_maximum"))
    if champ.motif is not None:
        checks.append(pa.Check.str_matches(champ.motif, error="forme_invalide"))
    return checks


def _dtype(champ: Champ) -> Any:
    return pl.Decimal(*champ.echelle) if champ.echelle else _POLARS[champ.type_duckdb]


def rule_expression(regle: Regle) -> pl.Expr:
    """The rule as a polars expression; unknown passes, as in an SQL CHECK."""
    return pl.sql_expr(regle.sql).fill_null(True)


def _row_check(regle: Regle) -> pa.Check:
    return pa.Check(lambda donnees: donnees.lazyframe.select(rule_expression(regle)), error=regle.nom)


def pandera_schema(produit: Produit) -> pa.DataFrameSchema:
    """The pandera schema of a product: types, obligatory values, codes, bounds, patterns and row rules."""
    colonnes = {
        c.nom: pa.Column(_dtype(c), _checks(c), nullable=not c.obligatoire, required=True)
        for c in produit.champs
    }
    colonnes["millesime"] = pa.Column(pl.Int32, nullable=not produit.millesime_requis, required=True)
    regles = [_row_check(r) for r in produit.regles if r.gravite == "rejet"]
    return pa.DataFrameSchema(colonnes, checks=regles, strict=False, name=produit.produit)


def _messages(produit: Produit) -> dict[str, str]:
    return {r.nom: r.message for r in produit.regles}


def _message(produit: Produit, champ: Champ | None, regle: str) -> str:
    if champ is None:
        return _messages(produit).get(regle, "Règle non respectée")
    if regle == "type":
        return f"Valeur illisible pour « {champ.nom} » (attendu : {champ.type})"
    if regle == "code_inconnu":
        return f"Code inconnu pour « {champ.nom} » (attendu : {', '.join(champ.codes or {})})"
    if regle == "sous_le_minimum":
        return f"« {champ.nom} » est inférieur au minimum {champ.min:g}"
    if regle == "au_dessus_du_maximum":
        return f"« {champ.nom} » est supérieur au maximum {champ.max:g}"
    if regle == "forme_invalide":
        return f"« {champ.nom} » n'a pas la forme attendue ({champ.motif})"
    return f"« {champ.nom} » est obligatoire et manque"


def _type_refusals(produit: Produit, tranche: pl.LazyFrame, debut: int) -> Iterator[Refus]:
    lus = tranche.select("_rejets").with_row_index("rang").filter(pl.col("_rejets").is_not_null()).collect()
    for rang, texte in lus.iter_rows():
        for item in texte.split(SEPARATEUR_REJETS):
            nom, _, valeur = item.partition(SEPARATEUR_VALEUR)
            if nom in COMMUNES_LUES:
                message = f"« {nom} » est illisible"
            else:
                message = _message(produit, produit.champ(nom), "type")
            yield Refus(debut + rang, nom, valeur, "type", message)


def _schema_refusals(produit: Produit, tranche: pl.LazyFrame, debut: int) -> Iterator[Refus]:
    try:
        pandera_schema(produit).validate(tranche, lazy=True)
    except SchemaErrors as erreurs:
        cas = erreurs.failure_cases
    else:
        return
    structurels = cas.filter(pl.col("index").is_null())
    if structurels.height:
        raise AssertionError(f"{produit.produit}: {structurels.select('column', 'check').rows()}")
    regles = {r.nom: r for r in produit.regles}
    touchees = cas["index"].unique().sort().to_list()
    noms = [c.nom for c in produit.champs]
    lignes = tranche.with_row_index("_rang").filter(pl.col("_rang").is_in(touchees)).collect()
    par_rang = {ligne["_rang"]: ligne for ligne in lignes.iter_rows(named=True)}
    for colonne, regle, rang in (
        cas.sort("index", "check_number").select("column", "check", "index").iter_rows()
    ):
        ligne = par_rang[rang]
        if regle in regles and (colonne is None or colonne not in noms):
            en_cause = regles[regle].colonnes
            valeur = " | ".join(_shown(produit, nom, ligne[nom]) for nom in en_cause)
            yield Refus(debut + rang, ", ".join(en_cause), valeur, regle, regles[regle].message)
        elif colonne == "millesime":
            yield Refus(debut + rang, colonne, None, "obligatoire", "Millésime manquant")
        else:
            champ = produit.champ(colonne)
            nom_regle = "obligatoire" if regle == "not_nullable" else regle
            valeur_champ = None if ligne[colonne] is None else _shown(produit, colonne, ligne[colonne])
            yield Refus(debut + rang, colonne, valeur_champ, nom_regle, _message(produit, champ, nom_regle))


def _shown(produit: Produit, nom: str, valeur: object) -> str:
    if nom in produit.personnes:
        return MASQUE
    return "" if valeur is None else str(valeur)


def find_refusals(produit: Produit, parquet: Path, total: int, arret: int) -> list[Refus]:
    """Every reason to refuse a row, by slices so that memory stays bounded; stops soon after `arret` refused
    rows."""
    source = pl.scan_parquet(parquet)
    refus: list[Refus] = []
    for debut in range(0, total, TRANCHE):
        tranche = source.slice(debut, TRANCHE)
        types = list(_type_refusals(produit, tranche, debut))
        # A cell that could not be converted is empty: what the rules say of it adds nothing.
        illisibles = {(r.rang, r.colonne) for r in types}
        refus += types
        for r in _schema_refusals(produit, tranche, debut):
            if not any((r.rang, colonne) in illisibles for colonne in (r.colonne or "").split(", ")):
                refus.append(r)
        if len({r.rang for r in refus}) > arret:
            break
    return refus


def count_warnings(produit: Produit, parquet: Path) -> list[Avertissement]:
    """Rows that a person should know about, counted per rule of level `alerte`."""
    regles = [r for r in produit.regles if r.gravite == "alerte"]
    if not regles:
        return []
    comptes = (
        pl.scan_parquet(parquet)
        .select(pl.len().alias("_total"), *[(~rule_expression(r)).sum().alias(r.nom) for r in regles])
        .collect(engine="streaming")
        .row(0, named=True)
    )
    return [
        Avertissement(r.nom, r.message, int(comptes[r.nom]), int(comptes["_total"]))
        for r in regles
        if comptes[r.nom]
    ]
