"""The file of an edition explains a figure by its rule, its parameters and its counts, and shows no row."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import duckdb
import pytest

from pipelines import bilan
from pipelines.edition import PUBLIQUE, SIGNATAIRES
from pipelines.errors import DonneesRefusees, ObservatoireError
from pipelines.explication import Figure, explain, to_text
from pipelines.publication import open_warehouse
from pipelines.publication.lecture import VERSION_SCHEMA
from tests.bilan.test_bilan_editions import ANNEE, EPCI, PUBLIC

FIGURE = Figure(EPCI, str(ANNEE), "hors_qpv_q1")


def edition(path: Path, nom: str) -> Path:
    """Make a warehouse the file of an edition: without facts, and marked."""
    with duckdb.connect(str(path)) as con:
        con.execute("drop schema entrepot cascade")
        con.execute(
            "create table meta.edition as select ? as edition, 'x' as lecteurs, 1 as version, 'e' as empreinte, "
            "?::integer as version_schema",
            [nom, VERSION_SCHEMA],
        )
        if nom == PUBLIQUE:
            con.execute("create schema diffusion")
            con.execute(
                f"create table diffusion.objectifs as {PUBLIC} where indicateur = 'hors_qpv_q1' and axe = 'epci'"
            )
            con.execute("update diffusion.objectifs set denominateur = null, masque = 'denominateur'")
            con.execute("drop schema marts cascade")
    return path


@pytest.mark.parametrize("nom", [SIGNATAIRES, PUBLIQUE])
def test_an_edition_explains_without_a_row(construire: Callable[..., Any], tmp_path: Path, nom: str) -> None:
    path = edition(construire(nb_communes=2, nb_bailleurs=2).remplir().ecrire(tmp_path / "W.duckdb"), nom)
    found = explain(path, FIGURE)
    assert (found.edition, found.lignes, found.fichiers) == (nom, [], [])
    assert (found.valeurs["denominateur"] is None) == (nom == PUBLIQUE)
    assert found.valeurs["numerateur"] == 82
    assert found.parametres["arrondi_manque"] == "superieur"
    assert "1er quartile" in found.objectif
    text = to_text(found)
    assert f"L'édition {nom} ne montre aucune ligne" in text
    assert "Fichiers" not in text
    assert found.to_dict()["edition"] == nom


@pytest.mark.parametrize("nom", [SIGNATAIRES, PUBLIQUE])
def test_the_dictionary_of_an_edition_is_about_its_own_tables(
    construire: Callable[..., Any], tmp_path: Path, nom: str
) -> None:
    path = edition(construire(nb_communes=2, nb_bailleurs=2).remplir().ecrire(tmp_path / "W.duckdb"), nom)
    schema = {SIGNATAIRES: "marts", PUBLIQUE: "diffusion"}[nom]
    with duckdb.connect(str(path)) as con:
        con.execute("drop table if exists meta.dictionnaire")
        con.execute(
            "create table meta.dictionnaire as select ? as schema, 'objectifs' as \"table\", null::varchar as "
            "colonne, null::varchar as type, 'Ce que dit ce fichier.' as description",
            [schema],
        )
    page, table = bilan.write_dictionary(path, tmp_path / "d")
    assert f"table;{schema};objectifs;;;Ce que dit ce fichier." in table.read_text(encoding="utf-8-sig")
    text = page.read_text(encoding="utf-8")
    assert f"Schéma {schema}" in text
    # The example of the public edition is its own figure, masked here.
    assert ("82 sur 681" in text.replace("\u202f", " ").replace("\u00a0", " ")) == (nom == SIGNATAIRES)


def test_a_figure_outside_the_public_plan_is_not_explained(
    construire: Callable[..., Any], tmp_path: Path
) -> None:
    path = edition(
        construire(nb_communes=2, nb_bailleurs=2).remplir().ecrire(tmp_path / "W.duckdb"), PUBLIQUE
    )
    with pytest.raises(DonneesRefusees, match="rien de tel"):
        explain(path, Figure(EPCI, str(ANNEE), "hors_qpv_q1", "commune", "71000"))


@pytest.mark.parametrize(("accepte", "refuse"), [((), True), ((PUBLIQUE,), True), ((SIGNATAIRES,), False)])
def test_a_command_refuses_the_file_of_an_edition_that_it_cannot_use(
    construire: Callable[..., Any], tmp_path: Path, accepte: tuple[str, ...], refuse: bool
) -> None:
    path = edition(
        construire(nb_communes=2, nb_bailleurs=2).remplir().ecrire(tmp_path / "W.duckdb"), SIGNATAIRES
    )
    if refuse:
        with (
            pytest.raises(ObservatoireError, match="est l'édition signataires"),
            open_warehouse(path, accepte=accepte),
        ):
            pass
    else:
        with open_warehouse(path, accepte=accepte) as con:
            assert con.execute("select count(*) > 0 from marts.indicateurs").fetchall() == [(True,)]
