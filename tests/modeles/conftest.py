"""The warehouse of the scenarios, built once for all tests of the folder."""

from pathlib import Path

import duckdb
import pytest

from pipelines.paths import BASE_NAME
from pipelines.projet_dbt import REFERENCE_TESTS
from tests.modeles import scenarios
from tests.modeles.magasin import Entrepot, Sources, dbt
from tests.partage import once

# What the tests read, and all that it is made of.
MODELES = (
    "+indicateurs",
    "+evolutions",
    "+suivi_semestriel",
    "+dim_zone",
    "+meta_seuils_q1",
    "+meta_references",
    "+meta_contradictions",
    "+meta_appariements",
    "+meta_totaux_officiels",
    "+fragilite",
    "+sensibilite",
    "+portraits_quartiers",
)


@pytest.fixture(scope="session")
def entrepot(tmp_path_factory: pytest.TempPathFactory) -> Entrepot:
    """Ten invented territories, built by dbt with every data test passing."""
    racine = once(tmp_path_factory, "scenarios", _batir)
    return Entrepot(racine / BASE_NAME, racine / "dbt")


def _batir(racine: Path) -> None:
    base = racine / BASE_NAME
    with duckdb.connect(str(base)) as con:
        scenarios.remplir(Sources(con, scenarios.NOMS))
    without = ("--exclude-resource-type", "unit_test", "--exclude", REFERENCE_TESTS)
    fait = dbt(base, racine / "dbt", "--quiet", "build", "--select", *MODELES, *without)
    assert fait.returncode == 0, fait.stdout[-6000:] + fait.stderr[-2000:]
