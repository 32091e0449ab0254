"""The warehouse of the scenarios, built once for all tests of the folder."""

import duckdb
import pytest

from pipelines.paths import BASE_NAME
from tests.modeles import scenarios
from tests.modeles.magasin import Entrepot, Sources, dbt

# What the tests read, and all that it is made of.
MODELES = (
    "+indicateurs",
    "+evolutions",
    "+suivi_semestriel",
    "+dim_zone",
    "+meta_seuils_q1",
    "+meta_contradictions",
    "+meta_appariements",
)


@pytest.fixture(scope="session")
def entrepot(tmp_path_factory: pytest.TempPathFactory) -> Entrepot:
    """Ten invented territories, built by dbt with every data test passing."""
    racine = tmp_path_factory.mktemp("scenarios")
    base = racine / BASE_NAME
    with duckdb.connect(str(base)) as con:
        scenarios.remplir(Sources(con, scenarios.NOMS))
    fait = dbt(
        base, racine / "dbt", "--quiet", "build", "--select", *MODELES, "--exclude-resource-type", "unit_test"
    )
    assert fait.returncode == 0, fait.stdout[-6000:] + fait.stderr[-2000:]
    return Entrepot(base, racine / "dbt")
