"""The architecture that docs/architecture.md describes, enforced; who may import whom is checked by `make lint`."""

import re

from pipelines.paths import DBT_PROJECT, PROJECT_ROOT

MODELS = sorted((DBT_PROJECT / "models").rglob("*.sql"))
LAYERS = ("staging", "intermediate", "entrepot", "marts", "meta")


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


def test_assets_are_thin() -> None:
    for path in sorted((PROJECT_ROOT / "assets").glob("*.py")):
        assert len(path.read_text(encoding="utf-8").splitlines()) < 150, path.name
