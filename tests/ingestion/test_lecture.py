"""Containers, layouts and refusals: what a user may drop, and what they read when it cannot be used."""

import gzip
import io
import json
import zipfile
from pathlib import Path

import polars as pl
import pytest
import xlsxwriter

from pipelines.errors import DonneesRefusees
from pipelines.inspection import open_archive

from .conftest import Depot
from .exemples import attributions, demandes, logements, occupations, table


def workbook(feuilles: dict[str, list[list[object]]]) -> bytes:
    """An xlsx with these sheets."""
    tampon = io.BytesIO()
    with xlsxwriter.Workbook(tampon, {"in_memory": True}) as classeur:
        for nom, lignes in feuilles.items():
            feuille = classeur.add_worksheet(nom)
            for i, ligne in enumerate(lignes):
                feuille.write_row(i, 0, ligne)
    return tampon.getvalue()


def archive(fichiers: dict[str, str]) -> bytes:
    """A zip with these members."""
    tampon = io.BytesIO()
    with zipfile.ZipFile(tampon, "w", zipfile.ZIP_DEFLATED) as contenu:
        for nom, texte in fichiers.items():
            contenu.writestr(nom, texte)
    return tampon.getvalue()


def test_the_same_rows_from_every_container(depot: Depot) -> None:
    lignes = attributions(40)
    # Other persons in each file: the same ones would be the same records.
    texte = {
        a: table(*[x | {"numero_unique": f"{a}{x['numero_unique'][4:]}"} for x in lignes])
        for a in range(2019, 2025)
    }
    depot.drop("sne/2019/attributions.csv", texte[2019])
    depot.drop("sne/2020/attributions.csv.gz", gzip.compress(texte[2020].encode()))
    depot.drop(
        "sne/2021/export.zip", archive({"dossier/attributions.csv": texte[2021], "lisez-moi.txt": "notice"})
    )
    entete, *corps = [ligne.split(";") for ligne in texte[2022].strip().split("\n")]
    depot.drop("sne/2022/attributions.xlsx", workbook({"Export": [["Extraction"], [], entete, *corps]}))
    tampon = io.BytesIO()
    pl.DataFrame(lignes).write_parquet(tampon)
    depot.drop("sne/2023/attributions.parquet", tampon.getvalue())
    depot.drop("sne/2024/attributions.csv", texte[2024].replace(",", " ").replace(";", ","))
    depot.load("sne")
    assert [(c.fichier, c.lecteur, c.lignes_gardees) for c in depot.comptes["sne"]] == [
        ("sne/2019/attributions.csv", "csv", 40),
        ("sne/2020/attributions.csv.gz", "csv", 40),
        ("sne/2021/export.zip#dossier/attributions.csv", "csv", 40),
        ("sne/2022/attributions.xlsx", "xlsx", 40),
        ("sne/2023/attributions.parquet", "parquet", 40),
        ("sne/2024/attributions.csv", "csv", 40),
    ]
    propres = "millesime, date_extraction, demandeur_id, _fichier, _ligne"
    distincts = f"SELECT DISTINCT * EXCLUDE ({propres}) FROM sources.sne_attributions"
    assert depot.one(f"SELECT count(*) FROM ({distincts})") == 1
    assert depot.one("SELECT count(DISTINCT demandeur_id) FROM sources.sne_attributions") == 6 * 40
    # Two lines stand above the header of the workbook.
    assert depot.one("SELECT min(_ligne) FROM sources.sne_attributions WHERE millesime = 2022") == 4
    assert depot.one("SELECT min(_ligne) FROM sources.sne_attributions WHERE millesime = 2023") == 1


def test_several_csv_in_one_zip(depot: Depot) -> None:
    depot.drop(
        "rpls/rpls_2022.zip",
        archive(
            {
                "a.csv": table(*logements(30)),
                "b.csv": table(*[x | {"IDENT_REP": "9" + x["IDENT_REP"]} for x in logements(20)]),
            }
        ),
    )
    depot.load("rpls")
    assert depot.one("SELECT count(*) FROM sources.rpls_logements WHERE millesime = 2022") == 50
    assert {c.fichier for c in depot.comptes["rpls"]} == {
        "rpls/rpls_2022.zip#a.csv",
        "rpls/rpls_2022.zip#b.csv",
    }


def test_bombs_are_refused(depot: Depot, tmp_path: Path) -> None:
    zeros = b"0;" * (60 << 20)
    tampon = io.BytesIO()
    with zipfile.ZipFile(tampon, "w", zipfile.ZIP_DEFLATED) as contenu:
        contenu.writestr("attributions.csv", zeros)
    depot.drop("sne/2021/bombe.zip", tampon.getvalue())
    with pytest.raises(DonneesRefusees, match="anormalement volumineuse"):
        depot.read("sne")
    (depot.donnees / "sne/2021/bombe.zip").rename(tmp_path / "classeur.xlsx")
    with pytest.raises(DonneesRefusees, match="anormalement volumineuse"):
        open_archive(tmp_path / "classeur.xlsx", "classeur.xlsx")
    depot.drop("sne/2021/bombe.csv.gz", gzip.compress(zeros))
    with pytest.raises(DonneesRefusees, match="se dilate"):
        depot.read("sne")
    assert not list(depot.magasin.glob("tmp-*"))


def test_links_that_leave_the_folder_are_refused(depot: Depot, tmp_path: Path) -> None:
    dehors = tmp_path / "dehors.csv"
    dehors.write_text(table(*attributions(20)))
    (depot.donnees / "sne/2021").mkdir(parents=True)
    (depot.donnees / "sne/2021/attributions.csv").symlink_to(dehors)
    with pytest.raises(DonneesRefusees, match="lien vers l'extérieur"):
        depot.read("sne")


def test_an_empty_or_absent_landing_folder(depot: Depot) -> None:
    with pytest.raises(DonneesRefusees, match="aucun fichier de données"):
        depot.read("rpls")
    depot.drop("rpls/LISEZ-MOI.md", "notice")
    with pytest.raises(DonneesRefusees, match="aucun fichier de données"):
        depot.read("rpls")
    depot.donnees = depot.donnees / "absent"
    with pytest.raises(DonneesRefusees, match="introuvable"):
        depot.read("rpls")


def test_a_source_without_file_gives_empty_tables(depot: Depot) -> None:
    depot.drop("rpls/2022/rpls.csv", table(*logements(20)))
    assert depot.load("sne") == dict.fromkeys(
        sorted(
            n for (n,) in depot.rows("SELECT table_name FROM duckdb_tables() WHERE schema_name = 'sources'")
        ),
        0,
    )
    assert depot.one("SELECT count(*) FROM quarantaine.sne_demandes") == 0


def test_a_missing_column_names_file_column_aliases_and_what_was_found(depot: Depot) -> None:
    lignes = [{k: v for k, v in ligne.items() if k != "DEPCOM"} for ligne in logements(20)]
    depot.drop("rpls/2022/rpls.csv", table(*lignes))
    with pytest.raises(DonneesRefusees) as erreur:
        depot.read("rpls")
    for morceau in ("rpls/2022/rpls.csv", "« code_commune » (noms essayés : DEPCOM", "IDENT_REP"):
        assert morceau in str(erreur.value)
    lignes = [{k: v for k, v in ligne.items() if k != "date_signature_bail"} for ligne in attributions(20)]
    (depot.donnees / "rpls/2022/rpls.csv").unlink()
    depot.drop("sne/2021/attributions.csv", table(*lignes))
    with pytest.raises(DonneesRefusees) as erreur:
        depot.read("sne")
    for morceau in (
        "sne/2021/attributions.csv",
        "« date_signature_bail »",
        "noms essayés",
        "Colonnes trouvées",
        "bailleur_nom",
    ):
        assert morceau in str(erreur.value)


def test_no_vintage_anywhere(depot: Depot) -> None:
    depot.drop("rpls/registre.csv", table(*logements(20)))
    with pytest.raises(DonneesRefusees, match="millésime introuvable"):
        depot.read("rpls")


@pytest.mark.parametrize("nom", ["sne/2021/notes.csv", "rpls/2022/vieux.xls", "ops/2020/image.png"])
def test_an_unknown_file_in_a_strict_source(depot: Depot, nom: str) -> None:
    depot.drop(nom, "colonne inconnue;autre\n1;2\n3;4\n")
    with pytest.raises(DonneesRefusees, match="non reconnu"):
        depot.read(nom.split("/", maxsplit=1)[0])


def test_an_unknown_file_elsewhere_is_a_warning(depot: Depot) -> None:
    depot.drop("geo/notes.csv", "colonne inconnue;autre\n1;2\n")
    depot.drop("divers/rpls.csv", table(*logements(20)))
    depot.load("geographie")
    depot.load("referentiels")
    assert depot.rows("SELECT fichier, regle FROM meta.avertissements ORDER BY 1") == [
        ("divers/rpls.csv", "hors_dossier"),
        ("geo/notes.csv", "non_reconnu"),
    ]
    assert depot.one("SELECT count(*) FROM meta.verrou WHERE produit IS NULL") == 2


def test_a_users_own_mapping(depot: Depot) -> None:
    depot.drop(
        "correspondances/mon_export.yml",
        "correspondance: mon_export\nproduit: sne_attributions\ntitre: Mon export\nsignature: "
        "[cle du dossier]\n"
        "champs:\n  demandeur_id: [Clé du dossier]\n  date_decision: [Jour]\n  date_signature_bail: [Signé]\n"
        "  code_commune_logement: [Lieu]\n  issue: [Suite]\nvaleurs:\n  issue: {ok: attribue}\n",
    )
    depot.drop(
        "sne/2021/x.csv",
        "Clé du dossier;Jour;Signé;Lieu;Suite\n071 0519 0001 0002144;03/02/2021;04/02/2021;6029;OK\n",
    )
    depot.load("sne")
    assert depot.rows(
        "SELECT date_decision::VARCHAR, code_commune_logement, issue FROM sources.sne_attributions"
    ) == [("2021-02-03", "06029", "attribue")]
    depot.drop("correspondances/mon_export.yml", "correspondance: x\nproduit: inconnu\ntitre: x\n")
    with pytest.raises(DonneesRefusees, match=r"correspondances/mon_export\.yml.*produit inconnu"):
        depot.read("sne")


def test_open_registers_of_2022_and_2025(depot: Depot) -> None:
    base = {"DEPCOM": "71076", "DROIT_CODE": "1", "QPV_CODE": "1", "TYPECONST_CODE": "C", "NBPIECE": "3"}
    base |= {"SURFHAB": "74", "CONSTRUCT": "1973", "LOCAT": "1974", "PATRIMOINE": "1974", "FINAN_CODE": "13"}
    base |= {
        "PMR_CODE": "2",
        "EPSG": "2154",
        "X": "844000,5",
        "Y": "6633000",
        "NEWLOGT_CODE": "",
        "REG_CODE": "27",
    }
    de_2022 = base | {"PLG_QP": "QP071001", "PLG_IRIS2022_CODE": "710760101", "COMIRIS": "1"}
    de_2025 = base | {
        "PLG_QP24": "QN07101M",
        "PLG_QP15": "QP071001",
        "PLG_IRIS2024_CODE": "710760102",
        "PLG_QVA": "",
    }
    depot.drop("rpls/2022/rpls.csv", table(*[de_2022] * 30))
    depot.drop("rpls/2025/rpls.csv", table(*[de_2025] * 30))
    depot.load("rpls")
    assert depot.rows(
        "SELECT DISTINCT millesime, disposition, code_qpv_2015, code_qpv_2024, code_iris, x, "
        "epsg, pmr, financement "
        "FROM sources.rpls_logements ORDER BY 1"
    ) == [
        (2022, "rpls_detail_2022", "QP071001", None, "710760101", 844000.5, "2154", True, "13"),
        (2025, "rpls_detail_2025", "QP071001", "QN07101M", "710760102", 844000.5, "2154", True, "13"),
    ]
    # Without an identifier, rows that look the same are distinct dwellings.
    assert depot.one("SELECT count(*) FROM sources.rpls_logements") == 60


def test_sdes_workbook(depot: Depot) -> None:
    entete = ["REG", "DEP", "DEPCOM_ARM", "LIBCOM", "nb_ls", "nb_vacants", "tx_vac", "tx_vac3", "tx_mob"]
    depot.drop(
        "rpls/2024/resultats_rpls_2024_v4.xlsx",
        workbook(
            {
                "INFORMATIONS": [["Publication"]],
                "REGION": [
                    ["Ensemble du parc"],
                    [],
                    [],
                    ["Région"],
                    [],
                    ["REG", "LIBREG", "nb_ls", "tx_vac"],
                    [11, "IDF", 5, 1],
                ],
                "COMMUNES": [
                    ["Ensemble du parc"],
                    ["Répartition"],
                    ["proposés"],
                    ["Région", "Département", "Commune"],
                    [],
                    entete,
                    [84, 1, "01001", "L'Abergement", 120, 3, 2.5, 1.25, 9.5],
                    [84, 1, "01002", "Autre", 14, "s", "s", "", 10],
                ],
            }
        ),
    )
    depot.load("rpls")
    assert depot.rows(
        "SELECT code, mesure, valeur::DOUBLE, statut, _ligne FROM sources.rpls_agregats "
        "WHERE mesure IN ('logements', 'taux_vacance', 'taux_vacance_3mois') ORDER BY code, mesure"
    ) == [
        ("01001", "logements", 120.0, "publie", 7),
        ("01001", "taux_vacance", 2.5, "publie", 7),
        ("01001", "taux_vacance_3mois", 1.25, "publie", 7),
        ("01002", "logements", 14.0, "publie", 8),
        ("01002", "taux_vacance", None, "secret", 8),
        ("01002", "taux_vacance_3mois", None, "non_disponible", 8),
    ]
    assert ("feuilles_ignorees",) in depot.rows("SELECT regle FROM meta.avertissements")


def test_drihl_workbook(depot: Depot) -> None:
    entete = [
        "Niveau géographique",
        "Code",
        "Nom",
        "Nombre total de demandes ciblant le territoire au 31/12/2024",
    ]
    entete += [
        "Nombre de demandes ciblant le territoire en choix 1 au 31/12/2024",
        "Nombre d'attributions en 2024",
    ]
    entete += [
        "Délai médian d'attribution (en mois)",
        "Part des ménages ayant déposé leur demande il y a au moins 5 ans",
    ]
    depot.drop(
        "sne/2024/socle_demandes_attributions_2024.xlsx",
        workbook(
            {
                "Lisez-moi": [["Socle"]],
                "Ensemble": [
                    ["Socle de données"],
                    ["Île-de-France"],
                    entete,
                    ["Région", "11", "Île-de-France", 900000, 800000, 68000, 34.2, 0.25],
                    ["Commune", "77001", "Achères", 120, 14, "-", "-", 0.31],
                ],
            }
        ),
    )
    depot.load("sne")
    assert depot.rows(
        "SELECT niveau, code, mesure, valeur::DOUBLE, statut FROM sources.sne_agregats "
        "WHERE mesure IN ('demandes_choix1', 'attributions') ORDER BY code, mesure"
    ) == [
        ("region", "11", "attributions", 68000.0, "publie"),
        ("region", "11", "demandes_choix1", 800000.0, "publie"),
        ("commune", "77001", "attributions", None, "secret"),
        ("commune", "77001", "demandes_choix1", 14.0, "publie"),
    ]


def test_worked_examples_of_sne_tools(depot: Depot) -> None:
    infocentre = (
        "Numéro unique de la demande;Date de premier dépôt;Date de la CAL;Rang du candidat;Suite donnée;"
        "Date de signature du bail;SIRET du bailleur;Réservataire;Code INSEE commune du "
        "logement;Logement en QPV;"
        "Type de logement;Total des ressources mensuelles;Composition familiale;Situation professionnelle;"
        "Demande de mutation;Reconnu DALO;Relogement\n"
        "071051900010002144;31/05/2019;06/12/2020;1;Attribué;04/01/2021;90000710500010;Préfet "
        "mal logés;71076;Oui;T3;"
        "1 210,50 €;Personne seule avec enfant(s);CDI ou fonctionnaire;Non;Oui;ANRU\n"
    )
    imhoweb = (
        "NUM_UNIQUE;DT_DEPOT;DT_CAL;RANG_CAL;DECISION_CAL;DT_BAIL;SIRET_BAILLEUR;"
        "CODE_CONTINGENT;INSEE_LOGT;TOP_QPV;"
        "TYPE_LOGT;RESS_MENS;COMPO_FAM;SIT_PRO;TOP_MUTATION;TOP_DALO;TYPE_RELOGT\n"
        "071051900010002144;31/05/2019;06/12/2020;1;ATT;04/01/2021;90000710500010;EP;71076;1;F3;"
        "1210.5;FMP;FON;0;1;ANRU\n"
    )
    pelehas = (
        "N° demande;Ancienneté (date);Date commission;Position;Résultat;Bail signé le;Bailleur "
        "(SIREN);Contingent;"
        "Commune (INSEE);QPV (O/N);Typo;Ressources (€/mois);Famille;Emploi;Mutation (O/N);DALO "
        "(O/N);Relogement\n"
        "071051900010002144;31/05/2019;06/12/2020;1;Retenu;04/01/2021;900007105;Préfecture - "
        "mal logés;71076;O;3;"
        "1210,50;Parent seul;CDI;N;O;ANRU\n"
    )
    depot.drop("sne/2019/infocentre.csv", infocentre.encode("cp1252"))
    depot.drop("sne/2020/imhoweb.csv", imhoweb)
    depot.drop("sne/2021/pelehas.csv", pelehas)
    depot.load("sne")
    lus = depot.rows(
        "SELECT DISTINCT demandeur_id, date_premier_depot, date_decision, rang, issue, date_signature_bail, "
        "bailleur_siren, reservataire, code_commune_logement, qpv_declare, typologie, "
        "ressources_mensuelles, composition, "
        "situation_pro, mutation, dalo, relogement FROM sources.sne_attributions"
    )
    assert len(lus) == 1, lus
    assert [str(v) for v in lus[0][1:]] == [
        *("2019-05-31", "2020-12-06", "1", "attribue", "2021-01-04", "900007105", "2", "71076", "True", "T3"),
        *("1210.50", "monoparental", "cdi", "False", "True", "npnru"),
    ]


def test_wide_ops_workbook_and_both_band_sets(depot: Depot) -> None:
    commun: list[object] = ["71076", 900007105, "en QPV", 250, 200]
    entete = [
        "Code INSEE",
        "SIREN bailleur",
        "Zone",
        "Logements enquêtés",
        "Ménages répondants",
        "Personnes isolées",
    ]
    sept = [
        "Ressources < 20 % PLUS",
        "Ressources 20-40 % PLUS",
        "Ressources 60-80 % PLUS",
        "Ressources > 120 % PLUS",
    ]
    six = [
        "Ressources < 20 % PLUS",
        "Ressources 20-40 % PLUS",
        "Ressources 60-100 % PLUS",
        "Ressources > 130 % PLUS",
    ]
    depot.drop("ops/2020/ops.xlsx", workbook({"Communes": [entete + sept, [*commun, 80, 40, 50, 30, "s"]]}))
    depot.drop("ops/2022/ops.xlsx", workbook({"Communes": [entete + six, [*commun, 80, 40, 50, 35, 5]]}))
    depot.drop("ops/2018/ops.csv", table(*occupations(30)).replace("2020;", "2018;"))
    depot.load("ops")
    assert depot.rows(
        "SELECT millesime, modalite, effectif, base, statut FROM sources.ops_occupation "
        "WHERE theme = 'ressources_plus' ORDER BY millesime, modalite"
    ) == [
        (2020, "0-20", 40, 200, "publie"),
        (2020, "120+", None, 200, "secret"),
        (2020, "20-40", 50, 200, "publie"),
        (2020, "60-80", 30, 200, "publie"),
        (2022, "0-20", 40, 200, "publie"),
        (2022, "130+", 5, 200, "publie"),
        (2022, "20-40", 50, 200, "publie"),
        (2022, "60-100", 35, 200, "publie"),
    ]
    # The canonical layout says its own vintage.
    assert depot.one("SELECT count(*) FROM sources.ops_occupation WHERE millesime = 2018") == 30


def test_filosofi_levels_qpv_aggregate_and_grid(depot: Depot) -> None:
    for niveau, code in (("COM", "71076"), ("EPCI", "247100589"), ("DEP", "71"), ("REG", "27")):
        depot.drop(
            f"filosofi/2021/cc_filosofi_2021_{niveau}.csv", f"CODGEO;MED21;TP6021\n{code};20000;15,0\n"
        )
    depot.drop(
        "filosofi/2021/BASE_TD_FILO_IRIS_2021_DISP.csv", "IRIS;DISP_MED21;DISP_TP6021\n710760101;18000;ns\n"
    )
    depot.drop(
        "filosofi/2021/revenu-disponible-qp15-2021_QP.csv", "CODGEO;DISP_MED_A21\n00;14000\nQP071001;13000\n"
    )
    depot.drop(
        "filosofi/2021/carreaux_200m_met.csv",
        "idcar_200m,i_est_200,lcog_geo,ind,men,men_pauv,ind_snv,"
        "log_soc\nCRS3035RES200mN2029800E4252400,0,71076,12.5,5,1,250000.4,3\n",
    )
    depot.load("filosofi")
    assert depot.rows(
        "SELECT niveau, geographie, code, valeur::DOUBLE FROM sources.filosofi "
        "WHERE mesure IN ('revenu_median', 'somme_niveaux_vie') ORDER BY niveau, code"
    ) == [
        ("carreau", "grille_200m", "CRS3035RES200mN2029800E4252400", 250000.4),
        ("commune", "cog", "71076", 20000.0),
        ("departement", "cog", "71", 20000.0),
        ("ensemble_qpv", "qpv2015", "00", 14000.0),
        ("epci", "cog", "247100589", 20000.0),
        ("iris", "iris", "710760101", 18000.0),
        ("qpv", "qpv2015", "QP071001", 13000.0),
        ("region", "cog", "27", 20000.0),
    ]


def test_qpv_correspondence_and_local_zones(depot: Depot) -> None:
    depot.drop(
        "qpv/correspondance.csv",
        "QP2024 ;Label_QP2024;Statut ;QP2015_1;Label_QP2015_1;QP2015_2 \n"
        "QN07101M;Prés;Reconduit;QP071001;Prés;\nQN06801M;Coteaux;Fusion;QP068001;A;"
        "QP068002\nQN00101M;Neuf;Entrant;;;\n",
    )
    depot.drop(
        "qpv/qpv2015.geojson",
        json.dumps(
            {
                "type": "FeatureCollection",
                "features": [
                    {
                        "type": "Feature",
                        "properties": {"code_qp": "QP071001", "nom_qp": "Prés", "insee_com": "71076"},
                        "geometry": {
                            "type": "Polygon",
                            "coordinates": [[[4.8, 46.7], [4.9, 46.7], [4.9, 46.8], [4.8, 46.7]]],
                        },
                    }
                ],
            }
        ),
    )
    polygone = '{"type":"Polygon","coordinates":[[[4.8,46.7],[4.9,46.7],[4.9,46.8],[4.8,46.7]]]}'
    depot.drop(
        "zones/zones.csv",
        "epci_siren;zone;type;nom;critere;valeur;debut;fin\n247100589;bellevue;qva;Bellevue;"
        "iris;710760104;01/01/2020;\n"
        '247100589;bellevue;qva;Bellevue;polygone;"' + polygone.replace('"', '""') + '";;\n',
    )
    depot.load("geographie")
    assert depot.rows(
        "SELECT code_qpv_2024, code_qpv_2015, statut FROM sources.qpv_correspondance ORDER BY ALL"
    ) == [
        ("QN00101M", None, "Entrant"),
        ("QN06801M", "QP068001", "Fusion"),
        ("QN06801M", "QP068002", "Fusion"),
        ("QN07101M", "QP071001", "Reconduit"),
    ]
    assert depot.rows("SELECT generation, code_qpv FROM sources.qpv_polygones") == [(2015, "QP071001")]
    assert depot.rows("SELECT critere, valeur, debut::VARCHAR FROM sources.zones_locales ORDER BY 1") == [
        ("iris", "710760104", "2020-01-01"),
        ("polygone", polygone, None),
    ]


def test_canonical_references(depot: Depot) -> None:
    depot.drop(
        "referentiels/seuils_q1.csv",
        "annee;portee;code;seuil\n2021;epci;247100589;8958\n2022;region;11;10674\n",
    )
    depot.drop("referentiels/bailleurs.csv", "siren;nom;alias\n900007105;OPAC 71;OPAC SAONE ET LOIRE\n")
    depot.drop(
        "referentiels/plafonds.csv",
        "produit;categorie;zone;date_effet;plafond_eur\nPLAI;1;autres_regions;2023-01-01;12032\n",
    )
    depot.load("referentiels")
    assert depot.rows(
        "SELECT annee, millesime, portee, code, seuil::INTEGER FROM sources.ref_seuils_q1 ORDER BY 1"
    ) == [
        (2021, 2021, "epci", "247100589", 8958),
        (2022, 2022, "region", "11", 10674),
    ]
    assert depot.rows(
        "SELECT produit, categorie, date_effet::VARCHAR, plafond_eur::INTEGER FROM sources.ref_plafonds"
    ) == [("PLAI", 1, "2023-01-01", 12032)]
    assert depot.one("SELECT alias FROM sources.ref_bailleurs") == "OPAC SAONE ET LOIRE"


def test_vintage_printed_in_the_columns_wins_over_the_folder(depot: Depot) -> None:
    depot.drop("filosofi/2020/cc_filosofi_2021_COM.csv", "CODGEO;MED21\n71076;20000\n")
    depot.load("filosofi")
    assert depot.one("SELECT millesime FROM sources.filosofi") == 2021
    assert depot.one("SELECT regle FROM meta.avertissements") == "millesime_des_colonnes"


@pytest.mark.parametrize(
    ("nom", "annee", "dit"),
    [
        ("2022/seuils_2023.csv", 2022, True),
        ("2022/seuils_2022_recu_le_03-01-2023.csv", 2022, False),
        ("2022/seuils.csv", 2022, False),
        ("arrete_du_29-12-2020_seuils_2021.csv", 2021, False),
        ("seuils_2021-12-29.csv", 2021, False),
    ],
)
def test_the_year_of_a_name(depot: Depot, nom: str, annee: int, dit: bool) -> None:
    depot.drop(f"referentiels/{nom}", "epci_siren;seuil\n247100589;8111\n")
    (compte,) = depot.read("referentiels")
    assert compte.millesime == annee
    assert ("millesime_des_colonnes" in {a.regle for a in compte.avertissements}) == dit


def test_requests_with_choices_in_a_comma_file(depot: Depot) -> None:
    lignes = [x | {"priorite_l441_1": '"4,12"'} for x in demandes(20)]
    depot.drop("sne/2021/demandes.csv", table(*lignes, separateur=","))
    depot.load("sne")
    assert depot.one("SELECT DISTINCT priorite_l441_1 FROM sources.sne_demandes") is True


def _geojson(coordonnees: list[list[float]], crs: str | None = None) -> str:
    proprietes = {"code_qp": "QP071001", "nom_qp": "Prés", "insee_com": "71076"}
    entite = {
        "type": "Feature",
        "properties": proprietes,
        "geometry": {"type": "Polygon", "coordinates": [coordonnees]},
    }
    contenu: dict[str, object] = {"type": "FeatureCollection", "features": [entite]}
    if crs:
        contenu["crs"] = {"type": "name", "properties": {"name": crs}}
    return json.dumps(contenu)


LAMBERT = [[842000.0, 6634000.0], [843000.0, 6634000.0], [843000.0, 6635000.0], [842000.0, 6634000.0]]


def test_projected_polygons_come_out_in_degrees(depot: Depot) -> None:
    depot.drop("qpv/qpv2015_l93.geojson", _geojson(LAMBERT, "urn:ogc:def:crs:EPSG::2154"))
    depot.load("geographie")
    geometrie = json.loads(str(depot.one("SELECT geometrie FROM sources.qpv_polygones")))
    longitude, latitude = geometrie["coordinates"][0][0]
    assert (round(longitude, 2), round(latitude, 2)) == (4.86, 46.79)


def test_coordinates_without_their_projection_are_refused(depot: Depot) -> None:
    depot.drop("qpv/qpv2015_l93.geojson", _geojson(LAMBERT))
    with pytest.raises(DonneesRefusees, match="projection"):
        depot.read("geographie")


def test_coverage_says_which_communes_lost_lines(depot: Depot) -> None:
    """Compare what was read with what was written, per commune: a whole commune cannot vanish unnoticed."""
    lignes = [ligne | {"commune_choix1": "71076"} for ligne in demandes(500)]
    for i in range(4):
        lignes[i] |= {"commune_choix1": "75101", "date_premier_depot": "bientôt"}
    lignes[4] |= {"commune_choix1": "71076", "date_premier_depot": ""}
    depot.drop("sne/2021/demandes.csv", table(*lignes))
    depot.load("sne")
    assert depot.rows(
        "SELECT code_commune, lignes_lues, lignes_refusees FROM meta.couverture ORDER BY 1"
    ) == [
        ("71076", 496, 1),
        ("75101", 4, 4),
    ]
    ((message, nombre, total),) = depot.rows(
        "SELECT message, nombre, total FROM meta.avertissements WHERE regle = 'couverture_communes'"
    )
    assert "75101 (4 sur 4)" in str(message)
    assert (nombre, total) == (5, 500)


def test_insee_register_by_commune_and_qpv(depot: Depot) -> None:
    depot.drop(
        "rpls/2024/data_RPLS2024_COM.csv", "CodGeo;LibGeo;nbLsPls;txVac;moyLoy\n1004;Ambérieu;1200;2,5;5,61\n"
    )
    depot.drop(
        "rpls/2024/data_RPLS2024_QPV.csv", "CodGeo;LibGeo;nbLsPls;txVac\nQN00102M;Croix Blanche;300;\n"
    )
    depot.load("rpls")
    assert depot.rows(
        "SELECT niveau, mesure, valeur::DOUBLE, statut FROM sources.rpls_agregats ORDER BY niveau, mesure"
    ) == [
        ("commune", "logements", 1200.0, "publie"),
        ("commune", "loyer_moyen", 5.61, "publie"),
        ("commune", "taux_vacance", 2.5, "publie"),
        ("qpv", "logements", 300.0, "publie"),
        ("qpv", "taux_vacance", None, "secret"),
    ]
    # The zero that a spreadsheet took is put back.
    assert depot.rows("SELECT DISTINCT code FROM sources.rpls_agregats ORDER BY 1") == [
        ("01004",),
        ("QN00102M",),
    ]


def test_mappings_of_the_documentation_are_valid() -> None:
    from pipelines.ingestion.correspondances import Correspondance
    from pipelines.ingestion.declarations import load_yaml

    page = Path(__file__).parents[2].joinpath("docs/correspondances.md").read_text(encoding="utf-8")
    (premier, *_) = [bloc.split("```")[0] for bloc in page.split("```yaml\n")[1:]]
    assert Correspondance.model_validate(load_yaml(premier)[0]).produit == "sne_attributions"
