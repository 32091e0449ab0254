"""Each edition has its file, which says where it comes from and holds nothing of the edition above."""

import json
from pathlib import Path

import duckdb
import pytest

from pipelines.edition import check_edition, editions, open_public, read_mark
from pipelines.errors import MauvaisUsage, ObservatoireError
from pipelines.lecture_seule import open_read_only
from pipelines.paths import WorkingFolder, edition_path
from pipelines.publication import hand_over, open_chantier, restore
from pipelines.publication.editions import renew_editions, stale_editions, write_edition
from tests.publication.conftest import Build


def tables(path: Path) -> set[str]:
    with open_read_only(path) as con:
        return {
            f"{s}.{t}"
            for s, t in con.execute("select schema_name, table_name from duckdb_tables()").fetchall()
        }


def test_every_edition_stands_beside_the_warehouse_and_names_it(build: Build, dossier: WorkingFolder) -> None:
    execution = build()
    for nom, edition in editions().items():
        path = edition_path(dossier.entrepot, nom)
        assert path.stat().st_mode & 0o777 == edition.mode
        with open_read_only(path) as con:
            marque = read_mark(con)
            assert (marque.edition, marque.version, marque.empreinte) == (nom, 1, execution.empreinte)
            assert check_edition(path, con, nom) == marque


def test_an_edition_holds_no_row_about_a_person_and_no_line_of_a_file(
    build: Build, dossier: WorkingFolder
) -> None:
    build()
    signataires = tables(edition_path(dossier.entrepot, "signataires"))
    assert "marts.indicateurs" in signataires
    assert not {t for t in signataires if t.split(".")[0] not in {"marts", "meta"}}
    publique = tables(edition_path(dossier.entrepot, "publique"))
    assert not {t for t in publique if t.split(".")[0] not in {"diffusion", "meta"}}
    assert not publique & {
        f"meta.{t}" for t in ("verrou", "executions", "avertissements", "variations", "controles")
    }
    with open_read_only(edition_path(dossier.entrepot, "signataires")) as con:
        named = con.execute(
            "select table_name, column_name from duckdb_columns() where not internal and (column_name in "
            "('ligne', 'autre_ligne', 'premiere_ligne', '_ligne', 'demandeur_id') or table_name = 'conflits')"
        ).fetchall()
    assert named == []


def test_the_public_edition_has_no_count_of_requests_and_no_quartile_of_their_incomes(tmp_path: Path) -> None:
    """The threshold that the law sets is public; its estimate rests on requests, nine of them here."""
    path = tmp_path / "w.duckdb"
    with duckdb.connect(str(path)) as con:
        con.execute(
            "create schema meta; create schema diffusion; create table diffusion.baux as select '247100589' as epci_siren, "
            "'annee' as periode_type, '2022' as periode, 'baux' as indicateur, 'epci' as axe, '1' as modalite, "
            "'x' as modalite_libelle, 'tous' as segment_type, 'tous' as segment, 50 as numerateur, "
            "null::bigint as denominateur, 50.0 as valeur, 'nombre' as unite, null::double as cible, "
            "null::varchar as operateur, null::boolean as atteint, 'publiable' as statut, 'SNE' as source, "
            "'1' as version_methode; create table meta.seuils_q1 as select '247100589' as epci_siren, 2022 as annee, "
            "9000.00 as seuil, 3600.00 as seuil_estime, 9 as nb_demandes_estimation, 'x' as message"
        )
    write_edition(path, "publique", edition_path(path, "publique"))
    with open_read_only(edition_path(path, "publique")) as con:
        assert con.execute("from meta.seuils_q1").fetchall() == [("247100589", 2022, 9000, "x")]
        assert not con.execute("from meta.dictionnaire where colonne = 'seuil_estime'").fetchall()
    for source in (path, edition_path(path, "publique")):
        with open_public(source) as con:
            assert con.execute("from meta.seuils_q1").fetchall() == [("247100589", 2022, 9000, "x")]


def test_an_edition_of_another_version_is_refused_then_written_again(
    build: Build, dossier: WorkingFolder
) -> None:
    build()
    path = edition_path(dossier.entrepot, "signataires")
    former = path.read_bytes()
    build("deux", valeur=20.0)
    path.write_bytes(former)
    with open_read_only(path) as con, pytest.raises(ObservatoireError, match="vient de la version 1"):
        check_edition(path, con, "signataires")
    assert stale_editions(dossier) == ["signataires"]
    assert renew_editions(dossier) == ["signataires"]
    with open_read_only(path) as con:
        assert check_edition(path, con, "signataires").version == 2


def test_a_lower_edition_never_gives_a_higher_one(build: Build, dossier: WorkingFolder) -> None:
    build()
    path = edition_path(dossier.entrepot, "publique")
    with open_read_only(path) as con, pytest.raises(ObservatoireError, match="l'édition publique"):
        check_edition(path, con, "signataires")


def test_a_version_put_back_brings_its_editions(build: Build, dossier: WorkingFolder) -> None:
    build()
    build("deux", valeur=20.0)
    with open_chantier(dossier, "retour") as chantier:
        restore(chantier, 1)
    assert stale_editions(dossier) == []
    with open_read_only(edition_path(dossier.entrepot, "signataires")) as con:
        assert con.execute("select valeur from marts.indicateurs").fetchall() == [(12.04,)]


def test_what_is_handed_over_is_described(build: Build, dossier: WorkingFolder, tmp_path: Path) -> None:
    execution = build()
    paths = hand_over(
        dossier.entrepot, "signataires", tmp_path / "remise", ["duckdb", "parquet", "csv", "xlsx"]
    )
    assert all(path.is_file() for path in paths)
    package = json.loads((tmp_path / "remise" / "datapackage.json").read_text(encoding="utf-8"))
    assert package["sources"][0]["empreinte"] == execution.empreinte
    assert {(tmp_path / "remise" / r["path"]) for r in package["resources"]} == set(paths[:-1])
    (resource,) = (r for r in package["resources"] if r["name"] == "marts.indicateurs.csv")
    text = (tmp_path / "remise" / resource["path"]).read_text(encoding="utf-8")
    assert text.splitlines()[0].split(";") == [f["name"] for f in resource["schema"]["fields"]]
    with duckdb.connect() as con:
        (valeur,) = con.execute(
            "select valeur from read_parquet(?)",
            [str(tmp_path / "remise" / "parquet" / "marts.indicateurs.parquet")],
        ).fetchall()
    assert valeur == (12.04,)


@pytest.mark.parametrize(
    ("edition", "formats"), [("autre", ["csv"]), ("publique", ["docx"]), ("publique", [])]
)
def test_what_cannot_be_handed_over_is_a_sentence(
    build: Build, dossier: WorkingFolder, tmp_path: Path, edition: str, formats: list[str]
) -> None:
    build()
    with pytest.raises(MauvaisUsage, match="inconnu"):
        hand_over(dossier.entrepot, edition, tmp_path / "remise", formats)
    assert not (tmp_path / "remise").exists()
