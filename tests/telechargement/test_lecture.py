"""What `fetch` puts in the landing folder is what the readers read: every layout that is published, in miniature."""

from pathlib import Path

import pytest
import yaml

from pipelines.cli.application import run
from pipelines.ingestion import CompteFichier, Options, ingest
from pipelines.telechargement import load_registry

from .publies import PUBLIES
from .serveur import Serveur, whole

SOURCES = {"filosofi": "filosofi", "geo": "geographie", "qpv": "geographie", "rpls": "rpls", "sne": "sne"}


@pytest.fixture
def deposes(serveur: Serveur, donnees: Path) -> Path:
    """The landing folder after a download of everything, from the local server."""
    entrees = []
    for i, (nom, (corps, type_contenu)) in enumerate(PUBLIES.items()):
        produit, annee = nom.rsplit(" ", 1)
        url = serveur.plan(f"/{i}", whole(corps, type_contenu))
        entrees.append({"produit": produit, "millesimes": {int(annee): {"url": url, "octets_min": 10}}})
    donnees.mkdir()
    (donnees / "telechargements.yml").write_text(
        yaml.safe_dump(entrees, allow_unicode=True), encoding="utf-8"
    )
    for source in sorted({n.rsplit(" ", 1)[0] for n in PUBLIES}):
        annees = ",".join(n.rsplit(" ", 1)[1] for n in PUBLIES if n.startswith(f"{source} "))
        assert run(["fetch", "--donnees", str(donnees), "--source", source, "--millesime", annees]) == 0
    return donnees


def test_every_published_layout_is_read(deposes: Path, tmp_path: Path) -> None:
    comptes: list[CompteFichier] = []
    for source in sorted(set(SOURCES.values())):
        comptes += ingest(
            source, deposes, tmp_path / "magasin", b"une cle d'essai, longue", Options(threads=1)
        )
    lus = {c.fichier: c for c in comptes if c.produit is not None}
    refuses = {c.fichier: c.lignes_quarantaine for c in comptes if c.lignes_quarantaine}
    assert refuses == {}
    attendus = {
        d
        for p in load_registry()
        if p.nom in PUBLIES
        for d in p.destinations
        if not any(m.facultatif and m.destination == d and not (deposes / d).exists() for m in p.membres)
    }
    assert set(lus) == attendus
    assert all(c.lignes_gardees >= 1 for c in lus.values())
    assert {c.fichier: c.correspondance for c in comptes if "FILO2021" in c.fichier} == {
        "filosofi/2021/FILO2021_DEC_COM.csv": "filosofi_distribution_declare",
        "filosofi/2021/FILO2021_DISP_COM.csv": "filosofi_distribution_disponible",
    }
    millesimes = {c.fichier: c.millesime for c in comptes}
    assert millesimes["geo/2026/EPCI_au_01-01-2026.xlsx"] == 2026
    assert millesimes["sne/2024/socle_demandes_attributions_2024.xlsx"] == 2024
