"""Wide tables: the same masking, attacked through all their margins."""

import itertools

import attaque
import duckdb
import polars as pl
import pytest

import territoires
from pipelines.errors import MauvaisUsage
from pipelines.secret import Relations, masquer, masquer_frame

DIMENSIONS = ("commune", "bailleur", "quartile")


def _wide(seed: int, size: int) -> pl.DataFrame:
    rows = territoires.menages(seed, size, annees=1)
    return (
        rows.group_by(DIMENSIONS)
        .agg(baux=pl.len().cast(pl.Int64), mutations=pl.col("mutation").sum().cast(pl.Int64))
        .with_columns(autres=pl.col("baux") - pl.col("mutations"))
        .with_columns(epci_siren=pl.lit("200000001"), annee=pl.lit(2021), seuil_secret=pl.lit(11))
        .sort(DIMENSIONS)
    )


def _decide(frame: pl.DataFrame, relations: Relations) -> tuple[pl.DataFrame, pl.DataFrame]:
    return masquer_frame(
        frame,
        cles=("epci_siren", "annee"),
        dimensions=DIMENSIONS,
        mesures=("baux", "mutations", "autres"),
        relations=relations,
        sommes={"baux": ["mutations", "autres"]},
    )


@pytest.mark.parametrize(("seed", "size"), [(1, 200), (2, 800), (3, 3000)])
def test_no_margin_gives_a_masked_count_back(seed: int, size: int, relations: Relations) -> None:
    frame = _wide(seed, size)
    decided, margins = _decide(frame, relations)
    assert decided.select(DIMENSIONS).equals(frame.select(DIMENSIONS))
    measures = ("baux", "mutations", "autres")
    hidden_margins = {
        (tuple(row[d] for d in DIMENSIONS), m)
        for row in margins.iter_rows(named=True)
        for m in measures
        if row[f"masque_{m}"]
    }
    variables = {}
    rows: list[tuple[dict[int, int], int]] = []
    targets: list[tuple[dict[int, int], int]] = []
    for (values, decision), m in itertools.product(
        zip(frame.iter_rows(named=True), decided.iter_rows(named=True), strict=True), measures
    ):
        cell = tuple(values[d] for d in DIMENSIONS)
        index = variables.setdefault((cell, m), len(variables))
        if not decision[f"masque_{m}"]:
            assert not 0 < values[m] < 11
            rows.append(({index: 1}, values[m]))
        elif 0 < values[m] < 11:
            targets.append(({index: 1}, values[m]))
    for cell in {cell for cell, _ in variables}:
        whole, *parts = (variables[cell, m] for m in measures)
        rows.append(({whole: -1, **dict.fromkeys(parts, 1)}, 0))
    for size_kept in range(len(DIMENSIONS)):
        for kept in itertools.combinations(range(len(DIMENSIONS)), size_kept):
            sums: dict[tuple[tuple[object, ...], str], dict[int, int]] = {}
            for (cell, m), index in variables.items():
                margin = tuple(v if i in kept else None for i, v in enumerate(cell))
                sums.setdefault((margin, m), {})[index] = 1
            for (margin, m), row in sums.items():
                if (margin, m) not in hidden_margins:
                    of = frame
                    for name, value in zip(DIMENSIONS, margin, strict=True):
                        of = of if value is None else of.filter(pl.col(name) == value)
                    rows.append((row, int(of.get_column(m).sum())))
    assert targets
    assert not any(attaque.determined(rows, [target for target, _ in targets]))
    assert not any(attaque.pinned(rows, len(variables), targets))


def test_the_table_follows_the_frame_and_large_counts_stay(relations: Relations) -> None:
    frame = _wide(3, 3000)
    con = duckdb.connect()
    con.register("large", frame.to_arrow())
    masquer(
        con,
        "large",
        "decisions",
        cles=("epci_siren", "annee"),
        dimensions=DIMENSIONS,
        mesures=("baux",),
        relations=relations,
    )
    decided = con.sql("SELECT * FROM decisions").pl()
    assert decided.select(DIMENSIONS).equals(frame.select(DIMENSIONS))
    largest = frame.get_column("baux").arg_max()
    assert decided.get_column("masque_baux")[largest] is False
    assert decided.get_column("masque_baux").any()


def test_a_key_given_twice_is_refused(relations: Relations) -> None:
    frame = _wide(1, 200)
    with pytest.raises(MauvaisUsage, match="même clé"):
        _decide(pl.concat([frame, frame]), relations)


def test_an_empty_table_has_no_decision(relations: Relations) -> None:
    decided, margins = _decide(_wide(1, 200).clear(), relations)
    assert decided.is_empty()
    assert margins.is_empty()
    assert "masque_baux" in decided.columns
