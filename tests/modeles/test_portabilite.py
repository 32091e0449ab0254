"""No model writes what another engine would read differently without an error."""

import pytest
from sqlglot import MappingSchema

from tests.modeles.portabilite import CATALOGUE, Projet, ecarts
from tests.modeles.scenarios import NOMS

# Needs DuckDB's spatial extension: another engine never reads it (docs/moteurs.md says where it runs instead).
HORS_MOTEUR = {"int_logement_polygone"}
SCHEMA = MappingSchema(
    {
        CATALOGUE: {
            "marts": {
                "t": {
                    "n": "INTEGER",
                    "m": "BIGINT",
                    "d": "DECIMAL(9,2)",
                    "r": "DOUBLE",
                    "s": "VARCHAR",
                    "j": "DATE",
                    "b": "BOOLEAN",
                }
            }
        }
    },
    dialect="duckdb",
)


@pytest.fixture(scope="module")
def projet(tmp_path_factory: pytest.TempPathFactory) -> Projet:
    return Projet(tmp_path_factory.mktemp("portabilite"), NOMS)


def test_models_mean_the_same_on_every_engine(projet: Projet) -> None:
    trouves = {
        f"{nom} : {ecart.regle} : {ecart.texte}"
        for nom, sql in projet.modeles.items()
        if nom not in HORS_MOTEUR
        for ecart in ecarts(sql, projet.schema)
    }
    assert not trouves, "\n".join(sorted(trouves))
    assert len(projet.modeles) > 70


@pytest.mark.parametrize(
    ("regle", "expression"),
    [
        ("agrégat sans ordre", "any_value(s)"),
        ("agrégat sans ordre", "first(s)"),
        ("agrégat sans ordre", "arg_max(s, n)"),
        ("agrégat sans ordre", "list(s)"),
        ("agrégat sans ordre", "string_agg(s, ',')"),
        ("fenêtre sans ordre", "row_number() over (partition by s)"),
        ("fenêtre sans ordre", "last_value(s ignore nulls) over (partition by b)"),
        ("place des absents", "row_number() over (order by n desc)"),
        ("place des absents", "string_agg(s, ',' order by n)"),
        ("diviseur qui peut être nul", "1 / 0"),
        ("diviseur qui peut être nul", "cast(n as double) / m"),
        ("diviseur qui peut être nul", "n // m"),
        ("diviseur qui peut être nul", "mod(n, m)"),
        ("division sans réel", "1 / 2"),
        ("division sans réel", "d / nullif(n, 0)"),
        ("conversion en entier sans arrondi", "2.5::int"),
        ("conversion en entier sans arrondi", "cast(d as bigint)"),
        ("conversion en entier sans arrondi", "cast(r as integer)"),
        ("réel arrondi sans macro", "cast(r as decimal(9, 2))"),
        ("réel arrondi sans macro", "round(r, 2)"),
        ("réel écrit en texte", "cast(r as varchar)"),
        ("somme de réels", "sum(r)"),
        ("somme de réels", "avg(case when b then r end)"),
        ("texte échappé", r"s || '\n'"),
        ("concat", "concat(s, s)"),
        ("conversion implicite", "s = 1"),
        ("conversion implicite", "j >= '2021-01-01'"),
        ("conversion implicite", "coalesce(n, 'inconnu')"),
        ("conversion implicite", "case when b then n else s end"),
        ("conversion implicite", "s in (1, 2)"),
        ("conversion implicite", "n || s"),
        ("conversion implicite", "b = 1"),
    ],
)
def test_a_construct_that_differs_is_found(regle: str, expression: str) -> None:
    for sql in (
        f"select {expression} as x from base.marts.t",
        f"with a as (select * from base.marts.t) select {expression} as x from a",
    ):
        assert regle in {ecart.regle for ecart in ecarts(sql, SCHEMA)}, sql


def test_a_union_of_two_kinds_is_found() -> None:
    sql = "select n as x from base.marts.t union all select s as x from base.marts.t"
    assert [e.regle for e in ecarts(sql, SCHEMA)] == ["union de types différents"]


@pytest.mark.parametrize(("ordre", "attendu"), [("order by j nulls last", []), ("", ["fenêtre sans ordre"])])
def test_the_order_of_a_named_window_is_read(ordre: str, attendu: list[str]) -> None:
    sql = f"select lag(n) over w as x from base.marts.t window w as (partition by s {ordre})"
    assert [e.regle for e in ecarts(sql, SCHEMA)] == attendu


@pytest.mark.parametrize(
    "expression",
    [
        "string_agg(s, ',' order by n nulls last)",
        "min(s)",
        "sum(d)",
        "s || 'l''an'",
        "(cast(r as varchar) /* par moteur */)",
        "percentile_disc(0.5) within group (order by n)",
        "row_number() over (order by n nulls last, coalesce(m, 0) desc, case when b then 0 else 1 end)",
        "cast(n as double) / nullif(m, 0)",
        "cast(d as double) / 100",
        "n // 1000",
        "cast(round(d) as integer)",
        "round(d, 1)",
        "(cast(r as decimal(9, 2)) /* par moteur */)",
        "cast(d as varchar) || s",
        "cast(j as varchar)",
        "d > n and d * n < r",
        "j >= cast('2021-01-01' as date)",
        "coalesce(cast(n as varchar), 'inconnu')",
        "case when b then n end",
        "cast(s as integer)",
    ],
)
def test_what_means_the_same_everywhere_is_left_alone(expression: str) -> None:
    assert ecarts(f"select {expression} as x from base.marts.t", SCHEMA) == []
