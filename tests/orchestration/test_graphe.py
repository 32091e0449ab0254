"""The graph is what the committed picture says: published tables, groups, jobs and crons.

To accept a change on purpose: `ACCEPTER=1 pytest tests/orchestration/test_graphe.py`, then read the diff of
`graphe.json`.
"""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import dagster as dg
import pytest

from assets.apercus import by_year
from pipelines.definitions import build_defs
from pipelines.paths import PROJECT_ROOT
from pipelines.projet_dbt import read_rules

PICTURE = Path(__file__).with_name("graphe.json")
PUBLIC = ("sources", "entrepot", "marts", "meta", "publication")
STAGES = ("sources", "staging", "intermediate", "entrepot", "marts", "meta", "publication")


@pytest.fixture(scope="module")
def defs() -> dg.Definitions:
    return build_defs()


def picture(defs: dg.Definitions) -> dict[str, Any]:
    """What someone outside relies on; how tables are made from each other is the models' own business."""
    graph = defs.resolve_asset_graph()
    assets: dict[str, list[str]] = {}
    for key in sorted(graph.get_all_asset_keys()):
        group = str(graph.get(key).group_name)
        if group in PUBLIC:
            assets.setdefault(group, []).append(key.to_user_string())
    jobs = {
        name: sorted(
            key.to_user_string() for key in defs.resolve_job_def(name).asset_layer.selected_asset_keys
        )
        for name in sorted(job.name for job in defs.jobs or [])
    }
    return {
        "actifs": assets,
        "travaux": {
            name: keys if len(keys) < 10 else {"tout_sauf": _others(graph, keys)}
            for name, keys in jobs.items()
        },
        "echeances": {
            s.name: {"travail": s.job_name, "cron": s.cron_schedule, "fuseau": s.execution_timezone}
            for s in sorted(defs.schedules or [], key=lambda s: s.name)
        },
        "detecteurs": {s.name: sorted(t.job_name for t in s.targets) for s in defs.sensors or []},
        "partitions": {
            key.to_user_string(): graph.get(key).partitions_def.name
            for key in sorted(graph.get_all_asset_keys())
            if graph.get(key).partitions_def is not None
        },
    }


def _others(graph: Any, keys: list[str]) -> list[str]:
    return sorted({key.to_user_string() for key in graph.get_all_asset_keys()} - set(keys))


def test_graph_is_the_committed_one(defs: dg.Definitions) -> None:
    text = json.dumps(picture(defs), ensure_ascii=False, indent=1) + "\n"
    if os.environ.get("ACCEPTER"):
        PICTURE.write_text(text, encoding="utf-8")
    assert json.loads(text) == json.loads(PICTURE.read_text(encoding="utf-8"))


def test_every_asset_is_in_a_named_group_of_the_path(defs: dg.Definitions) -> None:
    graph = defs.resolve_asset_graph()
    groups = {graph.get(key).group_name for key in graph.get_all_asset_keys()}
    assert {str(group).partition("_")[0] for group in groups} == set(STAGES)
    # What is between is shown by subject: a hundred tables in one group show nothing.
    assert "intermediate" not in groups
    assert max(sum(graph.get(k).group_name == g for k in graph.get_all_asset_keys()) for g in groups) < 30


def test_every_asset_has_an_owner_and_every_check_says_what_it_proves(defs: dg.Definitions) -> None:
    graph = defs.resolve_asset_graph()
    assert [k for k in graph.get_all_asset_keys() if not graph.get(k).owners] == []
    assert [key.name for key in graph.asset_check_keys if not graph.get(key).description] == []


def test_marts_and_facts_are_tables() -> None:
    """A view names the file that it was made in: it would break when the warehouse is published."""
    nodes = read_rules().manifest["nodes"].values()
    views = [
        node["name"]
        for node in nodes
        if node["resource_type"] == "model"
        and node["config"]["materialized"] == "view"
        and node["schema"] not in {"staging", "intermediate"}
    ]
    assert views == []


def test_publication_waits_for_every_table(defs: dg.Definitions) -> None:
    graph = defs.resolve_asset_graph()
    key = dg.AssetKey(["publication", "entrepot_publie"])
    built = {
        k for k in graph.get_all_asset_keys() if graph.get(k).group_name not in {"publication", "sources"}
    }
    assert graph.get(key).parent_keys == built


def test_every_read_source_has_a_blocking_check(defs: dg.Definitions) -> None:
    graph = defs.resolve_asset_graph()
    blocking = {key.asset_key.to_user_string() for key in graph.asset_check_keys if graph.get(key).blocking}
    read = {"rpls", "sne", "ops", "filosofi", "geographie", "referentiels"}
    assert {f"sources/{name}" for name in read} <= blocking


def test_nothing_runs_by_itself(defs: dg.Definitions) -> None:
    for schedule in defs.schedules or []:
        assert isinstance(schedule, dg.ScheduleDefinition)
        assert schedule.default_status is dg.DefaultScheduleStatus.STOPPED
    for sensor in defs.sensors or []:
        assert isinstance(sensor, dg.SensorDefinition)
        assert sensor.default_status is dg.DefaultSensorStatus.STOPPED


def test_definitions_load_without_environment_nor_network(tmp_path: Path) -> None:
    """Through the workspace, as `dagster dev` does, with an empty home and a proxy that leads nowhere."""
    nowhere = "http://127.0.0.1:9"
    done = subprocess.run(
        [
            str(Path(sys.executable).with_name("dagster")),
            "job",
            "list",
            "-w",
            str(PROJECT_ROOT / "workspace.yaml"),
        ],
        cwd=PROJECT_ROOT,
        env={"HOME": str(tmp_path), "PATH": "/usr/bin:/bin", "HTTPS_PROXY": nowhere, "HTTP_PROXY": nowhere},
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )
    assert done.returncode == 0, done.stderr
    assert "construire" in done.stdout


def test_resources_can_be_replaced() -> None:
    class Autre(dg.ConfigurableResource[Any]):
        pass

    other = Autre()
    assert build_defs({"dbt": other}).resources["dbt"] is other  # type: ignore[index]


def test_what_is_off_says_how_it_is_turned_on(defs: dg.Definitions) -> None:
    for kind, found in (("schedule", defs.schedules or []), ("sensor", defs.sensors or [])):
        assert found
        for one in found:
            assert f"« dagster {kind} start {one.name} »" in (one.description or ""), one.name


@pytest.mark.parametrize(
    ("rows", "plot"),
    [
        ([(2021, 80), (2022, 40), (2023, 1)], "█▅▁"),
        # A year in between without a row is seen.
        ([(2021, 7), (2023, 7)], "█▁█"),
        ([(2021, 0)], "▁"),
    ],
)
def test_rows_by_year_are_a_plot_over_their_table(rows: list[tuple[int, int]], plot: str) -> None:
    shown = by_year(rows)
    assert shown.startswith(f"`{plot}`")
    assert all(f"| {year} | {count} |" in shown for year, count in rows)


def test_nothing_by_year_is_no_plot() -> None:
    assert by_year([]) == ""
