"""The architecture that docs/architecture.md describes, enforced."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from pipelines.paths import DBT_PROJECT, PROJECT_ROOT

CODE = [path for top in ("assets", "pipelines") for path in sorted((PROJECT_ROOT / top).rglob("*.py"))]
MODELS = sorted((DBT_PROJECT / "models").rglob("*.sql"))
LAYERS = ("staging", "intermediate", "entrepot", "marts", "meta")


def test_dependencies_go_one_way() -> None:
    done = subprocess.run(
        [str(Path(sys.executable).with_name("lint-imports")), "--no-cache"],
        cwd=PROJECT_ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize("path", CODE, ids=lambda path: str(path.relative_to(PROJECT_ROOT)))
def test_no_year_in_code(path: Path) -> None:
    """A rule of a year is a row of a table: a year in code moved a published figure by 8.8 % elsewhere."""
    code = re.sub(r'""".*?"""|#[^\n]*', "", path.read_text(encoding="utf-8"), flags=re.DOTALL)
    compared = re.findall(r"(?:==|!=|[<>]=?|range\(|in \()\s*[\"']?((?:19|20)\d\d)\b", code)
    assert compared == []


def test_only_staging_reads_sources() -> None:
    readers = [p.name for p in MODELS if re.search(r"\{\{\s*source\(", p.read_text("utf-8"))]
    assert readers
    assert [name for name in readers if not name.startswith("stg_")] == []


def test_no_model_reads_a_later_layer() -> None:
    layer = {path.stem: path.relative_to(DBT_PROJECT / "models").parts[0] for path in MODELS}
    assert set(layer.values()) <= set(LAYERS)
    backwards = [
        f"{path.stem} reads {name}"
        for path in MODELS
        for name in re.findall(r"ref\(\s*['\"](\w+)['\"]\s*\)", path.read_text(encoding="utf-8"))
        if name in layer and layer[path.stem] in {"staging", "intermediate"} and layer[name] in {"marts"}
    ]
    assert backwards == []


@pytest.mark.parametrize("path", CODE, ids=lambda path: str(path.relative_to(PROJECT_ROOT)))
def test_modules_say_what_belongs_in_them(path: Path) -> None:
    assert path.read_text(encoding="utf-8").startswith('"""')


def test_assets_are_thin() -> None:
    for path in sorted((PROJECT_ROOT / "assets").glob("*.py")):
        assert len(path.read_text(encoding="utf-8").splitlines()) < 150, path.name
