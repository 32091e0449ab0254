"""A server to misbehave, a landing folder, and products that point to the server."""

import io
import zipfile
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from pipelines.telechargement import Produit, Reglages
from tests.telechargement.serveur import Serveur, served

TABLE = b"CODGEO;MED21\n" + b"".join(b"%05d;%d\n" % (i, 20_000 + i) for i in range(4_000))
VITE = Reglages(essais=3, delai_s=5, attente_s=0.0)
Produire = Callable[..., Produit]


@pytest.fixture
def serveur() -> Iterator[Serveur]:
    with served() as scene:
        yield scene


@pytest.fixture
def donnees(tmp_path: Path) -> Path:
    return tmp_path / "donnees"


@pytest.fixture
def produire(serveur: Serveur) -> Produire:
    """A product of the server, at `/f` unless said."""

    def make(chemin: str = "/f", **champs: Any) -> Produit:
        return Produit(
            **{
                "produit": "essai",
                "millesime": 2021,
                "source": "filosofi",
                "titre": "Essai",
                "producteur": "Insee",
                "licence": "Licence Ouverte 2.0",
                "citation": "Insee, essai",
                "page": "https://exemple.invalid/page",
                "url": chemin if "://" in chemin else serveur.url(chemin),
                "octets_min": 100,
                **({} if "membres" in champs else {"destination": "filosofi/2021/essai_COM.csv"}),
                **champs,
            }
        )

    return make


def archive(fichiers: Mapping[str, bytes]) -> bytes:
    """The bytes of a zip."""
    tampon = io.BytesIO()
    with zipfile.ZipFile(tampon, "w", zipfile.ZIP_DEFLATED) as ouverte:
        for nom, contenu in fichiers.items():
            ouverte.writestr(nom, contenu)
    return tampon.getvalue()
