"""The dbt project seen from Python: its manifest kept fresh, its environment, and what its failures mean.

How dbt is called belongs here; no rule of calculation does. Building the manifest needs no network, no
environment variable and no home folder.
"""

import fcntl
import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from graphlib import TopologicalSorter
from importlib.metadata import version
from pathlib import Path
from typing import Any

import duckdb

from pipelines.errors import ObservatoireError
from pipelines.paths import BASE_NAME, DBT_PROJECT, readings_folder, spatial_extension
from pipelines.processus_dbt import MANIFEST_VARIABLE, PARENT_VARIABLE, SELECTION_VARIABLE
from pipelines.sql import describe, identifier, qualified, without_values

BASE_VARIABLE = "OBSERVATOIRE_BASE"
SPATIAL_VARIABLE = "OBSERVATOIRE_SPATIAL"
# Set when no dwelling has to be placed in a polygon: the extension is not loaded, a second of each build.
NOTHING_TO_PLACE = "OBSERVATOIRE_SANS_POLYGONES"
CORES_VARIABLE = "OBSERVATOIRE_COEURS"
MEMORY_VARIABLE = "OBSERVATOIRE_MEMOIRE"
_MEMORY_SHARE = 0.8

_PARTS = ("models", "macros", "seeds", "tests", "dbt_project.yml", "profiles.yml")
_SUFFIXES = frozenset({".sql", ".yml", ".yaml", ".csv", ".py", ".md"})
_READINGS_KEPT = 3
# The reference data that the project ships: declarations, files, and tests as dbt selects them.
REFERENCES = "seeds"
_DECLARED = "models/staging/_references.yml"
REFERENCE_TESTS = f"path:{_DECLARED},resource_type:test"
# The column by which a data test tells a user what it found, and how many rows are told.
_MESSAGE = "message"
_MESSAGES_SHOWN = 10
# How a table says which of its own rules it breaks (macros/materialisation.sql).
_CHECKED = re.compile(r"\[controle\]\s*(.+?)\s*\[/controle\]", re.DOTALL)


@dataclass(frozen=True)
class Regles:
    """The dbt project as read at one moment: what a run uses from its start to its end."""

    dossier: Path
    empreinte: str

    @cached_property
    def manifest(self) -> Mapping[str, Any]:
        """The manifest, for the graph of the assets: without the tests that no build runs."""
        content: dict[str, Any] = json.loads((self.dossier / "manifest.json").read_text(encoding="utf-8"))
        removed = {u for u, node in content["nodes"].items() if _tests_a_reference(node)}
        content["nodes"] = {u: node for u, node in content["nodes"].items() if u not in removed}
        for links in ("parent_map", "child_map"):
            content[links] = {
                u: [other for other in others if other not in removed]
                for u, others in content[links].items()
                if u not in removed
            }
        return content

    @property
    def lecture(self) -> Path:
        """What dbt needs in order not to read the project again."""
        return self.dossier / "partial_parse.msgpack"


@dataclass(frozen=True)
class Selection:
    """What one run of dbt computes, and what it takes over from the published warehouse."""

    noeuds: frozenset[str]
    reprises: frozenset[str]

    def selectors(self, manifest: Mapping[str, Any]) -> list[str]:
        """Return what dbt is given to select exactly these nodes."""
        return sorted(f"fqn:{'.'.join(manifest['nodes'][node]['fqn'])}" for node in self.noeuds)


def _tests_a_reference(node: Mapping[str, Any]) -> bool:
    return bool(node["resource_type"] == "test" and node["original_file_path"] == _DECLARED)


def load_references(
    con: duckdb.DuckDBPyConnection, manifest: Mapping[str, Any], projet: Path = DBT_PROJECT
) -> list[str]:
    """Load the reference data that the project ships, typed and commented as declared; return their names.

    Args:
        con: base under construction, written in the schemas that the declarations name.
        manifest: the project as dbt read it.
        projet: the project's folder, whose `seeds/<name>.csv` are read (`meta.fichier` gives another name).

    """
    loaded = []
    for node in manifest["sources"].values():
        file = node["meta"].get("fichier")
        if node["schema"] != REFERENCES and not file:
            continue
        name, columns = str(node["identifier"]), node["columns"].values()
        table = qualified(node["schema"], name)
        con.execute(f"create schema if not exists {identifier(node['schema'])}")
        con.execute(
            f"create table {table} as select * from read_csv($chemin, header = true, columns = $colonnes)",
            {
                "chemin": str(projet / REFERENCES / f"{file or name}.csv"),
                "colonnes": {str(c["name"]): str(c["data_type"]) for c in columns},
            },
        )
        meant = {str(c["name"]): str(c["description"]) for c in columns if c["description"]}
        describe(con, table, str(node["description"]), meant)
        loaded.append(name)
    return sorted(loaded)


def tables_in_order(manifest: Mapping[str, Any]) -> list[str]:
    """Return the models, each after those it is made from."""
    tables = {u: n for u, n in _runnable(manifest).items() if n["resource_type"] != "test"}
    parents = {
        u: [parent for parent in node.get("depends_on", {}).get("nodes", []) if parent in tables]
        for u, node in sorted(tables.items())
    }
    return list(TopologicalSorter(parents).static_order())


def source_relations(manifest: Mapping[str, Any]) -> set[str]:
    """Return the tables that the project reads and does not make (`schema.table`)."""
    return {f"{node['schema']}.{node['identifier']}" for node in manifest["sources"].values()}


def select_all(manifest: Mapping[str, Any]) -> Selection:
    """Return the selection of a build that takes nothing over."""
    return Selection(frozenset(_runnable(manifest)), frozenset())


def select_nodes(manifest: Mapping[str, Any], changed: Collection[str]) -> Selection:
    """Return what depends on the changed tables of sources (`schema.table`), and the tables that do not.

    Views are always made: the published warehouse has none. A blocking test runs when one of the tables that
    it reads is made again: on tables that are taken over, it passed when they were published. One that only
    warns always runs, since its findings belong to each publication.
    """
    runnable = _runnable(manifest)
    always = {u for u, n in runnable.items() if _is_view(n) or _only_warns(n)}
    sources = [u for u, n in manifest["sources"].items() if f"{n['schema']}.{n['identifier']}" in changed]
    reached, pending = set[str](), list(sources)
    while pending:
        for child in manifest["child_map"].get(pending.pop(), []):
            if child not in reached:
                reached.add(child)
                pending.append(child)
    noeuds = (reached & runnable.keys()) | always
    tables = {u for u, n in runnable.items() if n["resource_type"] != "test"}
    return Selection(frozenset(noeuds), frozenset(relation(runnable[u]) for u in tables - noeuds))


def _runnable(manifest: Mapping[str, Any]) -> dict[str, Mapping[str, Any]]:
    kinds = {"model", "test"}
    return {u: node for u, node in manifest["nodes"].items() if node["resource_type"] in kinds}


def _is_view(node: Mapping[str, Any]) -> bool:
    return bool(node["config"]["materialized"] == "view")


def _only_warns(node: Mapping[str, Any]) -> bool:
    return str(node["config"].get("severity", "")).lower() == "warn"


def executable() -> str:
    """Path of the dbt process of the project, installed beside the running interpreter."""
    return str(Path(sys.executable).with_name("observatoire-dbt"))


def fingerprint(projet: Path = DBT_PROJECT) -> str:
    """Fingerprint of the rules: every file that can change a figure, and dbt's version."""
    digest = hashlib.sha256(version("dbt-core").encode())
    for root in (projet / part for part in _PARTS):
        for path in sorted(root.rglob("*")) if root.is_dir() else [root]:
            if path.is_file() and path.suffix in _SUFFIXES:
                digest.update(f"\0{path.relative_to(root.parent).as_posix()}\0".encode())
                digest.update(path.read_bytes())
    return digest.hexdigest()


def read_rules(projet: Path = DBT_PROJECT) -> Regles:
    """Return the project as it is now, read by dbt unless the same files were read before.

    Raises:
        ObservatoireError: dbt is not installed or cannot read the project (with what dbt said).

    """
    readings = readings_folder(projet)
    known = _of(readings, fingerprint(projet))
    if known.dossier.is_dir():
        # Also in an installation that nobody may write in.
        return known
    try:
        readings.mkdir(parents=True, exist_ok=True)
        with (readings / ".verrou").open("a") as verrou:
            fcntl.flock(verrou, fcntl.LOCK_EX)
            regles = _of(readings, fingerprint(projet))
            while not regles.dossier.is_dir():
                regles = _read(projet, readings, regles)
    except OSError as error:
        raise ObservatoireError(
            f"Les règles de calcul ne peuvent pas être préparées : « {readings} » n'est pas inscriptible "
            f"({error.strerror})."
        ) from error
    return regles


def _of(readings: Path, empreinte: str) -> Regles:
    return Regles(readings / empreinte[:16], empreinte)


def _read(projet: Path, readings: Path, regles: Regles) -> Regles:
    """Read the project; a file saved meanwhile means that it must be read again."""
    temporary = readings / ".en_cours"
    shutil.rmtree(temporary, ignore_errors=True)
    _parse(projet, temporary)
    now = _of(readings, fingerprint(projet))
    if now == regles:
        kept = sorted(
            (path for path in readings.iterdir() if not path.name.startswith(".")),
            key=lambda path: path.stat().st_mtime_ns,
        )
        for old in kept[: -_READINGS_KEPT + 1]:
            shutil.rmtree(old, ignore_errors=True)
        _to_disk(temporary)
        temporary.rename(regles.dossier)
    return now


def _to_disk(folder: Path) -> None:
    """Force what was read to the disk before it takes its name: a name without content is never redone."""
    for path in folder.iterdir():
        if path.is_file():
            with path.open("rb") as stream:
                os.fsync(stream.fileno())


def _parse(projet: Path, target: Path) -> None:
    command = [executable(), "--quiet", "--no-use-colors", "parse", "--project-dir", str(projet)]
    command += ["--profiles-dir", str(projet), "--target-path", str(target), "--log-path", str(target)]
    environment = dbt_environment(target / BASE_NAME)
    try:
        done = subprocess.run(
            command, env=environment, capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL
        )
    except FileNotFoundError as error:
        raise ObservatoireError("dbt n'est pas installé ici : lancez « make setup » à la racine.") from error
    if done.returncode:
        said = (done.stdout + done.stderr).strip()
        raise ObservatoireError(f"Les règles de calcul (dbt_project/) ne se lisent pas. dbt dit : {said}")


def places_dwellings(con: duckdb.DuckDBPyConnection) -> bool:
    """Whether the sources have both coordinates and outlines: what the spatial join is about."""
    ((points, outlines),) = con.execute(
        "select exists (select 1 from sources.rpls_logements where x is not null and y is not null), "
        "exists (select 1 from sources.qpv_polygones where geometrie is not null)"
    ).fetchall()
    return bool(points and outlines)


def dbt_environment(
    base: Path, regles: Regles | None = None, selection: Path | None = None, *, spatial: bool = True
) -> dict[str, str]:
    """Environment of a dbt process: the caller's, silent towards the network, with the base it builds."""
    own = {"DBT_SEND_ANONYMOUS_USAGE_STATS": "False", "DO_NOT_TRACK": "1"}
    own |= {SPATIAL_VARIABLE: str(spatial_extension())} if spatial else {NOTHING_TO_PLACE: "1"}
    own[BASE_VARIABLE] = str(base)
    own[PARENT_VARIABLE] = str(os.getpid())
    # One of dbt's two threads works beside the engine's own: a thread more than processors is a quarter more
    # of their time, for nothing.
    own[CORES_VARIABLE] = str(max(1, (os.cpu_count() or 1) - 1))
    own[MEMORY_VARIABLE] = os.environ.get(MEMORY_VARIABLE) or _most_of_the_memory()
    of_one_run = {MANIFEST_VARIABLE, SELECTION_VARIABLE, SPATIAL_VARIABLE, NOTHING_TO_PLACE}
    inherited = {name: value for name, value in os.environ.items() if name not in of_one_run}
    if regles is not None:
        own[MANIFEST_VARIABLE] = str(regles.lecture)
    if selection is not None:
        own[SELECTION_VARIABLE] = str(selection)
    return {**inherited, **own}


def _most_of_the_memory() -> str:
    total = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    return f"{int(total * _MEMORY_SHARE) // 2**20}MiB"


@contextmanager
def dbt_base(
    base: Path, regles: Regles, selection: Path | None = None, *, spatial: bool = True
) -> Iterator[None]:
    """Name the DuckDB file that dbt builds, the rules and the nodes, in the processes of the block."""
    before = dict(os.environ)
    os.environ.update(dbt_environment(base, regles, selection, spatial=spatial))
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)


def _results(run_results: Path) -> list[dict[str, Any]]:
    """What dbt wrote of its nodes; nothing when it wrote nothing, or not whole (a full disk)."""
    try:
        found: list[dict[str, Any]] = json.loads(run_results.read_text(encoding="utf-8"))["results"]
    except (FileNotFoundError, ValueError, KeyError):
        return []
    return found


def durations(run_results: Path, manifest: Mapping[str, Any]) -> list[tuple[str, float]]:
    """Return the seconds that each table of a dbt run took, the longest first."""
    results = _results(run_results)
    nodes = manifest.get("nodes", {})
    found = [
        (relation(nodes[r["unique_id"]]), round(float(r["execution_time"]), 2))
        for r in results
        if r["unique_id"].startswith("model.") and r["unique_id"] in nodes
    ]
    return sorted(found, key=lambda item: (-item[1], item[0]))


def executed(run_results: Path) -> frozenset[str]:
    """Return the nodes that a dbt run executed, tried or skipped; hooks and exposures are not made."""
    results = _results(run_results)
    kinds = ("operation.", "exposure.")
    return frozenset(r["unique_id"] for r in results if not r["unique_id"].startswith(kinds))


def describe_test(node: Mapping[str, Any]) -> str:
    """Return what a test proves: its description, or the rule of one that dbt brings, in French."""
    said = str(node.get("description") or "").strip()
    rule = node.get("test_metadata") or {}
    if said or not rule:
        return said
    column = f"La colonne « {node['column_name']} »"
    if rule["name"] == "relationships":
        other = re.sub(r".*?'(\w+)'\)$", r"\1", rule["kwargs"]["to"])
        return f"{column} ne contient que des valeurs de « {other}.{rule['kwargs']['field']} »."
    return f"{column} n'est jamais vide." if rule["name"] == "not_null" else f"{column} : {rule['name']}."


def failures(
    run_results: Path, manifest: Mapping[str, Any], con: duckdb.DuckDBPyConnection | None = None
) -> list[str]:
    """Return the French sentences of the failed tests and models of a dbt run, in the order of their names.

    A test whose rows have a column `message` says it itself, when there is a base to ask for them.
    """
    results = _results(run_results)
    failed = [r for r in results if r["status"] in {"fail", "error", "runtime error"}]
    return [
        sentence
        for result in sorted(failed, key=lambda r: str(r["unique_id"]))
        for sentence in (_told(result, con) or [_sentence(result, manifest)])
    ]


def _told(result: Mapping[str, Any], con: duckdb.DuckDBPyConnection | None) -> list[str]:
    """What the rows of a failed test say, those that say something."""
    code = result.get("compiled_code")
    if con is None or result["status"] != "fail" or not code:
        return []
    rows = con.sql(str(code))
    if _MESSAGE not in rows.columns:
        return []
    said = rows.project(_MESSAGE).order(_MESSAGE).limit(_MESSAGES_SHOWN).fetchall()
    return [str(text) for (text,) in said]


def warnings(run_results: Path, manifest: Mapping[str, Any]) -> list[tuple[str, str, str | None, int]]:
    """Return the checks of a dbt run that found something without stopping it: name, tables, column, rows."""
    results = _results(run_results)
    nodes = manifest.get("nodes", {})
    found = [(nodes.get(r["unique_id"], {}), r) for r in results if r["status"] == "warn"]
    return [
        (
            str(node.get("name", result["unique_id"])),
            _tested_models(node, manifest),
            node.get("column_name"),
            int(result.get("failures") or 0),
        )
        for node, result in found
    ]


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
        # What a check is about, and what to do, is written beside it.
        advice = " ".join(str(node.get("description") or "").split())
        advice = f" {advice}" if advice else ""
        return f"Le contrôle « {name} »{where} a échoué{without_values(rows)}.{advice}"
    if broken := _CHECKED.search(message):
        return f"La table « {relation(node) or name} » ne respecte pas ses règles : {broken[1]}."
    return f"La table « {relation(node) or name} » n'a pas pu être calculée : {without_values(message)}"


def _tested_models(node: Mapping[str, Any], manifest: Mapping[str, Any]) -> str:
    attached = node.get("attached_node")
    parents = [attached] if attached else node.get("depends_on", {}).get("nodes", [])
    names = [relation(manifest.get("nodes", {}).get(parent, {})) for parent in parents]
    return ", ".join(name for name in names if name)


def relation(node: Mapping[str, Any]) -> str:
    """Return the table or view that a node makes (`schema.table`), empty for a node that makes none."""
    return f"{node['schema']}.{node['alias']}" if "alias" in node else ""
