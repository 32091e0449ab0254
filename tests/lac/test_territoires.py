"""Real builds of different territories at once, each in a process of its own, into one shared lake."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from pipelines.demo import generate
from pipelines.lac import LacPartage
from pipelines.publication import content_hashes, open_warehouse
from tests.lac.conftest import Serveur

ANNEE = "2021"
pytestmark = pytest.mark.slow


def start(*arguments: object) -> "subprocess.Popen[str]":
    return subprocess.Popen(
        [str(Path(sys.executable).with_name("observatoire")), *map(str, arguments)],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "OBSERVATOIRE_CLE": "une clé pour les tests, longue"},
    )


def finish(process: "subprocess.Popen[str]") -> str:
    out, err = process.communicate(timeout=3600)
    assert process.returncode == 0, err[-3000:]
    return out


def test_territories_built_at_once_are_the_single_build_and_last_year_comes_back(
    serveur: Serveur, tmp_path: Path
) -> None:
    donnees = tmp_path / "donnees"
    generate(donnees, echelle=0.02)
    single = tmp_path / "ensemble.duckdb"
    built = json.loads(finish(start("build", "--donnees", donnees, "--entrepot", single, "--json")))
    epci = [territory["siren"] for territory in built["territoires"]]
    assert len(epci) >= 4

    serveur.create("territoires")
    lac: LacPartage = serveur.lac("territoires", tmp_path / "fichiers")
    shared = ("--ducklake", lac.catalogue, "--ducklake-donnees", lac.donnees)
    processes = [
        start(
            "build",
            "--donnees",
            donnees,
            "--entrepot",
            tmp_path / f"{e}.duckdb",
            "--epci",
            e,
            "--json",
            *shared,
        )
        for e in epci
    ]
    snapshots = [json.loads(finish(process))["ducklake"]["instantane"] for process in processes]
    assert len(set(snapshots)) == len(epci)

    finish(start("restaurer", "--entrepot", tmp_path / "extrait.duckdb", "--ducklake", lac.catalogue))
    with open_warehouse(single) as one, open_warehouse(tmp_path / "extrait.duckdb") as two:
        expected, found = ({e.nom: e for e in content_hashes(con)} for con in (one, two))
    # The dictionary of the single build names its intermediate tables too; a check is of one build.
    different = {name for name in expected.keys() | found.keys() if expected.get(name) != found.get(name)}
    assert different - {"meta.controles"} == {"meta.dictionnaire", "entrepot.fct_occupation"}
    # A territory built alone cannot place the surveys of the others' residences: rows without territory, the
    # last publication's.
    occupations = "select * from entrepot.fct_occupation where epci_siren is not null order by all"
    with open_warehouse(single) as one, open_warehouse(tmp_path / "extrait.duckdb") as two:
        assert one.execute(occupations).fetchall() == two.execute(occupations).fetchall()

    # Next year's figures replace those of one territory; its bilan of before is given back, byte for byte.
    attributions = donnees / "sne" / ANNEE / "attributions.csv"
    lines = attributions.read_text(encoding="utf-8").splitlines(keepends=True)
    attributions.write_text("".join(lines[: len(lines) // 2]), encoding="utf-8")
    again = ("build", "--donnees", donnees, "--entrepot", tmp_path / f"{epci[0]}.duckdb", "--epci", epci[0])
    finish(start(*again, *shared))
    back = ("restaurer", "--ducklake", lac.catalogue, "--epci", epci[0])
    finish(start(*back, "--entrepot", tmp_path / "avant.duckdb", "--instantane", max(snapshots)))
    finish(start(*back, "--entrepot", tmp_path / "apres.duckdb"))
    pages = {}
    for name in ("ensemble", "avant", "apres"):
        asked = (
            "--entrepot",
            tmp_path / f"{name}.duckdb",
            "--epci",
            epci[0],
            "--annee",
            ANNEE,
            "--format",
            "csv",
        )
        finish(start("bilan", *asked, "--sortie", tmp_path / name))
        pages[name] = {path.name: path.read_bytes() for path in (tmp_path / name).iterdir()}
    assert pages["avant"] == pages["ensemble"]
    assert pages["apres"] != pages["ensemble"]
