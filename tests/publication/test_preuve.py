"""The lock against the landing folder: same bytes, other bytes, not there; files inside archives too."""

import hashlib
import zipfile
from pathlib import Path

import pytest

from pipelines.paths import WorkingFolder
from pipelines.publication import compare_lock, open_warehouse
from tests.publication.conftest import Build

CONTENU = b"a;b\n1;2\n"
SHA = hashlib.sha256(CONTENU).hexdigest()
MEMBRE = "sne/2021/envoi.zip#dossier/attributions.csv"


def differences(dossier: WorkingFolder, donnees: Path) -> list[tuple[str, str]]:
    with open_warehouse(dossier.entrepot) as con:
        return [(e.fichier, e.ecart) for e in compare_lock(con, donnees)]


def zipped(donnees: Path, contenu: bytes, nom: str = "dossier/attributions.csv") -> Path:
    chemin = donnees / "sne" / "2021" / "envoi.zip"
    with zipfile.ZipFile(chemin, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(nom, contenu)
    return chemin


def test_the_same_bytes_are_no_difference(build: Build, dossier: WorkingFolder, donnees: Path) -> None:
    build(sha256=SHA)
    assert differences(dossier, donnees) == []


@pytest.mark.parametrize(
    ("contenu", "ecart"), [(b"a;b\n1;3\n", "modifie"), (CONTENU * 2, "modifie"), (None, "absent")]
)
def test_other_bytes_are_said(
    contenu: bytes | None, ecart: str, build: Build, dossier: WorkingFolder, donnees: Path
) -> None:
    build(sha256=SHA)
    chemin = donnees / "sne" / "2021" / "attributions.csv"
    chemin.unlink()
    if contenu is not None:
        chemin.write_bytes(contenu)
    assert differences(dossier, donnees) == [("sne/2021/attributions.csv", ecart)]


def test_a_file_inside_an_archive_is_proved_too(build: Build, dossier: WorkingFolder, donnees: Path) -> None:
    build(sha256=SHA, fichier=MEMBRE)
    chemin = zipped(donnees, CONTENU)
    assert differences(dossier, donnees) == []
    zipped(donnees, b"a;b\n1;3\n")
    assert differences(dossier, donnees) == [(MEMBRE, "modifie")]
    zipped(donnees, CONTENU, nom="autre.csv")
    assert differences(dossier, donnees) == [(MEMBRE, "absent")]
    chemin.write_bytes(b"PK\x03\x04 rien")
    assert differences(dossier, donnees) == [(MEMBRE, "modifie")]
    chemin.unlink()
    assert differences(dossier, donnees) == [(MEMBRE, "absent")]
