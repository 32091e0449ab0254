"""Territories built one by one: partitions are configuration, each in its own warehouse, with the same assets."""

import re
from pathlib import Path
from typing import Any

import dagster as dg
import pytest
import yaml

from pipelines.definitions import build_defs
from pipelines.errors import DonneesRefusees
from pipelines.partitions import TAG, VARIABLE, partitioned_config, read_groups
from pipelines.paths import PROJECT_ROOT, TERRITOIRES
from pipelines.resources import Parametres

PAGE = PROJECT_ROOT / "docs" / "passage-a-l-echelle.md"


def partitions(config: dg.PartitionedConfig[Any] | None) -> dict[str, Any]:
    assert config is not None
    return {
        key: config.get_run_config_for_partition_key(key)["resources"]["parametres"]["config"]
        for key in config.partitions_def.get_partition_keys()
    }


def test_one_partition_per_convention_file() -> None:
    found = partitions(build_defs().resolve_job_def("territoires").partitioned_config)
    sirens = {str(yaml.safe_load(p.read_text("utf-8")).get("siren")) for p in TERRITOIRES.glob("*.yml")} - {
        "None"
    }
    assert found.keys() == sirens
    assert all(config == {"epci": [key], "partition": key} for key, config in found.items())


def test_groups_of_a_file_are_partitions(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "regions.yml"
    path.write_text("bourgogne: ['247100589', '242100410']\ngrand-est: ['200066009']\n", encoding="utf-8")
    monkeypatch.setenv(VARIABLE, str(path))
    assert partitions(partitioned_config()) == {
        "bourgogne": {"epci": ["242100410", "247100589"], "partition": "bourgogne"},
        "grand-est": {"epci": ["200066009"], "partition": "grand-est"},
    }


def test_a_partitioned_run_has_the_assets_of_a_build_and_the_shared_lake() -> None:
    defs = build_defs()
    built, one = (
        defs.resolve_job_def(name).asset_layer.selected_asset_keys for name in ("construire", "territoires")
    )
    assert one == built | {dg.AssetKey(["publication", "ducklake"])}


def test_each_partition_has_its_own_warehouse(tmp_path: Path) -> None:
    paths = {
        partition: Parametres(entrepot=str(tmp_path / "cia.duckdb"), partition=partition)
        .working_folder()
        .entrepot
        for partition in (None, "bourgogne", "grand-est")
    }
    assert [path.name for path in paths.values()] == [
        "cia.duckdb",
        "cia-bourgogne.duckdb",
        "cia-grand-est.duckdb",
    ]


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("a: ['24710058']", "9 chiffres"),
        ("a: 247100589", "9 chiffres"),
        ("'../x': ['247100589']", "minuscules"),
        ("a: ['247100589']\nb: ['247100589']", "« a » et « b »"),
        ("[]", "groupe"),
        ("a: [", "ne se lit pas"),
    ],
)
def test_a_wrong_file_of_groups_is_a_sentence(tmp_path: Path, content: str, said: str) -> None:
    path = tmp_path / "groupes.yml"
    path.write_text(content, encoding="utf-8")
    with pytest.raises(DonneesRefusees, match=re.escape(said)):
        read_groups(path)


def test_a_wrong_file_of_groups_does_not_hide_the_page(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(VARIABLE, str(tmp_path / "absent.yml"))
    assert partitions(partitioned_config()) == {}


def test_documented_queue_is_one_that_dagster_accepts(tmp_path: Path) -> None:
    """The first settings of the page, loaded for real; those of a cluster name libraries that are not here."""
    blocks = [
        yaml.safe_load(block)
        for block in re.findall(r"```yaml\n(.*?)```", PAGE.read_text("utf-8"), re.DOTALL)
    ]
    settings = [block for block in blocks if isinstance(block, dict) and "concurrency" in block]
    assert settings
    (tmp_path / "dagster.yaml").write_text(yaml.safe_dump(settings[0]), encoding="utf-8")
    with dg.DagsterInstance.from_config(str(tmp_path)) as instance:
        limits = instance.get_concurrency_config().run_queue_config
        assert limits is not None
        assert limits.max_concurrent_runs == settings[0]["concurrency"]["runs"]["max_concurrent_runs"]
        assert {limit["key"] for limit in limits.tag_concurrency_limits} == {TAG}
    launchers = {block["run_launcher"]["class"] for block in blocks if "run_launcher" in block}
    assert launchers == {"K8sRunLauncher", "EcsRunLauncher"}
