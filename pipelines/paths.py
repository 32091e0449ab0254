"""Where the project's own files are, and where a warehouse keeps its working files.

The only module that computes such paths; it opens and creates nothing.
"""

from dataclasses import dataclass
from pathlib import Path

PROJECT_ROOT = Path(__file__).resolve().parent.parent
DBT_PROJECT = PROJECT_ROOT / "dbt_project"
TERRITOIRES = PROJECT_ROOT / "territoires"

# Set where a page launches the runs: whoever reaches it chooses neither folder nor base.
SERVER_VARIABLE = "OBSERVATOIRE_SERVEUR"

LOCK_NAME = "observatoire.lock.json"
# Beside the data: what `observatoire fetch` downloaded, and the products that a user adds to those it knows.
DOWNLOAD_RECORD_NAME = "telechargements.lock.json"
DOWNLOAD_REGISTRY_NAME = "telechargements.yml"

# A warehouse under construction. DuckDB names the catalogue after the file, and dbt keeps that name in what
# it read. Not the name of a schema either: `entrepot.x` would be ambiguous in every statement.
BASE_NAME = "observatoire.duckdb"


@dataclass(frozen=True)
class WorkingFolder:
    """The files kept beside one published warehouse (`W.duckdb` → `W.duckdb.d/`)."""

    entrepot: Path

    @property
    def root(self) -> Path:
        """The working folder itself."""
        return self.entrepot.with_name(self.entrepot.name + ".d")

    @property
    def magasin(self) -> Path:
        """Validated Parquet, keyed by content."""
        return self.root / "parquet"

    @property
    def construction(self) -> Path:
        """One sub-folder per build under way."""
        return self.root / "construction"

    @property
    def versions(self) -> Path:
        """The last published warehouses."""
        return self.root / "versions"

    @property
    def executions(self) -> Path:
        """One summary per run."""
        return self.root / "executions"

    @property
    def alertes(self) -> Path:
        """The alerts that were already sent."""
        return self.root / "alertes.json"

    @property
    def purges(self) -> Path:
        """What was removed on request: when, how much, never who."""
        return self.root / "purges"

    @property
    def verrou(self) -> Path:
        """The advisory lock held while a build runs."""
        return self.root / "verrou"
