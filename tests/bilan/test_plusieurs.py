"""Every territory of a warehouse in one command: what is said, what a failure loses, what it does not."""

import logging
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import duckdb
import pytest

from assets import bilans
from pipelines import bilan
from pipelines.errors import DonneesRefusees, MauvaisUsage

EPCI, AUTRE, ANNEE = "247100589", "242100410", 2021


@pytest.fixture(scope="module")
def deux(
    construire: Callable[..., Any],
    ecrire_plusieurs: Callable[[Path, Iterable[Any]], Path],
    tmp_path_factory: pytest.TempPathFactory,
) -> Path:
    """Two territories, of which one has a year that the other has not, and no date for its convention."""
    chemin = tmp_path_factory.mktemp("plusieurs") / "W.duckdb"
    territoires = [
        construire(epci=siren, nom=nom, nb_communes=2, nb_bailleurs=2).remplir()
        for siren, nom in ((EPCI, "Le Grand Chalon"), (AUTRE, "Grand Dijon"))
    ]
    ecrire_plusieurs(chemin, territoires)
    with duckdb.connect(str(chemin)) as con:
        con.execute("update meta.conventions set debut = null where epci_siren = ?", [AUTRE])
        con.execute("delete from marts.indicateurs where epci_siren = ? and periode = '2019'", [AUTRE])
    return chemin


def test_every_territory_is_written_and_named_with_where_it_stands(
    deux: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.INFO, logger="observatoire.progression"):
        chemins = bilans.write(bilans.BilansConfig(), [(AUTRE, ANNEE), (EPCI, ANNEE)], deux, tmp_path)
    assert [c.name for c in chemins] == [f"bilan-{AUTRE}-{ANNEE}.html", f"bilan-{EPCI}-{ANNEE}.html"]
    dits = [record.getMessage() for record in caplog.records]
    assert dits[0].startswith(f"1/2 Grand Dijon ({AUTRE}), {ANNEE} : ")
    assert dits[1].startswith(f"2/2 Le Grand Chalon ({EPCI}), {ANNEE} : ")


def test_one_that_is_refused_does_not_lose_the_others(deux: Path, tmp_path: Path) -> None:
    config = bilans.BilansConfig(evaluation=True)
    with pytest.raises(
        DonneesRefusees, match=r"^1 rapport\(s\) sur 2 non écrit\(s\).*Grand Dijon.*« debut »"
    ):
        bilans.write(config, [(AUTRE, ANNEE), (EPCI, ANNEE)], deux, tmp_path)
    assert [c.name for c in tmp_path.iterdir()] == [f"evaluation-{EPCI}-2019-{ANNEE}.html"]
    # Alone, it says its own reason.
    with pytest.raises(DonneesRefusees, match=r"^Grand Dijon"):
        bilans.write(config, [(AUTRE, ANNEE)], deux, tmp_path)


def test_an_error_that_nobody_foresaw_keeps_its_traceback_once_the_others_are_written(
    deux: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rendre = bilan.render

    def casser(entrepot: Path, epci: str, *args: Any, **options: Any) -> list[Path]:
        if epci == AUTRE:
            raise ZeroDivisionError("une cellule")
        return rendre(entrepot, epci, *args, **options)

    monkeypatch.setattr(bilan, "render", casser)
    with pytest.raises(ZeroDivisionError):
        bilans.write(bilans.BilansConfig(), [(AUTRE, ANNEE), (EPCI, ANNEE)], deux, tmp_path)
    assert [c.name for c in tmp_path.iterdir()] == [f"bilan-{EPCI}-{ANNEE}.html"]


@pytest.mark.parametrize("error", [OSError("disque plein"), MauvaisUsage("format")])
def test_what_the_next_one_would_meet_too_stops_at_once(
    deux: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    vus = []

    def casser(_entrepot: Path, epci: str, *_: Any, **__: Any) -> list[Path]:
        vus.append(epci)
        raise error

    monkeypatch.setattr(bilan, "render", casser)
    with pytest.raises(type(error)):
        bilans.write(bilans.BilansConfig(), [(AUTRE, ANNEE), (EPCI, ANNEE)], deux, tmp_path)
    assert vus == [AUTRE]


def test_a_year_that_a_territory_lacks_is_left_out_of_all_and_refused_when_asked_for(deux: Path) -> None:
    with duckdb.connect(str(deux), read_only=True) as con:
        assert bilans.select(con, bilans.BilansConfig(annee=2019)) == ([(EPCI, 2019)], [AUTRE])
        with pytest.raises(MauvaisUsage, match=rf"l'EPCI {AUTRE} ; il a : 2020, 2021\."):
            bilans.select(con, bilans.BilansConfig(epci=[AUTRE], annee=2019))
        # A comparison needs them all.
        with pytest.raises(MauvaisUsage, match=rf"l'EPCI {AUTRE} ; il a : 2020, 2021\."):
            bilans.select(con, bilans.BilansConfig(epci=[EPCI, AUTRE], annee=2019, comparaison=True))
        with pytest.raises(MauvaisUsage, match=rf"{EPCI} ; il a : 2019, 2020, 2021|{AUTRE} ; il a : 2020"):
            bilans.select(con, bilans.BilansConfig(annee=1999))


def test_of_those_named_the_one_without_the_year_says_its_own_and_the_others_are_written(
    deux: Path, tmp_path: Path
) -> None:
    config = bilans.BilansConfig(epci=[EPCI, AUTRE], annee=2019)
    with duckdb.connect(str(deux), read_only=True) as con:
        voulus, _ = bilans.select(con, config)
    with pytest.raises(
        DonneesRefusees, match=r"^1 rapport\(s\) sur 2.*Grand Dijon.*présentes : 2020, 2021\."
    ):
        bilans.write(config, voulus, deux, tmp_path)
    assert [c.name for c in tmp_path.iterdir()] == [f"bilan-{EPCI}-2019.html"]
