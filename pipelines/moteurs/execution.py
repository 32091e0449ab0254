"""The dbt project run on another engine; what does not fit the engine is made by DuckDB beside it.

A model that carries the tag `hors_moteur` needs DuckDB (the spatial join): the tables that it reads are
brought to a DuckDB file, the same dbt model runs there, and its table is given to the engine.
"""

import json
import logging
import os
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb

from pipelines import processus_dbt, projet_dbt
from pipelines.errors import ObservatoireError
from pipelines.moteurs.spark import Spark
from pipelines.paths import BASE_NAME, DBT_PROJECT

BESIDE = "hors_moteur"
# The target of profiles.yml that finds the session of the process.
TARGET = "spark"

progress = logging.getLogger("observatoire.progression")


@dataclass(frozen=True)
class Execution:
    """One run of the project on an engine: what it reads and where its files go."""

    moteur: Spark
    manifest: Mapping[str, Any]
    regles: projet_dbt.Regles
    dossier: Path

    def run(self) -> None:
        """Build every table.

        Raises:
            ObservatoireError: a model cannot be computed, with what the engine said.

        """
        made: list[str] = []
        for model in beside(self.manifest):
            done = [f"+{name}" for name in made]
            progress.info("Modèles jusqu'à %s", model["name"])
            self._dbt("run", "--select", f"+{model['name']}", "--exclude", f"tag:{BESIDE}", *done)
            progress.info("%s, par DuckDB à côté du moteur", model["name"])
            self._beside(model)
            made.append(str(model["name"]))
        progress.info("Derniers modèles")
        self._dbt("run", "--exclude", f"tag:{BESIDE}", *[f"+{name}" for name in made])

    def _dbt(self, command: str, *arguments: str) -> None:
        target = self.dossier / "dbt"
        folders = ["--project-dir", str(DBT_PROJECT), "--profiles-dir", str(DBT_PROJECT)]
        folders += ["--target-path", str(target), "--log-path", str(target)]
        quiet = ["--log-level", "none", "--log-level-file", "info", "--no-use-colors"]
        ok = processus_dbt.run([*quiet, command, "--target", TARGET, *arguments, *folders])
        if not ok:
            raise ObservatoireError(_said(target / "run_results.json", f"voir {target / 'dbt.log'}"))

    def _beside(self, model: Mapping[str, Any]) -> None:
        """Make one model with DuckDB, from the tables of the engine, and give its table to the engine."""
        lieu = self.dossier / f"a_cote_{model['name']}"
        lieu.mkdir(parents=True, exist_ok=True)
        fichier = lieu / BASE_NAME
        fichier.unlink(missing_ok=True)
        with duckdb.connect(str(fichier)) as con:
            for name in model["depends_on"]["nodes"]:
                parent = self.manifest["nodes"].get(name) or self.manifest["sources"][name]
                self._bring(con, parent["schema"], parent.get("alias") or parent["identifier"])
        command = [
            projet_dbt.executable(),
            "--quiet",
            "--no-use-colors",
            "run",
            "--select",
            str(model["name"]),
        ]
        command += ["--project-dir", str(DBT_PROJECT), "--profiles-dir", str(DBT_PROJECT)]
        command += ["--target-path", str(lieu), "--log-path", str(lieu)]
        done = subprocess.run(
            command,
            env=projet_dbt.dbt_environment(fichier, self.regles),
            capture_output=True,
            text=True,
            check=False,
            stdin=subprocess.DEVNULL,
        )
        if done.returncode:
            raise ObservatoireError(_said(lieu / "run_results.json", (done.stdout + done.stderr).strip()))
        with duckdb.connect(str(fichier), read_only=True) as con:
            rows = con.table(f"{model['schema']}.{model['alias']}").to_arrow_table()
        self.moteur.write(str(model["schema"]), str(model["alias"]), rows)

    def _bring(self, con: duckdb.DuckDBPyConnection, schema: str, table: str) -> None:
        """Copy a table of the engine to a DuckDB file."""
        rows = self.moteur.read(schema, table)
        con.execute(f"create schema if not exists {schema}")
        con.register("lignes", rows)
        con.execute(f"create table {schema}.{table} as from lignes")
        con.unregister("lignes")


def beside(manifest: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """Return the models that DuckDB makes beside an engine, each after those that it comes from."""
    nodes = manifest["nodes"]
    tagged = [name for name in sorted(nodes) if BESIDE in nodes[name].get("tags", [])]
    above = {name: _above(manifest, name) for name in tagged}
    return [nodes[name] for name in sorted(tagged, key=lambda name: sum(t in above[name] for t in tagged))]


def _above(manifest: Mapping[str, Any], name: str) -> set[str]:
    found: set[str] = set()
    waiting = [name]
    while waiting:
        node = manifest["nodes"].get(waiting.pop(), {})
        fresh = set(node.get("depends_on", {}).get("nodes", [])) - found
        found |= fresh
        waiting += fresh
    return found


def _said(run_results: Path, otherwise: str) -> str:
    if not run_results.is_file():
        return f"dbt n'a rien pu exécuter : {otherwise}"
    results: Sequence[Any] = json.loads(run_results.read_text(encoding="utf-8"))["results"]
    failed = [r for r in results if r["status"] not in {"success", "skipped", "pass", "no-op"}]
    lines = [
        f"{r['unique_id'].rpartition('.')[2]} : {' '.join(str(r['message']).split())[:400]}" for r in failed
    ]
    return os.linesep.join(["Ces modèles ne passent pas sur ce moteur :", *sorted(lines)])
