"""A build killed at any of its steps leaves a whole published file, and the next one goes on from there."""

import json
from pathlib import Path

import pytest

from pipelines.ingestion import ingest, pseudonym_key
from pipelines.paths import LOCK_NAME, WorkingFolder
from pipelines.publication import (
    kept_versions,
    next_number,
    open_chantier,
    restore,
)
from tests.publication.arrets import killed_at
from tests.publication.construire import (
    KEPT,
    build_version,
    check_what_is_left,
    value_of_a_whole_warehouse,
)

# More than any of these actions has: the loop ends when an action does.
MOST = 400
SOME_OR_ALL = pytest.mark.parametrize(
    "pas", [pytest.param(7, id="some"), pytest.param(1, id="each", marks=pytest.mark.slow)]
)


def put_back(entrepot: str, numero: int) -> None:
    with open_chantier(WorkingFolder(Path(entrepot)), "restauration") as chantier:
        restore(chantier, numero)


@SOME_OR_ALL
def test_killed_at_each_step_of_a_publication(dossier: WorkingFolder, donnees: Path, pas: int) -> None:
    build_version(str(dossier.entrepot), str(donnees), 0)
    old, steps, replaced = 0.0, 0, False
    for step in range(pas, MOST, pas):
        new = float(step)
        killed = killed_at(
            step, dossier.entrepot.parent, build_version, str(dossier.entrepot), str(donnees), new
        )
        seen = value_of_a_whole_warehouse(dossier.entrepot)
        assert seen == new if not killed else seen in {old, new}
        replaced = replaced or (killed and seen == new)
        old = seen
        json.loads((donnees / LOCK_NAME).read_text(encoding="utf-8"))
        assert kept_versions(dossier)[0].courante
        if not killed:
            steps = step
            break
    assert steps > 20, "the steps of a build are no longer seen"
    assert replaced, "no kill came after the switch"
    check_what_is_left(dossier)
    assert [p.name for p in donnees.iterdir() if p.name.startswith(".")] == []
    numbers = [v.numero for v in kept_versions(dossier)]
    assert len(numbers) == KEPT + 1
    assert numbers == sorted(numbers, reverse=True)


@SOME_OR_ALL
def test_killed_at_each_step_of_a_restoration(dossier: WorkingFolder, donnees: Path, pas: int) -> None:
    for valeur in (1, 2):
        build_version(str(dossier.entrepot), str(donnees), valeur)
    current, steps = 2, 0
    for step in range(pas, MOST, pas):
        wanted = 3 - current
        killed = killed_at(step, dossier.entrepot.parent, put_back, str(dossier.entrepot), wanted)
        seen = value_of_a_whole_warehouse(dossier.entrepot)
        assert seen == wanted if not killed else seen in {current, wanted}
        current = int(seen)
        assert sorted(v.numero for v in kept_versions(dossier)) == [1, 2]
        if not killed:
            steps = step
            break
    assert steps > 8
    assert list(dossier.construction.iterdir()) == []
    assert next_number(dossier) == 3
    build_version(str(dossier.entrepot), str(donnees), 3)
    assert value_of_a_whole_warehouse(dossier.entrepot) == 3
    check_what_is_left(dossier)


def make_key(chemin: str) -> None:
    pseudonym_key(Path(chemin))


def test_killed_while_the_key_of_pseudonyms_is_made(tmp_path: Path) -> None:
    """Half a key would refuse every later build."""
    for step in range(1, MOST):
        chemin = tmp_path / str(step) / "cle"
        killed = killed_at(step, chemin.parent, make_key, str(chemin))
        first = pseudonym_key(chemin)
        assert len(first) >= 16
        assert pseudonym_key(chemin) == first
        assert chemin.stat().st_mode & 0o077 == 0
        if not killed:
            assert step > 3
            break


def read_sources(donnees: str, magasin: str) -> None:
    ingest("referentiels", Path(donnees), Path(magasin), b"cle des essais d'arret")


@SOME_OR_ALL
def test_killed_while_a_file_is_read(tmp_path: Path, pas: int) -> None:
    """The store has an entry whole or not at all: what is read after a kill is what an undisturbed run reads."""
    donnees = tmp_path / "donnees"
    (donnees / "referentiels").mkdir(parents=True)
    (donnees / "referentiels" / "seuils_q1.csv").write_text(
        "annee;portee;code;seuil\n2021;epci;247100589;8500\n2022;epci;247100589;8700\n",
        encoding="utf-8",
    )

    def accounts(magasin: Path) -> list[dict[str, object]]:
        return [c.to_json() for c in ingest("referentiels", donnees, magasin, b"cle des essais d'arret")]

    expected = accounts(tmp_path / "temoin")
    magasin = tmp_path / "magasin"
    for step in range(pas, MOST, pas):
        killed = killed_at(step, magasin, read_sources, str(donnees), str(magasin))
        assert accounts(magasin) == expected
        assert [p.name for p in magasin.iterdir() if p.name.startswith("tmp")] == []
        for path in magasin.rglob("*.json"):
            path.unlink()
        if not killed:
            assert step > 10
            break
