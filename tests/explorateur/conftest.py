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
            "create or replace table marts.contours as select epci_siren, axe as niveau, modalite as code, "
            '\'{"type": "Polygon", "coordinates": [[[4.8, 46.7], [4.8, 46.8], [4.9, 46.8], [4.8, 46.7]]]}\' as geometrie '
            "from (select distinct epci_siren, axe, modalite from marts.indicateurs where axe = 'commune')"
        )
        con.execute(
            "create table meta.totaux_officiels as select epci_siren, periode::integer as annee, indicateur, axe, "
            "modalite, modalite_libelle, valeur + 5 as valeur_officielle, valeur as valeur_entrepot, -5.0 as ecart, "
            "-500 / (valeur + 5) as ecart_pct, 'ecart' as etat, 'Il manque un <fichier>' as raison, "
            "'DREAL' as producteur, null::varchar as page from marts.indicateurs where axe = 'epci' and segment = 'tous' "
            "and periode_type = 'annee' and indicateur = 'hors_qpv_q1' and valeur is not null"
        )
        con.execute(
            "create table meta.edition as select ? as edition, 'x' as lecteurs, ? as version, ? as empreinte, "
            "?::integer as version_schema",
            [SIGNATAIRES, marque.version, marque.empreinte, VERSION_SCHEMA],
        )
    return path
