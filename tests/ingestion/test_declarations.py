"""Declarations and mappings as a whole, and each rule against a value that it must catch."""

from pathlib import Path

import duckdb
import polars as pl
import pytest

from pipelines.errors import DonneesRefusees
from pipelines.ingestion import column_comments, declarations, dictionary_rows, sources
from pipelines.ingestion.correspondances import correspondances, normalise_name
from pipelines.ingestion.declarations import Champ, Produit, table_ddl
from pipelines.ingestion.validation import find_refusals, pandera_schema, rule_expression

from .conftest import Depot
from .exemples import attributions, demandes, logements, occupations, table


def test_every_source_has_a_mapping_for_each_product() -> None:
    for source in sources():
        produits = {p.produit for p in declarations().values() if p.source == source}
        assert {c.produit for c in correspondances(source)} >= produits


def test_empty_tables_have_every_column_and_comment() -> None:
    with duckdb.connect() as con:
        con.execute("CREATE SCHEMA sources; CREATE SCHEMA quarantaine")
        for produit in declarations().values():
            for ddl in table_ddl(produit):
                con.execute(ddl)
        muettes = con.execute(
            "SELECT schema_name, table_name, column_name FROM duckdb_columns() "
            "WHERE schema_name IN ('sources', 'quarantaine') AND comment IS NULL"
        ).fetchall()
        tables = con.execute(
            "SELECT count(*) FROM duckdb_tables() WHERE schema_name = 'sources' AND comment IS NOT NULL"
        ).fetchone()
    assert muettes == []
    assert tables == (len(declarations()),)
    assert column_comments()["sources", "rpls_logements", "loyer_principal"].endswith("Unité : € par mois")


def test_dictionary_names_every_column_and_rule() -> None:
    lignes = dictionary_rows()
    colonnes = {(x["table"], x["colonne"]) for x in lignes if x["regle"] is None}
    for produit in declarations().values():
        assert {(produit.produit, c) for c in produit.colonnes} <= colonnes
        assert {r.nom for r in produit.regles} <= {
            x["regle"] for x in lignes if x["table"] == produit.produit
        }
    assert all(x["description"] for x in lignes)


def test_every_rule_is_an_expression_over_its_columns(tmp_path: Path) -> None:
    for produit in declarations().values():
        types = pl.Schema({n: c.dtype.type for n, c in pandera_schema(produit).columns.items()})
        vide = types.to_frame(eager=False)
        for regle in produit.regles:
            assert vide.select(rule_expression(regle)).collect().height == 0
            lues = set(rule_expression(regle).meta.root_names())
            assert lues <= set(regle.colonnes), (
                f"{produit.produit}.{regle.nom} lit {lues - set(regle.colonnes)}"
            )


def test_pandera_really_looks_at_values(tmp_path: Path) -> None:
    """On a LazyFrame, pandera checks nothing by default and says "valid": the depth must be set."""
    produit = Produit(
        produit="essai",
        source="essai",
        titre="Essai",
        description="Essai",
        grain="une ligne",
        producteur="essai",
        licence="essai",
        dossiers=("essai",),
        millesime_requis=False,
        champs=(Champ(nom="code", type="texte", description="Code", codes={"A": "a"}),),
    )
    chemin = tmp_path / "essai.parquet"
    pl.DataFrame(
        {"code": ["A", "Z", None], "millesime": [None, None, None], "_rejets": [None, None, None]},
        schema={"code": pl.String, "millesime": pl.Int32, "_rejets": pl.String},
    ).write_parquet(chemin)
    assert [(r.rang, r.colonne, r.valeur, r.regle) for r in find_refusals(produit, chemin, 3, 3)] == [
        (1, "code", "Z", "code_inconnu")
    ]


MAUVAISES = [
    # product, damaged values, column, rule
    ("rpls", {"BAIL": "10/2021", "MODE": "2"}, "date_bail, mode", "bail_hors_location"),
    ("rpls", {"SURFHAB": "11"}, "surface_habitable, nb_pieces", "surface_trop_petite_pour_les_pieces"),
    (
        "rpls",
        {"CONSTRUCT": "2024", "LOCAT": "2024"},
        "annee_construction, millesime",
        "construction_apres_millesime",
    ),
    ("rpls", {"NBPIECE": "12"}, "nb_pieces", "au_dessus_du_maximum"),
    ("rpls", {"FINAN": "77"}, "financement", "code_inconnu"),
    ("rpls", {"MODE": "8", "BAIL": ""}, "mode", "code_inconnu"),
    ("rpls", {"LOYERPRINC": "-3"}, "loyer_principal", "sous_le_minimum"),
    ("rpls", {"LOYERPRINC": "beaucoup"}, "loyer_principal", "type"),
    ("rpls", {"DEPCOM": "7107"}, None, None),  # four digits: a lost zero, 07107
    ("rpls", {"DEPCOM": "CHALON"}, "code_commune", "type"),
    ("rpls", {"BAIL": "13/2021"}, "date_bail", "type"),
    ("rpls", {"CONTRESLOG": "8"}, "contingent", "code_inconnu"),
    ("rpls", {"SIRET": "123"}, "siren_bailleur", "type"),
    ("rpls", {"CONSTRUCT": "1010"}, "annee_construction", "sous_le_minimum"),
    ("rpls", {"BAIL": "03/2031"}, "date_bail", "au_dessus_du_maximum"),
    ("rpls", {"DEPCOM": ""}, "code_commune", "obligatoire"),
    ("rpls", {"RS": "=HYPERLINK(1)"}, "nom_bailleur", "type"),
    (
        "attributions",
        {"date_signature_bail": "2019-01-04"},
        "date_signature_bail, date_premier_depot",
        "bail_avant_demande",
    ),
    (
        "attributions",
        {"date_decision": "2018-01-04"},
        "date_decision, date_premier_depot",
        "decision_avant_demande",
    ),
    (
        "attributions",
        {"nb_moins_14": "4"},
        "nb_moins_14, nb_personnes",
        "enfants_plus_nombreux_que_le_menage",
    ),
    ("attributions", {"surface": "9"}, "surface, typologie", "surface_trop_petite"),
    ("attributions", {"numero_unique": ""}, "demandeur_id", "obligatoire"),
    ("attributions", {"numero_unique": "7,11217E+16"}, "demandeur_id", "type"),
    ("attributions", {"date_decision": "31/02/2020"}, "date_decision", "type"),
    ("attributions", {"date_signature_bail": "2031-01-04"}, "date_signature_bail", "au_dessus_du_maximum"),
    ("attributions", {"date_signature_bail": "04/01/1901"}, "date_signature_bail", "sous_le_minimum"),
    (
        "attributions",
        {"date_decision": "", "date_signature_bail": ""},
        "date_decision, date_signature_bail",
        "obligatoire",
    ),
    (
        "attributions",
        {"num_rpls": "NULL", "code_commune_logement": "99999"},
        "num_rpls, code_commune_logement",
        "obligatoire",
    ),
    ("attributions", {"residence": "chez Mme DUPONT"}, "residence", "donnee_personnelle"),
    ("attributions", {"loyer": "2 000 € 50"}, "loyer", "type"),
    ("attributions", {"rang": "1,5"}, "rang", "type"),
    ("attributions", {"reservataire": "la mairie"}, "reservataire", "code_inconnu"),
    ("attributions", {"dalo": "peut-être"}, "dalo", "type"),
    ("attributions", {"priorite_l441_1": "1,15"}, "priorite_l441_1", "type"),
    ("attributions", {"age": "260"}, "age", "au_dessus_du_maximum"),
    (
        "demandes",
        {"date_radiation": "2019-12-31"},
        "date_radiation, date_premier_depot",
        "radiation_avant_depot",
    ),
    ("demandes", {"nb_moins_14": "4"}, "nb_moins_14, nb_personnes", "enfants_plus_nombreux_que_le_menage"),
    ("demandes", {"statut": "peut-être"}, "statut", "code_inconnu"),
    ("demandes", {"date_premier_depot": ""}, "date_premier_depot", "obligatoire"),
    ("ops", {"effectif": "2000"}, "effectif, base", "effectif_superieur_a_la_base"),
    ("ops", {"effectif": ""}, "statut, effectif", "effectif_selon_statut"),
    ("ops", {"statut": "secret"}, "statut, effectif", "effectif_selon_statut"),
    ("ops", {"zone": "ailleurs"}, "zone", "code_inconnu"),
    ("ops", {"effectif": "-1"}, "effectif", "sous_le_minimum"),
]
# What a row cannot do without: lacking it, the line is refused; any other bad value costs its cell alone.
_LIGNES = {
    ("code_commune", "type"),
    ("code_commune", "obligatoire"),
    ("demandeur_id", "obligatoire"),
    ("demandeur_id", "type"),
    ("date_premier_depot", "obligatoire"),
    ("effectif, base", "effectif_superieur_a_la_base"),
    ("statut, effectif", "effectif_selon_statut"),
    ("effectif", "sous_le_minimum"),
    ("zone", "code_inconnu"),
    ("date_decision, date_signature_bail", "obligatoire"),
    ("num_rpls, code_commune_logement", "obligatoire"),
}
_FICHIERS = {
    "rpls": ("rpls/2022/rpls.csv", "rpls", "rpls_logements", logements),
    "attributions": ("sne/2021/attributions.csv", "sne", "sne_attributions", attributions),
    "demandes": ("sne/2021/demandes.csv", "sne", "sne_demandes", demandes),
    "ops": ("ops/2020/ops.csv", "ops", "ops_occupation", occupations),
}


@pytest.mark.parametrize("genre", _FICHIERS)
def test_each_rule_catches_a_bad_value(depot: Depot, genre: str) -> None:
    """All the bad values of a product in one file, each on its own line; the rest is kept."""
    nom, source, produit, lignes = _FICHIERS[genre]
    mauvaises = [(v, c, r) for g, v, c, r in MAUVAISES if g == genre]
    bonnes = lignes(80 * len(mauvaises))
    for i, (valeurs, _, _) in enumerate(mauvaises):
        bonnes[i] |= valeurs
    depot.drop(nom, table(*bonnes))
    depot.load(source)
    attendu = [
        (nom, i + 2, "ligne" if (colonne, regle) in _LIGNES else "cellule", colonne, regle)
        for i, (_, colonne, regle) in enumerate(mauvaises)
        if regle
    ]
    assert (
        depot.rows(
            f"SELECT _fichier, _ligne, portee, colonne, regle FROM quarantaine.{produit} ORDER BY _ligne"
        )
        == attendu
    )
    refusees = sum(portee == "ligne" for _, _, portee, _, _ in attendu)
    assert depot.one(f"SELECT count(*) FROM sources.{produit}") == len(bonnes) - refusees
    assert depot.rows("SELECT lignes_quarantaine, cellules_ecartees FROM meta.verrou") == [
        (refusees, len(attendu) - refusees)
    ]
    # What is set aside is empty in the table, never another value.
    for colonne in {c for _, _, p, c, r in attendu if p == "cellule" and ", " not in str(c)}:
        lignes_vides = [ligne for _, ligne, _, c, _ in attendu if c == colonne]
        assert depot.rows(
            f"SELECT DISTINCT {colonne} FROM sources.{produit} WHERE list_contains({lignes_vides}, _ligne)"
        ) == [(None,)]


def test_over_the_tolerance_the_build_stops(depot: Depot) -> None:
    lignes = logements(100)
    for i in range(3):
        lignes[i]["DEPCOM"] = "CHALON"
    depot.drop("rpls/2022/rpls.csv", table(*lignes))
    with pytest.raises(DonneesRefusees) as erreur:
        depot.read("rpls")
    message = str(erreur.value)
    assert erreur.value.exit_code == 1
    for morceau in ("rpls/2022/rpls.csv", "3 sur 100", "2,0 %", "type", "« DEPCOM »", "2, 3, 4"):
        assert morceau in message


def test_bad_cells_warn_then_stop_when_they_are_most_of_a_required_column(depot: Depot) -> None:
    lignes = attributions(100)
    for i in range(10):
        lignes[i] |= {"issue": "peut-être", "date_decision": "bientôt"}
    depot.drop("sne/2021/attributions.csv", table(*lignes))
    depot.load("sne")
    assert depot.rows("SELECT lignes_gardees, cellules_ecartees FROM meta.verrou") == [(100, 20)]
    messages = [
        (str(message), nombre, total)
        for message, nombre, total in depot.rows(
            "SELECT message, nombre, total FROM meta.avertissements WHERE regle = 'cellules_ecartees' ORDER BY 1"
        )
    ]
    assert [(m.split("»")[0], n, t) for m, n, t in messages] == [
        ("Colonne « date_decision ", 10, 100),
        ("Colonne « issue ", 10, 100),
    ]
    for ligne in lignes[:60]:
        ligne["date_decision"] = "bientôt"
    depot.drop("sne/2021/attributions.csv", table(*lignes))
    with pytest.raises(DonneesRefusees, match=r"« date_decision » : 60 cellules sur 100 .*2, 3, 4, 5, 6"):
        depot.read("sne")


@pytest.mark.parametrize("lus", [1, 10])
def test_an_unknown_label_costs_its_cell_and_says_the_line_to_add(depot: Depot, lus: int) -> None:
    lignes = attributions(100)
    for ligne in lignes[:lus]:
        ligne["typologie"] = "Grand palier"
    depot.drop("sne/2021/attributions.csv", table(*lignes))
    depot.load("sne")
    assert depot.rows(
        "SELECT count(*), count(*) FILTER (WHERE typologie IS NULL) FROM sources.sne_attributions"
    ) == [(100, lus)]
    messages = [str(m) for (m,) in depot.rows("SELECT message FROM quarantaine.sne_attributions")]
    alertes = [
        str(m)
        for (m,) in depot.rows("SELECT message FROM meta.avertissements WHERE regle = 'cellules_ecartees'")
    ]
    assert len(messages) == lus
    assert len(alertes) == (lus > 5)
    for message in messages + alertes:
        assert 'valeurs: {typologie: {"<libellé lu>": "T1"}}' in message
        assert "palier" not in message
    assert all(m.startswith("Colonne « typologie »") for m in alertes)
    assert "palier" not in str(depot.rows("SELECT * FROM quarantaine.sne_attributions"))


def test_the_line_to_add_makes_the_label_known(depot: Depot) -> None:
    """The line that the message gives, added to a mapping of one's own: the label is read."""
    lignes = attributions(20)
    for ligne in lignes:
        ligne["typologie"] = "Grand palier"
    depot.drop("sne/2021/attributions.csv", table(*lignes))
    depot.load("sne")
    message = str(depot.one("SELECT message FROM quarantaine.sne_attributions LIMIT 1"))
    ligne_dite = (
        message.partition("la ligne « ")[2].partition(" »")[0].replace("<libellé lu>", "grand palier")
    )
    depot.drop(
        "correspondances/miennes.yml",
        "correspondance: sne_attributions_canonique\nproduit: sne_attributions\ntitre: La mienne\ncanonique: true\n"
        "signature: [numero_unique, date_signature_bail]\nchamps: {demandeur_id: [numero_unique]}\n"
        f"{ligne_dite}\n",
    )
    depot.load("sne")
    assert depot.rows("SELECT DISTINCT typologie FROM sources.sne_attributions") == [("T1",)]


def test_a_small_table_typed_by_hand_must_be_right_whole(depot: Depot) -> None:
    """An end of zone that cannot be read is not « without end »."""
    depot.drop(
        "zones/zones.csv",
        "epci_siren;zone;type;nom;critere;valeur;debut;fin\n247100589;b;qva;B;commune;71076;2020-01-01;demain\n",
    )
    with pytest.raises(DonneesRefusees, match="fin"):
        depot.read("geographie")


def test_every_date_has_bounds() -> None:
    """They say of which century a year of two digits is, and what no extraction can hold."""
    sans = [
        f"{p.produit}.{c.nom}"
        for p in declarations().values()
        for c in p.champs
        if c.temporel and (c.min is None or c.max is None)
    ]
    assert sans == []


def test_rules_say_the_same_in_both_engines() -> None:
    """Rules that empty cells are SQL of the query that reads, the others expressions of polars."""
    with duckdb.connect() as con:
        for produit in declarations().values():
            for regle in produit.regles:
                colonnes = ", ".join(f"CAST(NULL AS {t}) AS {n}" for n, t in produit.colonnes.items())
                assert con.execute(f"SELECT {regle.sql} FROM (SELECT {colonnes})").fetchall()


def test_same_key_with_other_content_is_one_record_and_a_conflict(depot: Depot) -> None:
    lignes = demandes(100)
    lignes.append(lignes[0] | {"cotation": "99"})
    lignes.append(dict(lignes[1]))
    depot.drop("sne/2021/demandes.csv", table(*lignes))
    depot.load("sne")
    (compte,) = depot.comptes["sne"]
    assert compte.lignes_gardees == 102
    assert depot.rows(
        "SELECT lignes_lues, lignes_gardees, lignes_fusionnees, lignes_quarantaine, lignes_doublons FROM meta.verrou"
    ) == [(102, 100, 1, 0, 1)]
    assert depot.rows(
        "SELECT regle, colonne, ligne, valeur, autre_ligne, autre_valeur FROM meta.conflits"
    ) == [("valeurs_divergentes", "cotation", 2, "12.50", 102, "99.00")]


def test_malformed_lines_keep_their_place_in_the_original_file(depot: Depot) -> None:
    lignes = table(*attributions(100)).split("\n")
    lignes[10] = "une ligne coupée;en deux"
    lignes[21] = lignes[21].replace("OPAC de l'exemple", "OPAC \"de l'exemple")
    lignes.insert(31, "")
    lignes[41] = lignes[41].replace("OPAC de l'exemple", '"OPAC\nsur deux lignes"')
    depot.drop("sne/2021/attributions.csv", "\n".join(lignes))
    depot.load("sne")
    (compte,) = depot.comptes["sne"]
    assert (compte.lignes_lues, compte.lignes_gardees, compte.lignes_quarantaine) == (100, 99, 1)
    assert depot.rows("SELECT _ligne, regle, valeur FROM quarantaine.sne_attributions") == [
        (11, "ligne_mal_formee", None)
    ]
    assert depot.rows(
        "SELECT _ligne, bailleur_nom FROM sources.sne_attributions WHERE bailleur_nom <> 'OPAC "
        "de l''exemple' ORDER BY 1"
    ) == [(22, "OPAC \"de l'exemple"), (42, "OPAC sur deux lignes")]
    # 1 header, 100 rows, 1 blank line, 1 line break inside a value: the last row ends the file.
    assert depot.one("SELECT max(_ligne) FROM sources.sne_attributions") == 103


@pytest.mark.parametrize(
    ("imprime", "normalise"),
    [
        ("Code département", "code_departement"),
        ("QPV_red", "qpv"),
        (" Nom de l'EPCI ", "nom_de_l_epci"),
        ("N° demande", "n_demande"),
        ("\ufeffnumero_unique", "numero_unique"),
        ("RÃ©servataire", "reservataire"),
    ],
)
def test_names_are_compared_without_case_accents_nor_spaces(imprime: str, normalise: str) -> None:
    assert normalise_name(imprime) == normalise
