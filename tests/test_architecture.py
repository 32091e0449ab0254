"""The architecture that docs/architecture.md describes, enforced; who may import whom is checked by `make lint`."""

import ast
import re
from collections.abc import Iterator

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


# Calls that make or replace a file under the name that they are given.
WRITES = {
    "write_text",
    "write_bytes",
    "copyfile",
    "copytree",
    "touch",
    "write_parquet",
    "write_csv",
    "write_table",
}
OPENED = re.compile("[wax+]")
# Where a name that is foreseen is written in place, and why nobody else can have laid a link there.
PRIVATE = {
    "pipelines/fichiers.py": "the helper itself",
    "pipelines/demo/": "files made up, in a folder of the demonstration",
    "pipelines/bilan/": "handed a place by `sorties.poser`, or in a temporary folder of its own",
    "pipelines/classeur.py": "in the temporary folder of its reader",
    "pipelines/inspection.py": "in the temporary folder of its reader",
    "pipelines/ingestion/examen.py": "in the temporary folder of its reader",
    "pipelines/ingestion/fichier.py": "in the temporary folder of its reader",
    "pipelines/ingestion/reparation.py": "in the temporary folder of its reader",
    "pipelines/ingestion/pseudonymes.py": "a random name that the system makes, then a link that never replaces",
    "pipelines/moteurs/": "in a temporary folder, or the one asked for to keep what Spark computed",
    "pipelines/publication/chantier.py": "the lock, in the closed folder of the warehouse",
    "pipelines/publication/versions.py": "in the closed folder of the warehouse",
    "pipelines/references/fabrication.py": "what the project ships, in its own folder or the one asked for",
    "pipelines/projet_dbt.py": "in the project's own folder, or the user's",
    "pipelines/telechargement/": "in its closed folder of the landing folder",
    "pipelines/lac/ecriture.py": "a new folder of the lake, and its lock",
    "pipelines/cli/execution.py": "nowhere",
    "pipelines/cli/service.py": "in a closed home, and in a temporary folder of the service",
    "assets/entrepot.py": "in the closed folder of the run",
    "pipelines/diffusion/memoire.py": "where the helper says",
    "pipelines/publication/remise.py": "where the helper says",
    "pipelines/explorateur/tableaux.py": "in memory",
}  # fmt: skip


def _writes(tree: ast.AST) -> Iterator[int]:
    for node in ast.walk(tree):
        if not isinstance(node, ast.Call):
            continue
        function = node.func
        name = function.attr if isinstance(function, ast.Attribute) else getattr(function, "id", "")
        # The project's own: they are what everything else uses.
        if isinstance(function, ast.Name) and name in {"write_text", "write_json", "write_csv"}:
            continue
        if name in WRITES:
            yield node.lineno
        elif name in {"open", "fdopen"}:
            modes = [*node.args, *(k.value for k in node.keywords if k.arg == "mode")]
            texts = [a.value for a in modes if isinstance(a, ast.Constant) and isinstance(a.value, str)]
            # "x" makes a new file or fails: it follows nothing.
            if any(len(t) < 4 and OPENED.search(t) and "x" not in t for t in texts):
                yield node.lineno


def test_who_writes_without_the_helper_says_why() -> None:
    """A new writer goes through `pipelines/fichiers.py`, or is looked at here."""
    found: dict[str, list[int]] = {}
    for folder in ("pipelines", "assets"):
        for path in sorted((PROJECT_ROOT / folder).rglob("*.py")):
            lines = list(_writes(ast.parse(path.read_text(encoding="utf-8"))))
            if lines:
                found[path.relative_to(PROJECT_ROOT).as_posix()] = lines
    unknown = {name: lines for name, lines in found.items() if not name.startswith(tuple(PRIVATE))}
    assert unknown == {}
    assert [place for place in PRIVATE if not any(name.startswith(place) for name in found)] == []
