"""A choice of figures as a table that people read, and as files that they take away."""

import html
import io

import polars as pl
import xlsxwriter

from pipelines.explorateur.requetes import WHOLE

COLUMNS = {
    "periode": "Période",
    "libelle": "Lieu ou acteur",
    "segment": "Part",
    "valeur": "Valeur",
    "unite": "Unité",
    "numerateur": "Numérateur",
    "denominateur": "Dénominateur",
    "inconnus": "Inconnus",
    "cible": "Cible",
    "operateur": "Sens",
    "atteint": "Atteinte",
    "manque": "Manque",
    "statut": "Statut",
    "petit_effectif": "Petit effectif",
    "source": "Source",
    "modalite": "Code",
}
# Columns that say nothing when every row of a choice has the same in them.
_SILENT = {"segment": WHOLE, "petit_effectif": False}
_ACTS = ("=", "+", "-", "@", "\t", "\r", "\N{FULLWIDTH EQUALS SIGN}")
_WIDTH = 60
# Rows that a page shows; its files have them all.
SHOWN_ROWS = 300


def readable(figures: pl.DataFrame) -> pl.DataFrame:
    """Return the figures under French headers, without the columns that are empty or say nothing."""
    kept = [
        name
        for name in COLUMNS
        if not figures[name].is_null().all()
        and not (name in _SILENT and (figures[name] == _SILENT[name]).all())
    ]
    yes_no = pl.when(pl.col("atteint")).then(pl.lit("oui")).when(~pl.col("atteint")).then(pl.lit("non"))
    small = pl.when(pl.col("petit_effectif")).then(pl.lit("oui")).otherwise(pl.lit("non"))
    said = figures.with_columns(yes_no.alias("atteint"), small.alias("petit_effectif"))
    return said.select([pl.col(name).alias(COLUMNS[name]) for name in kept])


def written(number: float | int | None) -> str:
    """Return a number as French writes it, two decimals at most; nothing for one that is missing."""
    if number is None:
        return ""
    whole, _, decimals = f"{number:,.2f}".partition(".")
    decimals = decimals.rstrip("0")
    return whole.replace(",", "\N{NARROW NO-BREAK SPACE}") + (f",{decimals}" if decimals else "")


def to_html(rows: pl.DataFrame, titre: str) -> str:
    """Return a table that is read on the screen or aloud: a caption, headers, no more rows than one reads.

    It scrolls, also from the keyboard. What a cell holds is text, whatever it looks like.
    """
    numbers = [kind.is_numeric() for kind in rows.schema.values()]
    beyond = f" ({SHOWN_ROWS} lignes sur {written(rows.height)})" if rows.height > SHOWN_ROWS else ""
    caption = html.escape(titre + beyond)

    def cell(tag: str, text: str, number: bool) -> str:
        scope = ' scope="col"' if tag == "th" else ""
        return f"<{tag}{scope}{' data-nombre' if number else ''}>{html.escape(text)}</{tag}>"

    head = "".join(cell("th", name, number) for name, number in zip(rows.columns, numbers, strict=True))
    body = "".join(
        "<tr>"
        + "".join(
            cell("td", written(value) if number else _said(value), number)
            for value, number in zip(row, numbers, strict=True)
        )
        + "</tr>"
        for row in rows.head(SHOWN_ROWS).rows()
    )
    return (
        f'<div class="figures" role="region" aria-label="{html.escape(titre)}" tabindex="0"><table>'
        f"<caption>{caption}</caption><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>"
    )


def _said(value: object) -> str:
    if value is None:
        return ""
    return ("oui" if value else "non") if isinstance(value, bool) else str(value)


def to_csv(figures: pl.DataFrame) -> bytes:
    """Return the figures as a CSV that French spreadsheets open: `;`, decimal comma, UTF-8 with its mark."""
    texts = [
        pl.col(name).map_elements(_harmless, return_dtype=pl.String)
        for name, kind in figures.schema.items()
        if kind == pl.String
    ]
    written = figures.with_columns(texts).write_csv(separator=";", decimal_comma=True)
    return b"\xef\xbb\xbf" + written.encode()


def to_xlsx(figures: pl.DataFrame, titre: str, lignes: list[str]) -> bytes:
    """Return the figures as a workbook of one sheet: what they are, then a table with its filters.

    Args:
        figures: rows as `readable` gives them.
        titre: the indicator, in one line.
        lignes: edition, definition, sources: one line each, under the title.

    """
    buffer = io.BytesIO()
    # What a cell says is never a formula, nor a link.
    options = {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False}
    with xlsxwriter.Workbook(buffer, options) as book:
        sheet = book.add_worksheet("Figures")
        sheet.set_landscape()
        sheet.fit_to_pages(1, 0)
        sheet.write_string(0, 0, titre, book.add_format({"bold": True, "font_size": 13}))
        for rank, text in enumerate(lignes, 1):
            sheet.write_string(rank, 0, text)
        head = len(lignes) + 2
        rows = figures.rows()
        sheet.add_table(
            *(head, 0, head + max(len(rows), 1), len(figures.columns) - 1),
            {
                "columns": [{"header": name} for name in figures.columns],
                "data": rows,
                "style": "Table Style Light 1",
            },
        )
        for rank, name in enumerate(figures.columns):
            longest = max([len(name) + 3, *(len(str(row[rank])) for row in rows)])
            sheet.set_column(rank, rank, min(longest, _WIDTH))
        sheet.freeze_panes(head + 1, 0)
        sheet.repeat_rows(head)
    return buffer.getvalue()


def _harmless(text: str) -> str:
    """A text that a spreadsheet would take for a formula, as a text."""
    return f"'{text}" if text.startswith(_ACTS) else text
