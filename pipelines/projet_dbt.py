"""The dbt project seen from Python: its manifest kept fresh, its environment, and what its failures mean.

How dbt is called belongs here; no rule of calculation does. Building the manifest needs no network, no
environment variable and no home folder.
"""

import fcntl
import hashlib
import json
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from importlib.metadata import version
from pathlib import Path
from typing import Any

import duckdb

from pipelines.errors import ObservatoireError
from pipelines.paths import DBT_PROJECT

BASE_VARIABLE = "OBSERVATOIRE_BASE"
EXTENSIONS_VARIABLE = "OBSERVATOIRE_EXTENSIONS"
THREADS = 2

_PARTS = ("models", "macros", "seeds", "tests", "dbt_project.yml", "profiles.yml")
_TARGET = DBT_PROJECT / "target"
_STAMP = "observatoire.empreinte"


def executable() -> str:
    """Path of the `dbt` command installed beside the running interpreter."""
    return str(Path(sys.executable).with_name("dbt"))


def fingerprint(projet: Path = DBT_PROJECT) -> str:
    """Fingerprint of the rules: every file of the dbt project that can change a figure, and dbt's version."""
    digest = hashlib.sha256(version("dbt-core").encode())
    for part in _PARTS:
        root = projet / part
        for path in sorted(root.rglob("*")) if root.is_dir() else [root]:
            if path.is_file():
                digest.update(f"\0{path.relative_to(projet).as_posix()}\0".encode())
                digest.update(path.read_bytes())
    return digest.hexdigest()


def fresh_manifest(projet: Path = DBT_PROJECT) -> Path:
    """Return the path of the manifest, parsing the project first when it is missing or older than its files.

    Raises:
        ObservatoireError: dbt is not installed or cannot read the project (with what dbt said).

    """
    target = projet / "target"
    manifest, stamp = target / "manifest.json", target / _STAMP
    try:
        target.mkdir(exist_ok=True)
        with (target / "verrou").open("a") as verrou:
            fcntl.flock(verrou, fcntl.LOCK_EX)
            expected = fingerprint(projet)
            if not (manifest.is_file() and stamp.is_file() and stamp.read_text() == expected):
                stamp.unlink(missing_ok=True)
                _parse(projet, target)
                stamp.write_text(expected)
    except OSError as error:
        raise ObservatoireError(
            f"Les règles de calcul ne peuvent pas être préparées : « {target} » n'est pas inscriptible "
            f"({error.strerror})."
        ) from error
    return manifest


def _parse(projet: Path, target: Path) -> None:
    command = [executable(), "--quiet", "--no-use-colors", "parse", "--project-dir", str(projet)]
    command += ["--profiles-dir", str(projet), "--target-path", str(target), "--log-path", str(target)]
    try:
        done = subprocess.run(
            command,
            env=dbt_environment(),
            capture_output=True,
            text=True,
            check=False,
            stdin=subprocess.DEVNULL,
        )
    except FileNotFoundError as error:
        raise ObservatoireError(
            "dbt n'est pas installé dans cet environnement : lancez « make » à la racine."
        ) from error
    if done.returncode:
        said = (done.stdout + done.stderr).strip()
        raise ObservatoireError(f"Les règles de calcul (dbt_project/) ne se lisent pas. dbt dit : {said}")


def dbt_environment(base: Path | None = None) -> dict[str, str]:
    """Environment of a dbt process: the caller's, silent towards the network, with the base it builds."""
    own = {"DBT_SEND_ANONYMOUS_USAGE_STATS": "False", "DO_NOT_TRACK": "1"}
    own[EXTENSIONS_VARIABLE] = str(extensions_folder())
    if base is not None:
        own[BASE_VARIABLE] = str(base)
    return {**os.environ, **own}


@contextmanager
def dbt_base(base: Path) -> Iterator[None]:
    """Name the DuckDB file that dbt builds, for the processes started in the block."""
    before = dict(os.environ)
    os.environ.update(dbt_environment(base))
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)


def extensions_folder(target: Path = _TARGET) -> Path:
    """Return a folder laid out as DuckDB expects, holding the extensions installed as Python wheels.

    The wheel carries the file without the platform's folder; DuckDB looks for it under one.
    """
    import duckdb_extension_spatial

    folder = target / "extensions"
    with duckdb.connect() as con:
        ((platform,),) = con.execute("pragma platform").fetchall()
    wheel = Path(duckdb_extension_spatial.__file__).parent / "extensions"
    for source in sorted(wheel.rglob("*.duckdb_extension")):
        link = folder / f"v{duckdb.__version__}" / str(platform) / source.name
        if link.is_symlink() and link.readlink() == source:
            continue
        link.parent.mkdir(parents=True, exist_ok=True)
        temporary = link.with_name(f".{link.name}.{os.getpid()}")
        temporary.symlink_to(source)
        temporary.replace(link)
    return folder


def failures(run_results: Path, manifest: Mapping[str, Any]) -> list[str]:
    """Return one French sentence per failed test or model of a dbt run, in the order of their names."""
    if not run_results.is_file():
        return []
    results = json.loads(run_results.read_text(encoding="utf-8"))["results"]
    failed = [r for r in results if r["status"] in {"fail", "error", "runtime error"}]
    return [_sentence(result, manifest) for result in sorted(failed, key=lambda r: str(r["unique_id"]))]


def _sentence(result: Mapping[str, Any], manifest: Mapping[str, Any]) -> str:
    unique_id = str(result["unique_id"])
    nodes = {**manifest.get("nodes", {}), **manifest.get("unit_tests", {})}
    node = nodes.get(unique_id, {})
    kind, name = unique_id.partition(".")[0], str(node.get("name", unique_id))
    message = str(result.get("message") or "").strip()
    if kind in {"test", "unit_test"}:
        models = _tested_models(node, manifest)
        where = f" du modèle « {models} »" if models else ""
        column = node.get("column_name")
        where = f" de la colonne « {column} »{where}" if column else where
        count = result.get("failures")
        rows = f" : {count} ligne(s) en défaut" if count else f" : {message}" if message else ""
        return f"Le contrôle « {name} »{where} a échoué{rows}."
    return f"La table « {_relation(node) or name} » n'a pas pu être calculée : {message}"


def _tested_models(node: Mapping[str, Any], manifest: Mapping[str, Any]) -> str:
    attached = node.get("attached_node")
    parents = [attached] if attached else node.get("depends_on", {}).get("nodes", [])
    names = [_relation(manifest.get("nodes", {}).get(parent, {})) for parent in parents]
    return ", ".join(name for name in names if name)


def _relation(node: Mapping[str, Any]) -> str:
    return f"{node['schema']}.{node['alias']}" if "alias" in node else ""
