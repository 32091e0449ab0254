"""Small warehouses built by hand: what publication needs, without a source nor dbt."""

from collections.abc import Callable
from pathlib import Path

import duckdb
import pytest

from pipelines.paths import WorkingFolder
from pipelines.publication import Chantier, Etape, Execution, next_number, open_chantier, prepare, publish

VERROU = """
    create table meta.verrou (
        fichier varchar, source varchar, produit varchar, millesime integer, taille bigint, sha256 varchar,
        lecteur varchar, correspondance varchar, version_declaration varchar, lignes_lues bigint,
        lignes_gardees bigint, lignes_fusionnees bigint, lignes_quarantaine bigint, lignes_doublons bigint, corrections bigint
    )
"""
INDICATEURS = """
    create table marts.indicateurs (
        epci_siren varchar, periode_type varchar, periode varchar, indicateur varchar, axe varchar,
        modalite varchar, modalite_libelle varchar, segment_type varchar, segment varchar,
        numerateur bigint, denominateur bigint, inconnus bigint, valeur double, unite varchar, cible double,
        operateur varchar, atteint boolean, manque bigint, statut varchar, source varchar,
        version_methode varchar, petit_effectif boolean default false
    )
"""
FIGURE = """
    insert into marts.indicateurs values (
        '247100589', 'annee', '2021', ?, 'epci', '247100589', 'Le Grand Chalon', 'tous', 'tous',
        82, 681, 3, ?, '%', 25, '>=', false, 89, 'publiable', 'SNE 2021', ?, false
    )
"""
FACTS = """
    create table entrepot.fct_attribution as
    select i as rang, i % 7 as quartile, 'x' || i as _fichier, null::varchar as vide
    from range(5000) as t(i) order by i
"""

Build = Callable[..., Execution]


@pytest.fixture
def dossier(tmp_path: Path) -> WorkingFolder:
    return WorkingFolder(tmp_path / "cia.duckdb")


@pytest.fixture
def donnees(tmp_path: Path) -> Path:
    folder = tmp_path / "donnees"
    (folder / "sne" / "2021").mkdir(parents=True)
    (folder / "sne" / "2021" / "attributions.csv").write_text("a;b\n1;2\n", encoding="utf-8")
    return folder


def fill(
    chantier: Chantier,
    *,
    valeur: float = 12.04,
    sha256: str = "aa",
    fichier: str = "sne/2021/attributions.csv",
    taille: int = 8,
    convention: str = "c1",
    methode: str = "1",
    ordre: str = "asc",
    source: str = "sne",
    millesime: int = 2021,
    lecture: str = "c",
    fragilite: str = "1",
    annees: str = "2021",
    indicateur: str = "hors_qpv_q1",
) -> None:
    """Write the tables that a build would have left in the base under construction."""
    with duckdb.connect(str(chantier.base)) as con:
        for schema in ("sources", "staging", "intermediate", "entrepot", "marts", "meta"):
            con.execute(f"create schema {schema}")
        con.execute(VERROU)
        con.execute(
            "insert into meta.verrou "
            "values (?, ?, 'sne_attributions', ?, ?, ?, 'csv', ?, '1', 3, 2, 0, 1, 0, 0)",
            [fichier, source, millesime, taille, sha256, lecture],
        )
        con.execute(
            "create table meta.avertissements (source varchar, regle varchar, message varchar, nombre bigint)"
        )
        con.execute("create table sources.parametres (parametre varchar, valeur varchar)")
        con.execute("insert into sources.parametres values ('annee', ?)", [annees])
        con.execute("create table sources.methodes_fragilite_entetes (methode varchar, version varchar)")
        con.execute("insert into sources.methodes_fragilite_entetes values ('dijon', ?)", [fragilite])
        con.execute("create table meta.conventions (epci_siren varchar, version varchar, empreinte varchar)")
        con.execute("insert into meta.conventions values ('247100589', ?, ?)", [convention, convention])
        con.execute(f"{FACTS} {ordre}")
        con.execute("create view staging.stg_attribution as select * from entrepot.fct_attribution")
        con.execute(
            "create table intermediate.int_attribution as select * from entrepot.fct_attribution limit 3"
        )
        con.execute(INDICATEURS)
        con.execute(FIGURE, [indicateur, valeur, methode])


@pytest.fixture
def build(dossier: WorkingFolder, donnees: Path) -> Build:
    """Build and publish one version; the arguments are those of `fill`."""

    def run(
        run_id: str = "essai", garder: int = 3, modeles: str = "m1", programme: str = "p1", **content: object
    ) -> Execution:
        with open_chantier(dossier, run_id) as chantier:
            fill(chantier, **content)  # type: ignore[arg-type]
            execution = prepare(
                chantier,
                numero=next_number(dossier),
                empreinte_modeles=modeles,
                programme=programme,
                etapes=[Etape("sources/sne", 1.5, 100)],
                anterieur=dossier.entrepot if dossier.entrepot.is_file() else None,
            )
            publish(chantier, donnees=donnees, garder=garder)
        return execution

    return run
