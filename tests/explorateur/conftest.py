"""A warehouse shaped like those of the bilans, and its edition of the signatories beside it."""

import shutil
from pathlib import Path

import duckdb
import pytest

from pipelines.edition import SIGNATAIRES, read_mark
from pipelines.paths import edition_path
from pipelines.publication.lecture import VERSION_SCHEMA
from tests.bilan.conftest import Entrepot

EPCI = "247100589"


@pytest.fixture(scope="module")
def entrepot(tmp_path_factory: pytest.TempPathFactory) -> Path:
    dossier = tmp_path_factory.mktemp("explorateur")
    return Entrepot(nb_communes=3, nb_bailleurs=4).remplir().ecrire(dossier / "W.duckdb")


@pytest.fixture(scope="module")
def edition(entrepot: Path) -> Path:
    """What a publication writes beside a warehouse: its figures, marked, without facts."""
    path = edition_path(entrepot, SIGNATAIRES)
    shutil.copy(entrepot, path)
    with duckdb.connect(str(entrepot), read_only=True) as con:
        marque = read_mark(con)
    with duckdb.connect(str(path)) as con:
        con.execute("drop schema entrepot cascade")
        con.execute(
            "create table meta.edition as select ? as edition, 'x' as lecteurs, ? as version, ? as empreinte, "
            "?::integer as version_schema",
            [SIGNATAIRES, marque.version, marque.empreinte, VERSION_SCHEMA],
        )
    return path
