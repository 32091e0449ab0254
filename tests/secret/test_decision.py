"""What is masked, what stays published, and that the decision depends on nothing else than the figures."""

from typing import Any

import duckdb
import polars as pl
import pytest

import territoires
from pipelines.errors import MauvaisUsage
from pipelines.secret import DECISION_COLUMNS, Relations, decide, decide_frame, load_relations
from pipelines.secret.decision import FIGURE_KEY
from pipelines.secret.relations import DEFAULT_PATH

SIREN = "247100589"


def figure(num: int | None, den: int | None = None, **changes: Any) -> dict[str, Any]:
    """One figure, of the EPCI in 2021 unless told otherwise."""
    row = {
        "epci_siren": SIREN,
        "periode_type": "annee",
        "periode": "2021",
        "indicateur": "hors_qpv_q1" if den is not None else "baux",
        "axe": "epci",
        "modalite": SIREN,
        "segment_type": "tous",
        "segment": "tous",
        "numerateur": num,
        "denominateur": den,
        "inconnus": None,
        "valeur": None if num is None else float(num) if den is None else 100 * num / den if den else None,
        "unite": "nombre" if den is None else "%",
        "cible": None,
        "operateur": None,
        "seuil_secret": 11,
        "base_menages": True,
    }
    return {**row, **changes}


def table(rows: list[dict[str, Any]]) -> pl.DataFrame:
    return pl.DataFrame(
        rows,
        schema_overrides={
            "numerateur": pl.Int64,
            "denominateur": pl.Int64,
            "inconnus": pl.Int64,
            "valeur": pl.Float64,
            "cible": pl.Float64,
            "operateur": pl.String,
            "seuil_secret": pl.Int64,
            "base_menages": pl.Boolean,
        },
    )


def masks(rows: list[dict[str, Any]], relations: Relations) -> list[str]:
    """Per figure, the first letters of what is masked."""
    decided = decide_frame(table(rows), relations)
    return [
        "".join(
            name[0]
            for name in ("numerateur", "denominateur", "inconnus", "valeur", "cible")
            if row[f"masque_{name}"]
        )
        for row in decided.iter_rows(named=True)
    ]


@pytest.mark.parametrize(
    ("num", "den", "expected"),
    [
        (82, 681, ""),
        (10, 681, "nv"),
        (11, 681, ""),
        (1, 681, "nv"),
        (0, 681, ""),
        (681, 681, ""),
        (671, 681, "nv"),
        (670, 681, ""),
        (0, 10, "ndv"),
        (10, 10, "ndv"),
        (0, 0, ""),
        (0, 11, ""),
    ],
)
def test_one_figure_alone(num: int, den: int, expected: str, relations: Relations) -> None:
    assert masks([figure(num, den)], relations) == [expected]


def test_unknowns_are_masked_apart(relations: Relations) -> None:
    assert masks([figure(82, 681, inconnus=4)], relations) == ["i"]
    assert masks([figure(82, 681, inconnus=0)], relations) == [""]


def test_a_median_goes_with_its_base(relations: Relations) -> None:
    median = {"indicateur": "delai_median", "unite": "mois", "valeur": 14.0}
    assert masks([figure(None, 30, **median)], relations) == [""]
    assert masks([figure(None, 9, **median)], relations) == ["ndv"]
    assert masks([figure(None, None, **median)], relations) == [""]


def test_the_threshold_is_the_conventions(relations: Relations) -> None:
    assert masks([figure(5, seuil_secret=0)], relations) == [""]
    assert masks([figure(5, seuil_secret=5)], relations) == [""]
    assert masks([figure(4, seuil_secret=5)], relations) == ["nv"]
    assert masks([figure(5, base_menages=False)], relations) == [""]


def test_silence_on_the_base_or_the_threshold_does_not_publish(relations: Relations) -> None:
    assert masks([figure(5, base_menages=None)], relations) == ["nv"]
    assert masks([figure(5, seuil_secret=None), figure(40, periode="2022")], relations)[0] == "nv"


def test_a_total_does_not_give_its_missing_part(relations: Relations) -> None:
    parts = [figure(n, axe="commune", modalite=f"C{i}") for i, n in enumerate((5, 12, 60, 300, 0))]
    assert masks([figure(377), *parts], relations) == ["", "nv", "nv", "", "", ""]


def test_what_hides_a_small_count_adds_up_to_the_threshold(relations: Relations) -> None:
    parts = [figure(n, axe="commune", modalite=f"C{i}") for i, n in enumerate((1, 2, 60, 300))]
    assert masks([figure(363), *parts], relations) == ["", "nv", "nv", "nv", ""]


def test_a_halved_year_does_not_give_its_missing_half(relations: Relations) -> None:
    rows = [
        figure(100),
        figure(95, periode_type="semestre", periode="2021-S1"),
        figure(5, periode_type="semestre", periode="2021-S2"),
        figure(100, periode_type="glissant_12m", periode="2021-12"),
        figure(95, periode_type="glissant_6m", periode="2021-06"),
    ]
    assert masks(rows, relations)[0] == ""
    assert masks(rows, relations)[1:3] == ["nv", "nv"]
    assert masks(rows, relations)[3] == ""
    assert masks(rows, relations)[4] == "nv"


def test_a_rolling_year_that_covers_a_masked_half_is_masked(relations: Relations) -> None:
    rows = [
        figure(100, periode="2020"),
        figure(60, periode_type="semestre", periode="2020-S1"),
        figure(40, periode_type="semestre", periode="2020-S2"),
        figure(100),
        figure(95, periode_type="semestre", periode="2021-S1"),
        figure(5, periode_type="semestre", periode="2021-S2"),
        figure(135, periode_type="glissant_12m", periode="2021-06"),
        figure(120, periode="2022"),
        figure(60, periode_type="semestre", periode="2022-S1"),
        figure(60, periode_type="semestre", periode="2022-S2"),
        figure(65, periode_type="glissant_12m", periode="2022-06"),
    ]
    assert masks(rows, relations) == ["", "", "", "", "nv", "nv", "nv", "", "", "", "nv"]


def test_two_definitions_of_one_rate_do_not_give_their_difference(relations: Relations) -> None:
    strict = figure(79, 681, indicateur="hors_qpv_q1_strict")
    assert masks([figure(82, 681), strict], relations) in (["", "nv"], ["nv", ""])
    far = figure(60, 681, indicateur="hors_qpv_q1_strict")
    assert masks([figure(82, 681), far], relations) == ["", ""]


def test_the_published_rate_of_le_grand_chalon_stays(relations: Relations) -> None:
    """82 of 681 outside QPV in 2021, with small communes and landlords around it."""
    communes = [(3, 9), (4, 12), (6, 40), (12, 90), (20, 200), (37, 330)]
    landlords = [(2, 31), (30, 300), (50, 350)]
    rows = [figure(82, 681, cible=25.0, operateur=">=")]
    rows += [figure(n, d, axe="commune", modalite=f"C{i}") for i, (n, d) in enumerate(communes)]
    rows += [figure(n, d, axe="bailleur", modalite=f"B{i}") for i, (n, d) in enumerate(landlords)]
    decided = masks(rows, relations)
    assert decided[0] == ""
    assert decided[6] == ""
    assert decided[1].startswith("nd")
    assert decided[2].startswith("nd")
    assert decided[3] == "nv"
    assert decided[7:] == ["nv", "nv", ""]


def test_a_target_taken_from_a_masked_rate_is_masked(relations: Relations) -> None:
    before = figure(5, 40, axe="bailleur", modalite="B1", periode="2020")
    after = figure(20, 40, axe="bailleur", modalite="B1", cible=12.5, operateur=">=N-1")
    fixed = figure(20, 40, axe="bailleur", modalite="B2", cible=12.5, operateur=">=")
    assert masks([before, after, fixed], relations) == ["nv", "c", ""]


@pytest.fixture(scope="module")
def figures() -> pl.DataFrame:
    parts = []
    for seed, size in ((1, 120), (2, 500), (3, 60)):
        rows = territoires.menages(seed, size, annees=1)
        parts.append(territoires.indicateurs(rows, siren=f"20000000{seed}", annees=1))
    return pl.concat(parts)


def test_every_figure_has_one_decision_and_the_order_does_not_matter(
    figures: pl.DataFrame, relations: Relations
) -> None:
    decided = decide_frame(figures, relations)
    assert decided.columns == list(DECISION_COLUMNS)
    assert decided.select(FIGURE_KEY).equals(figures.select(FIGURE_KEY))
    shuffled = decide_frame(figures.sample(fraction=1.0, shuffle=True, seed=5), relations)
    assert shuffled.sort(FIGURE_KEY).equals(decided.sort(FIGURE_KEY))


def test_the_table_is_the_same_whatever_the_batches(figures: pl.DataFrame, relations: Relations) -> None:
    con = duckdb.connect()
    con.execute("CREATE SCHEMA entrepot")
    con.register("source", figures.to_arrow())
    decide(con, "source", relations)
    expected = decide_frame(figures, relations).sort(FIGURE_KEY)
    assert con.sql("SELECT * FROM entrepot.secret").pl().sort(FIGURE_KEY).equals(expected)
    decide(con, "source", relations, cible="petits_lots", rows_per_batch=1)
    assert con.sql("SELECT * FROM petits_lots").pl().sort(FIGURE_KEY).equals(expected)


def test_an_empty_source_gives_an_empty_table(figures: pl.DataFrame, relations: Relations) -> None:
    con = duckdb.connect()
    con.register("source", figures.clear().to_arrow())
    decide(con, "source", relations, cible="rien")
    assert con.sql("SELECT count(*) FROM rien").fetchone() == (0,)
    assert tuple(con.sql("SELECT * FROM rien").columns) == DECISION_COLUMNS


def test_a_masked_figure_says_why(relations: Relations) -> None:
    parts = [figure(n, axe="commune", modalite=f"C{i}") for i, n in enumerate((5, 12, 60, 300))]
    decided = decide_frame(table([figure(377), *parts]), relations)
    assert decided.get_column("motif").to_list() == [None, "primaire", "secondaire", None, None]


def test_a_period_that_cannot_be_read_is_refused(relations: Relations) -> None:
    with pytest.raises(MauvaisUsage, match="2021-S3"):
        decide_frame(table([figure(50, periode_type="semestre", periode="2021-S3")]), relations)


def test_a_relation_that_cannot_be_read_is_refused(tmp_path: Any) -> None:
    text = DEFAULT_PATH.read_text(encoding="utf-8")
    wrong = tmp_path / "relations.yml"
    wrong.write_text(text.replace("parties: [dalo.numerateur]", "parties: [dalo.effectif]"), encoding="utf-8")
    with pytest.raises(MauvaisUsage, match=r"dalo\.effectif"):
        load_relations(wrong)
