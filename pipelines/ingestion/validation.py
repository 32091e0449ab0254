"""Which rows are acceptable: the pandera schema of a product, and the split of a file into kept and refused
rows.

The schema is built from the declaration, rules included. Only failing rows are looked at one by one; cells
set aside, which `normalise` found and emptied, are tables and counts. Conversion of text belongs there too.
"""

import os

# pandera checks no value at all on a LazyFrame unless told so before its import; a test proves that it does.
os.environ["PANDERA_VALIDATION_DEPTH"] = "SCHEMA_AND_DATA"

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import duckdb
import pandera.polars as pa
import polars as pl
from pandera.errors import SchemaErrors

from pipelines.ingestion.comptes import Avertissement
from pipelines.ingestion.declarations import COMMUNES_LUES, Champ, Produit, Regle, quote, relative_bound
from pipelines.ingestion.normalise import (
    CODE,
    FORME,
    MASQUE,
    MAXIMUM,
    MINIMUM,
    PERSONNEL,
    SEPARATEUR_REJETS,
    SEPARATEUR_VALEUR,
    TYPE,
)

TRANCHE = 1_000_000
LIGNE, CELLULE = "ligne", "cellule"
OBLIGATOIRE = "obligatoire"
# What the name of a type does not say.
_ATTENDUS = {
    "personne": "un numéro unique de 18 chiffres ; un tableur en perd, réexportez la colonne en texte",
    "num_rpls": "un numéro du répertoire, de 10 caractères",
    "commune": "le code Insee d'une commune, non son nom ni son code postal",
    "siren": "un SIREN ou un SIRET",
    "booleen": "oui ou non",
    "date": "une date : AAAA-MM-JJ ou JJ/MM/AAAA",
    "entier": "un nombre entier",
}
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
        checks.append(pa.Check.isin(list(champ.codes), error=CODE))
    # Bounds that count from the extraction are those of the query that reads: a schema knows no extraction.
    if champ.min is not None and not isinstance(champ.min, str):
        checks.append(pa.Check.ge(champ.min, error=MINIMUM))
    if champ.max is not None and not isinstance(champ.max, str):
        checks.append(pa.Check.le(champ.max, error=MAXIMUM))
    if champ.motif is not None and champ.type != "presence":
        checks.append(pa.Check.str_matches(champ.motif, error=FORME))
    return checks


def _dtype(champ: Champ) -> Any:
    return pl.Decimal(*champ.echelle) if champ.echelle else _POLARS[champ.type_duckdb]


def rule_expression(regle: Regle) -> pl.Expr:
    """The rule as a polars expression; unknown passes, as in an SQL CHECK."""
    return pl.sql_expr(regle.sql).fill_null(True)


def _row_check(regle: Regle) -> pa.Check:
    return pa.Check(lambda donnees: donnees.lazyframe.select(rule_expression(regle)), error=regle.nom)


def _group_check(groupe: tuple[str, ...]) -> pa.Check:
    def one_is_there(donnees: Any) -> pl.LazyFrame:
        there: pl.LazyFrame = donnees.lazyframe.select(pl.any_horizontal(pl.col(*groupe).is_not_null()))
        return there

    return pa.Check(one_is_there, error=_group_name(groupe))


def _group_name(groupe: tuple[str, ...]) -> str:
    return f"{OBLIGATOIRE}:{', '.join(groupe)}"


def pandera_schema(produit: Produit) -> pa.DataFrameSchema:
    """The pandera schema of a product: types, obligatory values, codes, bounds, patterns and row rules."""
    colonnes = {
        c.nom: pa.Column(_dtype(c), _checks(c), nullable=not c.obligatoire, required=True)
        for c in produit.champs
    }
    colonnes["millesime"] = pa.Column(pl.Int32, nullable=not produit.millesime_requis, required=True)
    regles = [_row_check(r) for r in produit.regles if r.gravite == "rejet" and not r.cellules]
    regles += [_group_check(groupe) for groupe in produit.necessaires]
    return pa.DataFrameSchema(colonnes, checks=regles, strict=False, name=produit.produit)


def _said(borne: float | date | str | None) -> str:
    """A bound as a French message says it."""
    if isinstance(borne, str):
        ans = relative_bound(borne)
        ecart = f" {'plus' if ans > 0 else 'moins'} {abs(ans)} an{'s' if abs(ans) > 1 else ''}" if ans else ""
        return f"la date de l'extraction{ecart}"
    if isinstance(borne, date):
        return f"{borne:%d/%m/%Y}"
    return f"{borne:g}"


def _label_line(champ: Champ) -> str:
    """The line of a mapping that says what a label means. The label is left to whoever has the file: it may
    be someone's."""
    return f'valeurs: {{{champ.nom}: {{"<libellé lu>": "{next(iter(champ.codes or {}), "")}"}}}}'


def _message(produit: Produit, champ: Champ | None, regle: str) -> str:
    if champ is None:
        return next((r.message for r in produit.regles if r.nom == regle), "Règle non respectée")
    messages = {
        TYPE: f"Valeur illisible pour « {champ.nom} » (attendu : {_ATTENDUS.get(champ.type, champ.type)})",
        CODE: f"Code inconnu pour « {champ.nom} » (attendu : {', '.join(champ.codes or {})}) ; si c'est un "
        f"libellé de votre outil, ajoutez à sa correspondance la ligne « {_label_line(champ)} »",
        MINIMUM: f"« {champ.nom} » est inférieur au minimum : {_said(champ.min or 0)}",
        MAXIMUM: f"« {champ.nom} » est supérieur au maximum : {_said(champ.max or 0)}",
        FORME: f"« {champ.nom} » n'a pas la forme attendue ({champ.motif})",
        PERSONNEL: f"« {champ.nom} » porte ce qui désigne une personne (téléphone, courriel, nom précédé "
        "d'une civilité…) : rien n'en est gardé",
    }
    return messages.get(regle, f"« {champ.nom} » est obligatoire et manque")


def read_cells(con: duckdb.DuckDBPyConnection, produit: Produit, lignes: str) -> pl.DataFrame:
    """Cells that the query of `normalise` found unreadable or impossible.

    Args:
        con: a connection.
        produit: the product.
        lignes: SQL of the normalised rows, with `_rang`, `_ligne` and `_rejets`.

    Returns:
        One row per cell: `_rang`, `_ligne`, `portee` (its whole line when the row cannot do without it, else
        the cell alone), `colonne`, `valeur`, `regle`, `message`.
    """
    cellules = con.execute(
        f"SELECT _rang, _ligne, m[1] AS colonne, m[3] AS valeur, m[2] AS regle FROM "
        f"(SELECT _rang, _ligne, string_split(unnest(string_split(_rejets, {quote(SEPARATEUR_REJETS)})), "
        f"{quote(SEPARATEUR_VALEUR)}) AS m FROM {lignes} WHERE _rejets IS NOT NULL) ORDER BY ALL"
    ).pl()
    cles = cellules.select("colonne", "regle").unique().rows()
    champs = {c.nom: c for c in produit.champs}
    vides = {c.nom for c in produit.champs if c.obligatoire or c.decisif} | (
        {"millesime"} if produit.millesime_requis else set()
    )
    dits = pl.DataFrame(
        [
            (
                colonne,
                regle,
                LIGNE if produit.stricte or colonne in vides else CELLULE,
                f"« {colonne} » est illisible"
                if colonne in COMMUNES_LUES
                else _message(produit, champs.get(colonne), regle),
            )
            for colonne, regle in cles
        ],
        schema=dict.fromkeys(("colonne", "regle", "portee", "message"), pl.String),
        orient="row",
    )
    return cellules.join(dits, on=["colonne", "regle"], how="left", maintain_order="left")


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
    groupes = {_group_name(g): g for g in produit.necessaires}
    touchees = cas["index"].unique().sort().to_list()
    noms = [c.nom for c in produit.champs]
    lignes = tranche.with_row_index("_rang").filter(pl.col("_rang").is_in(touchees)).collect()
    par_rang = {ligne["_rang"]: ligne for ligne in lignes.iter_rows(named=True)}
    for colonne, regle, rang in (
        cas.sort("index", "check_number").select("column", "check", "index").iter_rows()
    ):
        ligne = par_rang[rang]
        if regle in groupes:
            noms_du_groupe = ", ".join(groupes[regle])
            message = f"Il faut au moins l'une de ces valeurs : {noms_du_groupe}"
            yield Refus(debut + rang, noms_du_groupe, None, OBLIGATOIRE, message)
        elif regle in regles and (colonne is None or colonne not in noms):
            en_cause = regles[regle].colonnes
            valeur = " | ".join(_shown(produit, nom, ligne[nom]) for nom in en_cause)
            yield Refus(debut + rang, ", ".join(en_cause), valeur, regle, regles[regle].message)
        elif colonne == "millesime":
            yield Refus(debut + rang, colonne, None, OBLIGATOIRE, "Millésime manquant")
        else:
            champ = produit.champ(colonne)
            nom_regle = OBLIGATOIRE if regle == "not_nullable" else regle
            valeur_champ = None if ligne[colonne] is None else _shown(produit, colonne, ligne[colonne])
            yield Refus(debut + rang, colonne, valeur_champ, nom_regle, _message(produit, champ, nom_regle))


def _shown(produit: Produit, nom: str, valeur: object) -> str:
    if nom in produit.personnes:
        return MASQUE
    return "" if valeur is None else str(valeur)


def find_refusals(produit: Produit, parquet: Path, total: int, arret: int) -> list[Refus]:
    """Every reason to refuse a row whole, by slices so that memory stays bounded; stops soon after `arret`
    refused rows."""
    source = pl.scan_parquet(parquet)
    refus: list[Refus] = []
    for debut in range(0, total, TRANCHE):
        refus += _schema_refusals(produit, source.slice(debut, TRANCHE), debut)
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
