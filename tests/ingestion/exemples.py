"""Small well-formed rows of each canonical layout, to be damaged by the tests."""

from collections.abc import Mapping

ATTRIBUTION = {
    "numero_unique": "071051900010002144",
    "date_premier_depot": "2019-05-31",
    "date_decision": "2020-12-06",
    "rang": "1",
    "issue": "attribue",
    "date_signature_bail": "2021-01-04",
    "date_entree": "2021-01-10",
    "bailleur_siren": "900007105",
    "bailleur_nom": "OPAC de l'exemple",
    "reservataire": "2",
    "num_rpls": "7101005581",
    "residence": "Les Ormes",
    "code_commune_logement": "71076",
    "qpv_declare": "oui",
    "code_qpv": "QP071001",
    "typologie": "T5",
    "financement": "PLUS",
    "surface": "101.00",
    "loyer": "469.70",
    "neuf": "non",
    "ressources_mensuelles": "1210.00",
    "nb_uc": "1.90",
    "nb_personnes": "4",
    "nb_moins_14": "3",
    "rfr": "11081",
    "pct_plafond_plus": "22.98",
    "composition": "monoparental",
    "nb_enfants": "3",
    "age": "26",
    "situation_pro": "aah",
    "situation_logement": "heberge",
    "code_commune_origine": "71270",
    "mutation": "non",
    "bailleur_origine_siren": "",
    "dalo": "non",
    "pdalhpd": "non",
    "priorite_l441_1": "1,5",
    "relogement": "",
    "travailleur_essentiel": "non",
}
_MENAGE = list(ATTRIBUTION)[list(ATTRIBUTION).index("ressources_mensuelles") :]
DEMANDE = {
    "numero_unique": "071022000010000000",
    "date_premier_depot": "2020-02-01",
    "date_renouvellement": "2021-01-31",
    "statut": "radiee",
    "date_radiation": "2021-04-14",
    "motif_radiation": "attribution",
    "commune_choix1": "71215",
    "commune_choix2": "",
    "commune_choix3": "",
    "typologie_souhaitee": "T2",
    "residence_origine": "",
    "num_rpls_origine": "",
    "cotation": "12.5",
    "guichet": "Mairie",
    **{c: ATTRIBUTION[c] for c in _MENAGE},
}
OPS = {
    "millesime": "2020",
    "bailleur_siren": "900007105",
    "niveau": "commune",
    "code": "71076",
    "zone": "QPV",
    "population": "ENSEMBLE",
    "theme": "composition",
    "modalite": "isole",
    "effectif": "664",
    "base": "1873",
    "nb_logements_enquetes": "2520",
    "nb_menages_repondants": "1873",
    "statut": "",
}
# The restricted register: only the columns that are read, plus two that are not.
RPLS = {
    "IDENT_REP": "7101008043",
    "DROIT": "1",
    "DEPCOM": "71076",
    "LIBCOM": "CHALON-SUR-SAONE",
    "NOMVOIE": "DES LILAS",
    "QPV": "1",
    "TYPECONST": "C",
    "NBPIECE": "3",
    "SURFHAB": "74",
    "CONSTRUCT": "1973",
    "LOCAT": "1973",
    "PATRIMOINE": "1973",
    "ORIGINE": "1",
    "FINAN": "52",
    "FINANAUTRE": "",
    "CONV": "1",
    "SORTIEPATRIM": "",
    "NEWLOGT": "",
    "MODE": "1",
    "BAIL": "10/2021",
    "REMLOCDATE": "",
    "MODESURF": "2",
    "SURFMODE": "76,22",
    "LOYERPRINC": "365,74",
    "LOYERACC": "",
    "LOYERMAXAPL": "405,97",
    "DPEDATE": "10/2010",
    "DPEENERGIE": "D",
    "DPESERRE": "E",
    "CONTRESLOG": "6",
    "PMR": "1",
    "CODSEGPATRIM": "STADE",
    "SIRET": "90000710500010",
    "RS": "OPAC Saône-et-Loire",
}


def table(*lignes: Mapping[str, str], separateur: str = ";") -> str:
    """CSV text of rows that share their columns."""
    colonnes = list(lignes[0])
    corps = [separateur.join(ligne[c] for c in colonnes) for ligne in lignes]
    return "\n".join([separateur.join(colonnes), *corps]) + "\n"


def attributions(nombre: int, **valeurs: str) -> list[dict[str, str]]:
    """That many well-formed allocations of different persons, with these values in the first one."""
    lignes = [ATTRIBUTION | {"numero_unique": f"0710519000100{i:05d}"} for i in range(nombre)]
    lignes[0] |= valeurs
    return lignes


def demandes(nombre: int, **valeurs: str) -> list[dict[str, str]]:
    """That many well-formed requests, with these values in the first one."""
    lignes = [DEMANDE | {"numero_unique": f"0710220000100{i:05d}"} for i in range(nombre)]
    lignes[0] |= valeurs
    return lignes


def logements(nombre: int, **valeurs: str) -> list[dict[str, str]]:
    """That many well-formed dwellings of the restricted register, with these values in the first one."""
    lignes = [RPLS | {"IDENT_REP": f"71010{i:05d}"} for i in range(nombre)]
    lignes[0] |= valeurs
    return lignes


def occupations(nombre: int, **valeurs: str) -> list[dict[str, str]]:
    """That many well-formed OPS rows, with these values in the first one."""
    lignes = [OPS | {"code": f"71{i:03d}"} for i in range(nombre)]
    lignes[0] |= valeurs
    return lignes
