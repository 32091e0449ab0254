"""What a run needs: its parameters, and the building site of the warehouse that it makes.

The only place that reads environment variables of the project, and the only one that ties a Dagster run to
the lock, the construction folder and the account of its steps.
"""

import logging
import os
import re
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import dagster as dg
import duckdb
from dagster_dbt import DbtCliResource
from dagster_duckdb import DuckDBResource
from pydantic import Field, PrivateAttr

from pipelines.alertes import Reglages, read_settings
from pipelines.demande import request_fingerprint, user_key
from pipelines.errors import MauvaisUsage, ObservatoireError
from pipelines.lac import LacPartage
from pipelines.paths import SERVER_VARIABLE, WorkingFolder, territories_path
from pipelines.publication import (
    Chantier,
    Etape,
    Publie,
    begin_summary,
    disk_errors_explained,
    open_chantier,
    peak_memory,
    program_fingerprint,
    published,
    record_request,
    write_failure,
)
from pipelines.sql import without_values

progress = logging.getLogger("observatoire.progression")

# What a partition may be called: it is part of the name of a file.
PARTITION_NAME = re.compile(r"[a-z0-9][a-z0-9_-]*")
# How many of the missing tables a refusal names.
_NAMED = 5


def _variable(suffix: str) -> str | None:
    return os.environ.get(f"OBSERVATOIRE_{suffix}") or None


def _reason(error: BaseException | None) -> str:
    return "" if error is None else str(error) or type(error).__name__


class Parametres(dg.ConfigurableResource[Any]):
    """What a run reads, where it publishes and for whom.

    Everything left empty comes from the environment (`OBSERVATOIRE_DONNEES`, `OBSERVATOIRE_ENTREPOT`,
    `OBSERVATOIRE_TERRITOIRES`, `OBSERVATOIRE_RAPPORTS`, `OBSERVATOIRE_LAC`, `OBSERVATOIRE_DUCKLAKE`,
    `OBSERVATOIRE_DUCKLAKE_DONNEES`), read when the run starts: definitions load without.
    """

    donnees: str | None = Field(default=None, description="Dossier de dépôt des fichiers.")
    entrepot: str | None = Field(default=None, description="Fichier DuckDB publié.")
    territoires: str | None = Field(default=None, description="Dossier des conventions.")
    rapports: str | None = Field(default=None, description="Dossier où les bilans sont écrits.")
    epci: list[str] = Field(default=[], description="SIREN demandés ; vide : ceux qui ont une convention.")
    annees: list[int] = Field(default=[], description="Années demandées ; vide : toutes celles des données.")
    tous: bool = Field(default=False, description="Tous les EPCI trouvés dans les données.")
    partition: str | None = Field(
        default=None, description="Partition : elle a son propre entrepôt, à côté de celui qui est donné."
    )
    garder: int = Field(default=3, description="Nombre de versions remplacées qui sont gardées.")
    lac: str | None = Field(default=None, description="Dossier du lac de fichiers Parquet.")
    ducklake: str | None = Field(
        default=None, description="Catalogue PostgreSQL du lac partagé (paramètres de connexion)."
    )
    ducklake_donnees: str | None = Field(default=None, description="Dossier des fichiers du lac partagé.")
    complet: bool = Field(default=False, description="Recalcule tout, même ce qui n'a pas changé.")
    verrou: bool = Field(default=True, description="Écrit observatoire.lock.json dans le dossier de dépôt.")

    def landing_folder(self) -> Path:
        """Return the landing folder.

        Raises:
            MauvaisUsage: it was not given, or does not exist.

        """
        folder = self._path("donnees", "DONNEES", "le dossier de dépôt (--donnees)")
        if not folder.is_dir():
            raise MauvaisUsage(
                f"Le dossier de dépôt « {folder} » n'existe pas ; attendu : <source>/<millésime>/<fichiers>, "
                "par exemple rpls/2022/rpls.csv."
            )
        return folder

    def working_folder(self) -> WorkingFolder:
        """Return the warehouse's working folder; the warehouse itself may not exist yet."""
        entrepot = self._path("entrepot", "ENTREPOT", "le fichier de l'entrepôt (--entrepot)")
        if self.partition is not None:
            if not PARTITION_NAME.fullmatch(self.partition):
                raise MauvaisUsage("« partition » attend un nom : des minuscules, chiffres, - ou _.")
            entrepot = entrepot.with_name(f"{entrepot.stem}-{self.partition}{entrepot.suffix}")
        return WorkingFolder(entrepot)

    def territories_folder(self) -> Path:
        """Return the folder of the convention files: the project's own unless told otherwise."""
        folder = territories_path(self._asked("territoires"))
        if not folder.is_dir():
            raise MauvaisUsage(f"Le dossier des conventions « {folder} » n'existe pas (--territoires).")
        return folder

    def reports_folder(self) -> Path:
        """Return the folder where reports are written: beside the warehouse unless told otherwise."""
        given = self._asked("rapports") or _variable("RAPPORTS")
        return (
            Path(given).expanduser().resolve() if given else self.working_folder().entrepot.parent / "bilans"
        )

    def lake_folder(self) -> Path:
        """Return the folder of the lake of Parquet files; it may not exist yet.

        Raises:
            MauvaisUsage: it was not given.

        """
        return self._path("lac", "LAC", "le dossier du lac (--lac)")

    def shared_lake(self) -> LacPartage:
        """Return the shared lake; its folder is needed by the first who publishes in it only.

        Raises:
            MauvaisUsage: its catalogue was not given.

        """
        catalogue = self._asked("ducklake") or _variable("DUCKLAKE")
        if not catalogue:
            raise MauvaisUsage(
                "Il manque le catalogue du lac partagé (--ducklake), ou la variable OBSERVATOIRE_DUCKLAKE."
            )
        return LacPartage(catalogue, self._asked("ducklake_donnees") or _variable("DUCKLAKE_DONNEES"))

    def pseudonym_key(self) -> bytes:
        """Return the key of the pseudonyms (`demande.user_key`)."""
        return user_key()

    def threads(self) -> int | None:
        """Return the number of threads that a run may use; None: as many as the machine has.

        Raises:
            MauvaisUsage: `OBSERVATOIRE_FILS` is not a number.

        """
        given = _variable("FILS")
        if given is None:
            return None
        if not (given.isascii() and given.isdigit() and int(given)):
            raise MauvaisUsage(f"OBSERVATOIRE_FILS attend un nombre de fils (1, 2…), reçu « {given} ».")
        return int(given)

    def alert_settings(self) -> Reglages:
        """Return the channels by which alerts leave, from the environment (`OBSERVATOIRE_ALERTES_…`).

        Raises:
            MauvaisUsage: a variable cannot be understood.

        """
        return read_settings(os.environ)

    def _asked(self, name: str) -> str | None:
        """Return what the configuration of the run gives, refused where the server decides.

        Raises:
            MauvaisUsage: the run was launched from a page and names a place of its own.

        """
        given: str | None = getattr(self, name)
        if given is not None and os.environ.get(SERVER_VARIABLE):
            raise MauvaisUsage(
                f"« {name} » est fixé par le serveur (OBSERVATOIRE_{name.upper()}) : une exécution lancée "
                "depuis la page ne choisit ni dossier ni base. Enlevez-le de sa configuration."
            )
        return given

    def _path(self, name: str, suffix: str, what: str) -> Path:
        value = self._asked(name) or _variable(suffix)
        if not value:
            raise MauvaisUsage(f"Il manque {what}, ou la variable OBSERVATOIRE_{suffix}.")
        return Path(value).expanduser().resolve()


class Dbt(DbtCliResource):
    """dbt as a process of its own, and nowhere else.

    The orchestrator would load dbt's adapter in its own process too, for seconds, to fetch row counts and
    columns that are read from the base instead.
    """

    def _initialize_dbt_core_adapter(self, args: Sequence[str]) -> Any:  # noqa: ARG002
        return None


class Atelier(dg.ConfigurableResource[Any]):
    """The building site of a run: the lock is held and the construction folder lives as long as the run."""

    parametres: Parametres

    _chantier: Chantier | None = PrivateAttr(default=None)
    _etapes: list[Etape] = PrivateAttr(default_factory=list)
    _courante: str = PrivateAttr(default="")
    _echec: BaseException | None = PrivateAttr(default=None)
    _inchange: Publie | None = PrivateAttr(default=None)
    _demande: str | None = PrivateAttr(default=None)

    @contextmanager
    def yield_for_execution(self, context: dg.InitResourceContext) -> Iterator["Atelier"]:
        """Hold the lock of the warehouse for the whole run."""
        run_id = context.run_id
        if run_id is None:
            raise RuntimeError("a building site needs a run")
        self.parametres.landing_folder()
        with open_chantier(self.parametres.working_folder(), run_id) as chantier:
            self._chantier = chantier
            self._etapes, self._courante, self._echec, self._inchange = [], "", None, None
            with disk_errors_explained(chantier.dossier.root):
                begin_summary(chantier)
            try:
                self._demande = self._request()
                yield self
            except BaseException as error:
                self._echec = error
                raise
            finally:
                # A disk that refuses the account must not hide the reason of the failure.
                with suppress(OSError):
                    write_failure(chantier, self._courante, _reason(self._echec), self._etapes)

    @property
    def chantier(self) -> Chantier:
        """The building site that is open."""
        if self._chantier is None:
            raise RuntimeError("the building site is open only while a run is executed")
        return self._chantier

    def published(self, empreinte_modeles: str) -> Publie | None:
        """Return the published warehouse when this run may take over what has not changed of it."""
        if self.parametres.complet:
            return None
        return published(self.chantier.dossier.entrepot, empreinte_modeles, program_fingerprint())

    @property
    def inchange(self) -> Publie | None:
        """The published warehouse, when a step found that this run would only make it again."""
        return self._inchange

    def leave(self, publie: Publie) -> None:
        """Leave the published warehouse in place: nothing that it is made from has changed."""
        self._inchange = publie

    def _request(self) -> str | None:
        """What this run is asked and given, known before anything is read: a file may change meanwhile."""
        parametres = self.parametres
        try:
            return request_fingerprint(
                parametres.landing_folder(),
                parametres.territories_folder(),
                epci=parametres.epci,
                annees=parametres.annees,
                tous=parametres.tous,
                cle=parametres.pseudonym_key(),
            )
        except OSError:
            # Whoever reads that file says what it is.
            return None

    def remember(self) -> None:
        """Keep what the published warehouse was made from: the same request has nothing to make."""
        if self._demande is not None:
            record_request(self.chantier.dossier, self._demande)

    @property
    def etapes(self) -> list[Etape]:
        """What each finished step of the run cost, in order."""
        return list(self._etapes)

    @contextmanager
    def connect(self) -> Iterator[duckdb.DuckDBPyConnection]:
        """Open the base under construction for one step; closed before dbt, another process, opens it."""
        threads = self.parametres.threads()
        settings = {} if threads is None else {"threads": threads}
        resource = DuckDBResource(database=str(self.chantier.base), connection_config=settings)
        with disk_errors_explained(self.chantier.dossier.root), resource.get_connection() as con:
            try:
                yield con
            finally:
                con.close()

    def account(self, etapes: Iterable[Etape]) -> None:
        """Add steps that were timed elsewhere (the tables that dbt made)."""
        self._etapes.extend(etapes)

    @contextmanager
    def etape(self, nom: str, libelle: str) -> Iterator[None]:
        """Account for one step: a line when it starts, its duration and memory when it ends."""
        about = {"etape": nom, "execution": self.chantier.run_id}
        progress.info("%s", libelle, extra={**about, "moment": "debut"})
        start = time.monotonic()
        self._courante = nom
        try:
            with disk_errors_explained(self.chantier.dossier.root):
                yield
        except duckdb.Error as error:
            # Whoever keeps the failure (the orchestrator, a journal) must not keep the cell that it quotes.
            self._echec = type(error)(without_values(str(error)))
            raise self._echec.with_traceback(error.__traceback__) from None
        except BaseException as error:
            self._echec = error
            raise
        spent = round(time.monotonic() - start, 2)
        self._etapes.append(Etape(nom, spent, peak_memory()))
        done = {"moment": "fin", "duree_s": spent, "memoire_max_mo": self._etapes[-1].memoire_max_mo}
        progress.info("%s", libelle, extra={**about, **done})

    def require_sources(self, con: duckdb.DuckDBPyConnection, tables: list[str]) -> None:
        """Refuse to go on with a base that a partial run left without its sources.

        Raises:
            ObservatoireError: a table of schema `sources` is missing.

        """
        self.require(con, [f"sources.{table}" for table in tables])

    def require(self, con: duckdb.DuckDBPyConnection, relations: Iterable[str]) -> None:
        """Refuse to go on with a base in which this run did not make what a step starts from.

        A run of part of the assets (« Re-execute from failure ») starts from an empty base: what a run before
        it made went with that run.

        Raises:
            ObservatoireError: a table or a view (`schema.name`) is missing.

        """
        rows = con.execute(
            "select schema_name || '.' || table_name from duckdb_tables() "
            "union select schema_name || '.' || view_name from duckdb_views()"
        ).fetchall()
        missing = sorted(set(relations) - {str(row[0]) for row in rows})
        if missing:
            named = ", ".join(missing[:_NAMED]) + (
                f" et {len(missing) - _NAMED} autres" if len(missing) > _NAMED else ""
            )
            raise ObservatoireError(
                f"Cette exécution n'a pas fait {named} : un entrepôt se construit en entier, d'une seule "
                "exécution. Lancez le travail « construire », sans reprendre celle qui a échoué."
            )
