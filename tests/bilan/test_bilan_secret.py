"""Only what is published reaches a report: everything is rendered, then searched for what must not be "
"there."""

import io
import re
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import duckdb
import polars as pl
import pypdf
import pytest

from pipelines import bilan
from pipelines.bilan import donnees

EPCI, ANNEE = "247100589", 2021
IDENTIFIANT = "pseudonyme0a1b2c3d"
INTERDITS = ("8765431", "8765432", "87,65", "87.65", IDENTIFIANT)


@pytest.fixture(scope="module")
def rendus(construire: Callable[..., Any], tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """Every report in every format, from a warehouse whose unmasked twin and rows hold recognisable "
    "values."""
    dossier = tmp_path_factory.mktemp("secret")
    atelier = construire(nb_communes=3, nb_bailleurs=3).remplir()
    entrepot = atelier.ecrire(dossier / "W.duckdb")
    con = duckdb.connect(str(entrepot))
    con.execute(
        """
        create schema sources;
        create table entrepot.indicateurs as
            select * replace (8765431 as numerateur, 8765432 as denominateur, 87.65 as valeur)
            from marts.indicateurs;
        create table sources.sne_attributions as select ? as demandeur_id
        """,
        [IDENTIFIANT],
    )
    # Some published rows are secret but still hold what they should not.
    con.execute(
        """
        update marts.indicateurs
        set numerateur = 8765431, denominateur = 8765432, inconnus = 8765431, valeur = 87.65,
            manque = 8765432, statut = case when axe = 'commune' then 'indisponible' else 'secret' end
        where axe in ('commune', 'bailleur') and indicateur in ('hors_qpv_q1', 'baux', 'prioritaires')
        """
    )
    con.close()
    sortie = dossier / "sortie"
    tous = bilan.FORMATS
    return [
        *bilan.render(entrepot, EPCI, ANNEE, sortie, tous),
        *bilan.render(entrepot, EPCI, ANNEE, sortie, tous, semestre=1),
        *bilan.render_trimestre(entrepot, EPCI, ANNEE, 2, sortie, formats=tous),
        *bilan.render_evaluation(entrepot, EPCI, ANNEE, sortie, formats=tous),
        *bilan.write_dictionary(entrepot, sortie),
    ]


def _contenu(chemin: Path) -> str:
    if chemin.suffix == ".pdf":
        return " ".join(page.extract_text() for page in pypdf.PdfReader(chemin).pages)
    if chemin.suffix == ".xlsx":
        with zipfile.ZipFile(chemin) as archive:
            return " ".join(archive.read(nom).decode("utf-8") for nom in archive.namelist())
    if chemin.suffix == ".parquet":
        flux = io.StringIO()
        pl.read_parquet(chemin).write_csv(flux)
        return flux.getvalue()
    return chemin.read_text(encoding="utf-8")


def test_no_report_holds_a_masked_figure_or_a_person(rendus: list[Path]) -> None:
    assert len(rendus) > 20
    for chemin in rendus:
        contenu = re.sub(r"[\u202f\u00a0]", "", _contenu(chemin))
        # Drawings hold coordinates: only their words can give a figure away.
        contenu = re.sub(r'\s(?:d|transform|width|height|viewBox)="[^"]*"', "", contenu)
        contenu = re.sub(r"base64,[A-Za-z0-9+/=]+", "", contenu)
        presents = [interdit for interdit in INTERDITS if interdit in contenu]
        assert presents == [], chemin.name


def test_the_check_would_see_a_leak(rendus: list[Path]) -> None:
    ecrits = " ".join(_contenu(c) for c in rendus if c.suffix in (".html", ".csv", ".xlsx", ".pdf"))
    assert "12,04" in ecrits
    assert "secret" in ecrits


def test_the_package_reads_published_schemas_only() -> None:
    source = Path(donnees.__file__).read_text(encoding="utf-8")
    schemas = set(re.findall(r"\b(?:from|join)\s+([a-z_]+)\.", source)) - {"pipelines", "collections"}
    assert schemas <= {"marts", "meta", "information_schema"}
    litteraux = set(re.findall(r'_lire\(\s*con,\s*"([a-z]+)"', source)) | set(
        re.findall(r'_colonnes\(con, "([a-z]+)"', source)
    )
    assert litteraux == {"marts", "meta"}


def test_a_report_leaves_the_warehouse_untouched(entrepot: Path, tmp_path: Path) -> None:
    avant = (entrepot.stat().st_mtime_ns, entrepot.stat().st_size)
    bilan.render(entrepot, EPCI, ANNEE, tmp_path, ("csv",))
    assert (entrepot.stat().st_mtime_ns, entrepot.stat().st_size) == avant
    assert [p.name for p in entrepot.parent.iterdir()] == [entrepot.name]
