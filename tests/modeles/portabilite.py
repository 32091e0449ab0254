"""What a model must not write because engines disagree on it without saying so.

Each rule reads one compiled model, parsed and typed by sqlglot from the tables that DuckDB makes of the models
before it, all empty. A construct that another engine refuses is no matter here: it shows by itself.
"""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb
from sqlglot import MappingSchema, exp, parse_one
from sqlglot.dialects.dialect import NormalizationStrategy
from sqlglot.dialects.duckdb import DuckDB
from sqlglot.optimizer.annotate_types import annotate_types
from sqlglot.optimizer.qualify import qualify

from pipelines.paths import BASE_NAME, DBT_PROJECT, spatial_extension
from tests.modeles.magasin import Sources, dbt

# The catalogue that the parser is told of, whatever the name of the file.
CATALOGUE = "base"
# What a macro writes after an expression that it gives to each engine in its own words.
PORTE = "par moteur"

ENTIERS = exp.DataType.INTEGER_TYPES
TEXTES = exp.DataType.TEXT_TYPES
REELS = exp.DataType.FLOAT_TYPES
DECIMAUX = exp.DataType.REAL_TYPES - REELS
FAMILLES = {
    "nombre": ENTIERS | REELS | DECIMAUX,
    "texte": TEXTES,
    "date": {exp.DType.DATE},
    "instant": exp.DataType.TEMPORAL_TYPES - {exp.DType.DATE},
    "booléen": {exp.DType.BOOLEAN},
}
# Their answer depends on the order in which an engine happens to read the rows.
AGREGATS_ORDONNES = (
    exp.AnyValue,
    exp.First,
    exp.Last,
    exp.ArgMax,
    exp.ArgMin,
    exp.ArrayAgg,
    exp.GroupConcat,
    exp.Mode,
)
FENETRES_ORDONNEES = (
    exp.RowNumber,
    exp.Rank,
    exp.DenseRank,
    exp.Ntile,
    exp.Lag,
    exp.Lead,
    exp.FirstValue,
    exp.LastValue,
    exp.NthValue,
)


class _AbsentsPetits(DuckDB):
    """DuckDB, were nulls below every value: tells an order that says where nulls go from one that does not."""

    NULL_ORDERING = "nulls_are_small"
    NORMALIZATION_STRATEGY = NormalizationStrategy.CASE_INSENSITIVE


class _AbsentsGrands(_AbsentsPetits):
    """DuckDB, were nulls above every value."""

    NULL_ORDERING = "nulls_are_large"


@dataclass(frozen=True)
class Ecart:
    """One construct that engines read differently."""

    regle: str
    texte: str


Regle = Callable[[exp.Expression], Iterator[exp.Expression]]


def type_de(noeud: exp.Expression) -> Any:
    """Type of an expression, None when nothing tells it."""
    # DuckDB rounds a decimal to a decimal.
    if isinstance(noeud, exp.Round):
        return type_de(noeud.this)
    connu = noeud.type.this if noeud.type is not None else None
    return None if connu in {exp.DType.UNKNOWN, exp.DType.NULL} else connu


def famille(noeud: exp.Expression) -> str | None:
    """Kind of values of an expression: two kinds never meet without a cast that an engine chooses."""
    return next((nom for nom, types in FAMILLES.items() if type_de(noeud) in types), None)


def nu(noeud: exp.Expression | None) -> exp.Expression | None:
    """What is inside parentheses and casts."""
    while isinstance(noeud, exp.Paren | exp.Cast):
        noeud = noeud.this
    return noeud


def est_porte(noeud: exp.Expression) -> bool:
    """Was the expression written by a macro that has one form per engine?"""
    return PORTE in " ".join(noeud.comments or [])


def agregats_sans_ordre(arbre: exp.Expression) -> Iterator[exp.Expression]:
    """`any_value`, `string_agg`… without an order."""
    for agregat in arbre.find_all(*AGREGATS_ORDONNES):
        if not isinstance(agregat.this, exp.Order) and agregat.find_ancestor(exp.WithinGroup) is None:
            yield agregat


def fenetres_sans_ordre(arbre: exp.Expression) -> Iterator[exp.Expression]:
    """`row_number`, `lag`… over rows in no order."""
    for fenetre in arbre.find_all(exp.Window):
        fonction = fenetre.this.this if isinstance(fenetre.this, exp.IgnoreNulls) else fenetre.this
        if isinstance(fonction, FENETRES_ORDONNEES) and not _definition(fenetre).args.get("order"):
            yield fenetre


def _definition(fenetre: exp.Window) -> exp.Expression:
    """The window that is named, when only its name is written."""
    choix = fenetre.find_ancestor(exp.Select)
    nommees = choix.args.get("windows") or [] if choix is not None else []
    return next((w for w in nommees if w.alias_or_name == fenetre.alias and fenetre.alias), fenetre)


def diviseurs_nuls(arbre: exp.Expression) -> Iterator[exp.Expression]:
    """A divisor that may be 0: null, infinity or an error."""
    for division in arbre.find_all(exp.Div, exp.IntDiv, exp.Mod):
        diviseur = nu(division.expression)
        if isinstance(diviseur, exp.Literal) and float(diviseur.this) != 0:
            continue
        if not isinstance(diviseur, exp.Nullif):
            yield division


def divisions_exactes(arbre: exp.Expression) -> Iterator[exp.Expression]:
    """A division of whole numbers or decimals: truncated, rounded at some scale, or real."""
    for division in arbre.find_all(exp.Div):
        if not {type_de(division.left), type_de(division.right)} & REELS:
            yield division


def conversions_entieres(arbre: exp.Expression) -> Iterator[exp.Expression]:
    """`2.5::int`: 3, or 2."""
    for conversion in arbre.find_all(exp.Cast):
        if conversion.to.this in ENTIERS and type_de(conversion.this) in REELS | DECIMAUX:
            dedans = nu(conversion.this)
            # Sums of counts are HUGEINT in DuckDB, which sqlglot takes for decimals.
            if not isinstance(dedans, exp.Round | exp.Floor | exp.Ceil | exp.Sum | exp.Extract):
                yield conversion


def arrondis_de_reels(arbre: exp.Expression) -> Iterator[exp.Expression]:
    """A real brought to some decimals: each engine has its way with ties."""
    for noeud in arbre.find_all(exp.Cast, exp.Round):
        if type_de(noeud.this) not in REELS or est_porte(noeud):
            continue
        if isinstance(noeud, exp.Round) or noeud.to.this in DECIMAUX:
            yield noeud


def reels_ecrits(arbre: exp.Expression) -> Iterator[exp.Expression]:
    """A real written as text: 1e16, 1.0E16, 10000000000000000."""
    for conversion in arbre.find_all(exp.Cast):
        if est_porte(conversion) or conversion.to.this not in TEXTES:
            continue
        if type_de(conversion.this) in REELS | FAMILLES["instant"]:
            yield conversion


def sommes_de_reels(arbre: exp.Expression) -> Iterator[exp.Expression]:
    """A sum of reals depends on the order in which an engine adds them."""
    for somme in arbre.find_all(exp.Sum, exp.Avg, exp.Stddev, exp.StddevPop, exp.StddevSamp, exp.Variance):
        if type_de(somme.this) in REELS:
            yield somme


def textes_echappes(arbre: exp.Expression) -> Iterator[exp.Expression]:
    """A text with an apostrophe doubled or a backslash: kept, dropped or read as an escape."""
    for texte in arbre.find_all(exp.Literal):
        if texte.is_string and "\\" in texte.this:
            yield texte


def absents_joints(arbre: exp.Expression) -> Iterator[exp.Expression]:
    """`concat`, which skips nulls or gives null; `||` gives null everywhere."""
    yield from arbre.find_all(exp.Concat, exp.ConcatWs)


def conversions_implicites(arbre: exp.Expression) -> Iterator[exp.Expression]:
    """Values of two kinds side by side: one is cast, which engine casts which differs."""
    for noeud in arbre.walk():
        if len({famille(cote) for cote in _cotes(noeud)} - {None}) > 1:
            yield noeud


def _cotes(noeud: exp.Expression) -> list[exp.Expression]:
    """The expressions that have to be of one kind."""
    if isinstance(
        noeud, exp.EQ | exp.NEQ | exp.GT | exp.GTE | exp.LT | exp.LTE | exp.NullSafeEQ | exp.NullSafeNEQ
    ):
        return [noeud.left, noeud.right]
    if isinstance(noeud, exp.Mul | exp.Div | exp.DPipe):
        return [noeud.left, noeud.right]
    if isinstance(noeud, exp.In):
        return [noeud.this, *noeud.expressions]
    if isinstance(noeud, exp.Between):
        return [noeud.this, noeud.args["low"], noeud.args["high"]]
    if isinstance(noeud, exp.Coalesce | exp.Greatest | exp.Least | exp.Nullif):
        return [
            noeud.this,
            *noeud.expressions,
            *([noeud.expression] if isinstance(noeud, exp.Nullif) else []),
        ]
    if isinstance(noeud, exp.Case):
        suites = [branche.args["true"] for branche in noeud.args["ifs"]]
        return [*suites, *([noeud.args["default"]] if noeud.args.get("default") else [])]
    return []


def unions_de_types(arbre: exp.Expression) -> Iterator[exp.Expression]:
    """Two branches of a union whose columns are not of the same kind."""
    for union in arbre.find_all(exp.SetOperation):
        cotes = [union.left, union.right]
        listes = [cote.selects for cote in cotes]
        for gauche, droite in zip(*listes, strict=True):
            if len({famille(gauche), famille(droite)} - {None}) > 1:
                yield droite


REGLES: dict[str, Regle] = {
    "agrégat sans ordre": agregats_sans_ordre,
    "fenêtre sans ordre": fenetres_sans_ordre,
    "diviseur qui peut être nul": diviseurs_nuls,
    "division sans réel": divisions_exactes,
    "conversion en entier sans arrondi": conversions_entieres,
    "réel arrondi sans macro": arrondis_de_reels,
    "réel écrit en texte": reels_ecrits,
    "somme de réels": sommes_de_reels,
    "texte échappé": textes_echappes,
    "concat": absents_joints,
    "conversion implicite": conversions_implicites,
    "union de types différents": unions_de_types,
}


def absents_sans_place(sql: str) -> list[str]:
    """Orders of windows and aggregates that do not say where nulls go, on what may be null."""
    petits, grands = (
        list(parse_one(sql, dialect=dialecte).find_all(exp.Ordered))
        for dialecte in (_AbsentsPetits, _AbsentsGrands)
    )
    return [
        a.sql(dialect="duckdb")
        for a, b in zip(petits, grands, strict=True)
        if a.args.get("nulls_first") != b.args.get("nulls_first")
        and _peut_manquer(a.this)
        # A percentile skips nulls.
        and a.find_ancestor(exp.WithinGroup) is None
    ]


def _peut_manquer(noeud: exp.Expression) -> bool:
    if isinstance(noeud, exp.Literal):
        return False
    if isinstance(noeud, exp.Coalesce):
        return all(_peut_manquer(terme) for terme in [noeud.this, *noeud.expressions])
    if isinstance(noeud, exp.Case):
        defaut = noeud.args.get("default")
        suites = [branche.args["true"] for branche in noeud.args["ifs"]]
        return defaut is None or any(_peut_manquer(terme) for terme in [*suites, defaut])
    return True


def ecarts(sql: str, schema: MappingSchema) -> list[Ecart]:
    """What engines would read differently in a query of DuckDB."""
    arbre = parse_one(sql, dialect="duckdb")
    for table in arbre.find_all(exp.Table):
        if table.args.get("db"):
            table.set("catalog", exp.to_identifier(CATALOGUE))
    qualifie = qualify(
        arbre,
        schema=schema,
        dialect="duckdb",
        catalog=CATALOGUE,
        validate_qualify_columns=False,
        quote_identifiers=False,
        identify=False,
    )
    type_ = annotate_types(qualifie, schema=schema, dialect="duckdb")
    trouves = {
        Ecart(nom, noeud.sql(dialect="duckdb", comments=False))
        for nom, regle in REGLES.items()
        for noeud in regle(type_)
    }
    trouves |= {Ecart("place des absents", texte) for texte in absents_sans_place(sql)}
    return sorted(trouves, key=lambda e: (e.regle, e.texte))


class Projet:
    """The compiled models in the order of the graph, and the types of every table."""

    def __init__(self, dossier: Path, noms: dict[str, str]) -> None:
        """Compile the project and let DuckDB tell the types of each model, on empty tables."""
        base = dossier / BASE_NAME
        with duckdb.connect(str(base)) as con:
            Sources(con, noms)
        fait = dbt(
            base, dossier / "dbt", "--quiet", "compile", "--no-introspect", "--no-populate-cache",
            "--exclude", "resource_type:test", "resource_type:unit_test",
        )  # fmt: skip
        assert fait.returncode == 0, fait.stdout[-4000:]
        manifest = json.loads((dossier / "dbt" / "manifest.json").read_text(encoding="utf-8"))
        self.modeles: dict[str, str] = {}
        with duckdb.connect(str(base)) as con:
            con.execute("set threads = 1")
            con.execute(f"load '{spatial_extension()}'")
            for noeud in _dans_l_ordre(manifest):
                self._creer(con, noeud, dossier)
            self.schema = _schema(con)

    def _creer(self, con: duckdb.DuckDBPyConnection, noeud: dict[str, Any], dossier: Path) -> None:
        nom = f"{noeud['schema']}.{noeud['alias']}"
        con.execute(f"create schema if not exists {noeud['schema']}")
        if noeud["resource_type"] == "seed":
            types = ", ".join(f"'{c}': '{t}'" for c, t in (noeud["config"]["column_types"] or {}).items())
            fichier = DBT_PROJECT / noeud["original_file_path"]
            con.execute(
                f"create table {nom} as from read_csv('{fichier}', header = true, types = {{{types}}})"
            )
            return
        if noeud["language"] == "python":
            colonnes = ", ".join(f"{nom} {decrite['data_type']}" for nom, decrite in noeud["columns"].items())
            con.execute(f"create table {nom} ({colonnes})")
            return
        chemin = dossier / "dbt" / "compiled" / noeud["package_name"] / noeud["original_file_path"]
        sql = chemin.read_text(encoding="utf-8")
        con.execute(f"create table {nom} as select * from ({sql}\n) limit 0")
        self.modeles[noeud["name"]] = sql


def _dans_l_ordre(manifest: dict[str, Any]) -> list[dict[str, Any]]:
    restants = {
        cle: noeud for cle, noeud in manifest["nodes"].items() if noeud["resource_type"] in {"seed", "model"}
    }
    rangs: dict[str, int] = {}

    def rang(cle: str) -> int:
        if cle not in rangs:
            amont = [c for c in restants[cle].get("depends_on", {}).get("nodes", []) if c in restants]
            rangs[cle] = 1 + max(map(rang, amont), default=0)
        return rangs[cle]

    return [restants[cle] for cle in sorted(restants, key=lambda cle: (rang(cle), cle))]


def _schema(con: duckdb.DuckDBPyConnection) -> MappingSchema:
    tables: dict[str, Any] = {}
    for schema, table, colonne, type_ in con.execute(
        "select schema_name, table_name, column_name, data_type from duckdb_columns() "
        "where not internal order by all"
    ).fetchall():
        # Counts summed: whole numbers, whatever their width.
        nom = "BIGINT" if type_ == "HUGEINT" else type_
        tables.setdefault(schema, {}).setdefault(table, {})[colonne] = nom
    return MappingSchema({CATALOGUE: tables}, dialect="duckdb")
