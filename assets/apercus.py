"""Small plots that the Dagster page shows beside a table: rows by year, as a line of text."""

from collections.abc import Sequence

_STEPS = "▁▂▃▄▅▆▇█"


def sparkline(counts: Sequence[int]) -> str:
    """Return one block for each count, its height from nothing to the largest."""
    top = max(counts, default=0)
    return "".join(_STEPS[round(n / top * (len(_STEPS) - 1)) if top else 0] for n in counts)


def by_year(rows: Sequence[tuple[int, int]]) -> str:
    """Return rows by year as a table under their plot, a year without any included.

    Args:
        rows: (year, rows), each year once.

    """
    known = dict(rows)
    years = list(range(min(known), max(known) + 1)) if known else []
    counts = [known.get(year, 0) for year in years]
    table = [
        "| Année | Lignes |",
        "|---|--:|",
        *(f"| {y} | {n} |" for y, n in zip(years, counts, strict=True)),
    ]
    return "\n".join([f"`{sparkline(counts)}`", "", *table]) if years else ""
