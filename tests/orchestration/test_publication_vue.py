"""A warehouse just published: its years become partitions, its reports are asked for once per content."""

from datetime import date
from pathlib import Path

import dagster as dg
import duckdb
import pytest

from assets import bilans as bilans_assets
from assets.publication import ANNEES, name_years
from pipelines.alertes import Etat
from pipelines.calendrier import Ligne
from pipelines.jobs import ALERTER, BILANS_OP, ECRIRE_BILANS
from pipelines.resources import Parametres
from pipelines.sensors import DEMANDE_TAG, report_requests, sensors
from tests.entrepot_minimal import write_minimal

CHALON, ALES = "247100589", "200066918"
CALENDRIER = [
    Ligne("suivi_semestriel", siren, "semestrielle", stop, 15, date(2020, 1, 1))
    for siren in (CHALON, ALES)
    for stop in ("06-30", "12-31")
] + [
    Ligne("bilan_annuel", CHALON, "annuelle", "12-31", None, date(2020, 1, 1)),
    Ligne("residences_a_enjeu", CHALON, "triennale", "12-31", None, date(2020, 1, 1)),
]


def state(publie_le: date, *periodes: tuple[str, str, str]) -> Etat:
    return Etat(version=1, publie_le=publie_le, calendrier=CALENDRIER, periodes=frozenset(periodes))


def test_reports_that_waited_are_asked_for_with_those_who_have_figures() -> None:
    etat = state(date(2023, 7, 5), (CHALON, "semestre", "2023-S1"), (ALES, "semestre", "2022-S2"))
    (request,) = report_requests(etat, date(2023, 7, 6), "abc")
    assert request.job_name == ECRIRE_BILANS
    assert request.run_key is None
    assert request.tags[DEMANDE_TAG] == "abc"
    config = request.run_config["ops"][BILANS_OP]["config"]
    assert (config["epci"], config["annee"], config["semestre"]) == ([CHALON], 2023, 1)
    assert request.tags["observatoire/a_remettre_le"] == "2023-07-15"


def test_one_document_is_written_once_whatever_asks_for_it() -> None:
    etat = state(date(2024, 1, 20), (CHALON, "annee", "2023"))
    (request,) = report_requests(etat, date(2024, 2, 29), "abc")
    assert request.tags["observatoire/arrete_au"] == "2023-12-31"
    assert "semestre" not in request.run_config["ops"][BILANS_OP]["config"]


def test_figures_older_than_the_stop_are_not_asked_for() -> None:
    etat = state(date(2023, 6, 30), (CHALON, "semestre", "2023-S1"))
    assert report_requests(etat, date(2023, 7, 6), "abc") == []


@pytest.fixture
def entrepot(tmp_path: Path) -> Path:
    path = tmp_path / "cia.duckdb"
    write_minimal(path)
    return path


def test_the_sensor_names_the_years_and_asks_once_per_content(
    entrepot: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OBSERVATOIRE_ENTREPOT", str(entrepot))
    reports = Parametres().reports_folder()
    reports.mkdir(parents=True)
    (reports / "bilan-247100589-2022.html").touch()
    sensor = next(s for s in sensors() if s.name == "publication")
    with dg.DagsterInstance.ephemeral() as instance:
        first = sensor.evaluate_tick(dg.build_sensor_context(instance))
        assert [r.job_name for r in first.run_requests or []] == [ALERTER]
        assert sorted(instance.get_dynamic_partitions("annees")) == ["2021", "2022"]
        (seen,) = first.asset_events
        assert seen.asset_key == dg.AssetKey(["publication", "entrepot_publie"])
        assert seen.metadata["entrepot"].value == str(entrepot)
        assert seen.metadata["pages"].value == ["bilan-247100589-2022.html"]
        again = sensor.evaluate_tick(dg.build_sensor_context(instance, cursor=first.cursor))
        assert not again.run_requests


def test_years_that_are_no_longer_published_are_no_longer_partitions(entrepot: Path) -> None:
    with dg.DagsterInstance.ephemeral() as instance:
        instance.add_dynamic_partitions("annees", ["2019"])
        name_years(instance, entrepot)
        assert sorted(instance.get_dynamic_partitions("annees")) == ["2021", "2022"]


def test_without_a_warehouse_the_sensor_says_what_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("OBSERVATOIRE_ENTREPOT", raising=False)
    sensor = next(s for s in sensors() if s.name == "publication")
    result = sensor.evaluate_tick(dg.build_sensor_context())
    assert "OBSERVATOIRE_ENTREPOT" in (result.skip_message or "")


def test_a_partition_writes_the_bilans_of_its_year(entrepot: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What the page of Dagster launches for one year, and a backfill for several."""
    written: list[tuple[tuple[str, int], ...]] = []

    def note(_config: object, wanted: list[tuple[str, int]], *_: object) -> list[Path]:
        written.append(tuple(wanted))
        return []

    monkeypatch.setattr(bilans_assets, "write", note)
    with dg.DagsterInstance.ephemeral() as instance:
        name_years(instance, entrepot)
        for year in ANNEES.get_partition_keys(dynamic_partitions_store=instance):
            result = dg.materialize(
                [bilans_assets.bilans_annuels],
                partition_key=year,
                instance=instance,
                resources={"parametres": Parametres(entrepot=str(entrepot))},
            )
            assert result.success
    assert sorted(written) == [((CHALON, 2021),), ((CHALON, 2022),)]


def test_a_scheduled_report_leaves_out_who_has_no_figures(entrepot: Path) -> None:
    config = bilans_assets.BilansConfig(epci=[ALES, CHALON], annee=2021, presents_seulement=True)
    with duckdb.connect(str(entrepot), read_only=True) as con:
        assert bilans_assets.select(con, config) == ([(CHALON, 2021)], [ALES])
        half = bilans_assets.BilansConfig(epci=[CHALON], annee=2021, semestre=1, presents_seulement=True)
        assert bilans_assets.select(con, half) == ([], [CHALON])
