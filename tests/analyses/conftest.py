"""From record-level landing files to the marts: writes files, reads them as a build does, runs the SQL models."""

import csv
import shutil
import subprocess
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import duckdb
import duckdb_extension_spatial
import pytest

from pipelines import ingestion, projet_dbt
from pipelines.conventions import load_conventions, write_tables
from pipelines.paths import DBT_PROJECT, PROJECT_ROOT
from pipelines.perimetre import write_parameters

SOURCES = ("rpls", "sne", "ops", "filosofi", "geographie", "referentiels")
CLE = b"cle-de-test-des-analyses-000000000"


class Depot:
    """A landing folder being written."""

    def __init__(self, racine: Path) -> None:
        self.racine = racine

    def ecrire(self, chemin: str, lignes: Iterable[Mapping[str, Any]]) -> None:
        """Write one canonical file; a missing value is empty, a boolean is `oui` or `non`."""
        rangees = list(lignes)
        colonnes = list(dict.fromkeys(nom for ligne in rangees for nom in ligne))
        fichier = self.racine / chemin
        fichier.parent.mkdir(parents=True, exist_ok=True)
        with fichier.open("w", newline="", encoding="utf-8") as flux:
            ecrivain = csv.writer(flux, delimiter=";")
            ecrivain.writerow(colonnes)
            for ligne in rangees:
                ecrivain.writerow([_texte(ligne.get(nom)) for nom in colonnes])


def _texte(valeur: object) -> str:
    if valeur is None:
        return ""
    if isinstance(valeur, bool):
        return "oui" if valeur else "non"
    return str(valeur)


class Entrepot:
    """A warehouse built for a test."""

    def __init__(self, base: Path) -> None:
        self.base = base

    def lire(self, sql: str, parametres: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        """Rows of a query."""
        with duckdb.connect(str(self.base), read_only=True) as con:
            return con.execute(sql, list(parametres)).fetchall()

    def valeurs(self, sql: str, parametres: Sequence[Any] = ()) -> dict[Any, Any]:
        """A query of two columns or more as a dictionary of its first."""
        return {ligne[0]: ligne[1] if len(ligne) == 2 else ligne[1:] for ligne in self.lire(sql, parametres)}


Construire = Callable[..., Entrepot]


@pytest.fixture(scope="session")
def construire(tmp_path_factory: pytest.TempPathFactory) -> Construire:
    """Build a warehouse from a landing folder: `construire(nom, ecrire, epci=…, territoire=…, annees=…)`.

    `ecrire(depot)` writes the landing files; `territoire` maps a convention file name to its text, added to those
    of the project; the dbt target is shared, so that the project is parsed once.
    """
    cible = tmp_path_factory.mktemp("dbt")

    def faire(
        nom: str,
        ecrire: Callable[[Depot], None],
        epci: Sequence[str],
        territoire: Mapping[str, str] | None = None,
        annees: Sequence[int] = (),
    ) -> Entrepot:
        racine = tmp_path_factory.mktemp(nom)
        donnees, base = racine / "donnees", racine / "w.duckdb"
        donnees.mkdir()
        ecrire(Depot(donnees))
        territoires = racine / "territoires"
        shutil.copytree(PROJECT_ROOT / "territoires", territoires)
        for fichier, texte in (territoire or {}).items():
            (territoires / fichier).parent.mkdir(exist_ok=True)
            (territoires / fichier).write_text(texte, encoding="utf-8")
        with duckdb.connect(str(base)) as con:
            for source in SOURCES:
                comptes = ingestion.ingest(source, donnees, racine / "magasin", CLE)
                ingestion.load(con, source, comptes)
                refusees = [(c.fichier, c.lignes_quarantaine) for c in comptes if c.lignes_quarantaine]
                assert not refusees, refusees
            write_tables(con, load_conventions(territoires, list(epci)))
            write_parameters(con, epci, annees, False)
        _dbt(base, cible)
        return Entrepot(base)

    return faire


def _dbt(base: Path, cible: Path) -> None:
    commande = [projet_dbt.executable(), "--no-use-colors", "--quiet", "build", "--exclude-resource-type", "unit_test"]
    commande += ["--project-dir", str(DBT_PROJECT), "--profiles-dir", str(DBT_PROJECT)]
    commande += ["--target-path", str(cible), "--log-path", str(cible)]
    spatial = next(Path(duckdb_extension_spatial.__file__).parent.rglob("spatial.duckdb_extension"))
    environnement = {**projet_dbt.dbt_environment(base), "OBSERVATOIRE_SPATIAL": str(spatial)}
    fait = subprocess.run(commande, env=environnement, capture_output=True, text=True, check=False)
    assert fait.returncode == 0, fait.stdout[-6000:] + fait.stderr[-2000:]
