"""Each kind of value, one expression at a time: what it gives, and what it refuses."""

import datetime as dt
import re
from collections.abc import Iterator
from functools import partial

import duckdb
import pytest

from pipelines.errors import DonneesRefusees
from pipelines.ingestion.correspondances import correspondances
from pipelines.ingestion.declarations import Champ, Produit, declarations, ident
from pipelines.ingestion.identifiants import FONCTIONS, cleaned, emptied, empty_tokens, read_identifier
from pipelines.ingestion.normalise import _convert, _in_layer, lexical_form

from .conftest import Depot
from .exemples import attributions, demandes, logements, occupations, table

FIN_2021 = "DATE '2021-12-31'"


@pytest.fixture(scope="module")
def con() -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect() as connexion:
        yield connexion


def read(con: duckdb.DuckDBPyConnection, champ: Champ, texte: str, **options: bool) -> object:
    """The value of one cell of a column, its vintage being 2021."""
    etapes: dict[str, str] = {}
    sql = _convert(champ, "x", FIN_2021, partial(_in_layer, "x", etapes), **options)
    couche = "".join(f", {expression} AS {ident(nom)}" for expression, nom in etapes.items())
    nettoye = f"SELECT {cleaned('y')} AS x FROM (SELECT ? AS y)"
    ligne = con.execute(
        f"SELECT {sql}, {_convert(champ, 'x', FIN_2021, **options)} FROM (SELECT x{couche} FROM ({nettoye}))",
        [texte],
    ).fetchone()
    assert ligne is not None
    assert ligne[0] == ligne[1], "in a layer or in place"
    valeur = ligne[0]
    return float(valeur) if champ.echelle and valeur is not None else valeur


@pytest.mark.parametrize(
    ("kind", "texte", "attendu"),
    [
        *[("siren", t, "247100589") for t in ("247100589", "24710058900014", "247 100 589", "247100589.0")],
        *[
            ("siren", t, "247100589")
            for t in ("247\u00a0100\u202f589", "'247100589", '="247100589"', "247.100.589")
        ],
        *[
            ("siren", t, "247100589")
            for t in ("２４７１００５８９", "2471\u200b00\u00ad589", "24710058900014.0", "\ufeff247100589")
        ],
        *[("siren", t, "055805010") for t in ("5580501000012", "55805010", "055805010", "558050 1000012")],
        *[("siren", t, None) for t in ("2.00067E+08", "9,00007E+13", "123", "OPAC", "2471005890", "")],
        *[("commune", t, "06029") for t in ("06029", "6029", "6029.0", " 06029\u00a0", "'06029", "06 029")],
        *[("commune", t, "2A004") for t in ("2A004", "2a004", "2A 004")],
        *[("commune", t, None) for t in ("CHALON", "7107602", "99999", "2C004", "00000")],
        *[("departement", t, "06") for t in ("06", "6", "006", "6.0")],
        *[("departement", t, r) for t, r in (("02A", "2A"), ("2b", "2B"), ("974", "974"), ("Gard", None))],
        *[("region", t, r) for t, r in (("1", "01"), ("27", "27"), ("27.0", "27"), ("BFC", None))],
        *[
            ("qpv", t, "QP071001")
            for t in ("QP071001", "qp071001", "QP 071 001", "QP-071-001", "\u200bQP071001")
        ],
        *[("qpv", t, r) for t, r in (("QN07101m", "QN07101M"), ("QP02A001", "QP02A001"), ("Les Prés", None))],
        *[
            ("iris", t, r)
            for t, r in (("10040101", "010040101"), ("710760101.0", "710760101"), ("7107601", None))
        ],
        *[("num_rpls", t, "0101008043") for t in ("0101008043", "101008043", "101008043.0", "0101 008 043")],
        *[("num_rpls", t, "71076R0000") for t in ("71076R0000", "71076r0000", "71076 R0000")],
        *[("num_rpls", t, None) for t in ("7,1010E+09", "7.101E9", "Mme DUPONT 12", "MARTIN", "7101#08043")],
        *[("num_rpls", t, None) for t in ("06 12 34 56 78", "06-12-34-56-78", "06.12.34.56.78")],
        *[("num_rpls", t, None) for t in ("12/03/1980", "12-03-80", "LEA80", "1", "9")],
        *[
            ("num_rpls", t, None)
            for t in ("9999999999", "999999999", "1111111111", "0123456789", "1234567890")
        ],
        *[("num_rpls", t, "0000001234") for t in ("1234", "0000001234", "01234")],
        *[("personne", t, "071121700064600546") for t in ("071121700064600546", "71121700064600546")],
        *[("personne", t, "02A121700064600546") for t in ("02A121700064600546", "2a121700064600546")],
        *[
            ("personne", t, None)
            for t in ("7,11217E+16", "07112170006460054", "1234", "071121700064600546.0")
        ],
        *[("personne", t, None) for t in ("07112170006460054A", "O71121700064600546", "0711217000646005461")],
    ],
)
def test_identifiers(kind: str, texte: str, attendu: str | None) -> None:
    assert read_identifier(kind, texte) == attendu


@pytest.mark.parametrize("kind", ["siren", "commune", "num_rpls", "qpv", "iris", "personne"])
@pytest.mark.parametrize(
    "vide",
    [
        *(
            "",
            " ",
            "NULL",
            "null",
            "N/A",
            "#N/A",
            "NA",
            "ND",
            "NC",
            "NR",
            "-",
            "--",
            ".",
            "?",
            "0",
            "00000",
            "000000000",
        ),
        *(
            "Non renseigné",
            "non renseignee",
            "NON RENSEIGNÉ(E)",
            "Sans objet",
            "Inconnu",
            "inconnue",
            "néant",
        ),
        *("Pas de code", "\u00a0-\u200b", "'0", "—", "…".replace("…", "...")),
    ],
)
def test_what_is_empty_in_an_identifier(kind: str, vide: str) -> None:
    assert read_identifier(kind, vide) is None


@pytest.mark.parametrize(
    "texte", ["Les Lilas", "Nd de Lourdes", "Résidence 0", "X12", "Nantes", "Sans Souci"]
)
def test_what_is_not(con: duckdb.DuckDBPyConnection, texte: str) -> None:
    assert con.execute(f"SELECT {emptied('x')} FROM (SELECT ? AS x)", [texte]).fetchone() == (texte,)


def test_empty_tokens_are_written_as_they_are_compared() -> None:
    assert all(t == t.lower() and t.isascii() for t in empty_tokens())


def test_every_column_of_a_kind_is_declared_of_that_kind() -> None:
    """A code that joins two sources is no free text: it would keep its zeros in one and lose them in the other."""
    noms = {
        "num_rpls": r"ident_rep|num_rpls.*",
        "commune": r"(code_)?commune(_.*)?",
        "qpv": r"code_qpv.*",
        "siren": r"(.*_)?siren(_.*)?",
    }
    for produit in declarations().values():
        for champ in produit.champs:
            for type_, motif in noms.items():
                if re.fullmatch(motif, champ.nom):
                    assert champ.type == type_, f"{produit.produit}.{champ.nom}"
            if champ.selon:
                assert set(champ.selon.types.values()) <= set(FONCTIONS)


JOUR = Champ(nom="jour", type="date", description="", min=dt.date(1980, 1, 1), max="extraction+2")


@pytest.mark.parametrize(
    ("texte", "attendu"),
    [
        *[
            (t, "2021-03-02")
            for t in ("2021-03-02", "02/03/2021", "2/3/2021", "02-03-2021", "02.03.2021", "02/03/21")
        ],
        *[
            (t, "2021-03-02")
            for t in ("2021/03/02", "20210302", "2021-03-02T10:00:00", "02/03/2021 00:00", "44257")
        ],
        *[
            (t, "2021-03-02")
            for t in ("2021-03-02 10:00:00.5", "2021-03-02T10:00:00Z", "44257.0", "\u00a002/03/2021")
        ],
        *[
            (t, "2021-03-02")
            for t in ("2 mars 2021", "02-mars-21", "2.MARS.2021", "02/03/2021 12:00:00 AM", "2 Mars 21")
        ],
        *[(t, "2021-08-01") for t in ("1er août 2021", "1ER AOUT 21", "01-août-2021")],
        *[(t, "2021-03-02") for t in ("mardi 2 mars 2021", "02/03/2021 à 10h30", "2021-03-02 10:00:00+00")],
        # Midnight of a place east of Greenwich, in universal time.
        *[(t, "2022-01-01") for t in ("2021-12-31T23:00:00Z", "2021-12-31T23:00:00.000Z")],
        *[
            (t, "2022-07-01")
            for t in ("2022-06-30 22:00:00+00:00", "2022-06-30T20:00Z", "2022-07-01T04:00:00Z")
        ],
        *[
            (t, "2021-12-31")
            for t in ("2021-12-31T23:00:00", "2021-12-31T23:00:00+01:00", "2021-12-31T21:47:00Z")
        ],
        *[(t, r) for t, r in (("5 févr. 2021", "2021-02-05"), ("31 déc. 99", "1999-12-31"))],
        ("20/03/99", "1999-03-20"),  # after the extraction in this century, allowed in the one before
        ("05/01/22", "2022-01-05"),  # the vintage ends before, the column's bound does not
        *[
            (t, None)
            for t in ("20/03/45", "31/02/2020", "2022-05-1T", "2022-13-01", "12/25/2021", "demain", "2021")
        ],
        # No day; no such day; a name.
        *[
            (t, None)
            for t in ("mars-21", "mars 2021", "31 févr. 2021", "2 martin 2021", "le 2 mars 2021 à 8 h")
        ],
        *[(t, None) for t in ("2021-03-02 MARTIN", "7 rue", "99/99/9999", "4425", "442570", "02/03/021")],
    ],
)
def test_dates(con: duckdb.DuckDBPyConnection, texte: str, attendu: str | None) -> None:
    lu = read(con, JOUR, texte)
    assert (None if lu is None else str(lu)) == attendu


def test_the_month_may_come_first(con: duckdb.DuckDBPyConnection) -> None:
    assert str(read(con, JOUR, "12/25/2021", mois_d_abord=True)) == "2021-12-25"
    assert str(read(con, JOUR, "3/2/21", mois_d_abord=True)) == "2021-03-02"
    assert read(con, JOUR, "25/12/2021", mois_d_abord=True) is None


@pytest.mark.parametrize(
    ("texte", "attendu"),
    [
        *[
            (t, "2015-03-01")
            for t in ("03/2015", "3/2015", "2015-03", "201503", "01/03/15", "31/03/2015", "03/15")
        ],
        *[(t, "2015-03-01") for t in ("2015-03-17", "2015/03", "03-2015")],
        *[(t, r) for t, r in (("05/68", "1968-05-01"), ("03/25", "1925-03-01"))],
        *[(t, "2015-03-01") for t in ("mars 2015", "mars-15", "3 mars 2015", "42064", "42080", "Mars 2015")],
        *[(t, None) for t in ("13/2015", "2015", "45", "9999", "mars", "martin 2015")],
    ],
)
def test_months(con: duckdb.DuckDBPyConnection, texte: str, attendu: str | None) -> None:
    mois = Champ(nom="m", type="mois", description="", min=dt.date(1900, 2, 1), max="extraction")
    lu = read(con, mois, texte)
    assert (None if lu is None else str(lu)) == attendu


@pytest.mark.parametrize(
    ("texte", "attendu"),
    [
        *[
            ("1975", 1975),
            ("1975.0", 1975),
            ("75", 1975),
            ("05", 2005),
            ("21", 2021),
            ("22", 1922),
            ("x", None),
        ],
        *[("1975-01-01", 1975), ("01/01/1975", 1975), ("1975-01-01 00:00:00", 1975), ("01/75", None)],
    ],
)
def test_years(con: duckdb.DuckDBPyConnection, texte: str, attendu: int | None) -> None:
    annee = Champ(nom="a", type="annee", description="", min=1600, max="extraction")
    assert read(con, annee, texte) == attendu


@pytest.mark.parametrize(
    ("texte", "decimal", "entier"),
    [
        *[
            (t, 1365.74, None)
            for t in ("1365,74", "1365.74", "1 365,74", "1\u00a0365,74", "1\u202f365,74 €", "1'365,74")
        ],
        *[(t, 1365.74, None) for t in ("1.365,74", "1,365.74", "1365,74€", "1.36574e+003")],
        *[(t, 65, 65) for t in ("65", "65,0", "65 %", "65%", "65.", "+65", "６５", "65\u200b", "6.5E1")],
        *[(t, -5, -5) for t in ("-5", "−5", "-5,00")],
        *[(t, 1234567, 1234567) for t in ("1 234 567", "1.234.567", "1,234,567")],
        # A lone mark before three digits: decimals where there may be some, thousands of a whole number.
        *[(t, 1.23, 1234) for t in ("1.234", "1,234")],
        ("0,5", 0.5, None),
        (",5", 0.5, None),
        *[
            (t, None, None)
            for t in ("2 000 € 50", "12%5", "1 2", "12 34", "1234 567", "06 12 34 56 78", "1 84 03 71 076")
        ],
        *[
            (t, None, None)
            for t in ("1_000", "0x1F", "inf", "nan", "1e400", "-", "--5", "€", "1,2,3", "1.2.3", "5-5", "½")
        ],
    ],
)
def test_numbers(
    con: duckdb.DuckDBPyConnection, texte: str, decimal: float | None, entier: int | None
) -> None:
    assert read(con, Champ(nom="n", type="decimal(9,2)", description=""), texte) == decimal
    assert read(con, Champ(nom="n", type="entier", description=""), texte) == entier


@pytest.mark.parametrize(
    ("texte", "par_mois", "par_an"),
    [
        *[(t, 8958, 8958) for t in ("8958", "8 958 €", "8 958 euros", "8958 EUR")],
        # The unit says another period than the column's.
        *[(t, None, 8958) for t in ("8 958 € par an", "8 958 €/an")],
        *[(t, 8958, None) for t in ("8 958 € par mois", "8 958 €/mois")],
        # A lone mark before three digits is a thousand times one thing or another.
        *[(t, None, None) for t in ("8.958", "1,210", "12.345", "8.958 €")],
        ("979.167", 979.17, None),
        ("979,16", 979.16, 979.16),
        ("8.958,00", 8958, 8958),
        ("0.500", 0.5, 0.5),
        ("8 958 francs", None, None),
    ],
)
def test_amounts(
    con: duckdb.DuckDBPyConnection, texte: str, par_mois: float | None, par_an: float | None
) -> None:
    for unite, attendu in (("€ par mois", par_mois), ("€ par an et par UC", par_an)):
        champ = Champ(nom="n", type="decimal(9,2)", unite=unite, description="")
        assert read(con, champ, texte) == attendu


SNE = declarations()["sne_attributions"]


@pytest.mark.parametrize(
    ("champ", "texte", "montre"),
    [
        *[("loyer", t, True) for t in ("-3", "99999,5", "12.5 €")],
        *[
            ("loyer", t, False)
            for t in ("0612345678", "06 12 34 56 78", "184037107612345", "MARTIN", "2 000 € 50")
        ],
        *[("age", t, r) for t, r in (("260", True), ("1 84 03 71 076 123 45", False), ("19840317", False))],
        *[
            ("date_decision", t, r)
            for t, r in (("31/02/2020", True), ("06.12.34.56.78", False), ("demain", False))
        ],
        *[("reservataire", t, r) for t, r in (("8", True), ("la mairie", False), ("M", False))],
        *[("typologie", t, r) for t, r in (("T9", True), ("PAUL", False))],
        *[("situation_pro", t, False) for t in ("cdi2", "DUPONT")],
        *[
            ("code_commune_logement", t, r)
            for t, r in (("7107", True), ("Chalon", False), ("0612345678", False))
        ],
        *[("bailleur_siren", t, r) for t, r in (("123", True), ("1840371076123", False))],
        *[("residence", t, False) for t in ("12", "chez Paul")],
        ("priorite_l441_1", "1,15", False),
        ("priorite_l441_1", "06 12 34 56 78", False),
    ],
)
def test_only_the_form_of_the_column_is_shown(
    con: duckdb.DuckDBPyConnection, champ: str, texte: str, montre: bool
) -> None:
    forme = lexical_form(SNE.champ(champ))
    vu = forme is not None and con.execute("SELECT regexp_full_match(?, ?)", [texte, forme]).fetchone() == (
        True,
    )
    assert vu == montre


PERSONNES = [
    *(
        "chez M. LEFEBVRE Robert",
        "Mme Durand",
        "mlle durand",
        "Résidence Madame de Sévigné",
        "M.Paul",
        "Monsieur X Y",
    ),
    *(
        "Appeler 06 12 34 56 78",
        "0612345678",
        "+33 6 12 34 56 78",
        "03.85.12.34.56",
        "a.b@exemple.fr",
        "chez Paul",
    ),
    *(
        "1 84 03 71 076 123 45",
        "184037107612345",
        "2 99 12 2A 004 123 45",
        "071051900010002144",
        "Mr Paul",
        "M LEFEBVRE",
        "Melle Durand",
        "DURAND Mme",
        "LES ORMES APT 12 M DUPONT",
        "Durand né le 12/03/1980",
        "(Mme) Durand",
        "Veuve Durand",
        "paul (at) exemple.fr",
        "612345678",
        "6 12 34 56 78",
    ),
]


def test_a_free_text_that_names_a_person_is_emptied(depot: Depot) -> None:
    lignes = [
        ligne | {"residence": texte}
        for ligne, texte in zip(attributions(len(PERSONNES)), PERSONNES, strict=True)
    ]
    depot.drop("sne/2021/attributions.csv", table(*lignes))
    depot.load("sne")
    lus = depot.rows("SELECT residence FROM sources.sne_attributions ORDER BY _ligne")
    assert [texte for texte, (lu,) in zip(PERSONNES, lus, strict=True) if lu is not None] == []
    assert depot.rows("SELECT DISTINCT regle, portee, valeur FROM quarantaine.sne_attributions") == [
        ("donnee_personnelle", "cellule", "(masqué)")
    ]
    assert depot.one("SELECT count(*) FROM quarantaine.sne_attributions") == len(PERSONNES)


SITUATIONS = [
    ("Locataire HLM", "locataire_hlm"),
    ("Chez un particulier", "heberge_tiers"),
    ("Sous-locataire ou hébergé dans un logement à titre temporaire", "autre"),
    ("sans_abri", "sans_abri"),
    ("Zoubida", None),
    ("hébergée par sa sœur Zoubida", None),
]


def test_how_a_person_is_housed_is_one_of_a_list_and_no_text(depot: Depot) -> None:
    """It cuts figures: a text of a person's file would be a row of them, and a name is not always known for one."""
    for genre, exemples in (("attributions", attributions), ("demandes", demandes)):
        lignes = [
            ligne | {"situation_logement": texte}
            for ligne, (texte, _) in zip(exemples(len(SITUATIONS)), SITUATIONS, strict=True)
        ]
        depot.drop(f"sne/2021/{genre}.csv", table(*lignes))
    depot.load("sne")
    inconnues = [rang for rang, (_, lu) in enumerate(SITUATIONS, 2) if lu is None]
    for genre in ("attributions", "demandes"):
        lus = depot.rows(f"SELECT situation_logement FROM sources.sne_{genre} ORDER BY _ligne")
        assert lus == [(lu,) for _, lu in SITUATIONS]
        assert depot.rows(
            f"SELECT _ligne, regle, portee, valeur FROM quarantaine.sne_{genre} ORDER BY _ligne"
        ) == [(rang, "code_inconnu", "cellule", "(masqué)") for rang in inconnues]


def test_a_name_alone_is_no_proof(depot: Depot) -> None:
    noms = [
        "Résidence Jean Moulin",
        "Cité Martin Luther King",
        "Société d'H.L.M. Émile",
        "Les Mésanges",
        "12 rue Chezy",
        "Bât. M 3",
        "Bâtiment M nord",
        "Clos Veuve Clicquot",
        "Commerce",
    ]
    lignes = attributions(len(noms))
    for ligne, nom in zip(lignes, noms, strict=True):
        ligne["residence"] = nom
    depot.drop("sne/2021/attributions.csv", table(*lignes))
    depot.load("sne")
    assert [
        n for (n,) in depot.rows("SELECT residence FROM sources.sne_attributions ORDER BY _ligne")
    ] == noms


def test_a_column_proves_the_order_of_its_dates(depot: Depot) -> None:
    """One `12/25/2021` and every date of the column has its month first; a column that proves both is refused."""
    lignes = demandes(20)
    for i, ligne in enumerate(lignes):
        ligne |= {"date_premier_depot": "02/03/2020", "date_radiation": "03/04/2021"}
        if i == 5:
            ligne["date_premier_depot"] = "12/25/2019"
    depot.drop("sne/2021/demandes.csv", table(*lignes))
    depot.load("sne")
    (compte,) = depot.comptes["sne"]
    assert [a.message for a in compte.avertissements if a.regle == "dates_mois_d_abord"] == [
        "Dates lues le mois d'abord (12/25 est le 25 décembre), colonnes « date_premier_depot »"
    ]
    assert depot.rows(
        "SELECT date_premier_depot::VARCHAR, date_radiation::VARCHAR, count(*) FROM sources.sne_demandes "
        "GROUP BY ALL ORDER BY 3"
    ) == [("2019-12-25", "2021-04-03", 1), ("2020-02-03", "2021-04-03", 19)]
    lignes[7]["date_premier_depot"] = "25/12/2019"
    depot.drop("sne/2021/demandes.csv", table(*lignes))
    with pytest.raises(DonneesRefusees, match=r"« date_premier_depot ».*ligne 9 .*ligne 7 "):
        depot.read("sne")


def test_dates_in_spreadsheet_numbers_are_said(depot: Depot) -> None:
    lignes = demandes(20)
    lignes[3]["date_premier_depot"] = "43831"
    depot.drop("sne/2021/demandes.csv", table(*lignes))
    depot.load("sne")
    (compte,) = depot.comptes["sne"]
    dites = [a for a in compte.avertissements if a.regle == "dates_en_numeros"]
    assert [(a.nombre, a.total) for a in dites] == [(1, 20)]
    assert "1904" in dites[0].message
    assert (
        depot.one("SELECT date_premier_depot::VARCHAR FROM sources.sne_demandes WHERE _ligne = 5")
        == "2020-01-01"
    )


def test_rounded_request_numbers_refuse_the_column(depot: Depot) -> None:
    """A spreadsheet keeps fifteen figures: two persons have one number, and nothing else shows it."""
    lignes = demandes(20)
    lignes[4]["numero_unique"] = "071051900010002100"
    depot.drop("sne/2021/demandes.csv", table(*lignes))
    depot.load("sne")
    assert depot.one("SELECT count(*) FROM sources.sne_demandes") == 20
    for i, ligne in enumerate(lignes[:8]):
        ligne["numero_unique"] = f"0710519000100{i}0200" if i % 2 else f"710519000100{i}0200"
    depot.drop("sne/2021/demandes.csv", table(*lignes))
    with pytest.raises(
        DonneesRefusees, match=r"« numero_unique » : 8 numéros sur 20 finissent par des zéros"
    ):
        depot.read("sne")


def test_a_request_of_which_nothing_says_that_it_is_active(depot: Depot) -> None:
    lignes = demandes(40)
    lignes[3] |= {"statut": "", "date_radiation": ""}
    lignes[5] |= {"statut": "??", "date_radiation": "03/04/2021"}
    depot.drop("sne/2021/demandes.csv", table(*lignes))
    depot.load("sne")
    assert depot.rows("SELECT _ligne, regle FROM quarantaine.sne_demandes WHERE portee = 'ligne'") == [
        (5, "statut_inconnu")
    ]
    assert depot.one("SELECT count(*) FROM sources.sne_demandes") == 39


def test_units_ordinals_and_words_that_exports_write(depot: Depot) -> None:
    lues = attributions(
        20, surface="65 m²", typologie="Type 3", rang="1er", age="26 ans", issue="Refusé", code_qpv="Hors-QPV",
        priorite_l441_1="01,05", date_signature_bail="", date_entree="",
    )  # fmt: skip
    depot.drop("sne/2021/attributions.csv", table(*lues))
    depot.load("sne")
    assert depot.rows(
        "SELECT surface::INTEGER, typologie, rang, age, issue, code_qpv, priorite_l441_1 FROM sources.sne_attributions "
        "WHERE _ligne = 2"
    ) == [(65, "T3", 1, 26, "refus", None, True)]
    assert depot.one("SELECT count(*) FROM quarantaine.sne_attributions") == 0


def test_an_amount_of_another_period_is_unknown(depot: Depot) -> None:
    lues = attributions(30, ressources_mensuelles="9 000 €/an", loyer="400 € par mois", rfr="900 €/mois")
    depot.drop("sne/2021/attributions.csv", table(*lues))
    depot.load("sne")
    assert depot.rows(
        "SELECT ressources_mensuelles, loyer::INTEGER, rfr FROM sources.sne_attributions WHERE _ligne = 2"
    ) == [(None, 400, None)]
    assert depot.one("SELECT count(*) FROM quarantaine.sne_attributions") == 2


def test_a_landlord_that_cannot_be_read_is_not_all_of_them(depot: Depot) -> None:
    lignes = occupations(300)
    for ligne, valeur in zip(lignes, ["NC", "9,00007E+13", "-", "", "Ensemble", "TOUS"], strict=False):
        ligne["bailleur_siren"] = valeur
    depot.drop("ops/2022/a.csv", table(*lignes))
    depot.load("ops")
    assert depot.rows("SELECT _ligne, portee FROM quarantaine.ops_occupation ORDER BY 1") == [
        (2, "ligne"), (3, "ligne"), (4, "ligne"),
    ]  # fmt: skip
    assert depot.rows("SELECT _ligne FROM sources.ops_occupation WHERE bailleur_siren IS NULL ORDER BY 1") == [
        (5,), (6,), (7,),
    ]  # fmt: skip


def test_a_telephone_is_no_income(depot: Depot) -> None:
    depot.drop(
        "sne/2021/attributions.csv",
        table(*attributions(30, rfr="0612345678", ressources_mensuelles="0612345678")),
    )
    depot.load("sne")
    assert depot.rows("SELECT rfr, ressources_mensuelles FROM sources.sne_attributions WHERE _ligne = 2") == [
        (None, None)
    ]
    assert {v for (v,) in depot.rows("SELECT valeur FROM quarantaine.sne_attributions")} == {"(masqué)"}


def test_a_percentage_printed_as_a_fraction_is_refused_with_the_line_that_settles_it(depot: Depot) -> None:
    from pipelines.errors import DonneesRefusees

    lignes = [ligne | {"pct_plafond_plus": "0,65"} for ligne in attributions(20)]
    depot.drop("sne/2021/attributions.csv", table(*lignes))
    with pytest.raises(DonneesRefusees, match=r"« pct_plafond_plus ».*echelles: \{pct_plafond_plus: 100\}"):
        depot.read("sne")
    nom = next(
        c.correspondance for c in correspondances("sne") if c.produit == "sne_attributions" and c.canonique
    )
    depot.drop(
        "correspondances/sne.yml",
        f"correspondance: {nom}\nproduit: sne_attributions\ntitre: Fractions\ncanonique: true\n"
        "champs: {demandeur_id: [numero_unique]}\nechelles: {pct_plafond_plus: 100}\n",
    )
    depot.load("sne")
    assert depot.rows("SELECT DISTINCT pct_plafond_plus::DOUBLE FROM sources.sne_attributions") == [(65.0,)]
    # One value above says that the others are small percentages.
    (depot.donnees / "correspondances/sne.yml").unlink()
    lignes[3]["pct_plafond_plus"] = "82"
    depot.drop("sne/2021/attributions.csv", table(*lignes))
    depot.load("sne")
    assert depot.one("SELECT min(pct_plafond_plus)::DOUBLE FROM sources.sne_attributions") == 0.65


@pytest.mark.parametrize(
    ("fractions", "refuse", "signale"), [(11, True, False), (10, False, True), (0, False, False)]
)
def test_fractions_among_percentages(depot: Depot, fractions: int, refuse: bool, signale: bool) -> None:
    """A household far above the ceiling (1.8, 250) does not hide that the others are fractions."""
    lignes = attributions(20)
    for i, ligne in enumerate(lignes):
        ligne["pct_plafond_plus"] = "0,65" if i < fractions else "1,8" if refuse else "65"
    depot.drop("sne/2021/attributions.csv", table(*lignes))
    if refuse:
        with pytest.raises(DonneesRefusees, match="11 valeurs sur 20 sont entre 0 et 1,5"):
            depot.read("sne")
        return
    depot.load("sne")
    regle = "fractions_parmi_les_pourcentages"
    assert (depot.one(f"SELECT count(*) FROM meta.avertissements WHERE regle = '{regle}'") == 1) is signale


def test_a_wide_line_keeps_its_other_cells(depot: Depot) -> None:
    depot.drop(
        "filosofi/2021/cc_filosofi_2021_COM.csv",
        "CODGEO;MED21;TP6021\n71076;beaucoup;15,0\n21231;20000;14,0\n",
    )
    depot.load("filosofi")
    assert depot.rows("SELECT code, mesure, valeur::INTEGER FROM sources.filosofi ORDER BY ALL") == [
        ("21231", "revenu_median", 20000),
        ("21231", "taux_pauvrete", 14),
        ("71076", "taux_pauvrete", 15),
    ]
    assert depot.rows("SELECT _ligne, portee, valeur FROM quarantaine.filosofi") == [
        (2, "cellule", "beaucoup")
    ]
    assert depot.rows("SELECT lignes_lues, lignes_gardees, lignes_quarantaine FROM meta.verrou") == [
        (2, 2, 0)
    ]


def test_the_kind_of_a_code_is_that_of_its_row(depot: Depot) -> None:
    depot.drop(
        "referentiels/seuils_q1.csv",
        "annee;portee;code;seuil\n2021;epci;247 100 589 00014;8958\n2021;region;1;10674\n2022;epci;200066918.0;9000\n",
    )
    depot.load("referentiels")
    assert depot.rows("SELECT annee, portee, code FROM sources.ref_seuils_q1 ORDER BY ALL") == [
        (2021, "epci", "247100589"),
        (2021, "region", "01"),
        (2022, "epci", "200066918"),
    ]


def test_two_digits_of_a_year_of_construction(depot: Depot) -> None:
    depot.drop("rpls/2022/rpls.csv", table(*logements(60, CONSTRUCT="73", LOCAT="05", BAIL="01/03/15")))
    depot.load("rpls")
    assert depot.rows(
        "SELECT annee_construction, annee_location, date_bail::VARCHAR FROM sources.rpls_logements "
        "ORDER BY _ligne LIMIT 1"
    ) == [(1973, 2005, "2015-03-01")]


def test_a_product_says_which_cells_a_row_needs() -> None:
    """Every group names declared fields; a declaration that does not is an error of the project's."""
    for produit in declarations().values():
        assert {ident(c) for groupe in produit.necessaires for c in groupe} <= {
            ident(c.nom) for c in produit.champs
        }
    with pytest.raises(ValueError, match="inconnus"):
        Produit.model_validate(SNE.model_dump() | {"necessaires": [["rien"]]})
