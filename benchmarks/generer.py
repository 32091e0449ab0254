"""Deterministic inputs at national size, for the measures of this folder; never committed.

    python benchmarks/generer.py DOSSIER [--echelle 0.1]

The register of dwellings has the 73 columns of the 2025 layout; requests and allocations have the canonical
layouts. Rows come from arithmetic on their number: the same command writes the same bytes.
"""

import argparse
from pathlib import Path

import duckdb

LOGEMENTS = 5_400_000
DEMANDES = 2_800_000
ATTRIBUTIONS = 480_000

# Column -> SQL of its text, from the row number `i`; `a`, `b`, `c` are scrambled numbers of the row.
_DEP = "lpad((1 + a % 94)::VARCHAR, 2, '0')"
_COM = _DEP + " || lpad((1 + b % 400)::VARCHAR, 3, '0')"
_RPLS = {
    "REG_CODE": "lpad((11 + a % 80)::VARCHAR, 2, '0')",
    "REG_LIBELLE": "'Région ' || (11 + a % 80)",
    "DEP_CODE": "lpad((1 + a % 94)::VARCHAR, 2, '0')",
    "DEP_LIBELLE": "'DÉPARTEMENT ' || (1 + a % 94)",
    "EPCI_CODE": "(200000000 + a % 1250)::VARCHAR",
    "EPCI_LIBELLE": "'Communauté d''agglomération ' || (a % 1250)",
    "DROIT_CODE": "(1 + c % 5)::VARCHAR",
    "DROIT_LIBELLE": "'Pleine propriété'",
    "DEPCOM": _COM,
    "CODEPOSTAL": "lpad((1 + a % 94)::VARCHAR, 2, '0') || '000'",
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
    "QPV_CODE": "(1 + CASE WHEN a % 10 < 3 THEN 0 ELSE 1 END)::VARCHAR",
    "QPV_LIBELLE": "CASE WHEN a % 10 < 3 THEN 'Logement en QPV' ELSE 'Logement hors QPV' END",
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
    "CODSEGPATRIM": "'S' || (a % 40000)",
    "LIBSEGPATRIM": "'Résidence ' || (a % 40000)",
    "PMR_CODE": "(1 + c % 3)::VARCHAR",
    "PMR_LIBELLE": "'Accessible'",
    "EPSG": "'2154'",
    "X": "(200000 + (b % 9000000) / 10)::VARCHAR",
    "Y": "(6200000 + (c % 9000000) / 10)::VARCHAR",
    "PLG_QP24": f"CASE WHEN a % 10 < 3 THEN 'QN' || {_DEP} || '0' || (10 + b % 89) || 'M' END",
    "PLG_QP15": f"CASE WHEN a % 10 < 3 THEN 'QP0' || {_DEP} || lpad((b % 99)::VARCHAR, 3, '0') END",
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
_COMMUNE = "lpad((1 + {x} % 94)::VARCHAR, 2, '0') || lpad((1 + {y} % 400)::VARCHAR, 3, '0')"
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
    "code_commune_origine": _COMMUNE.format(x="a", y="c"),
    "mutation": "CASE WHEN a % 3 = 0 THEN 'oui' ELSE 'non' END",
    "bailleur_origine_siren": "CASE WHEN a % 3 = 0 THEN (300000000 + a % 600)::VARCHAR ELSE '' END",
    "dalo": "CASE WHEN b % 40 = 0 THEN 'oui' ELSE 'non' END",
    "pdalhpd": "CASE WHEN c % 25 = 0 THEN 'oui' ELSE 'non' END",
    "priorite_l441_1": "CASE b % 9 WHEN 0 THEN '1,5' WHEN 1 THEN '3' ELSE '' END",
    "relogement": "CASE WHEN b % 90 = 0 THEN 'npnru' ELSE '' END",
    "travailleur_essentiel": "CASE WHEN b % 8 = 0 THEN 'oui' ELSE 'non' END",
}
_DEPOT = "(DATE '2015-01-01' + (b % 2500)::INTEGER)"
_DEMANDES = {
    "numero_unique": "lpad((a % 94)::VARCHAR, 3, '0') || lpad(i::VARCHAR, 15, '0')",
    "date_premier_depot": f"{_DEPOT}::VARCHAR",
    "date_renouvellement": f"({_DEPOT} + 365)::VARCHAR",
    "statut": "CASE WHEN c % 3 = 0 THEN 'radiee' ELSE 'active' END",
    "date_radiation": f"CASE WHEN c % 3 = 0 THEN ({_DEPOT} + 400)::VARCHAR ELSE '' END",
    "motif_radiation": "CASE WHEN c % 3 = 0 THEN 'attribution' ELSE '' END",
    "commune_choix1": _COMMUNE.format(x="a", y="b"),
    "commune_choix2": _COMMUNE.format(x="a", y="c"),
    "commune_choix3": "''",
    "typologie_souhaitee": "'T' || (1 + c % 6)",
    "residence_origine": "''",
    "num_rpls_origine": "''",
    "cotation": "(b % 100)::VARCHAR",
    "guichet": "'Guichet ' || (a % 900)",
    **_MENAGE,
}
_ATTRIBUTIONS = {
    "numero_unique": "lpad((a % 94)::VARCHAR, 3, '0') || lpad(i::VARCHAR, 15, '0')",
    "date_premier_depot": f"{_DEPOT}::VARCHAR",
    "date_decision": f"({_DEPOT} + 300)::VARCHAR",
    "rang": "(1 + c % 3)::VARCHAR",
    "issue": "list_value('attribue', 'refus', 'desistement')[1 + c % 3]",
    "date_signature_bail": f"CASE WHEN c % 3 = 0 THEN ({_DEPOT} + 330)::VARCHAR ELSE '' END",
    "date_entree": f"CASE WHEN c % 3 = 0 THEN ({_DEPOT} + 340)::VARCHAR ELSE '' END",
    "bailleur_siren": "(300000000 + a % 600)::VARCHAR",
    "bailleur_nom": "'Bailleur ' || (a % 600)",
    "reservataire": "(1 + b % 7)::VARCHAR",
    "num_rpls": "lpad((a % 94)::VARCHAR, 2, '0') || lpad(i::VARCHAR, 8, '0')",
    "residence": "'Résidence ' || (a % 40000)",
    "code_commune_logement": _COMMUNE.format(x="a", y="b"),
    "qpv_declare": "CASE WHEN a % 10 < 3 THEN 'oui' ELSE 'non' END",
    "code_qpv": "''",
    "typologie": "'T' || (1 + c % 6)",
    "financement": "list_value('PLAI', 'PLUS', 'PLS')[1 + b % 3]",
    "surface": "(18 * (1 + c % 6) + b % 17)::VARCHAR || '.00'",
    "loyer": "(200 + b % 700)::VARCHAR || '.50'",
    "neuf": "'non'",
    **_MENAGE,
}
FICHIERS = {
    "rpls/2025/rpls_2025.csv": (_RPLS, LOGEMENTS),
    "sne/2021/demandes.csv": (_DEMANDES, DEMANDES),
    "sne/2021/attributions.csv": (_ATTRIBUTIONS, ATTRIBUTIONS),
}


def generate(dossier: Path, echelle: float, fichiers: list[str] | None = None) -> dict[str, Path]:
    """Write the inputs, `echelle` times the national size; returns their paths."""
    chemins = {}
    with duckdb.connect() as con:
        for nom in fichiers or list(FICHIERS):
            colonnes, lignes = FICHIERS[nom]
            chemin = dossier / nom
            chemin.parent.mkdir(parents=True, exist_ok=True)
            valeurs = ", ".join(f"nullif({sql}, '') AS {colonne}" for colonne, sql in colonnes.items())
            # Products by large primes scramble the row number; the remainders of each are independent enough.
            source = (
                "SELECT i, (i * 2654435761) % 4294967291 AS a, (i * 40503 + 12345) % 16777213 AS b, "
                f"(i * 69069 + 1) % 8388593 AS c FROM range({int(lignes * echelle)}) t(i)"
            )
            copie = f"COPY (SELECT {valeurs} FROM ({source})) TO '{chemin}'"
            con.execute(f"{copie} (FORMAT csv, DELIMITER ';', HEADER true)")
            chemins[nom] = chemin
    return chemins


def main() -> None:
    """Command line."""
    analyseur = argparse.ArgumentParser(description=__doc__)
    analyseur.add_argument("dossier", type=Path)
    analyseur.add_argument("--echelle", type=float, default=1.0)
    options = analyseur.parse_args()
    for nom, chemin in generate(options.dossier, options.echelle).items():
        print(f"{nom}: {chemin.stat().st_size / 1e6:.0f} MB")


if __name__ == "__main__":
    main()
