"""Deterministic inputs at national size, for the measures of this folder; never committed.

    python benchmarks/generer.py DOSSIER [--echelle 0.1]

The register of dwellings has the 73 columns of the 2025 layout; requests and allocations have the canonical
layouts. Rows come from arithmetic on their number: the same command writes the same bytes.

The country is made of intercommunalities of unequal sizes (the first holds a few percent of the stock), each
with its own communes, landlords, residences and, for the larger ones, priority neighbourhoods: the number of
figures of a warehouse depends on how many of these meet in one territory, not on the rows alone.
"""

import argparse
from pathlib import Path

import duckdb

LOGEMENTS = 5_400_000
DEMANDES = 2_800_000
ATTRIBUTIONS = 480_000
EPCI = 1250
COMMUNES_PAR_EPCI = 30
BAILLEURS_PAR_EPCI = 8
RESIDENCES_PAR_EPCI = 100
PART_EPCI_AVEC_QPV = 0.32
QPV_PAR_EPCI = 3
DEPARTEMENTS = 94

Colonnes = dict[str, tuple[dict[str, str], int]]

# Column -> SQL of its text, from the row number `i`; `a`, `b`, `c` are scrambled numbers of the row, `e` the
# number of its intercommunality, `q` whether that one has priority neighbourhoods.
_DEP = f"lpad((1 + e % {DEPARTEMENTS})::VARCHAR, 2, '0')"


def _commune(x: str) -> str:
    """One of the communes of the row's intercommunality."""
    rang = f"1 + (e // {DEPARTEMENTS}) * {COMMUNES_PAR_EPCI} + {x} % {COMMUNES_PAR_EPCI}"
    return f"{_DEP} || lpad(({rang})::VARCHAR, 3, '0')"


_COM = _commune("b")
_EN_QPV = "q AND a % 10 < 4"
_NUMERO_QPV = f"1 + (e // {DEPARTEMENTS}) * {QPV_PAR_EPCI} + b % {QPV_PAR_EPCI}"
_QP24 = f"CASE WHEN {_EN_QPV} THEN 'QN' || {_DEP} || lpad(({_NUMERO_QPV})::VARCHAR, 3, '0') || 'M' END"
_QP15 = f"CASE WHEN {_EN_QPV} THEN 'QP0' || {_DEP} || lpad(({_NUMERO_QPV})::VARCHAR, 3, '0') END"
_BAILLEUR = f"(300000000 + (e * 7 + c % {BAILLEURS_PAR_EPCI}) % 600)"
_RESIDENCE = f"'Résidence ' || (e * {RESIDENCES_PAR_EPCI} + b % {RESIDENCES_PAR_EPCI})"
_NUM_RPLS = f"{_DEP} || lpad(i::VARCHAR, 8, '0')"
_RPLS = {
    "REG_CODE": "lpad((11 + a % 80)::VARCHAR, 2, '0')",
    "REG_LIBELLE": "'Région ' || (11 + a % 80)",
    "DEP_CODE": _DEP,
    "DEP_LIBELLE": f"'DÉPARTEMENT ' || {_DEP}",
    "EPCI_CODE": "(200000000 + e)::VARCHAR",
    "EPCI_LIBELLE": "'Communauté d''agglomération ' || e",
    "DROIT_CODE": "(1 + c % 5)::VARCHAR",
    "DROIT_LIBELLE": "'Pleine propriété'",
    "DEPCOM": _COM,
    "CODEPOSTAL": f"{_DEP} || '000'",
    "LIBCOM": "'Commune ' || (b % 400)",
    "NUMVOIE": "(1 + b % 300)::VARCHAR",
    "INDREP": "''",
    "TYPVOIE": "CASE c % 3 WHEN 0 THEN 'RUE' WHEN 1 THEN 'AVENUE' ELSE 'ALLEE' END",
    "NOMVOIE": "'DES LILAS BLANCS ' || (c % 5000)",
    "NUMAPPT": "(b % 900)::VARCHAR",
    "NUMBOITE": "''",
    "ESC": "CASE WHEN c % 4 = 0 THEN 'A' ELSE '' END",
    "COULOIR": "''",
    "ETAGE": "(c % 9)::VARCHAR",
    "COMPLIDENT": "CASE WHEN b % 3 = 0 THEN 'BAT ' || (b % 40) || ' ESC 01' ELSE '' END",
    "ENTREE": "''",
    "BAT": "CASE WHEN b % 2 = 0 THEN 'BATIMENT ' || (b % 20) ELSE '' END",
    "IMMEU": "(a % 90000)::VARCHAR",
    "COMPLGEO": "'RESIDENCE ' || (a % 30000)",
    "LIEUDIT": "''",
    "QPV_CODE": f"CASE WHEN {_EN_QPV} THEN '1' ELSE '2' END",
    "QPV_LIBELLE": f"CASE WHEN {_EN_QPV} THEN 'Logement en QPV' ELSE 'Logement hors QPV' END",
    "TYPECONST_CODE": "CASE WHEN c % 8 = 0 THEN 'I' ELSE 'C' END",
    "TYPECONST_LIBELLE": "CASE WHEN c % 8 = 0 THEN 'Individuel' ELSE 'Collectif' END",
    "NBPIECE": "(1 + c % 6)::VARCHAR",
    "SURFHAB": "(18 * (1 + c % 6) + b % 17)::VARCHAR",
    "CONSTRUCT": "(1950 + a % 70)::VARCHAR",
    "LOCAT": "(1950 + a % 70 + c % 3)::VARCHAR",
    "PATRIMOINE": "(1950 + a % 70 + c % 5)::VARCHAR",
    "ORIGINE": "(1 + c % 4)::VARCHAR",
    "FINAN_CODE": "list_value('10', '11', '12', '13', '14', '51', '52', '55')[1 + a % 8]",
    "FINAN_LIBELLE": "'Financement ' || (a % 8)",
    "FINANAUTRE": "''",
    "CONV": "CASE WHEN c % 20 = 0 THEN '2' ELSE '1' END",
    "NUMCONV": "'0' || (a % 9) || '/19' || (80 + b % 19) || '/03/79444/1/006015/' || (c % 999)",
    "DATCONV": "(10 + b % 18) || '/' || (10 + c % 3) || '/19' || (80 + b % 19)",
    "NEWLOGT_CODE": "''",
    "NEWLOGT_LIBELLE": "''",
    "CUS": "CASE WHEN c % 4 = 0 THEN '13' ELSE '' END",
    "DPEDATE": "CASE WHEN c % 7 = 0 THEN '01/1900' ELSE '0' || (1 + c % 9) || '/' || (2006 + b % 17) END",
    "DPEENERGIE": "CASE WHEN c % 7 = 0 THEN '' ELSE chr(65 + (b % 7)::INTEGER) END",
    "DPESERRE": "CASE WHEN c % 7 = 0 THEN '' ELSE chr(65 + (a % 7)::INTEGER) END",
    "SRU_EXPIR": "CASE WHEN c % 5 = 0 THEN (2017 + b % 40)::VARCHAR ELSE '' END",
    "SRU_ALINEA": "(1 + c % 2)::VARCHAR",
    "CODSEGPATRIM": f"'S' || (e * {RESIDENCES_PAR_EPCI} + b % {RESIDENCES_PAR_EPCI})",
    "LIBSEGPATRIM": _RESIDENCE,
    "PMR_CODE": "(1 + c % 3)::VARCHAR",
    "PMR_LIBELLE": "'Accessible'",
    "EPSG": "'2154'",
    "X": "(200000 + (b % 9000000) / 10)::VARCHAR",
    "Y": "(6200000 + (c % 9000000) / 10)::VARCHAR",
    "PLG_QP24": _QP24,
    "PLG_QP15": _QP15,
    "PLG_IRIS2024_CODE": f"{_COM} || lpad((c % 20)::VARCHAR, 4, '0')",
    "PLG_ZUS": "''",
    "PLG_QVA": "''",
    "QUALITE_XY": "(1 + c % 3)::VARCHAR",
    "QUALITE_QP24": "(1 + c % 3)::VARCHAR",
    "QUALITE_QP15": "(1 + c % 3)::VARCHAR",
    "QUALITE_IRIS": "(1 + c % 3)::VARCHAR",
    "QUALITE_ZUS": "'1'",
    "QUALITE_QVA": "'1'",
    "DISTANCE_PRECISION": "(b % 100)::VARCHAR",
    "COMAQP": "'1'",
    "UU2020": "lpad((a % 99999)::VARCHAR, 5, '0')",
    "AAV2020": "lpad((a % 999)::VARCHAR, 3, '0')",
    "ZE2020": "lpad((a % 9999)::VARCHAR, 4, '0')",
}
# What the restricted file holds more than the open one.
_RPLS_LOI = {
    "IDENT_REP": _NUM_RPLS,
    **{colonne: sql for colonne, sql in _RPLS.items() if not colonne.startswith("PLG_IRIS")},
    "PLG_IRIS2022_CODE": f"{_COM} || lpad((c % 20)::VARCHAR, 4, '0')",
    "MODE": "CASE WHEN c % 30 = 0 THEN '2' WHEN c % 31 = 0 THEN '3' ELSE '1' END",
    "BAIL": "CASE WHEN c % 30 > 0 AND c % 31 > 0 "
    "THEN lpad((1 + b % 12)::VARCHAR, 2, '0') || '/' || (2021 - a % 20) END",
    "REMLOCDATE": "CASE WHEN c % 30 = 0 THEN lpad((1 + b % 12)::VARCHAR, 2, '0') || '/2021' END",
    "LOYERPRINC": "(200 + b % 700)::VARCHAR || '.50'",
    "LOYERACC": "CASE WHEN c % 3 = 0 THEN (5 + b % 40)::VARCHAR || '.00' END",
    "MODESURF": "'1'",
    "SURFMODE": "(18 * (1 + c % 6) + b % 17)::VARCHAR || '.00'",
    "LOYERMAXAPL": "(250 + b % 700)::VARCHAR || '.00'",
    "CONTRESLOG": "(1 + b % 7)::VARCHAR",
    "SORTIEPATRIM": "''",
    "RS": f"'Bailleur ' || {_BAILLEUR}",
    "SIRET": f"{_BAILLEUR} || '00011'",
}
_MENAGE = {
    "ressources_mensuelles": "CASE WHEN c % 17 = 0 THEN '' ELSE (400 + b % 3600)::VARCHAR || '.00' END",
    "nb_uc": "list_value('1.00', '1.50', '1.80', '2.10')[1 + c % 4]",
    "nb_personnes": "(1 + c % 5)::VARCHAR",
    "nb_moins_14": "((c % 5) // 2)::VARCHAR",
    "rfr": "(4800 + b % 40000)::VARCHAR",
    "pct_plafond_plus": "(b % 160)::VARCHAR || '.5'",
    "composition": "list_value('isole', 'couple', 'couple_enfants', 'monoparental', 'autre')[1 + c % 5]",
    "nb_enfants": "(c % 4)::VARCHAR",
    "age": "(18 + b % 70)::VARCHAR",
    "situation_pro": "list_value('cdi', 'cdd', 'retraite', 'chomage', 'rsa', 'aah')[1 + c % 6]",
    "situation_logement": "list_value('locataire_hlm', 'heberge', 'locataire_prive')[1 + a % 3]",
    "code_commune_origine": _commune("c"),
    "mutation": "CASE WHEN a % 3 = 0 THEN 'oui' ELSE 'non' END",
    "bailleur_origine_siren": f"CASE WHEN a % 3 = 0 THEN {_BAILLEUR}::VARCHAR ELSE '' END",
    "dalo": "CASE WHEN b % 40 = 0 THEN 'oui' ELSE 'non' END",
    "pdalhpd": "CASE WHEN c % 25 = 0 THEN 'oui' ELSE 'non' END",
    "priorite_l441_1": "CASE b % 9 WHEN 0 THEN '1,5' WHEN 1 THEN '3' ELSE '' END",
    "relogement": "CASE WHEN b % 90 = 0 THEN 'npnru' ELSE '' END",
    "travailleur_essentiel": "CASE WHEN b % 8 = 0 THEN 'oui' ELSE 'non' END",
}
_DEPOT = "(DATE '2015-01-01' + (b % 2500)::INTEGER)"
_DECISION = "(DATE '2021-01-01' + (b % 340)::INTEGER)"
_PRONONCEE = "(c // 3) % 5 < 3"
_DEMANDES = {
    "numero_unique": f"'0' || {_DEP} || lpad(i::VARCHAR, 15, '0')",
    "date_premier_depot": f"{_DEPOT}::VARCHAR",
    "date_renouvellement": f"({_DEPOT} + 365)::VARCHAR",
    "statut": "CASE WHEN c % 3 = 0 THEN 'radiee' ELSE 'active' END",
    "date_radiation": f"CASE WHEN c % 3 = 0 THEN ({_DEPOT} + 400)::VARCHAR ELSE '' END",
    "motif_radiation": "CASE WHEN c % 3 = 0 THEN 'attribution' ELSE '' END",
    "commune_choix1": _commune("b"),
    "commune_choix2": _commune("c"),
    "commune_choix3": "''",
    "typologie_souhaitee": "'T' || (1 + c % 6)",
    "residence_origine": "''",
    "num_rpls_origine": "''",
    "cotation": "(b % 100)::VARCHAR",
    "guichet": "'Guichet ' || (a % 900)",
    **_MENAGE,
}
_ATTRIBUTIONS = {
    "numero_unique": f"'0' || {_DEP} || lpad(i::VARCHAR, 15, '0')",
    "date_premier_depot": f"({_DECISION} - (c % 1500)::INTEGER)::VARCHAR",
    "date_decision": f"{_DECISION}::VARCHAR",
    "rang": "'1'",
    "issue": f"CASE WHEN {_PRONONCEE} THEN 'attribue' ELSE list_value('refus', 'desistement')[1 + c % 2] END",
    "date_signature_bail": f"CASE WHEN {_PRONONCEE} THEN ({_DECISION} + 14)::VARCHAR ELSE '' END",
    "date_entree": f"CASE WHEN {_PRONONCEE} THEN ({_DECISION} + 21)::VARCHAR ELSE '' END",
    "bailleur_siren": f"{_BAILLEUR}::VARCHAR",
    "bailleur_nom": f"'Bailleur ' || {_BAILLEUR}",
    "reservataire": "(1 + b % 7)::VARCHAR",
    "num_rpls": _NUM_RPLS,
    "residence": _RESIDENCE,
    "code_commune_logement": _commune("b"),
    "qpv_declare": f"CASE WHEN {_EN_QPV} THEN 'oui' ELSE 'non' END",
    "code_qpv": "''",
    "typologie": "'T' || (1 + c % 6)",
    "financement": "list_value('PLAI', 'PLUS', 'PLS')[1 + b % 3]",
    "surface": "(18 * (1 + c % 6) + b % 17)::VARCHAR || '.00'",
    "loyer": "(200 + b % 700)::VARCHAR || '.50'",
    "neuf": "'non'",
    **_MENAGE,
}
_MEMBRES = {
    "epci_siren": "(200000000 + e)::VARCHAR",
    "epci_nom": "'Communauté d''agglomération ' || e",
    "code_commune": _commune("rang"),
    "nom_commune": "'Commune ' || e || '-' || rang",
    "population": "(500 + 40 * rang)::VARCHAR",
}
_SEUILS = {
    "annee": "'2021'",
    "portee": "'epci'",
    "code": "(200000000 + e)::VARCHAR",
    "seuil": "(7000 + (e * 37) % 3000)::VARCHAR",
}
FICHIERS = {
    "rpls/2025/rpls_2025.csv": (_RPLS, LOGEMENTS),
    "sne/2021/demandes.csv": (_DEMANDES, DEMANDES),
    "sne/2021/attributions.csv": (_ATTRIBUTIONS, ATTRIBUTIONS),
}
# What a whole warehouse is measured on: the restricted register, which pairs with the allocations of the year
# before.
FICHIERS_ENTREPOT = {
    "rpls/2022/rpls_loi_2022.csv": (_RPLS_LOI, LOGEMENTS),
    "sne/2021/demandes.csv": FICHIERS["sne/2021/demandes.csv"],
    "sne/2021/attributions.csv": FICHIERS["sne/2021/attributions.csv"],
}
# One row per member commune, or per intercommunality; as many at every scale (see `generate`).
_CADRE = {
    "geo/2021/epci_membres.csv": (_MEMBRES, COMMUNES_PAR_EPCI),
    "referentiels/seuils_q1.csv": (_SEUILS, 1),
}


def generate(dossier: Path, echelle: float, fichiers: Colonnes | None = None) -> dict[str, Path]:
    """Write the inputs, `echelle` times the national size; returns their paths.

    Fewer rows mean fewer intercommunalities of the same mean size: a growth curve then says what a larger
    country costs.
    """
    epci = max(1, round(EPCI * echelle))
    chemins = {}
    with duckdb.connect() as con:
        for nom, (colonnes, lignes) in (fichiers or FICHIERS).items():
            # Products by large primes scramble the row number; the remainders of each are independent
            # enough. The square makes the sizes unequal.
            brouillees = (
                "SELECT i, (i * 2654435761) % 4294967291 AS a, (i * 40503 + 12345) % 16777213 AS b, "
                f"(i * 69069 + 1) % 8388593 AS c FROM range({int(lignes * echelle)}) t(i)"
            )
            placees = f"SELECT *, floor({epci} * pow(a / 4294967291.0, 2))::BIGINT AS e FROM ({brouillees})"
            source = f"SELECT *, e < {PART_EPCI_AVEC_QPV * epci} AS q FROM ({placees})"
            chemins[nom] = _write(con, dossier / nom, colonnes, source)
    return chemins


def generate_warehouse_inputs(dossier: Path, echelle: float) -> dict[str, Path]:
    """Write what a whole warehouse is built from: register, requests, allocations, members and thresholds."""
    chemins = generate(dossier, echelle, FICHIERS_ENTREPOT)
    epci = max(1, round(EPCI * echelle))
    with duckdb.connect() as con:
        for nom, (colonnes, lignes) in _CADRE.items():
            source = f"SELECT e, rang FROM range({epci}) t(e), range({lignes}) u(rang)"
            chemins[nom] = _write(con, dossier / nom, colonnes, source)
    return chemins


def _write(con: duckdb.DuckDBPyConnection, chemin: Path, colonnes: dict[str, str], source: str) -> Path:
    chemin.parent.mkdir(parents=True, exist_ok=True)
    valeurs = ", ".join(f"nullif({sql}, '') AS {colonne}" for colonne, sql in colonnes.items())
    con.execute(
        f"COPY (SELECT {valeurs} FROM ({source})) TO '{chemin}' (FORMAT csv, DELIMITER ';', HEADER true)"
    )
    return chemin


def main() -> None:
    """Command line."""
    analyseur = argparse.ArgumentParser(description=__doc__)
    analyseur.add_argument("dossier", type=Path)
    analyseur.add_argument("--echelle", type=float, default=1.0)
    analyseur.add_argument("--entrepot", action="store_true", help="what a whole warehouse is built from")
    options = analyseur.parse_args()
    ecrire = generate_warehouse_inputs if options.entrepot else generate
    for nom, chemin in ecrire(options.dossier, options.echelle).items():
        print(f"{nom}: {chemin.stat().st_size / 1e6:.0f} MB")


if __name__ == "__main__":
    main()
