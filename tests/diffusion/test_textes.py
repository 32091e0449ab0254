"""What the public report says in words, cells and drawings: numbers of the public tables, and no other.

The attack on the tables then holds for it too: who reads the report knows nothing more.
"""

import re
from collections import Counter
from html.parser import HTMLParser
from pathlib import Path

import duckdb
import openpyxl
import polars as pl
import pypdf
import pytest

from pipelines import bilan
from pipelines.diffusion import build_public, load_plan
from pipelines.edition import PUBLIQUE
from tests.bilan.conftest import Entrepot
from tests.diffusion.territoires import ANNEES, SIRENS, figures

SIREN = SIRENS[0]
FORMATS = ("html", "pdf", "xlsx", "csv")
NUMBER = re.compile(r"(?<![\w.,])\d+(?:[\u202f\u00a0]\d{3})*(?:[.,]\d+)?(?:e-?\d+)?(?!\w)")
# What a page counts that is no figure: graduations of an axis (figures have two decimals), pages, lines left out, how many
# landlords or communes reach their objective; and the article of the law.
FURNITURE = re.compile(
    r"(?<![\d,])\d+[\u202f\u00a0 ]%|\. \d+$|\d+ / \d+$|\d+ (?:barre|ligne|point)s?\s+couvert|L\. 441-1"
    r"|(?:bailleurs|communes|réservataires|quartiers)(?:\s+\d+){5}$",
    re.MULTILINE,
)
LETTERS = str.maketrans("0123456789", "abcdefghij")


class Words(HTMLParser):
    """What a page says, to the eye and to a screen reader."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []
        self.hidden = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.hidden += tag in ("style", "script")
        self.found += [
            value or ""
            for name, value in attrs
            if name in ("aria-label", "title", "alt") or name.startswith("data-")
        ]

    def handle_endtag(self, tag: str) -> None:
        self.hidden -= tag in ("style", "script")

    def handle_data(self, data: str) -> None:
        if not self.hidden:
            self.found.append(data)


def text(path: Path) -> str:
    if path.suffix == ".html":
        words = Words()
        words.feed(path.read_text(encoding="utf-8"))
        return "\n".join(words.found)
    if path.suffix == ".pdf":
        return "\n".join(page.extract_text() for page in pypdf.PdfReader(path).pages)
    if path.suffix == ".xlsx":
        cells = (
            cell.value for sheet in openpyxl.load_workbook(path) for row in sheet.iter_rows() for cell in row
        )
        return "\n".join(str(value) for value in cells if value is not None)
    return path.read_text(encoding="utf-8-sig")


def numbers(words: str) -> Counter[str]:
    words = FURNITURE.sub(" ", words)
    return Counter(re.sub(r"[\u202f\u00a0]", "", found).replace(",", ".") for found in NUMBER.findall(words))


def written(value: float) -> set[str]:
    """How a value may be printed: a count whole, a rate rounded; in a workbook, as it is or of one."""
    rounded = {f"{value:.{digits}f}" for digits in (1, 2)}
    rounded |= {text.rstrip("0").rstrip(".") for text in rounded}
    return rounded | {f"{x:.12g}" for x in (value, value / 100)}


def warehouse(path: Path, *, hidden: bool) -> tuple[Path, pl.DataFrame]:
    """A warehouse of one small territory, exact and public; without a public figure where all are hidden."""
    Entrepot(epci=SIREN, nom="Essai", annees=ANNEES, contours=False).ecrire(path)
    # A name without digits, so that a number is a figure.
    exact = figures([SIREN]).with_columns(
        modalite_libelle=pl.col("modalite").map_elements(lambda m: "N" + m.translate(LETTERS), pl.String)
    )
    with duckdb.connect(str(path)) as con:
        con.register("exact", exact.to_arrow())
        columns = "annee, objectif, domaine, nature, base_menages, seuil_secret, base_mesure"
        con.execute(
            f"insert into marts.indicateurs by name select * exclude ({columns}), false as petit_effectif from exact"
        )
        build_public(con, "exact", load_plan())
        names = [
            name
            for (name,) in con.execute(
                "select table_name from duckdb_tables() where schema_name = 'diffusion'"
            ).fetchall()
        ]
        if hidden:
            for name in names:
                con.execute(
                    f"update diffusion.{name} set numerateur = null, denominateur = null, valeur = null, "
                    "atteint = null, statut = 'secret', masque = 'tout'"
                )
        return path, pl.concat([con.execute(f"select * from diffusion.{name}").pl() for name in names])


@pytest.fixture(scope="module")
def public(tmp_path_factory: pytest.TempPathFactory) -> tuple[list[tuple[Path, Path]], pl.DataFrame, Path]:
    """The reports of both years beside those that have no figure, the public tables, the warehouse."""
    folder = tmp_path_factory.mktemp("textes")
    path, tables = warehouse(folder / "w.duckdb", hidden=False)
    without, _ = warehouse(folder / "v.duckdb", hidden=True)
    pairs = []
    for year in ANNEES:
        reports = [
            bilan.render(entrepot, SIREN, year, folder / entrepot.stem, FORMATS, edition=PUBLIQUE)
            for entrepot in (path, without)
        ]
        pairs += list(zip(*reports, strict=True))
    return pairs, tables, path


def said(pairs: list[tuple[Path, Path]], suffix: str) -> Counter[str]:
    """The numbers that the reports of a format owe to the figures: less those that they have without any."""
    every: Counter[str] = Counter()
    for report, without in pairs:
        if report.suffix == suffix:
            every += numbers(text(report)) - numbers(text(without))
    return every


@pytest.mark.parametrize("suffix", [f".{name}" for name in FORMATS])
def test_every_number_of_the_report_is_one_of_the_public_tables(
    public: tuple[list[tuple[Path, Path]], pl.DataFrame, Path], suffix: str
) -> None:
    pairs, tables, _ = public
    known: set[str] = {str(year) for year in ANNEES}
    for column in ("numerateur", "denominateur", "valeur", "cible"):
        known |= {name for value in tables[column].drop_nulls().unique() for name in written(value)}
    # A change in points, between two years that are both public.
    place = ["indicateur", "axe", "modalite", "segment_type", "segment"]
    for _, same in tables.filter(pl.col("valeur").is_not_null()).group_by(place):
        values = same["valeur"].to_list()
        known |= {f"{abs(a - b):.1f}" for a in values for b in values}
    if suffix in (".xlsx", ".csv"):
        # They list the codes of the modalities, and values as they are.
        known |= {f"{float(code):.12g}" for code in tables["modalite"] if code.isdigit()}
        found = {f"{float(number):.12g}" for number in said(pairs, suffix)}
    else:
        found = set(said(pairs, suffix))
    assert len(found) > 100
    assert sorted(found - known) == []


@pytest.mark.parametrize("suffix", [".xlsx", ".csv"])
def test_every_row_of_data_of_the_report_is_a_row_of_the_public_tables(
    public: tuple[list[tuple[Path, Path]], pl.DataFrame, Path], suffix: str
) -> None:
    """Row by row: a masked count is empty there, whatever else has the same number."""
    pairs, tables, _ = public
    key = ["indicateur", "axe", "modalite", "segment_type", "segment", "periode_type", "periode"]
    measures = ["numerateur", "denominateur", "valeur", "cible"]
    shown = pl.concat([data(report) for report, _ in pairs if report.suffix == suffix])
    for column in ("inconnus", "manque"):
        assert set(shown[column]) <= {None, ""}
    rows = shown.select(
        *key, *[pl.col(m).str.replace(",", ".", literal=True).cast(pl.Float64) for m in measures]
    )
    assert rows.height > 300
    for measure in measures:
        mine, theirs = (
            table.select(*key, pl.col(measure).cast(pl.Float64).round(9)).drop_nulls(measure).unique()
            for table in (rows, tables)
        )
        assert mine.join(theirs, on=[*key, measure], how="anti").rows() == []


def data(path: Path) -> pl.DataFrame:
    """The figures of a report, as it lists them for a program; every cell as text."""
    if path.suffix == ".csv":
        return pl.read_csv(path, separator=";", infer_schema=False)
    head, *rows = openpyxl.load_workbook(path)["Tous les chiffres"].iter_rows(values_only=True)
    return pl.DataFrame(
        [[None if cell is None else str(cell) for cell in row] for row in rows],
        schema=dict.fromkeys(map(str, head), pl.String), orient="row",
    )  # fmt: skip


def test_the_report_is_the_same_whatever_the_exact_figures_are(
    public: tuple[list[tuple[Path, Path]], pl.DataFrame, Path], tmp_path: Path
) -> None:
    """Nothing of it comes from elsewhere than the public tables, to the byte."""
    pairs, _, path = public
    other = tmp_path / path.name
    other.write_bytes(path.read_bytes())
    with duckdb.connect(str(other)) as con:
        con.execute(
            "update marts.indicateurs set numerateur = numerateur + 3, denominateur = null, valeur = 87.65"
        )
        con.execute("update meta.verrou set lignes_lues = 3; update meta.avertissements set nombre = 7")
    for year in ANNEES:
        for report in bilan.render(other, SIREN, year, tmp_path / "autre", FORMATS, edition=PUBLIQUE):
            (same,) = [mine for mine, _ in pairs if mine.name == report.name]
            assert report.read_bytes() == same.read_bytes()


def test_the_attack_on_words_sees_a_number_that_is_not_public() -> None:
    assert numbers("5 ménages, 1\u202f234 demandes, 12,50 %, QN99001A") == Counter(["5", "1234", "12.50"])
    assert (
        numbers("20\u202f% ; 5 barres couvertes par le secret\nEssai 9 / 16\nParc . . 7\nbailleurs 1 2 3 4 5")
        == Counter()
    )
