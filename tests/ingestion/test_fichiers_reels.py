"""The real published files, read as they are: counts and values that are known of them."""

from collections.abc import Callable
from pathlib import Path

from .conftest import Depot

Copier = Callable[[str, str], Path]


def test_filosofi_communes(depot: Depot, copier: Copier) -> None:
    copier("filosofi/cc_filosofi_2021_COM.csv", "filosofi/2021/cc_filosofi_2021_COM.csv")
    assert depot.load("filosofi") == {"filosofi": 34_909 * 27}
    (compte,) = depot.comptes["filosofi"]
    assert (compte.lignes_lues, compte.lignes_gardees, compte.lignes_quarantaine) == (34_909, 34_909, 0)
    assert compte.correspondance == "filosofi_cc_communes"
    mediane = "FROM sources.filosofi WHERE mesure = 'revenu_median'"
    assert depot.one(f"SELECT count(*) {mediane}") == 34_909
    assert depot.one(f"SELECT count(*) {mediane} AND statut = 'secret'") == 3_593
    assert depot.one(f"SELECT count(*) {mediane} AND valeur = 0") == 0
    assert (
        depot.one("SELECT count(*) FROM sources.filosofi WHERE statut <> 'publie' AND valeur IS NOT NULL")
        == 0
    )
    valeurs = dict(
        depot.rows(
            "SELECT code || ' ' || mesure, valeur::DOUBLE FROM sources.filosofi "
            "WHERE code IN ('21231', '30007', '91228') AND mesure IN ('revenu_median', 'taux_pauvrete')"
        )
    )
    assert valeurs == {
        "21231 revenu_median": 22_720,
        "21231 taux_pauvrete": 17,
        "30007 revenu_median": 18_000,
        "30007 taux_pauvrete": 30,
        "91228 revenu_median": 19_160,
        "91228 taux_pauvrete": 25,
    }
    # The tax share is negative, with a decimal comma.
    assert (
        depot.one(
            "SELECT valeur::DOUBLE FROM sources.filosofi WHERE code = '01004' AND mesure = 'part_impots'"
        )
        == -14.8
    )
    assert depot.one("SELECT DISTINCT _ligne FROM sources.filosofi WHERE code = '01001'") == 2


def test_filosofi_iris_declare(depot: Depot, copier: Copier) -> None:
    copier("filosofi/BASE_TD_FILO_IRIS_2021_DEC.csv", "filosofi/2021/BASE_TD_FILO_IRIS_2021_DEC.csv")
    depot.load("filosofi")
    assert depot.comptes["filosofi"][0].lignes_gardees == 16_026
    assert depot.rows("SELECT DISTINCT niveau, concept, geographie, millesime FROM sources.filosofi") == [
        ("iris", "declare", "iris", 2021)
    ]
    statuts = {s for (s,) in depot.rows("SELECT DISTINCT statut FROM sources.filosofi")}
    assert statuts <= {"publie", "secret", "non_significatif", "non_disponible", "sans_objet"}
    assert (
        depot.one("SELECT valeur::DOUBLE FROM sources.filosofi WHERE code = '010040101' AND mesure = 'gini'")
        == 0.318
    )


def test_filosofi_qpv_ten_years(depot: Depot, copier: Copier) -> None:
    copier("filosofi/filosofi_2012_2021_qpv2015.csv", "filosofi/2021/filosofi_2012_2021_qpv2015.csv")
    depot.load("filosofi")
    par_an = dict(
        depot.rows("SELECT millesime, count(DISTINCT code) FROM sources.filosofi GROUP BY 1 ORDER BY 1")
    )
    assert par_an == {2012: 1_294, **dict.fromkeys(range(2013, 2022), 1_296)}
    vides = depot.one(
        "SELECT count(*) FROM sources.filosofi WHERE mesure = 'revenu_median' AND statut = 'non_disponible'"
    )
    assert vides == 313
    assert depot.one("SELECT count(*) FROM sources.filosofi WHERE code = 'QP02A001'") == 40


def test_rpls_2018_with_its_damage(depot: Depot, copier: Copier) -> None:
    copier("rpls/rpls2018_detail_cannes.csv", "rpls/2018/rpls2018_detail_cannes.csv")
    depot.load("rpls")
    (compte,) = depot.comptes["rpls"]
    assert (compte.lignes_lues, compte.lignes_gardees, compte.lignes_doublons) == (6_374, 6_374, 0)
    assert depot.rows("SELECT code_commune, count(*) FROM sources.rpls_logements GROUP BY 1 ORDER BY 1") == [
        ("06029", 6_313),
        ("06030", 61),
    ]
    # 1 is in, 2 is out: "not empty" is not "in".
    assert depot.one("SELECT count(*) FROM sources.rpls_logements WHERE qpv_declare") == 2_011
    # 01/1900 means no energy certificate.
    assert depot.one("SELECT count(*) FROM sources.rpls_logements WHERE date_dpe IS NULL") == 20 + 941
    assert depot.one("SELECT count(*) FROM sources.rpls_logements WHERE date_dpe = DATE '2010-01-01'") == 469
    # 162 rows look the same as another: without an identifier they are distinct dwellings.
    assert depot.one("SELECT count(DISTINCT _ligne) FROM sources.rpls_logements") == 6_374
    assert depot.one("SELECT min(_ligne) FROM sources.rpls_logements") == 2
    assert depot.one("SELECT max(_ligne) FROM sources.rpls_logements") == 6_375
    assert "NUMVOIE" in compte.colonnes_ignorees


def test_insee_rpls_iris(depot: Depot, copier: Copier) -> None:
    copier("rpls/insee_rpls2022_iris.csv", "rpls/2022/insee_rpls2022_iris.csv")
    depot.load("rpls")
    (compte,) = depot.comptes["rpls"]
    assert (compte.produit, compte.lignes_lues, compte.lignes_gardees) == ("rpls_agregats", 16_235, 16_235)
    # An empty cell is a secret, `#NUM !` is damage: neither is 0.
    assert depot.rows(
        "SELECT niveau, mesure, valeur, statut FROM sources.rpls_agregats "
        "WHERE code = '010040101' AND mesure IN ('logements', 'taux_vacance') ORDER BY mesure"
    )[1] == ("iris", "taux_vacance", None, "secret")
    assert depot.one("SELECT count(*) FROM sources.rpls_agregats WHERE statut = 'non_disponible'") == 22
    loyer = "FROM sources.rpls_agregats WHERE code = '060881503' AND mesure = 'loyer_moyen'"
    assert depot.one(f"SELECT valeur::DOUBLE {loyer}") == 7.41


def test_geography(depot: Depot, copier: Copier) -> None:
    for nom in (
        "geo/communes_2026.csv",
        "geo/epci_membres_2024.csv",
        "geo/epci_membres_2026.csv",
        "geo/table_passage_com_historique_cog2025.csv",
        "geo/arrondissements_plm.csv",
        "geo/zonage_abc_2025-09-05.csv",
        "qpv/qpv2015_liste.csv",
        "qpv/qpv2024_liste.csv",
        "qpv/qpv2024_wgs84_simplifie.geojson.gz",
    ):
        copier(nom, nom)
    assert depot.load("geographie") == {
        "avis_residences": 0,
        "geo_communes": 37_590,
        "geo_communes_contours": 0,
        "geo_epci_membres": 34_931 + 34_871,
        "geo_passage": 39_161,
        "geo_plm": 45,
        "geo_zonage_abc": 34_875,
        "qpv_communes": 1_436 + 1_776,
        "qpv_correspondance": 0,
        "qpv_polygones": 1_584,
        "quartiers_insee": 0,
        "zones_locales": 0,
    }
    # The vintage is in the name when there is no folder for it.
    assert depot.rows("SELECT DISTINCT millesime FROM sources.geo_epci_membres ORDER BY 1") == [
        (2024,),
        (2026,),
    ]
    assert depot.one("SELECT millesime FROM sources.geo_passage LIMIT 1") == 2025
    assert (
        depot.one("SELECT code_commune FROM sources.geo_passage WHERE code_commune_historique = '21213'")
        == "21452"
    )
    # One row per commune of a neighbourhood that spans several.
    assert depot.rows(
        "SELECT code_commune FROM sources.qpv_communes WHERE code_qpv = 'QN01003M' ORDER BY 1"
    ) == [("10081",), ("10265",), ("10387",)]
    assert depot.rows(
        "SELECT generation, count(DISTINCT code_qpv) FROM sources.qpv_communes GROUP BY 1 ORDER BY 1"
    ) == [
        (2015, 1_436),
        (2024, 1_584),
    ]
    assert str(depot.one("SELECT geometrie FROM sources.qpv_polygones ORDER BY code_qpv LIMIT 1")).startswith(
        '{"type":"MultiPolygon","coordinates":[[[[5.2368,46.2111]'
    )
    # The list and the polygons say the same: each neighbourhood is one record, and no line is lost.
    assert depot.rows(
        "SELECT sum(lignes_lues), sum(lignes_gardees), sum(lignes_fusionnees + lignes_doublons) FROM meta.verrou "
        "WHERE fichier LIKE 'qpv/qpv2024%' AND produit = 'qpv_communes'"
    ) == [(2 * 1_584, 1_584, 1_584)]


def test_references_as_printed(depot: Depot, copier: Copier) -> None:
    for nom in ("arrete_2020_extrait_annexe.csv", "arretes_1er_quartile.csv", "plafonds_plus_plai.csv"):
        copier(f"referentiels/{nom}", f"referentiels/{nom}")
    assert depot.load("referentiels") == {
        "ref_bailleurs": 0,
        "ref_plafonds": 585,
        "ref_seuils_q1": 18,
        "ref_totaux_officiels": 0,
    }
    assert depot.rows(
        "SELECT annee, portee, seuil::DOUBLE FROM sources.ref_seuils_q1 WHERE code = '200071751'"
    ) == [(2020, "epci", 8_861)]
    assert depot.one("SELECT count(*) FROM sources.ref_plafonds WHERE categorie = 7") == 84
    # The list of the yearly orders is no threshold: said, not read.
    assert depot.rows("SELECT fichier, regle FROM meta.avertissements WHERE produit IS NULL") == [
        ("referentiels/arretes_1er_quartile.csv", "non_reconnu")
    ]


def test_drihl_2024(depot: Depot, copier: Copier) -> None:
    copier("sne/drihl_socle_2024_paris.csv", "sne/2024/drihl_socle_2024_paris.csv")
    assert depot.load("sne")["sne_agregats"] == 22 * 4
    assert depot.rows(
        "SELECT mesure, valeur::DOUBLE, statut FROM sources.sne_agregats WHERE code = '75056' ORDER BY mesure"
    ) == [
        ("attributions", None, "indisponible"),
        ("delai_median_mois", None, "indisponible"),
        ("demandes_choix1", 72_662, "publie"),
        ("part_anciennete_5ans_plus", 0.1997, "publie"),
    ]


def test_all_the_real_files_at_once(depot: Depot, donnees_reelles: Path) -> None:
    """The folder of real files, dropped as it is, dictionaries included: every line is counted."""
    for chemin in sorted(donnees_reelles.rglob("*")):
        if chemin.is_file():
            depot.drop(chemin.relative_to(donnees_reelles).as_posix(), chemin.read_bytes())
    for source in ("filosofi", "geographie", "ops", "referentiels", "rpls", "sne"):
        depot.load(source)
    assert depot.one("SELECT count(*) FROM meta.verrou WHERE produit IS NOT NULL") == 19
    assert (
        depot.one(
            "SELECT count(*) FROM meta.verrou "
            "WHERE lignes_lues <> lignes_gardees + lignes_fusionnees + lignes_quarantaine + lignes_doublons"
        )
        == 0
    )
    assert depot.one("SELECT sum(lignes_quarantaine) FROM meta.verrou") == 0
