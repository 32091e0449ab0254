"""The layouts that producers publish, in miniature, by the path of their real address."""

import io
from collections.abc import Sequence

import xlsxwriter

from .conftest import archive

CC = "CODGEO;NBMENFISC21;NBPERSMENFISC21;MED21;PIMP21;TP6021;D121;D921;RD21\n21231;70000;150000;22720;59,0;17;11810;41350;3,5\n"
DISTRIBUTION = (
    "CODGEO;LIBGEO;NBMEN21;NBPERS21;NBUC21;Q121;Q221;Q321;Q3_Q1;D121;D921;RD;S80S2021;GI21;PACT21\n"
    "21231;Dijon;70000;150000;101000,5;16000;22720;30210;0,63;11810;41350;3,5;4,6;0,3;68,2\n"
    "21001;Agencourt;160;420;250,1;s;24000;s;s;s;s;s;s;s;s\n"
)
SDMX = (
    '"FILOSOFI_MEASURE";"GEO";"GEO_OBJECT";"UNIT_MEASURE";"CONF_STATUS";"OBS_STATUS";"UNIT_MULT";"TIME_PERIOD";"OBS_VALUE"\n'
    + "".join(
        f'"{mesure}";"{code}";"{niveau}";"EUR_YR";"F";"A";"0";"2023";"{valeur}"\n'
        for mesure, valeur in (
            ("MED_SL", "23080"),
            ("D2_SL", "14000"),
            ("IQR_SL", "0.6"),
            ("S80S20_SL", "4.2"),
        )
        for niveau, code in (
            *(("COM", "21231"), ("ARM", "75101"), ("EPCI", "242100410"), ("DEP", "21"), ("REG", "27")),
            *(("FRANCE", "FM"), ("ARR", "211"), ("UU2020", "21501"), ("AAV2020", "017"), ("ZE2020", "2702")),
            *(("BV2022", "21231"), ("OTHER", "X1")),
        )
    )
)
METADATA = '"COD_VAR";"LIB_VAR";"COD_MOD";"LIB_MOD"\n"GEO_OBJECT";"Niveau";"COM";"Commune"\n'
IRIS_DISP = "IRIS;DISP_TP6021;DISP_Q121;DISP_MED21;DISP_Q321\n212310101;12,0;18000;23000;30000\n212310102;ns;ns;ns;ns\n"
IRIS_DEC = IRIS_DISP.replace("DISP_", "DEC_")
QPV = "CODGEO;LIBGEO;DISP_MED_A21;DISP_TP60_A21;DISP_D1_A21;DISP_D9_A21;DISP_RD_A21\nQP021001;Grésilles;14500;42,1;9000;22000;2,4\n"
CARREAUX = "idcar_200m,lcog_geo,ind,men,men_pauv,ind_snv,log_soc\nCRS3035RES200mN2029800E4252400,21231,120,60,12,2500000.5,30\n"
RPLS_INSEE = (
    "CodGeo;LibGeo;DepCom;LibCom;nbLsPls;nbLsMes;txVac;txVac3m;txRot;moyLoy;q1Loy;medLoy;q3Loy\n"
    "212310101;Centre;21231;Dijon;315;;;;8,1;5,57;4,2;4,73;6,72\n"
)
RPLS_COM = "CodGeo;LibGeo;nbLsPls;txVac;txVac3m;txRot;moyLoy\n21231;Dijon;12345;2,1;0,9;8,1;5,57\n"
COMMUNES = (
    '"TYPECOM","COM","REG","DEP","CTCD","ARR","TNCC","NCC","NCCENR","LIBELLE","CAN","COMPARENT"\n'
    '"COM","21231","27","21","21D","212","0","DIJON","Dijon","Dijon","2199",""\n'
    '"COMD","21452","","","","","0","X","X","Ancienne","","21231"\n'
    '"ARM","75101","11","75","","751","0","PARIS 1","Paris 1","Paris 1er Arrondissement","","75056"\n'
)
ZONAGE = (
    "CODGEO;DEP;LIBGEO;Zonage ABC en vigueur depuis le 26 juin 2026\n21231;21;Dijon;B1\n75056;75;Paris;Abis\n"
)
QPV_LISTE = (
    "\ufeffcode_qp;lib_qp;insee_reg;lib_reg;insee_dep;lib_dep;insee_com;lib_com;siren_epci;lib_epci;;\n"
    "QN02101M;Grésilles;27;BFC;21;Côte-d'Or;21231;Dijon;242100410;Dijon Métropole;;\n"
)
QPV_CONTOURS = (
    '{"type": "FeatureCollection", "features": [{"type": "Feature", "properties": {"code_qp": "QN02101M", "lib_qp": '
    '"Grésilles", "insee_com": "21231"}, "geometry": {"type": "Polygon", "coordinates": [[[5.05, 47.33], [5.06, 47.33], '
    "[5.06, 47.34], [5.05, 47.33]]]}}]}"
)

CONTOURS = QPV_CONTOURS.replace(
    '"code_qp": "QN02101M", "lib_qp": "Grésilles", "insee_com": "21231"',
    '"code": "21231", "nom": "Dijon", "departement": "21"',
)


def workbook(feuille: str, entete: int, lignes: Sequence[Sequence[str]]) -> bytes:
    """An Excel file whose header is on a row, under a title, after another sheet."""
    tampon = io.BytesIO()
    with xlsxwriter.Workbook(tampon, {"in_memory": True}) as classeur:
        autre = classeur.add_worksheet("Documentation")
        autre.write(0, 0, "Notice")
        page = classeur.add_worksheet(feuille)
        page.write(0, 0, "Titre de la publication")
        for i, ligne in enumerate(lignes):
            for j, cellule in enumerate(ligne):
                page.write(entete - 1 + i, j, cellule)
    return tampon.getvalue()


EPCI = workbook(
    "Composition_communale",
    6,
    [
        ("CODGEO", "LIBGEO", "EPCI", "LIBEPCI", "DEP", "REG"),
        ("21231", "Dijon", "242100410", "Dijon Métropole", "21", "27"),
        ("30007", "Alès", "200066918", "CA Alès Agglomération", "30", "76"),
    ],
)
PASSAGE = workbook(
    "Table de passage",
    6,
    [("CODGEO_INI", "CODGEO_2026", "LIBGEO_2026"), ("21452", "21231", "Dijon"), ("21231", "21231", "Dijon")],
)
DRIHL_LIBELLES = (
    *("Niveau géographique", "Code", "Nom"),
    "Nombre de demandes ciblant le territoire en choix 1 au 31/12/2024",
    "Nombre d'attributions en 2024",
    "Délai médian d'attribution (en mois)",
)
DRIHL = workbook("Ensemble", 3, [DRIHL_LIBELLES, ("Commune", "75101", "Paris 1er", "250", "12", "-")])

# Product and vintage -> what its address gives, and the announced type.
ZIP = "application/zip"
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
PUBLIES: dict[str, tuple[bytes, str]] = {
    "filosofi_communes 2021": (
        archive({"cc_filosofi_2021_COM.csv": CC.encode(), "meta_cc_filosofi_2021_COM.csv": b"x;y\n"}),
        ZIP,
    ),
    "filosofi_distribution 2021": (
        archive(
            {
                n: DISTRIBUTION.encode()
                for n in ("FILO2021_DISP_COM.csv", "FILO2021_DEC_COM.csv", "FILO2021_TRDECILES_DEC_COM.csv")
            }
        ),
        ZIP,
    ),
    "filosofi_iris 2021": (archive({"BASE_TD_FILO_IRIS_2021_DISP.csv": IRIS_DISP.encode()}), ZIP),
    "filosofi_iris_declare 2021": (archive({"BASE_TD_FILO_IRIS_2021_DEC.csv": IRIS_DEC.encode()}), ZIP),
    "filosofi_qpv 2021": (
        archive({f"{p}indic-revenu-disponible-qp15-2021_QP.csv": QPV.encode() for p in ("", "meta_")}),
        "application/x-zip-compressed",
    ),
    "filosofi_carreaux 2021": (
        archive({"carreaux_200m_met.csv": CARREAUX.encode(), "carreaux_200m_reun.csv": b"x"}),
        ZIP,
    ),
    "filosofi_2 2023": (
        archive(
            {
                "DS_FILOSOFI_CC_2023_data.csv": SDMX.encode(),
                "DS_FILOSOFI_CC_2023_metadata.csv": METADATA.encode(),
            }
        ),
        ZIP,
    ),
    "rpls_insee 2024": (
        archive({"data_RPLS2024_Iris.csv": RPLS_INSEE.encode(), "data_RPLS2024_COM.csv": RPLS_COM.encode()}),
        ZIP,
    ),
    "geo_communes 2026": (COMMUNES.encode(), "text/csv;charset=UTF-8"),
    "geo_epci 2026": (archive({"EPCI_au_01-01-2026.xlsx": EPCI}), ZIP),
    "geo_passage 2026": (archive({"table_passage_geo2003_geo2026.xlsx": PASSAGE}), ZIP),
    "geo_zonage_abc 2026": (ZONAGE.encode("cp1252"), "text/csv"),
    "geo_communes_contours 2025": (CONTOURS.encode(), "application/json"),
    "qpv_liste 2024": (QPV_LISTE.encode(), "text/csv"),
    "qpv_contours 2024": (QPV_CONTOURS.encode(), "application/geo+json"),
    "sne_drihl 2024": (DRIHL, XLSX),
}
