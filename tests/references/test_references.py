"""The national references that are shipped: what the producers published, where it comes from, and how it is made again."""

import csv
import gzip
import hashlib
import json
import shutil
import subprocess
import tarfile
from pathlib import Path

import duckdb
import pytest
import yaml

from pipelines import references
from pipelines.errors import DonneesRefusees
from pipelines.paths import DBT_PROJECT
from pipelines.publication.programme import program_fingerprint
from pipelines.references.__main__ import main
from pipelines.references.declarations import DOSSIER, PROVENANCE, declarations, parquet
from pipelines.references.fabrication import rebuild

PLAINE_COMMUNE, METROPOLE, PARIS = "200057867", "200054781", "217500016"
# The tables in all: the wheel stays small.
OCTETS_MAX = 4_000_000


def lire(chemin: Path) -> list[dict[str, str]]:
    with chemin.open(encoding="utf-8-sig", newline="") as flux:
        return list(csv.DictReader(flux))


def members(siren: str, annee: int) -> set[str]:
    return {
        str(r["code_commune"])
        for r in references.rows("epci_membres")
        if r["epci_siren"] == siren
        and (r["debut"] is None or r["debut"].year <= annee)
        and (r["fin"] is None or r["fin"].year >= annee)
    }


def test_every_file_is_the_one_that_its_provenance_names() -> None:
    said = json.loads(PROVENANCE.read_text(encoding="utf-8"))
    assert sorted(p.name for p in DOSSIER.iterdir()) == sorted(
        [PROVENANCE.name, *(f"{nom}.parquet" for nom in declarations().tables)]
    )
    for nom, table in declarations().tables.items():
        assert hashlib.sha256(parquet(nom).read_bytes()).hexdigest() == said["tables"][nom]["sha256"]
        assert len(references.rows(nom)) == said["tables"][nom]["lignes"]
        assert set(table.origines) <= said["origines"].keys()
    for nom, origine in declarations().origines.items():
        assert said["origines"][nom].items() >= origine.model_dump(exclude_defaults=True).items()
    assert sum(p.stat().st_size for p in DOSSIER.iterdir()) < OCTETS_MAX


def test_each_table_has_its_grain() -> None:
    for nom, cle in {
        "communes": "code_commune",
        "passage": "code_commune_historique",
        "epci_membres": "epci_siren, code_commune, debut",
        "qpv": "code_qpv, code_commune",
        "qpv_polygones": "code_qpv",
        "communes_contours": "code_commune",
    }.items():
        doubles = duckdb.sql(
            f"select {cle} from '{parquet(nom)}' group by all having count(*) > 1"
        ).fetchall()
        assert doubles == [], nom
    # A commune has one EPCI at a time, and one territory inside it at most.
    assert duckdb.sql(
        f"select code_commune, epci_liste is null from '{parquet('epci_membres')}' where fin is null "
        "group by all having count(*) > 1"
    ).fetchall() == []  # fmt: skip


def test_communes_and_passages_are_the_published_ones(donnees_reelles: Path) -> None:
    zones = {r["com_code"]: r["zone_abc"] for r in lire(donnees_reelles / "geo/zonage_abc_2025-09-05.csv")}
    publiees = {
        (r["code"], r["nom"], r["departement"], r["region"], int(r["population"] or -1), zones.get(r["code"]))
        for r in lire(donnees_reelles / "geo/communes_2026.csv")
        if r["type"] == "commune-actuelle"
    }
    livrees = references.rows("communes")
    assert {
        (*(r[c] for c in ("code_commune", "nom", "departement", "region")),
         -1 if r["population"] is None else r["population"], r["zone_abc"])
        for r in livrees
    } == publiees  # fmt: skip
    actuelles = {r["code_commune"] for r in livrees}
    table = {
        r["DEPCOM_HIST"]: r["DEPCOM"]
        for r in lire(donnees_reelles / "geo/table_passage_com_historique_cog2025.csv")
    }
    passage = {r["code_commune_historique"]: r["code_commune"] for r in references.rows("passage")}
    assert passage.items() >= {h: c for h, c in table.items() if h != c and h not in actuelles}.items()
    assert set(passage.values()) <= actuelles
    assert (passage["21213"], passage["30094"]) == ("21452", "30329")


@pytest.mark.parametrize("annee", [2024, 2026])
def test_memberships_are_those_of_the_list_of_the_year(donnees_reelles: Path, annee: int) -> None:
    publies = {
        (r["epci_siren"], r["com_code"]) for r in lire(donnees_reelles / f"geo/epci_membres_{annee}.csv")
    }
    livres = {
        (r["epci_siren"], r["code_commune"])
        for r in references.rows("epci_membres")
        if r["epci_liste"] is None
        and (r["debut"] is None or r["debut"].year <= annee)
        and (r["fin"] is None or r["fin"].year >= annee)
    }
    assert livres == publies


def test_neighbourhoods_are_those_of_both_lists_and_outlines_those_published(donnees_reelles: Path) -> None:
    publies = {
        (generation, r[colonne], commune.strip())
        for generation, fichier, colonne in (
            (2015, "qpv/qpv2015_liste.csv", "code"),
            (2024, "qpv/qpv2024_liste.csv", "code_qp"),
        )
        for r in lire(donnees_reelles / fichier)
        for commune in r["insee_com"].split(",")
    }
    assert {(r["generation"], r["code_qpv"], r["code_commune"]) for r in references.rows("qpv")} == publies
    with gzip.open(donnees_reelles / "qpv/qpv2024_wgs84_simplifie.geojson.gz") as flux:
        traces = {f["properties"]["code_qp"]: f["geometry"] for f in json.load(flux)["features"]}
    assert {r["code_qpv"]: json.loads(r["geometrie"]) for r in references.rows("qpv_polygones")} == traces


def test_outlines_are_those_published_where_nothing_was_merged(donnees_reelles: Path) -> None:
    with gzip.open(donnees_reelles / "geo/communes_contours_2018_simplifies.geojson.gz") as flux:
        publies = {f["properties"]["code"]: f["geometry"] for f in json.load(flux)["features"]}
    livres = {r["code_commune"]: json.loads(r["geometrie"]) for r in references.rows("communes_contours")}
    reunies = {r["code_commune"] for r in references.rows("passage")}
    assert livres.keys() <= {r["code_commune"] for r in references.rows("communes")}
    intacts = livres.keys() - reunies
    assert len(intacts) > 30_000
    assert all(livres[code] == publies[code] for code in intacts)


def test_the_territories_inside_the_metropole_share_its_communes() -> None:
    dedans = {siren for siren, (_, liste) in references.territories().items() if liste == METROPOLE}
    assert {PLAINE_COMMUNE, PARIS} < dedans
    parts = [members(siren, 2026) for siren in dedans]
    assert sum(len(p) for p in parts) == len(set().union(*parts))
    assert set().union(*parts) == members(METROPOLE, 2026)


@pytest.mark.parametrize(
    ("siren", "nom", "nature", "communes", "region"),
    [
        ("243500139", "Rennes Métropole", "METRO", 43, "53"),
        ("243300316", "Bordeaux Métropole", "METRO", 28, "75"),
        ("200039915", "CA Cannes Pays de Lérins", "CA", 5, "93"),
        ("242010056", "CA du Pays Ajaccien", "CA", 10, "94"),
        ("249740119", "CA Intercommunale du Nord de la Réunion (CINOR)", "CA", 3, "04"),
        (PLAINE_COMMUNE, "Plaine Commune", "EPT", 8, "11"),
        (PARIS, "Paris", "VILLE", 1, "11"),
    ],
)
def test_any_territory_is_known(siren: str, nom: str, nature: str, communes: int, region: str) -> None:
    found = references.territory(siren)
    assert found is not None
    assert (found.nom, found.nature, len(found.communes), found.region) == (nom, nature, communes, region)
    assert {q.generation for q in found.quartiers} == {2015, 2024}
    assert references.territory("999999990") is None


def test_the_warehouse_gets_the_outlines_of_its_territories_alone() -> None:
    with duckdb.connect() as con:
        references.load(con, ["243500139"])
        traces = {c for (c,) in con.execute("select code_qpv from sources.livre_qpv_polygones").fetchall()}
        ((communes, fichier),) = con.execute(
            "select count(*), min(_fichier) from sources.livre_communes"
        ).fetchall()
        comment = con.execute(
            "select count(*) from duckdb_columns() where schema_name = 'sources' and comment is null"
        ).fetchone()
        dessinees = {
            c for (c,) in con.execute("select code_commune from sources.livre_communes_contours").fetchall()
        }
    found = references.territory("243500139")
    assert found is not None
    assert dessinees == {c.code for c in found.communes}
    assert traces == {q.code for q in found.quartiers if q.generation == 2024}
    assert (communes, fichier) == (len(references.rows("communes")), "references/communes.parquet")
    assert comment == (0,)


def producers(dossier: Path) -> tuple[Path, Path]:
    """A little country, as the producers publish it."""
    publies, paquets = dossier / "publies", dossier / "paquets"
    textes = {
        "geo/communes_2026.csv": "code,nom,type,departement,region,commune_parent,chef_lieu,population,codes_postaux\n"
        "75056,Paris,commune-actuelle,75,11,,,100,75001\n93001,Aubervilliers,commune-actuelle,93,11,,,50,93300\n"
        "01001,Un,commune-actuelle,01,84,,,5,01400\n01002,Deux,commune-deleguee,01,84,,01001,,\n",
        "geo/epci_membres_2024.csv": "epci_siren,epci_nom,epci_nature,com_code,com_nom,pop_municipale\n"
        "200000001,CC Avant,CC,01001,Un,5\n200000001,CC Avant,CC,01002,Deux,1\n"
        f"{METROPOLE},MGP,METRO,75056,Paris,100\n{METROPOLE},MGP,METRO,93001,Aubervilliers,50\n",
        "geo/epci_membres_2026.csv": "epci_siren,epci_nom,epci_nature,com_code,com_nom,pop_municipale\n"
        f"200000001,CC Après,CC,01001,Un,5\n{METROPOLE},MGP,METRO,75056,Paris,100\n"
        f"{METROPOLE},MGP,METRO,93001,Aubervilliers,50\n",
        "geo/table_passage_com_historique_cog2025.csv": "DEPCOM_HIST,DEPCOM\n01001,01001\n01003,01002\n",
        "geo/zonage_abc_2025-09-05.csv": "com_code,zone_abc\n75056,Abis\n",
        "qpv/qpv2015_liste.csv": "code,nom_qp,insee_com\nQP093001,Le  Landy,93001\n",
        "qpv/qpv2024_liste.csv": 'code_qp,lib_qp,insee_com\nQN09301M,Le Landy,"93001, 75056"\n',
    }
    for nom, texte in textes.items():
        (publies / nom).parent.mkdir(parents=True, exist_ok=True)
        (publies / nom).write_text(texte, encoding="utf-8")
    carre = {"type": "Polygon", "coordinates": [[[2, 48], [2, 49], [3, 49], [2, 48]]]}
    entites = [{"type": "Feature", "properties": {"code_qp": "QN09301M"}, "geometry": carre}]
    with gzip.open(publies / "qpv/qpv2024_wgs84_simplifie.geojson.gz", "wt", encoding="utf-8") as flux:
        json.dump({"type": "FeatureCollection", "features": entites}, flux)
    # Two communes merged since, side by side; one that is no commune any more for anybody.
    gauche = {"type": "Polygon", "coordinates": [[[5, 46], [6, 46], [6, 47], [5, 47], [5, 46]]]}
    droite = {"type": "Polygon", "coordinates": [[[6, 46], [7, 46], [7, 47], [6, 47], [6, 46]]]}
    entites = [
        {"type": "Feature", "properties": {"code": code, "nom": code}, "geometry": trace}
        for code, trace in (("01001", gauche), ("01002", droite), ("75056", carre), ("99999", carre))
    ]
    with gzip.open(
        publies / "geo/communes_contours_2018_simplifies.geojson.gz", "wt", encoding="utf-8"
    ) as flux:
        json.dump({"type": "FeatureCollection", "features": entites}, flux)
    listees = [("200000001", "CC Milieu", "CC", ["01001"]), (METROPOLE, "MGP", "METRO", ["75056", "93001"])]
    epci = [
        {"code": s, "nom": n, "type": t, "membres": [{"code": c} for c in communes]}
        for s, n, t, communes in listees
    ]
    ept = [{"code": PLAINE_COMMUNE, "nom": "Plaine", "type": "EPT", "membres": [{"code": "93001"}]}]
    communes = [{"code": "75056", "nom": "Paris", "type": "commune-actuelle", "siren": PARIS}]
    for version, membres in {"5.3.0": {"epci": epci}, "6.0.0": {"ept": ept, "communes": communes}}.items():
        data = dossier / version / "package" / "data"
        data.mkdir(parents=True)
        for nom, contenu in membres.items():
            (data / f"{nom}.json").write_text(json.dumps(contenu), encoding="utf-8")
        paquets.mkdir(exist_ok=True)
        archive = paquets / f"etalab-decoupage-administratif-{version}.tgz"
        with tarfile.open(archive, "w:gz") as tar:
            tar.add(data.parent, "package")
    return publies, paquets


def test_the_command_derives_the_tables_and_gives_the_same_bytes(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    publies, paquets = producers(tmp_path)
    assert main([str(publies), str(paquets), str(tmp_path / "a")]) == 0
    assert "epci_membres : 6 lignes" in capsys.readouterr().out
    rebuild(publies, paquets, tmp_path / "b")
    assert {p.name: p.read_bytes() for p in (tmp_path / "a").iterdir()} == {
        p.name: p.read_bytes() for p in (tmp_path / "b").iterdir()
    }
    membres = duckdb.sql(f"from '{tmp_path}/a/epci_membres.parquet'").fetchall()
    assert [(s, n, c, str(f), w) for s, n, _, c, _, f, w in membres] == [
        ("200000001", "CC Après", "01001", "None", None),
        # Merged before the list of 2025.
        ("200000001", "CC Après", "01002", "2024-12-31", None),
        (METROPOLE, "MGP", "75056", "None", None),
        (METROPOLE, "MGP", "93001", "None", None),
        (PLAINE_COMMUNE, "Plaine", "93001", "None", METROPOLE),
        (PARIS, "Paris", "75056", "None", METROPOLE),
    ]
    assert duckdb.sql(f"from '{tmp_path}/a/passage.parquet'").fetchall() == [
        ("01002", "01001"),
        ("01003", "01001"),
    ]
    assert duckdb.sql(f"from '{tmp_path}/a/qpv.parquet'").fetchall() == [
        (2015, "QP093001", "Le Landy", "93001"),
        (2024, "QN09301M", "Le Landy", "75056"),
        (2024, "QN09301M", "Le Landy", "93001"),
    ]
    traces = dict(duckdb.sql(f"from '{tmp_path}/a/communes_contours.parquet'").fetchall())
    assert sorted(traces) == ["01001", "75056"]
    # The border between the two is gone: the outline of the whole, its corners and where the border met it.
    (anneau,) = json.loads(traces["01001"])["coordinates"]
    assert {tuple(point) for point in anneau} == {(5, 46), (6, 46), (7, 46), (7, 47), (6, 47), (5, 47)}


def test_a_missing_file_is_named_and_nothing_is_written(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    publies, paquets = producers(tmp_path)
    (paquets / "etalab-decoupage-administratif-6.0.0.tgz").unlink()
    with pytest.raises(DonneesRefusees, match="npm pack @etalab/decoupage-administratif@6"):
        rebuild(publies, paquets, tmp_path / "a")
    assert main([str(publies), str(paquets), str(tmp_path / "a")]) == 1
    assert "npm pack" in capsys.readouterr().err
    assert main([]) == 2
    assert not list((tmp_path / "a").glob("*"))


def test_the_shipped_files_come_from_the_published_ones(donnees_reelles: Path, tmp_path: Path) -> None:
    """The whole command, where the producers' files are and the package registry answers."""
    npm = shutil.which("npm")
    if npm is None:
        pytest.skip("npm is not here")
    for origine in {(o.paquet, o.version) for o in declarations().origines.values() if o.paquet}:
        fait = subprocess.run(
            [npm, "pack", "--silent", "@".join(map(str, origine))],
            cwd=tmp_path, capture_output=True, text=True, check=False, timeout=60,
        )  # fmt: skip
        if fait.returncode:
            pytest.skip("the package registry cannot be reached")
    rebuild(donnees_reelles, tmp_path, tmp_path / "refait")
    for nom in declarations().tables:
        assert (tmp_path / "refait" / f"{nom}.parquet").read_bytes() == parquet(nom).read_bytes(), nom
    assert (tmp_path / "refait" / PROVENANCE.name).read_bytes() == PROVENANCE.read_bytes()


def test_other_references_are_another_program(tmp_path: Path) -> None:
    """A build that has nothing to make is known without reading them."""
    fichier = tmp_path / "pipelines" / "references" / "donnees" / "communes.parquet"
    fichier.parent.mkdir(parents=True)
    fichier.write_bytes(b"un")
    avant = program_fingerprint(tmp_path)
    program_fingerprint.cache_clear()
    assert program_fingerprint(tmp_path) == avant
    fichier.write_bytes(b"deux")
    program_fingerprint.cache_clear()
    assert program_fingerprint(tmp_path) != avant


def test_the_declarations_describe_every_column() -> None:
    contenu = yaml.safe_load((DOSSIER.parent / "declarations.yml").read_text(encoding="utf-8"))
    for nom, table in contenu["tables"].items():
        assert [c["nom"] for c in table["colonnes"]] == list(references.rows(nom)[0])
        assert all(c["description"].endswith(".") for c in table["colonnes"]), nom


def test_the_vintages_of_the_shipped_lists_are_those_of_their_origins() -> None:
    """The models choose between a list of the folder and these by their years."""
    origines = [o for o in declarations().tables["epci_membres"].origines if o.startswith("epci_")]
    with (DBT_PROJECT / "seeds" / "ref_listes_epci.csv").open(encoding="utf-8", newline="") as fichier:
        assert [f"epci_{ligne['millesime']}" for ligne in csv.DictReader(fichier)] == origines
