"""The date of an extraction: what a name states, what it does not, and what comes first."""

import datetime as dt
from pathlib import Path

import pytest

from pipelines.errors import DonneesRefusees
from pipelines.ingestion.extractions import (
    DECLARATION,
    MILLESIME,
    NOM,
    DateExtraction,
    date_in_name,
    declared_dates,
    extraction_date,
)


@pytest.mark.parametrize(
    ("nom", "attendue"),
    [
        ("demandes_2022-03-31.csv", "2022-03-31"),
        ("demandes_2021-12-31_recu_le_2022-02-14.csv", "2021-12-31"),
        ("demandes transmises le 14-02-2022.csv", "2022-02-14"),
        ("demandes20220331.csv", "2022-03-31"),
        ("demandes_31-03-2022.csv", "2022-03-31"),
        ("31.03.2022 demandes.xlsx", "2022-03-31"),
        ("demandes_2022_T1.csv", "2022-03-31"),
        ("demandes_1T2022.csv", "2022-03-31"),
        ("demandes_2022-Q2.csv", "2022-06-30"),
        ("demandes_202201.csv", "2022-01-31"),
        ("export_du_1er_avril_2022.csv", "2022-04-01"),
        ("demandes_T4-2022.csv", "2022-12-31"),
        ("1er trimestre 2022.csv", "2022-03-31"),
        ("suivi_2022-S1.csv", "2022-06-30"),
        ("2e_semestre_2022.csv", "2022-12-31"),
        ("janvier_2022.csv", "2022-01-31"),
        ("Extraction février 2024.csv", "2024-02-29"),
        ("decembre2021.csv", "2021-12-31"),
        ("2021-aout.csv", "2021-08-31"),
        ("export_2022-03.csv", "2022-03-31"),
        ("03-2022.csv", "2022-03-31"),
        ("du_2021-01-01_au_2021-12-31.csv", "2021-12-31"),
        ("demandes_01012022.csv", "2022-01-01"),
        ("demandes_2022-3-31.csv", "2022-03-31"),
        ("demandes_20220331120000.csv", "2022-03-31"),
        ("demandes_20220331T1200.csv", "2022-03-31"),
        # A year alone is the vintage; a number after it may be that of a part.
        ("attributions_2021.csv", None),
        ("attributions_2021_02.csv", None),
        ("attributions_2021-2022.csv", None),
        ("attributions_2021-13-01.csv", None),
        ("rpls2018_detail.csv", None),
        ("marseille_2021.csv", None),
        ("demandes_2022-02-30.csv", None),
        ("lot_920220331.csv", None),
    ],
)
def test_what_a_name_states(nom: str, attendue: str | None) -> None:
    assert date_in_name(nom) == (None if attendue is None else dt.date.fromisoformat(attendue))


@pytest.mark.parametrize(
    ("nom", "attendue"),
    [
        ("demandes_31-03-22.csv", "2022-03-31"),
        ("demandes_22-03-31.csv", "2022-03-31"),
        ("demandes_15.01.23.csv", "2023-01-15"),
        ("demandes janvier 22.csv", "2022-01-31"),
        ("31 mars 22.csv", "2022-03-31"),
        ("demandes_T1-22.csv", "2022-03-31"),
        # Two readings of the vintage or of the year after; none; a year of four digits says more.
        ("demandes_22-03-23.csv", None),
        ("demandes_31-03-19.csv", None),
        ("lot_31-03-22_2021-12-31.csv", "2021-12-31"),
        ("lot 3-31-03-22.csv", None),
    ],
)
def test_a_year_of_two_digits_is_read_by_the_vintage(nom: str, attendue: str | None) -> None:
    assert date_in_name(nom, 2022) == (None if attendue is None else dt.date.fromisoformat(attendue))
    assert date_in_name("demandes_31-03-22.csv") is None


def test_name_then_declaration_then_vintage() -> None:
    declarees = [("sne/2022/*.csv", dt.date(2022, 10, 1))]
    assert extraction_date("sne/2022/d_2022-11-30.csv", 2022, declarees) == DateExtraction(
        dt.date(2022, 11, 30), NOM
    )
    assert extraction_date("sne/2022/d.csv", 2022, declarees) == DateExtraction(
        dt.date(2022, 10, 1), DECLARATION
    )
    assert extraction_date("sne/2021/d.csv", 2021, declarees) == DateExtraction(
        dt.date(2021, 12, 31), MILLESIME
    )
    assert extraction_date("referentiels/bailleurs.csv", None) is None


def test_the_members_of_an_archive_have_their_own_dates() -> None:
    archive = "sne/2022/export_2022-06-30.zip"
    assert extraction_date(f"{archive}#mois/demandes_2022-03-31.csv", 2022) == DateExtraction(
        dt.date(2022, 3, 31), NOM
    )
    assert extraction_date(f"{archive}#demandes.csv", 2022) == DateExtraction(dt.date(2022, 6, 30), NOM)


def test_declarations_are_read_or_refused_in_a_sentence(tmp_path: Path) -> None:
    assert declared_dates(tmp_path) == []
    (tmp_path / "extractions.yml").write_text("- {fichier: 'sne/*', date: 2022-12-31}\n", encoding="utf-8")
    assert declared_dates(tmp_path) == [("sne/*", dt.date(2022, 12, 31))]
    (tmp_path / "extractions.yml").write_text("- {fichier: 'sne/*', date: hier}\n", encoding="utf-8")
    with pytest.raises(DonneesRefusees, match=r"extractions\.yml"):
        declared_dates(tmp_path)
