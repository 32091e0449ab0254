"""The fifteen traps of the sources, each with the outcome that is right."""

import gzip
import io
import zipfile

import pytest

from pipelines.errors import DonneesRefusees

from .conftest import Depot
from .exemples import attributions, demandes, logements, table


def test_1_lost_zeros_corsica_and_unpadded_siret(depot: Depot) -> None:
    lignes = logements(50)
    lignes[0] |= {"DEPCOM": "6029"}
    lignes[1] |= {"DEPCOM": "2a004"}
    lignes[2] |= {"DEPCOM": "2B033", "SIRET": "5580501000012"}
    lignes[3] |= {"DEPCOM": "6029.0", "SIRET": "558 050 100 00012"}
    depot.drop("rpls/2022/rpls.csv", table(*lignes))
    depot.drop(
        "geo/communes_2026.csv",
        "code,nom,type,departement,region,commune_parent,population\n"
        "6029,Cannes,commune-actuelle,6,93,,74152\n33063,Bordeaux,commune-actuelle,033,75,,261804\n"
        "2A004,Ajaccio,commune-actuelle,02A,94,,73822\n97411,Saint-Denis,commune-actuelle,974,4,,155634\n",
    )
    depot.load("rpls")
    depot.load("geographie")
    assert depot.rows(
        "SELECT code_commune, siren_bailleur FROM sources.rpls_logements ORDER BY _ligne LIMIT 4"
    ) == [
        ("06029", "900007105"),
        ("2A004", "900007105"),
        ("2B033", "055805010"),
        ("06029", "558050100"),
    ]
    assert depot.rows(
        "SELECT code_commune, departement, region FROM sources.geo_communes ORDER BY _ligne"
    ) == [
        ("06029", "06", "93"),
        ("33063", "33", "75"),
        ("2A004", "2A", "94"),
        ("97411", "974", "04"),
    ]


def test_2_paris_by_arrondissement_is_all_there(depot: Depot) -> None:
    """What is read is what is written, commune by commune: nothing falls between 75101 and 75056."""
    lignes = logements(60)
    for i, ligne in enumerate(lignes):
        ligne["DEPCOM"] = ("75101", "75120", "69381", "13201", "75056", "21231")[i % 6]
    depot.drop("rpls/2022/rpls.csv", table(*lignes))
    depot.load("rpls")
    lus = depot.rows("SELECT code_commune, count(*) FROM sources.rpls_logements GROUP BY 1 ORDER BY 1")
    assert lus == [("13201", 10), ("21231", 10), ("69381", 10), ("75056", 10), ("75101", 10), ("75120", 10)]


def test_3_each_source_keeps_the_communes_of_its_year(depot: Depot) -> None:
    """Readers do not translate codes; the passage table is read whole for the models that do."""
    depot.drop("rpls/2016/rpls.csv", table(*logements(20, DEPCOM="21213")))
    depot.drop(
        "geo/table_passage_com_historique_cog2025.csv", "DEPCOM_HIST,DEPCOM\n21213,21452\n30094,30329\n"
    )
    depot.load("rpls")
    depot.load("geographie")
    assert depot.one("SELECT code_commune FROM sources.rpls_logements ORDER BY _ligne LIMIT 1") == "21213"
    assert depot.rows(
        "SELECT code_commune_historique, code_commune, millesime FROM sources.geo_passage ORDER BY 1"
    ) == [
        ("21213", "21452", 2025),
        ("30094", "30329", 2025),
    ]


@pytest.mark.parametrize(
    ("encodage", "prefixe"),
    [("utf-8", b""), ("utf-8", b"\xef\xbb\xbf"), ("latin-1", b""), ("cp1252", b""), ("utf-16", b"")],
)
def test_4_encodings(depot: Depot, encodage: str, prefixe: bytes) -> None:
    texte = table(*attributions(30, bailleur_nom="Châlons Hœnheim" if encodage != "latin-1" else "Châlons"))
    depot.drop("sne/2021/attributions.csv", prefixe + texte.encode(encodage))
    depot.load("sne")
    (compte,) = depot.comptes["sne"]
    assert compte.lignes_gardees == 30
    noms = {
        str(n) for (n,) in depot.rows("SELECT bailleur_nom FROM sources.sne_attributions WHERE _ligne = 2")
    }
    assert noms <= {"Châlons Hœnheim", "Châlons"}


def test_4_mixed_in_one_file_and_decoded_twice(depot: Depot) -> None:
    lignes = table(*attributions(30)).encode().split(b"\n")
    lignes[1] = lignes[1].replace(b"OPAC de l'exemple", "Ch\u00e2lons".encode("latin-1"))
    lignes[2] = lignes[2].replace(b"OPAC de l'exemple", "Châlons".encode())
    lignes[3] = lignes[3].replace(b"OPAC de l'exemple", "Châlons".encode().decode("cp1252").encode())
    assert "ChÃ¢lons".encode() in lignes[3]
    depot.drop("sne/2021/attributions.csv", b"\n".join(lignes))
    depot.load("sne")
    assert (
        depot.rows("SELECT bailleur_nom FROM sources.sne_attributions WHERE _ligne <= 4 ORDER BY _ligne")
        == [("Châlons",)] * 3
    )


def test_5_numbers_as_people_print_them(depot: Depot) -> None:
    lignes = logements(60)
    for i, texte in enumerate(
        ["365,74", "365.74", "1 365,74", "1\u00a0365,74", "1\u202f365,74 €", "365,74€"]
    ):
        lignes[i]["LOYERPRINC"] = texte
    depot.drop("rpls/2022/rpls.csv", table(*lignes))
    depot.drop(
        "referentiels/seuils_2020.csv",
        "Code département,Département,Nom de l'EPCI,SIRET de l'EPCI,Valeur du seuil\n"
        '01,Ain,CA,200071751,"8 861 €"\n',
    )
    depot.drop(
        "sne/2024/drihl.csv",
        "code_insee,nom,niveau_geo,annee,demandes_choix1,attributions,part_anciennete_5ans_plus\n"
        '75101,Paris 1er,commune,2024,"2 414",31,"0,3012"\n',
    )
    depot.load("rpls")
    depot.load("referentiels")
    depot.load("sne")
    assert depot.rows(
        "SELECT loyer_principal::DOUBLE FROM sources.rpls_logements ORDER BY _ligne LIMIT 6"
    ) == [
        (365.74,),
        (365.74,),
        (1365.74,),
        (1365.74,),
        (1365.74,),
        (365.74,),
    ]
    assert depot.one("SELECT seuil::INTEGER FROM sources.ref_seuils_q1") == 8861
    assert depot.rows("SELECT mesure, valeur::DOUBLE FROM sources.sne_agregats ORDER BY 1") == [
        ("attributions", 31.0),
        ("demandes_choix1", 2414.0),
        ("part_anciennete_5ans_plus", 0.3012),
    ]


def test_6_null_tokens_depend_on_the_column(depot: Depot) -> None:
    nuls = {
        "DEPCOM": "99999",
        "NBPIECE": "0",
        "SURFHAB": "Non conforme",
        "CONSTRUCT": "Non renseigné",
        "LOYERPRINC": "9999,00",
        "DPEDATE": "01/1900",
        "DPEENERGIE": "9",
        "FINAN": "NC",
        "CONTRESLOG": "0",
        "QPV": "0",
    }
    lignes = logements(60, **nuls | {"DEPCOM": "71076"})
    lignes[1]["DEPCOM"] = nuls["DEPCOM"]
    depot.drop("rpls/2022/rpls.csv", table(*lignes))
    depot.drop(
        "sne/2021/demandes.csv", table(*demandes(30, ressources_mensuelles="0", nb_moins_14="0", rfr="0"))
    )
    depot.load("rpls")
    depot.load("sne")
    colonnes = (
        "nb_pieces, surface_habitable, annee_construction, loyer_principal, date_dpe, "
        "dpe_energie, financement, contingent, qpv_declare"
    )
    assert depot.rows(f"SELECT {colonnes} FROM sources.rpls_logements WHERE _ligne = 2") == [(None,) * 9]
    # Zero income is a legitimate value: it is not "not filled in".
    assert depot.one("SELECT ressources_mensuelles::INTEGER FROM sources.sne_demandes WHERE _ligne = 2") == 0
    # A dwelling without its commune can be counted nowhere.
    assert depot.rows("SELECT _ligne, colonne, regle, portee FROM quarantaine.rpls_logements") == [
        (3, "code_commune", "obligatoire", "ligne")
    ]


def test_7_secrecy_is_a_status(depot: Depot) -> None:
    depot.drop(
        "filosofi/2021/cc_filosofi_2021_COM.csv",
        "CODGEO;NBMENFISC21;MED21;TP6021;PIMP21;D121\n01001;346;25820;s;ns;nd\n01002;115;24480;so;;12,5\n",
    )
    depot.drop(
        "filosofi/2023/DS_FILOSOFI_CC_2023_data.csv",
        "GEO;GEO_OBJECT;FILOSOFI_MEASURE;UNIT_MEASURE;TIME_PERIOD;CONF_STATUS;OBS_VALUE\n"
        "01001;COM;MED_SL;EUR_YR;2023;F;26000\n01001;COM;PR_MD60;PT;2023;C;\n200000172;EPCI;MED_SL;EUR_YR;2023;F;\n",
    )
    depot.load("filosofi")
    assert depot.rows(
        "SELECT code, mesure, valeur::DOUBLE, statut FROM sources.filosofi WHERE millesime = 2021 "
        "AND mesure NOT IN ('nb_menages', 'revenu_median') ORDER BY code, mesure"
    ) == [
        ("01001", "part_menages_imposes", None, "non_significatif"),
        ("01001", "revenu_d1", None, "non_disponible"),
        ("01001", "taux_pauvrete", None, "secret"),
        ("01002", "part_menages_imposes", None, "non_disponible"),
        ("01002", "revenu_d1", 12.5, "publie"),
        ("01002", "taux_pauvrete", None, "sans_objet"),
    ]
    assert depot.rows(
        "SELECT niveau, code, mesure, valeur::DOUBLE, statut FROM sources.filosofi "
        "WHERE millesime = 2023 ORDER BY _ligne"
    ) == [
        ("commune", "01001", "revenu_median", 26000.0, "publie"),
        ("commune", "01001", "taux_pauvrete", None, "secret"),
        ("epci", "200000172", "revenu_median", None, "non_disponible"),
    ]


def test_8_spreadsheet_damage(depot: Depot) -> None:
    """Damage in a text stays text; a number in scientific notation is a number; nothing is guessed."""
    lignes = logements(40)
    lignes[0] |= {"CODSEGPATRIM": "7190-01-01", "LOYERPRINC": "1.1144e+003", "RS": "Pays de L\ufffdrins"}
    lignes[1] |= {"SIRET": '="90000710500010"', "DEPCOM": "71076.0"}
    depot.drop("rpls/2022/rpls.csv", table(*lignes).replace('="90000710500010"', '"=""90000710500010"""'))
    depot.load("rpls")
    assert depot.rows(
        "SELECT code_segment_patrimoine, loyer_principal::DOUBLE, nom_bailleur FROM sources.rpls_logements "
        "WHERE _ligne = 2"
    ) == [("7190-01-01", 1114.4, "Pays de L\ufffdrins")]
    assert depot.rows("SELECT code_commune, siren_bailleur FROM sources.rpls_logements WHERE _ligne = 3") == [
        ("71076", "900007105")
    ]


@pytest.mark.parametrize(
    ("contenu", "attendu"),
    [
        (b"version https://git-lfs.github.com/spec/v1\noid sha256:4d7a\nsize 12345\n", "Git-LFS"),
        (b"<!DOCTYPE html><html><body>503 Service Unavailable</body></html>", "HTML"),
        (table(*attributions(1)).split("\n")[0].encode() + b"\n", "en-tête"),
        (table(*attributions(50)).encode()[:-300], "tronqu"),
        (b"PK\x03\x04 ceci n'est pas une archive\nni un tableau\n", "non reconnu"),
    ],
)
def test_9_what_is_not_data_stops_with_a_sentence(depot: Depot, contenu: bytes, attendu: str) -> None:
    depot.drop("sne/2021/attributions.csv", contenu)
    with pytest.raises(DonneesRefusees, match=r"sne/2021/attributions\.csv") as erreur:
        depot.read("sne")
    assert attendu in str(erreur.value)


@pytest.mark.parametrize(
    "nom", ["../attributions.csv", "/etc/attributions.csv", "a/../../b.csv", "..\\x.csv", "C:\\x.csv"]
)
def test_9_zip_that_leads_outside_is_refused(depot: Depot, nom: str) -> None:
    tampon = io.BytesIO()
    with zipfile.ZipFile(tampon, "w") as archive:
        archive.writestr(nom, table(*attributions(20)))
    depot.drop("sne/2021/attributions.zip", tampon.getvalue())
    with pytest.raises(DonneesRefusees, match="interdit"):
        depot.read("sne")
    assert not (depot.donnees.parent / "attributions.csv").exists()


def test_9_truncated_compressed_files(depot: Depot) -> None:
    entier = gzip.compress(table(*attributions(200)).encode())
    depot.drop("sne/2021/attributions.csv.gz", entier[: len(entier) // 2])
    with pytest.raises(DonneesRefusees, match="tronqué"):
        depot.read("sne")


def test_10_names_drift_by_year(depot: Depot) -> None:
    red = [{f"{c.lower()}_red": v for c, v in ligne.items()} for ligne in logements(20)]
    depot.drop("rpls/2018/rpls_red.csv", table(*red))
    depot.drop("filosofi/2017/qp15.csv", "codgeo;disp_med_a17;disp_tp60_a17\nQP071001;12000;45,5\n")
    depot.drop("filosofi/2021/qp15.csv", "CODGEO;DISP_MED_A21;DISP_TP60_A21\nQP071001;13000;44,5\n")
    depot.load("rpls")
    depot.load("filosofi")
    assert depot.one("SELECT count(*) FROM sources.rpls_logements WHERE qpv_declare AND mode = '1'") == 20
    assert depot.rows(
        "SELECT millesime, valeur::INTEGER, geographie, niveau FROM sources.filosofi "
        "WHERE mesure = 'revenu_median' ORDER BY 1"
    ) == [(2017, 12000, "qpv2015", "qpv"), (2021, 13000, "qpv2015", "qpv")]


def test_11_the_register_of_a_year_keeps_that_year(depot: Depot) -> None:
    """The register of N is the situation at 1 January N: pairing it with N-1 is the models' rule."""
    depot.drop("rpls/2022/rpls.csv", table(*logements(20, CONSTRUCT="2022")))
    depot.drop("rpls/2023/rpls.csv", table(*logements(20, CONSTRUCT="2024")))
    depot.load("rpls")
    assert depot.rows(
        "SELECT millesime, annee_construction FROM sources.rpls_logements WHERE _ligne = 2 ORDER BY 1"
    ) == [(2022, 2022), (2023, None)]
    assert depot.rows("SELECT regle, portee, valeur FROM quarantaine.rpls_logements") == [
        ("construction_apres_millesime", "cellule", "2024 | 2023")
    ]


def test_12_qpv_geography_and_vintages_of_income(depot: Depot) -> None:
    depot.drop(
        "filosofi/2021/filosofi_qpv.csv",
        "code,revenu_median,taux_pauvrete,gini,s80s20,annee,nom_qp,insee_com\n"
        "QP001001,13748.0,34.9,,,2020,Grande Reyssouze,01053\n"
        "QP001001,13900.0,34.0,0.2,3.1,2021,Grande Reyssouze,01053\n",
    )
    depot.load("filosofi")
    assert depot.rows(
        "SELECT millesime, geographie, concept, valeur::INTEGER FROM sources.filosofi "
        "WHERE mesure = 'revenu_median' ORDER BY 1"
    ) == [(2020, "qpv2015", "disponible", 13748), (2021, "qpv2015", "disponible", 13900)]


def test_13_requests_income_and_dwellings_without_number(depot: Depot) -> None:
    """Choices stay apart, a yearly income is pointed at, an allocation may have no dwelling number."""
    depot.drop(
        "sne/2021/demandes.csv",
        table(
            *demandes(
                30, commune_choix1="71076", commune_choix2="71270", ressources_mensuelles="14400", rfr="14400"
            )
        ),
    )
    depot.drop("sne/2021/attributions.csv", table(*attributions(30, num_rpls="")))
    depot.load("sne")
    assert depot.rows("SELECT commune_choix1, commune_choix2 FROM sources.sne_demandes WHERE _ligne = 2") == [
        ("71076", "71270")
    ]
    alertes = dict(depot.rows("SELECT regle, nombre FROM meta.avertissements WHERE source = 'sne'"))
    assert alertes["ressources_probablement_annuelles"] == 1
    assert alertes["logement_non_identifie"] == 1
    assert depot.one("SELECT count(*) FROM sources.sne_attributions") == 30


def test_14_the_qpv_flag_is_one_or_two(depot: Depot) -> None:
    lignes = logements(40)
    for i, ligne in enumerate(lignes):
        ligne["QPV"] = ("1", "2", "0", "")[i % 4]
    depot.drop("rpls/2022/rpls.csv", table(*lignes))
    depot.load("rpls")
    assert depot.rows(
        "SELECT qpv_declare, count(*) FROM sources.rpls_logements GROUP BY 1 ORDER BY 1 NULLS LAST"
    ) == [
        (False, 10),
        (True, 10),
        (None, 20),
    ]


def test_15_the_same_row_twice_and_files_that_replace_one_another(depot: Depot) -> None:
    lignes = logements(100)
    depot.drop("rpls/2022/rpls_a_20221001.csv", table(*lignes, lignes[3]))
    plus_tard = [ligne | {"LOYERPRINC": "400,00"} for ligne in lignes[:40]]
    depot.drop("rpls/2022/rpls_b_20221101.csv", table(*plus_tard))
    depot.load("rpls")
    assert depot.rows(
        "SELECT fichier, lignes_lues, lignes_gardees, lignes_fusionnees, lignes_quarantaine, lignes_doublons "
        "FROM meta.verrou ORDER BY 1"
    ) == [
        ("rpls/2022/rpls_a_20221001.csv", 101, 60, 40, 0, 1),
        ("rpls/2022/rpls_b_20221101.csv", 40, 40, 0, 0, 0),
    ]
    assert depot.one("SELECT count(*) FROM sources.rpls_logements") == 100
    assert depot.one("SELECT count(DISTINCT ident_rep) FROM sources.rpls_logements") == 100
    assert depot.one("SELECT count(*) FROM sources.rpls_logements WHERE loyer_principal = 400") == 40
