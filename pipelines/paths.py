"""Where the project's own files are, and where a warehouse keeps its working files.

The only module that computes such paths; it opens and creates nothing.
"""

import os
from dataclasses import dataclass
from pathlib import Path

PROJECT_ROOT = Path(__file__).resolve().parent.parent
# What is not Python: beside the code in a clone, inside it where the wheel was installed (pyproject.toml).
_IN_THE_WHEEL = Path(__file__).resolve().with_name("_projet")
INSTALLED = _IN_THE_WHEEL.is_dir()
PROJECT_FILES = _IN_THE_WHEEL if INSTALLED else PROJECT_ROOT
DBT_PROJECT = PROJECT_FILES / "dbt_project"
TERRITOIRES = PROJECT_FILES / "territoires"
METHODES = PROJECT_FILES / "methodes"

TERRITORIES_VARIABLE = "OBSERVATOIRE_TERRITOIRES"
# Set where a page launches the runs: whoever reaches it chooses neither folder nor base.
SERVER_VARIABLE = "OBSERVATOIRE_SERVEUR"

LOCK_NAME = "observatoire.lock.json"
# Beside the data: what `observatoire fetch` downloaded, and the products that a user adds to those it knows.
DOWNLOAD_RECORD_NAME = "telechargements.lock.json"
DOWNLOAD_REGISTRY_NAME = "telechargements.yml"
# Beside the data too: what the territories add to the public edition, what its versions showed and hid.
PUBLIC_PLAN = Path("diffusion", "plan.yml")
PUBLIC_MEMORY = Path("diffusion", "memoire.parquet")

# A warehouse under construction. DuckDB names the catalogue after the file, and dbt keeps that name in what
# it read. Not the name of a schema either: `entrepot.x` would be ambiguous in every statement.
BASE_NAME = "observatoire.duckdb"


def readings_folder(projet: Path) -> Path:
    """Return where what dbt read of a project is kept: never in the folder of installed packages."""
    if projet == DBT_PROJECT and INSTALLED:
        return _user_folder("XDG_CACHE_HOME", ".cache") / "lectures"
    return projet / "target" / "lectures"


def dagster_home() -> Path:
    """Return the home of Dagster unless `DAGSTER_HOME` gives one."""
    if INSTALLED:
        return _user_folder("XDG_STATE_HOME", ".local/state") / "dagster"
    return PROJECT_ROOT / ".cache" / "dagster"


def _user_folder(variable: str, default: str) -> Path:
    given = os.environ.get(variable)
    return (Path(given) if given else Path.home() / default) / "observatoire"


def edition_path(entrepot: Path, edition: str) -> Path:
    """Return the file of an edition, beside the warehouse (`W.duckdb` → `W.signataires.duckdb`)."""
    return entrepot.with_name(f"{entrepot.stem}.{edition}{entrepot.suffix}")


def territories_path(given: str | Path | None) -> Path:
    """Return the folder of the convention files: the project's own unless told otherwise."""
    chosen = given or os.environ.get(TERRITORIES_VARIABLE)
    return Path(chosen).expanduser().resolve() if chosen else TERRITOIRES


def spatial_extension() -> Path:
    """Return the file of DuckDB's spatial extension, installed as a wheel: no network is needed."""
    import duckdb_extension_spatial

    (path,) = Path(duckdb_extension_spatial.__file__).parent.rglob("spatial.duckdb_extension")
    return path


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
    def memoire(self) -> Path:
        """What the public editions of this warehouse showed and hid."""
        return self.root / "diffusion.parquet"

    @property
    def demande(self) -> Path:
        """What the published warehouse was made from, in one fingerprint."""
        return self.root / "demande.json"

    @property
    def purges(self) -> Path:
        """What was removed on request: when, how much, never who."""
        return self.root / "purges"

    @property
    def verrou(self) -> Path:
        """The advisory lock held while a build runs."""
        return self.root / "verrou"
