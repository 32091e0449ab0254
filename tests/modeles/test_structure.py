"""Rules that every model and every line keep, read from the files: nothing here runs dbt."""

import ast
import csv
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from pipelines.paths import DBT_PROJECT, PROJECT_ROOT
from tests.modeles.magasin import Entrepot

MODELES = sorted((DBT_PROJECT / "models").rglob("*.sql"))
MACROS = sorted((DBT_PROJECT / "macros").rglob("*.sql"))
PYTHON = sorted([*PROJECT_ROOT.glob("pipelines/**/*.py"), *PROJECT_ROOT.glob("assets/*.py")])
ANNEE = re.compile(r"\b20[12]\d\b")

# Columns that hold a rate, a mean, a median or a difference, whatever the indicator.
NON_ADDITIVES = {
    "valeur",
    "mesure",
    "taux",
    "ecart",
    "pct_plafond_plus",
    "ressources_uc",
    "anciennete_jours",
    "delai_jours",
}
# The spread of places around the mean of the stock, which a fragility method asks for: it is no figure of a place.
ADMISES = {"int_fragilite_points": ["somme : (taux - moyenne) * (taux - moyenne)"]}


def without_comments(texte: str) -> str:
    """A model as written, without its comments."""
    return re.sub(r"--[^\n]*", "", re.sub(r"\{#.*?#\}", "", texte, flags=re.S))


def code(texte: str) -> str:
    """Its SQL; what a template fills in is checked where it is filled, in the compiled models."""
    return re.sub(r"\{\{.*?\}\}", "gabarit", without_comments(texte), flags=re.S)


def aggregates(sql: str, fonctions: str) -> Iterator[str]:
    """The argument of each call to one of the functions, parentheses balanced."""
    for appel in re.finditer(rf"\b(?:{fonctions})\s*\(", sql, flags=re.I):
        profondeur, fin = 1, appel.end()
        while profondeur and fin < len(sql):
            profondeur += {"(": 1, ")": -1}.get(sql[fin], 0)
            fin += 1
        yield sql[appel.end() : fin - 1]


def non_additive() -> set[str]:
    """Names that must never be summed: the columns above and every indicator that the catalogue calls so."""
    with (DBT_PROJECT / "seeds" / "ref_indicateurs.csv").open(encoding="utf-8") as flux:
        return NON_ADDITIVES | {i["indicateur"] for i in csv.DictReader(flux) if i["additif"] == "false"}


def misuses(sql: str) -> list[str]:
    """Sums of what cannot be summed, and any mean."""
    propre = code(sql)
    fautes = [f"moyenne : {a}" for a in aggregates(propre, r"avg|mean|median|favg|kahan_sum")]
    interdits = non_additive()
    for argument in aggregates(propre, "sum|fsum"):
        noms = set(re.findall(r"[a-z_][a-z0-9_]*", argument.lower()))
        if noms & interdits:
            fautes.append(f"somme : {argument}")
    for tri in re.findall(r"within\s+group\s*\(\s*order\s+by\s+([\w.]+)", propre, flags=re.I):
        if tri.split(".")[-1] in {"valeur", "mesure", "taux"}:
            fautes.append(f"médiane de figures : {tri}")
    return fautes


def test_no_mean_and_no_sum_of_a_rate() -> None:
    fautes = {p.stem: misuses(p.read_text(encoding="utf-8")) for p in (*MODELES, *MACROS)}
    assert {nom: faute for nom, faute in fautes.items() if faute} == ADMISES


def test_no_sum_of_a_rate_in_the_compiled_models(entrepot: Entrepot) -> None:
    compiles = sorted((entrepot.cible / "compiled").rglob("models/**/*.sql"))
    assert len(compiles) > 50
    fautes = {c.stem: misuses(c.read_text(encoding="utf-8")) for c in compiles if c.parent.suffix != ".yml"}
    assert {nom: faute for nom, faute in fautes.items() if faute} == ADMISES


@pytest.mark.parametrize(
    "faute",
    [
        "select avg(loyer_m2) from parc",
        "select sum(figures.valeur) from figures",
        "select sum(case when axe = 'commune' then taux_pauvrete end) from revenus",
        "select percentile_cont(0.5) within group (order by f.valeur) from f",
        "select sum( coalesce(tension, 0) ) over (partition by epci_siren) from t",
    ],
)
def test_a_sum_of_rates_is_seen(faute: str) -> None:
    assert misuses(faute)


def test_counts_may_be_summed() -> None:
    assert (
        misuses(
            "select sum(hors_qpv_q1_num), sum(loyer) / sum(surface), sum(numerateur) from f -- avg(valeur)"
        )
        == []
    )


def test_what_passes_over_nulls_is_not_used() -> None:
    # `least` and `greatest` ignore what is unknown: plus_petit and plus_grand do not.
    assert [
        f"{chemin.stem} : {appel}"
        for chemin in MODELES
        for appel in re.findall(
            r"\b(?:least|greatest)\s*\(", without_comments(chemin.read_text(encoding="utf-8"))
        )
    ] == []


def test_no_year_in_sql() -> None:
    assert [
        f"{chemin.stem} : {ligne.strip()}"
        for chemin in (*MODELES, *MACROS)
        for ligne in without_comments(chemin.read_text(encoding="utf-8")).splitlines()
        if ANNEE.search(ligne)
    ] == []


def _years(arbre: ast.Module) -> Iterator[str]:
    porteurs = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)
    docstrings = {
        id(noeud.body[0].value)
        for noeud in ast.walk(arbre)
        if isinstance(noeud, porteurs) and noeud.body and isinstance(noeud.body[0], ast.Expr)
    }
    compares = [n for n in ast.walk(arbre) if isinstance(n, ast.Compare)]
    for nombre in (x for n in compares for x in ast.walk(n) if isinstance(x, ast.Constant)):
        if isinstance(nombre.value, int) and 1900 <= nombre.value < 2010:
            yield str(nombre.value)
    for noeud in ast.walk(arbre):
        if not isinstance(noeud, ast.Constant) or id(noeud) in docstrings:
            continue
        if isinstance(noeud.value, int | str) and ANNEE.search(str(noeud.value)):
            yield str(noeud.value)


def test_no_year_in_python() -> None:
    """A rule of a year is a row of a table: a year in code moved a published figure by 8.8 % elsewhere."""
    # A message or a help text may show one as an example; nothing may compute with one.
    assert [
        f"{chemin.relative_to(PROJECT_ROOT)} : {a}"
        for chemin in PYTHON
        for a in _years(ast.parse(chemin.read_text(encoding="utf-8")))
        if "exemple" not in a.lower() and not (chemin.parent.name == "cli" and not a.isdigit())
    ] == []


def test_a_year_is_seen() -> None:
    assert list(_years(ast.parse('"""In 2021."""\nif annee > 2024:\n    sql = "where annee = 2023"\n'))) == [
        "2024",
        "where annee = 2023",
    ]
    assert list(_years(ast.parse("if annee in (1999, 3):\n    taille = 2000\n"))) == ["1999"]


def _description(modele: Path) -> dict[str, object]:
    lu = yaml.safe_load(modele.with_suffix(".yml").read_text(encoding="utf-8"))
    (decrit,) = [m for m in lu["models"] if m["name"] == modele.stem]
    return dict(decrit)


def _lack(modele: Path) -> Iterator[str]:
    decrit = _description(modele)
    if "Grain" not in str(decrit["description"]):
        yield "no grain"
    if modele.parts[-2] in {"entrepot", "marts"}:
        config = decrit.get("config", {})
        assert isinstance(config, dict)
        if config.get("contract") != {"enforced": True}:
            yield "no contract"
        colonnes = decrit["columns"]
        assert isinstance(colonnes, list)
        for c in colonnes:
            if not str(c.get("description", "")).strip() or "data_type" not in c:
                yield f"{c['name']}: no description or no type"


def test_each_model_is_described_beside_it() -> None:
    assert [f"{modele.stem}: {lack}" for modele in MODELES for lack in _lack(modele)] == []


def test_a_column_that_is_not_summed_says_so() -> None:
    """Rates, medians, differences, targets: what reads them in a tool sees the comment of the column, not a page."""
    silent, told = [], 0
    for path in sorted((DBT_PROJECT / "models" / "marts").glob("*.yml")):
        for model in yaml.safe_load(path.read_text(encoding="utf-8")).get("models", []):
            for column in model.get("columns", []):
                real = str(column.get("data_type", "")).startswith(("double", "decimal"))
                if not real or "en nombre" in column["description"]:
                    continue
                told += 1
                if "additionn" not in column["description"]:
                    silent.append(f"{model['name']}.{column['name']}")
    assert silent == []
    assert told > 40


def test_a_table_of_several_cuts_says_what_a_query_fixes() -> None:
    """An axis, a segment, a method or a dimension left free counts the same household several times."""
    silent = []
    for modele in sorted((DBT_PROJECT / "models" / "marts").glob("*.sql")):
        decrit = _description(modele)
        colonnes = {c["name"] for c in decrit["columns"]}  # type: ignore[attr-defined]
        cuts = colonnes & {"axe", "segment_type", "methode", "dimension", "caracteristique"}
        if cuts and "fixe" not in str(decrit["description"]):
            silent.append((modele.stem, sorted(cuts)))
    assert silent == []


@pytest.mark.parametrize(
    ("exposition", "lecteur"), [("bilan", "bilan"), ("alertes", "alertes"), ("explorateur", "explorateur")]
)
def test_an_exposure_names_what_its_report_reads(exposition: str, lecteur: str) -> None:
    (declared,) = (
        e
        for e in yaml.safe_load((DBT_PROJECT / "models" / "_exposures.yml").read_text(encoding="utf-8"))[
            "exposures"
        ]
        if e["name"] == exposition
    )
    models = {m.stem: (m.parent.name, m.stem.removeprefix("meta_")) for m in MODELES}
    shown = {("meta", name) for name in published_as_they_are()}
    named = {
        models[said[1]] if said[1] else ("meta", said[2])
        for said in (
            re.fullmatch(r"ref\('(\w+)'\)|source\('\w+', '(\w+)'\)", ref) for ref in declared["depends_on"]
        )
        if said
    }
    assert len(named) == len(declared["depends_on"])
    code_lu = "\n".join(
        p.read_text(encoding="utf-8") for p in sorted((PROJECT_ROOT / "pipelines" / lecteur).rglob("*.py"))
    )
    tables = {(s, t) for s, t in models.values() if s in {"marts", "meta"}} | shown
    assert named == {(s, t) for s, t in tables if re.search(rf'\b{s}(?:\.|",\s*"){t}\b', code_lu)}


def published_as_they_are() -> set[str]:
    """Tables of `meta` that a build loads and no model makes; the account of the reading is for the publication."""
    return {
        table["name"]
        for path in sorted((DBT_PROJECT / "models" / "staging").glob("_*.yml"))
        for source in yaml.safe_load(path.read_text(encoding="utf-8"))["sources"]
        for table in source["tables"]
        if source["schema"] == "meta" and source["name"] != "account"
    }
