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
ADMISES = {"int_fragilite_ecarts": ["somme : (taux - moyenne) * (taux - moyenne)"]}
# `marts.indicateurs`, as docs/contrat.md and every report read it.
CONTRAT = [
    ("epci_siren", "varchar"), ("periode_type", "varchar"), ("periode", "varchar"), ("indicateur", "varchar"),
    ("axe", "varchar"), ("modalite", "varchar"), ("modalite_libelle", "varchar"), ("segment_type", "varchar"),
    ("segment", "varchar"), ("numerateur", "bigint"), ("denominateur", "bigint"), ("inconnus", "bigint"),
    ("valeur", "double"), ("unite", "varchar"), ("cible", "double"), ("operateur", "varchar"),
    ("atteint", "boolean"), ("manque", "bigint"), ("statut", "varchar"), ("source", "varchar"),
    ("version_methode", "varchar"),
]  # fmt: skip


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


@pytest.mark.parametrize("chemin", [*MODELES, *MACROS], ids=lambda p: p.stem)
def test_no_mean_and_no_sum_of_a_rate(chemin: Path) -> None:
    assert misuses(chemin.read_text(encoding="utf-8")) == ADMISES.get(chemin.stem, [])


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


@pytest.mark.parametrize("chemin", MODELES, ids=lambda p: p.stem)
def test_what_passes_over_nulls_is_not_used(chemin: Path) -> None:
    # `least` and `greatest` ignore what is unknown: plus_petit and plus_grand do not.
    assert (
        re.findall(r"\b(?:least|greatest)\s*\(", without_comments(chemin.read_text(encoding="utf-8"))) == []
    )


@pytest.mark.parametrize("chemin", [*MODELES, *MACROS], ids=lambda p: p.stem)
def test_no_year_in_sql(chemin: Path) -> None:
    lignes = without_comments(chemin.read_text(encoding="utf-8")).splitlines()
    assert [ligne.strip() for ligne in lignes if ANNEE.search(ligne)] == []


def _years(arbre: ast.Module) -> Iterator[str]:
    porteurs = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)
    docstrings = {
        id(noeud.body[0].value)
        for noeud in ast.walk(arbre)
        if isinstance(noeud, porteurs) and noeud.body and isinstance(noeud.body[0], ast.Expr)
    }
    for noeud in ast.walk(arbre):
        if not isinstance(noeud, ast.Constant) or id(noeud) in docstrings:
            continue
        if isinstance(noeud.value, int | str) and ANNEE.search(str(noeud.value)):
            yield str(noeud.value)


@pytest.mark.parametrize("chemin", PYTHON, ids=lambda p: p.relative_to(PROJECT_ROOT).as_posix())
def test_no_year_in_python(chemin: Path) -> None:
    # A message or a help text may show one as an example; nothing may compute with one.
    annees = list(_years(ast.parse(chemin.read_text(encoding="utf-8"))))
    aide = chemin.parent.name == "cli"
    assert [a for a in annees if "exemple" not in a.lower() and not (aide and not a.isdigit())] == []


def test_a_year_is_seen() -> None:
    assert list(_years(ast.parse('"""In 2021."""\nif annee > 2024:\n    sql = "where annee = 2023"\n'))) == [
        "2024",
        "where annee = 2023",
    ]


def _description(modele: Path) -> dict[str, object]:
    lu = yaml.safe_load(modele.with_suffix(".yml").read_text(encoding="utf-8"))
    (decrit,) = [m for m in lu["models"] if m["name"] == modele.stem]
    return dict(decrit)


@pytest.mark.parametrize("modele", MODELES, ids=lambda p: p.stem)
def test_each_model_is_described_beside_it(modele: Path) -> None:
    decrit = _description(modele)
    description = str(decrit["description"])
    assert "Grain" in description
    if modele.parts[-2] in {"entrepot", "marts"}:
        assert decrit["config"] == {"contract": {"enforced": True}}
        colonnes = decrit["columns"]
        assert isinstance(colonnes, list)
        sans = [
            c["name"] for c in colonnes if not str(c.get("description", "")).strip() or "data_type" not in c
        ]
        assert sans == []


def test_published_figures_keep_their_contract() -> None:
    decrit = _description(DBT_PROJECT / "models" / "marts" / "indicateurs.sql")
    colonnes = decrit["columns"]
    assert isinstance(colonnes, list)
    assert [(c["name"], c["data_type"]) for c in colonnes] == CONTRAT


def test_only_staging_reads_sources() -> None:
    lecteurs = {
        p.relative_to(DBT_PROJECT / "models").parts[0]
        for p in MODELES
        if re.search(r"\bsource\s*\(", without_comments(p.read_text(encoding="utf-8")))
    }
    assert lecteurs == {"staging"}
