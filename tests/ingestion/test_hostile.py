"""Names and cells written to break a statement are names and cells like any other."""

import errno
import io
import os
import zipfile
from pathlib import Path

import pytest

from pipelines.errors import DonneesRefusees
from pipelines.ingestion import executer

from .conftest import Depot
from .exemples import attributions, logements, table

HOSTILE = "x'; DROP TABLE sources.sne_attributions; --"


@pytest.mark.parametrize(
    "name", [f"attributions {HOSTILE}.csv", 'attributions ").csv', "attributions $1 ?.csv"]
)
def test_a_hostile_file_name_is_a_file_name(depot: Depot, name: str) -> None:
    depot.drop(f"sne/2021/{name}", table(*attributions(30, date_decision="demain")))
    assert depot.load("sne")["sne_attributions"] == 30
    assert depot.one("SELECT DISTINCT _fichier FROM sources.sne_attributions") == f"sne/2021/{name}"
    assert depot.one("SELECT DISTINCT _fichier FROM quarantaine.sne_attributions") == f"sne/2021/{name}"


def test_hostile_cells_and_columns_are_kept_as_they_are(depot: Depot) -> None:
    lignes = [ligne | {f'"{HOSTILE}"': HOSTILE} for ligne in attributions(30, residence=HOSTILE)]
    lignes[1]["reservataire"] = HOSTILE
    depot.drop("sne/2021/attributions.csv", table(*lignes, separateur="\t"))
    assert depot.load("sne")["sne_attributions"] == 30
    assert depot.one("SELECT residence FROM sources.sne_attributions ORDER BY _ligne LIMIT 1") == HOSTILE
    # In a file about persons, only what has the form of its column is kept; elsewhere, the cell as it is.
    assert depot.one("SELECT valeur FROM quarantaine.sne_attributions") == "(masqué)"
    depot.drop("rpls/2022/rpls.csv", table(*logements(60, CONTRESLOG=HOSTILE), separateur="\t"))
    depot.load("rpls")
    assert depot.one("SELECT valeur FROM quarantaine.rpls_logements") == HOSTILE


def test_a_file_that_may_not_be_read_is_named(depot: Depot, monkeypatch: pytest.MonkeyPatch) -> None:
    """Not the disk that nothing can be written on. Root may read everything: the refusal is played."""

    def refuse(chemin: Path) -> tuple[int, str]:
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(chemin))

    depot.drop("sne/2021/attributions.csv", table(*attributions(30)))
    monkeypatch.setattr(executer, "hash_file", refuse)
    with pytest.raises(DonneesRefusees, match=r"sne/2021/attributions\.csv : ce fichier ne peut pas être lu"):
        depot.load("sne")


@pytest.mark.parametrize("nom", ["x.exe", "x.sh", "x.csv", "x.zip"])
def test_a_program_is_refused_by_its_name(depot: Depot, nom: str) -> None:
    """In a file of its own, under the name of data, in an archive; beside good files too."""
    depot.drop("sne/2021/attributions.csv", table(*attributions(10)))
    trace = depot.donnees.parent / "lancé"
    programme = f"#!/bin/sh\ntouch '{trace}'\n".encode()
    if nom.endswith(".zip"):
        tampon = io.BytesIO()
        with zipfile.ZipFile(tampon, "w") as archive:
            archive.writestr("a.exe", programme)
            archive.writestr("b.csv", table(*attributions(10)))
        programme = tampon.getvalue()
    depot.drop(f"sne/2021/{nom}", programme).chmod(0o755)
    with pytest.raises(DonneesRefusees, match=rf"sne/2021/{nom}.* : fichier non reconnu"):
        depot.read("sne")
    assert not trace.exists()
