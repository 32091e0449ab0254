"""The file of an edition explains a figure by its rule, its parameters and its counts, and shows no row."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import duckdb
import pytest

from pipelines.edition import PUBLIQUE, SIGNATAIRES
from pipelines.errors import DonneesRefusees, ObservatoireError
from pipelines.explication import Figure, explain, to_text
from pipelines.publication import open_warehouse
from tests.bilan.test_bilan_editions import ANNEE, EPCI, PUBLIC

FIGURE = Figure(EPCI, str(ANNEE), "hors_qpv_q1")


def edition(path: Path, nom: str) -> Path:
    """Make a warehouse the file of an edition: without facts, and marked."""
    with duckdb.connect(str(path)) as con:
        con.execute("drop schema entrepot cascade")
        con.execute(
            "create table meta.edition as select ? as edition, 'x' as lecteurs, 1 as version, 'e' as empreinte, "
            "3 as version_schema",
            [nom],
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
