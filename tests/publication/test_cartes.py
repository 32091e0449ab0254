"""A map of an edition is read back as any program would: outlines, figures, nothing of the edition above."""

import os
import sqlite3
from pathlib import Path

import duckdb
import pytest

from pipelines.errors import DonneesRefusees
from pipelines.paths import WorkingFolder, spatial_extension
from pipelines.publication import hand_over, write_edition
from tests.publication.conftest import Build

CARRE = '{"type": "Polygon", "coordinates": [[[4.8, 46.7], [4.9, 46.7], [4.9, 46.8], [4.8, 46.7]]]}'
AUTRE = '{"type": "Polygon", "coordinates": [[[5.8, 46.7], [5.9, 46.7], [5.9, 46.8], [5.8, 46.7]]]}'
VIDE = '{"type": "Polygon", "coordinates": [[[6.8, 46.7], [6.9, 46.7], [6.9, 46.8], [6.8, 46.7]]]}'


@pytest.fixture
def entrepot(build: Build, dossier: WorkingFolder) -> Path:
    """Exact figures of two communes and two years, of which the public table masks one; outlines of three."""
    build()
    with duckdb.connect(str(dossier.entrepot)) as con:
        con.execute("delete from marts.indicateurs")
        for code, annee, numerateur in (("71076", 2021, 50), ("71076", 2022, 40), ("71445", 2021, 3)):
            con.execute(
                "insert into marts.indicateurs values ('247100589', 'annee', ?, 'prioritaires', 'commune', ?, 'x', "
                "'tous', 'tous', ?, 80, 0, ?, '%', null, null, null, null, 'publiable', 'SNE', '1', false)",
                [str(annee), code, numerateur, numerateur / 0.8],
            )
        con.execute(
            "create or replace table meta.conventions as select '247100589' as epci_siren, 'Le Grand Chalon' as nom"
        )
        con.execute("create table meta.millesimes as select unnest([2021, 2022]) as annee")
        con.execute("create schema diffusion")
        con.execute(
            "create table diffusion.attributions_commune as select * exclude (inconnus, manque, petit_effectif) replace "
            "(case when numerateur > 10 then numerateur end as numerateur, "
            "case when numerateur > 10 then valeur end as valeur) from marts.indicateurs"
        )
        con.execute(
            "create table marts.contours (epci_siren varchar, niveau varchar, code varchar, rang integer, "
            "libelle varchar, geometrie varchar)"
        )
        con.executemany(
            "insert into marts.contours values ('247100589', 'commune', ?, ?, ?, ?)",
            [("71445", 1, "Saint-Rémy", AUTRE), ("71076", 2, "Chalon", AUTRE), ("71076", 1, "Chalon", CARRE),
             ("71118", 1, "Givry", VIDE)],
        )  # fmt: skip
    return dossier.entrepot


def read(path: Path) -> list[tuple[object, ...]]:
    with duckdb.connect() as con:
        con.execute(f"load '{spatial_extension()}'")
        return con.execute(
            "select code, nom, annee, prioritaires, prioritaires_num, prioritaires_den, "
            "st_geometrytype(geom)::varchar, st_npoints(geom) from st_read(?) order by all",
            [str(path)],
        ).fetchall()


@pytest.mark.parametrize(("edition", "masque"), [("signataires", False), ("publique", True)])
def test_a_map_has_the_figures_of_its_edition(
    entrepot: Path, tmp_path: Path, edition: str, masque: bool
) -> None:
    path, *_ = hand_over(entrepot, edition, tmp_path / "remise", ["gpkg"])
    assert path.name == f"{edition}-commune.gpkg"
    small: tuple[object, ...] = (None, None) if masque else (3.75, 3)
    assert read(path) == [
        # Two outlines of one place are one; a place without a figure has its outline.
        ("71076", "Chalon", 2021, 62.5, 50, 80, "MULTIPOLYGON", 8),
        ("71076", "Chalon", 2022, 50.0, 40, 80, "MULTIPOLYGON", 8),
        ("71118", "Givry", None, None, None, None, "MULTIPOLYGON", 4),
        ("71445", "Saint-Rémy", 2021, *small, 80, "MULTIPOLYGON", 4),
    ]
    with sqlite3.connect(path) as con:
        assert con.execute("select table_name, data_type, srs_id from gpkg_contents").fetchall() == [
            ("commune", "features", 4326)
        ]


@pytest.mark.parametrize(
    ("edition", "folder", "file"), [("publique", 0o755, 0o644), ("signataires", 0o750, 0o640)]
)
def test_who_may_read_the_files_may_enter_their_folder(
    entrepot: Path, tmp_path: Path, edition: str, folder: int, file: int
) -> None:
    """Whatever the mask of who hands over: the description too, and no more for the members than for them."""
    before = os.umask(0o027)
    try:
        paths = hand_over(entrepot, edition, tmp_path / "remise", ["duckdb", "csv"])
        again = hand_over(entrepot, edition, tmp_path / "remise", ["duckdb", "csv"])
    finally:
        os.umask(before)
    assert again == paths
    assert {path.stat().st_mode & 0o777 for path in paths} == {file}
    assert {path.parent.stat().st_mode & 0o777 for path in paths} == {folder}


def test_a_map_made_again_has_the_same_bytes(entrepot: Path, tmp_path: Path) -> None:
    once, again = (hand_over(entrepot, "publique", tmp_path / name, ["gpkg"])[0] for name in ("un", "deux"))
    assert once.read_bytes() == again.read_bytes()
    with duckdb.connect(str(entrepot)) as con:
        con.execute("create table autre as from marts.contours order by rang desc, code desc")
        con.execute("delete from marts.contours; insert into marts.contours from autre; drop table autre")
    assert hand_over(entrepot, "publique", tmp_path / "trois", ["gpkg"])[0].read_bytes() == once.read_bytes()


def test_who_has_no_outline_is_told_where_there_are_some(entrepot: Path, tmp_path: Path) -> None:
    alone = tmp_path / "seule.duckdb"
    write_edition(entrepot, "publique", alone)
    with pytest.raises(DonneesRefusees, match="n'a pas de contours : donnez l'entrepôt"):
        hand_over(alone, "publique", tmp_path / "remise", ["gpkg"])
    assert not list((tmp_path / "remise").glob("*.gpkg"))
