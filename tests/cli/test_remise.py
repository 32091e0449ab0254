"""What describes the files handed over, judged by the public rules of the standards, without the network."""

import csv
import hashlib
import json
import re
from collections.abc import Callable
from datetime import date, datetime
from pathlib import Path
from typing import Any

import pytest

from pipelines.paths import PROJECT_ROOT
from pipelines.publication import hand_over
from tests.cli.conftest import Publie

# Data Package and Table Schema, version 1: the names, and the types with what a cell of each may be.
NAME = re.compile(r"^[-a-z0-9._/]+$")
LICENCE = re.compile(r"^[-a-zA-Z0-9._]+$")
HASH = re.compile(r"^sha256:[0-9a-f]{64}$")
CELLS: dict[str, Callable[[str], Any]] = {
    "string": str,
    "integer": int,
    "number": float,
    "boolean": {"true": True, "false": False}.__getitem__,
    "date": date.fromisoformat,
    "datetime": datetime.fromisoformat,
}
# DCAT-AP: what a dataset and a distribution must say.
DATASET = {"@type", "dct:title", "dct:description", "dcat:distribution"}
DISTRIBUTION = {"@type", "dcat:accessURL", "dct:format", "dct:license"}


@pytest.fixture(scope="module", params=["publique", "signataires"])
def remise(request: pytest.FixtureRequest, publie: Publie, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("remise") / str(request.param)
    # A workbook of every table takes a minute to write: that of the small edition says as much.
    formats = ["duckdb", "parquet", "csv", *(["xlsx"] if request.param == "publique" else [])]
    hand_over(publie.entrepot, str(request.param), folder, formats)
    return folder


def package(remise: Path) -> dict[str, Any]:
    read: dict[str, Any] = json.loads((remise / "datapackage.json").read_text(encoding="utf-8"))
    return read


def test_the_package_keeps_the_rules_of_its_standard(remise: Path) -> None:
    described = package(remise)
    assert NAME.match(described["name"])
    assert described["resources"]
    assert all(source["title"] for source in described["sources"])
    assert all(LICENCE.match(licence["name"]) for licence in described["licenses"])
    names = [resource["name"] for resource in described["resources"]]
    assert len(names) == len(set(names))
    for resource in described["resources"]:
        assert NAME.match(resource["name"])
        path = Path(resource["path"])
        assert not path.is_absolute()
        assert ".." not in path.parts
        content = (remise / path).read_bytes()
        assert HASH.match(resource["hash"])
        assert resource["hash"] == f"sha256:{hashlib.sha256(content).hexdigest()}"
        assert resource["bytes"] == len(content)
        assert resource["description"]
        for field in resource.get("schema", {"fields": []})["fields"]:
            assert field["type"] in CELLS
            assert field["description"], (resource["name"], field["name"])


def test_every_cell_is_of_the_type_that_is_said(remise: Path) -> None:
    tables = [r for r in package(remise)["resources"] if r["format"] == "csv"]
    assert len(tables) > 10
    for resource in tables:
        fields = resource["schema"]["fields"]
        with (remise / resource["path"]).open(encoding=resource["encoding"], newline="") as stream:
            rows = csv.reader(stream, delimiter=resource["dialect"]["delimiter"])
            assert next(rows) == [field["name"] for field in fields]
            for row in rows:
                for field, cell in zip(fields, row, strict=True):
                    if cell:
                        CELLS[field["type"]](cell)


def test_only_an_open_edition_is_in_a_catalogue(remise: Path) -> None:
    path = remise / "dcat.jsonld"
    if remise.name != "publique":
        assert not path.exists()
        return
    dataset = json.loads(path.read_text(encoding="utf-8"))
    assert set(dataset) >= DATASET
    known = set(dataset["@context"])
    files = {resource["path"] for resource in package(remise)["resources"]}
    assert {d["dcat:downloadURL"]["@id"] for d in dataset["dcat:distribution"]} == files
    for distribution in dataset["dcat:distribution"]:
        assert set(distribution) >= DISTRIBUTION
    terms = re.findall(r'"([a-z]+):[A-Za-z]+":', path.read_text(encoding="utf-8"))
    assert set(terms) <= known
    assert len(dataset["dct:spatial"]) == 5
    assert (
        dataset["dct:temporal"]["dcat:startDate"]["@value"]
        <= dataset["dct:temporal"]["dcat:endDate"]["@value"]
    )


@pytest.mark.parametrize("rank", [0, 1])
def test_the_recipes_of_the_page_run(
    publie: Publie, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, rank: int
) -> None:
    page = (PROJECT_ROOT / "docs" / "outils.md").read_text(encoding="utf-8")
    recipes = re.findall(r"(?s)```python\n(.*?)```", page)
    hand_over(publie.entrepot, "signataires", tmp_path / "remise", ["duckdb", "parquet"])
    monkeypatch.chdir(tmp_path)
    names: dict[str, Any] = {}
    exec(recipes[rank], names)  # noqa: S102 - our own page
    assert len(recipes) == 2
    assert len(names[("tension", "taux")[rank]]) == 15
