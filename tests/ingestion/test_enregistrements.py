"""One thing, one record: identity, states that follow one another, conflicts; neither paths nor rows decide."""

import itertools
from collections.abc import Sequence

import pytest

from pipelines.errors import DonneesRefusees
from pipelines.ingestion.landing import settings
from pipelines.ingestion.pseudonymes import pseudonym
from tests.ingestion.conftest import CLE, Depot
from tests.ingestion.exemples import ATTRIBUTION, DEMANDE, RPLS, attributions, logements, occupations, table

COMPTE = (
    "SELECT sum(lignes_lues), sum(lignes_gardees), sum(lignes_fusionnees), sum(lignes_doublons), "
    "sum(lignes_quarantaine) FROM meta.verrou"
)
SANS_NUMERO = {"num_rpls": "", "residence": "", "code_qpv": ""}


def sans(lignes: Sequence[dict[str, str]], *colonnes: str) -> list[dict[str, str]]:
    """The same rows in an export that lacks these columns."""
    return [{k: v for k, v in ligne.items() if k not in colonnes} for ligne in lignes]


def records(depot: Depot, colonnes: str, produit: str = "sne_attributions") -> list[tuple[object, ...]]:
    return depot.rows(f"SELECT {colonnes} FROM sources.{produit} ORDER BY ALL")


# ---------------------------------------------------------------- a key that is none


def test_lines_of_one_key_beyond_what_a_thing_can_have_are_no_thing(
    depot: Depot, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A number filled down a column would make one allocation of all of its lines, and say nothing."""
    lignes = attributions(6)
    copiees = [
        x | {"numero_unique": lignes[0]["numero_unique"], "date_decision": "2021-01-04"} for x in lignes
    ]
    depot.drop("sne/2021/attributions.csv", table(*copiees[:5], lignes[5]))
    monkeypatch.setitem(settings(), "lignes_par_cle", 4)
    with pytest.raises(DonneesRefusees) as refus:
        depot.load("sne")
    assert str(refus.value).startswith(
        "sne/2021/attributions.csv : 5 lignes, dont la ligne 2, ont la même clé (demandeur_id, date_decision)"
    )
    assert lignes[0]["numero_unique"] not in str(refus.value)
    monkeypatch.setitem(settings(), "lignes_par_cle", 5)
    depot.load("sne")
    assert depot.rows(COMPTE)[0][0] == 6


# ---------------------------------------------------------------- identity of an allocation


def test_a_lease_found_later_belongs_to_the_allocation_decided_before(depot: Depot) -> None:
    decisions = [x | {"date_signature_bail": "", "date_entree": ""} for x in attributions(3)]
    depot.drop("sne/2020/attributions.csv", table(*decisions))
    depot.drop("sne/2021/attributions.csv", table(*attributions(3)))
    depot.load("sne")
    assert (
        records(depot, "millesime, date_extraction::VARCHAR, date_signature_bail::VARCHAR")
        == [(2021, "2021-12-31", "2021-01-04")] * 3
    )
    assert depot.rows(COMPTE) == [(6, 3, 3, 0, 0)]
    assert depot.one("SELECT count(*) FROM meta.conflits") == 0


def test_an_export_with_fewer_columns_adds_nothing_and_takes_nothing(depot: Depot) -> None:
    depot.drop("sne/2021/bailleur.csv", table(*attributions(4)))
    depot.drop("sne/2021/prefecture.csv", table(*sans(attributions(4), "residence", "dalo", "rang")))
    depot.load("sne")
    assert records(depot, "residence, dalo, rang, champs_absents") == [("Les Ormes", False, 1, None)] * 4
    assert depot.rows(COMPTE) == [(8, 4, 4, 0, 0)]


def test_a_field_that_no_export_of_a_record_holds_is_said(depot: Depot) -> None:
    depot.drop("sne/2021/un.csv", table(*sans(attributions(2), "dalo", "pdalhpd")))
    depot.drop("sne/2021/deux.csv", table(*sans(attributions(1), "pdalhpd", "rfr")))
    depot.load("sne")
    assert records(depot, "champs_absents") == [(",dalo,pdalhpd,",), (",pdalhpd,",)]


def persons(*couples: Sequence[dict[str, str]]) -> tuple[list[dict[str, str]], list[dict[str, str]]]:
    """Two files of rows, of one person for each couple: one reading judges them all, each by itself."""
    numeros = [f"07105190001{rang:07d}" for rang in range(len(couples))]
    premier, second = (
        [couple[cote] | {"numero_unique": numero} for numero, couple in zip(numeros, couples, strict=True)]
        for cote in (0, 1)
    )
    return premier, second


def of_each(depot: Depot, colonnes: str, nombre: int) -> list[list[tuple[object, ...]]]:
    """The allocations of each of the persons, in the order in which `persons` took them."""
    par_personne: dict[object, list[tuple[object, ...]]] = {}
    for personne, *ligne in depot.rows(
        f"SELECT demandeur_id, {colonnes} FROM sources.sne_attributions ORDER BY ALL"
    ):
        par_personne.setdefault(personne, []).append(tuple(ligne))
    return [par_personne[pseudonym(CLE, f"07105190001{rang:07d}")] for rang in range(nombre)]


AUTRES = [
    ({}, 1),
    ({"residence": "Résidence des ORMES"}, 1),
    ({"residence": "LES-ORMES"}, 1),
    ({"residence": "ormes"}, 1),
    *[({"residence": r}, 1) for r in ("Rés. les Ormes", "RESID LES ORMES", "Résid. des Ormes")],
    ({"residence": "Les Lilas"}, 2),
    ({"rang": "2"}, 2),
    ({"rang": ""}, 1),
    ({"code_commune_logement": "71105"}, 2),
    ({"bailleur_siren": "900007106"}, 2),
    ({"bailleur_siren": ""}, 1),
    ({"date_decision": "2020-12-07"}, 2),
    ({"date_premier_depot": "2019-06-01"}, 1),
]


def test_without_a_dwelling_number_nothing_that_both_give_may_disagree(depot: Depot) -> None:
    ligne = ATTRIBUTION | {"num_rpls": ""}
    premier, second = persons(*[(ligne, ATTRIBUTION | autre) for autre, _ in AUTRES])
    depot.drop("sne/2021/a.csv", table(*premier))
    depot.drop("sne/2021/b.csv", table(*second))
    depot.load("sne")
    vus = [len(x) for x in of_each(depot, "rang", len(AUTRES))]
    assert vus == [attendus for _, attendus in AUTRES]


def test_two_dwellings_of_one_committee_are_two_allocations(depot: Depot) -> None:
    depot.drop("sne/2021/a.csv", table(ATTRIBUTION, ATTRIBUTION | {"num_rpls": "7101005582"}))
    depot.load("sne")
    assert depot.one("SELECT count(*) FROM sources.sne_attributions") == 2


def test_one_dwelling_is_one_allocation_whatever_is_said_of_it(depot: Depot) -> None:
    autre = ATTRIBUTION | {"rang": "2", "residence": "Les Lilas", "loyer": "470.00"}
    depot.drop("sne/2021/a.csv", table(ATTRIBUTION, autre))
    depot.load("sne")
    assert records(depot, "rang, residence, loyer::DOUBLE") == [(1, "Les Lilas", 469.7)]
    assert depot.rows("SELECT colonne, valeur, autre_valeur FROM meta.conflits ORDER BY 1") == [
        ("loyer", "469.70", "470.00"),
        ("rang", "1", "2"),
        # A free text in a file about persons is told by its place only.
        ("residence", None, None),
    ]
    assert (
        depot.rows("SELECT regle, nombre FROM meta.avertissements WHERE regle = 'conflit'")
        == [("conflit", 1)] * 3
    )


def test_a_row_that_could_be_two_things_joins_neither(depot: Depot) -> None:
    deux = [ATTRIBUTION, ATTRIBUTION | {"num_rpls": "7101005582", "loyer": "500"}]
    depot.drop("sne/2021/a.csv", table(*deux))
    depot.drop("sne/2021/b.csv", table(ATTRIBUTION | SANS_NUMERO | {"loyer": ""}))
    depot.load("sne")
    assert depot.one("SELECT count(*) FROM sources.sne_attributions") == 3
    assert depot.rows("SELECT fichier, nombre FROM meta.avertissements WHERE regle = 'candidat_ambigu'") == [
        ("sne/2021/b.csv", 1)
    ]


def test_a_landlord_and_the_one_that_absorbed_it_are_one(depot: Depot) -> None:
    depot.drop("referentiels/bailleurs.csv", "siren;nom;alias\n900007105;OPAC;900007199\n900007199;Ancien;\n")
    depot.load("referentiels")
    depot.drop("sne/2021/a.csv", table(ATTRIBUTION | {"num_rpls": ""}))
    depot.drop("sne/2021/b.csv", table(ATTRIBUTION | {"bailleur_siren": "900007199"}))
    depot.load("sne")
    assert depot.one("SELECT count(*) FROM sources.sne_attributions") == 1
    assert depot.one("SELECT count(*) FROM meta.conflits") == 0


def test_without_a_decision_the_lease_dates_the_allocation(depot: Depot) -> None:
    ligne = ATTRIBUTION | SANS_NUMERO | {"date_decision": ""}
    depot.drop(
        "sne/2021/a.csv", table(ligne, ligne | {"date_signature_bail": "2021-09-01", "date_entree": ""})
    )
    depot.drop("sne/2021/b.csv", table(ligne | {"loyer": ""}))
    depot.load("sne")
    assert records(depot, "date_signature_bail::VARCHAR") == [("2021-01-04",), ("2021-09-01",)]


def test_a_lease_whose_export_lacks_the_committee_is_that_of_the_candidate(depot: Depot) -> None:
    depot.drop("sne/2021/prefecture.csv", table(*attributions(3)))
    depot.drop("sne/2021/bailleur.csv", table(*sans(attributions(3), "date_decision")))
    depot.load("sne")
    assert (
        records(depot, "date_decision::VARCHAR, date_signature_bail::VARCHAR")
        == [("2020-12-06", "2021-01-04")] * 3
    )
    assert depot.rows(COMPTE) == [(6, 3, 3, 0, 0)]


BAUX: list[tuple[dict[str, str], list[tuple[str | None, str | None]]]] = [
    ({}, [("2020-12-06", "2021-01-04")]),
    ({"num_rpls": ""}, [("2020-12-06", None), (None, "2021-01-04")]),
    ({"num_rpls": "7101005582"}, [("2020-12-06", None), (None, "2021-01-04")]),
    ({"date_signature_bail": "2020-12-01"}, [("2020-12-06", None), (None, "2020-12-01")]),
]


def test_a_lease_without_committee_follows_the_decision_for_its_dwelling(depot: Depot) -> None:
    decision = ATTRIBUTION | {"date_signature_bail": "", "date_entree": ""}
    sans_date = ATTRIBUTION | {"date_decision": "", "date_entree": ""}
    decisions, baux = persons(*[(decision, sans_date | bail) for bail, _ in BAUX])
    depot.drop("sne/2021/a.csv", table(*decisions, *baux))
    depot.load("sne")
    vus = of_each(depot, "date_decision::VARCHAR, date_signature_bail::VARCHAR", len(BAUX))
    assert vus == [attendus for _, attendus in BAUX]


def test_a_lease_without_committee_that_could_be_of_two_is_kept_apart_and_said(depot: Depot) -> None:
    lu = ATTRIBUTION | {"num_rpls": ""}
    deux = [lu, lu | {"date_decision": "2020-12-15"}]
    depot.drop("sne/2021/a.csv", table(*deux))
    depot.drop("sne/2021/b.csv", table(*sans([lu], "date_decision")))
    depot.load("sne")
    assert depot.one("SELECT count(*) FROM sources.sne_attributions") == 3
    assert depot.rows("SELECT fichier, nombre FROM meta.avertissements WHERE regle = 'candidat_ambigu'") == [
        ("sne/2021/b.csv", 1)
    ]


# ---------------------------------------------------------------- states


def test_within_an_extraction_the_lease_wins_over_the_decision_in_any_order(depot: Depot) -> None:
    decidee = ATTRIBUTION | {"date_signature_bail": "", "date_entree": "", "loyer": "400"}
    signee = ATTRIBUTION | {"date_entree": "", "loyer": "410"}
    entree = ATTRIBUTION | {"loyer": "", "surface": ""}
    ordres = list(itertools.permutations([decidee, signee, entree]))
    lignes = [
        ligne | {"numero_unique": f"07105190001{rang:07d}"}
        for rang, ordre in enumerate(ordres)
        for ligne in ordre
    ]
    depot.drop("sne/2021/a.csv", table(*lignes))
    depot.load("sne")
    vus = of_each(depot, "date_entree::VARCHAR, loyer::DOUBLE, surface::DOUBLE", len(ordres))
    assert vus == [[("2021-01-10", 410.0, 101.0)]] * len(ordres)
    assert depot.one("SELECT count(*) FROM meta.conflits") == 0


def test_the_latest_extraction_wins_value_by_value(depot: Depot) -> None:
    ancien = ATTRIBUTION | {"loyer": "400", "surface": "99"}
    recent = ATTRIBUTION | {"loyer": "420", "surface": "", "date_entree": ""}
    depot.drop("sne/2021/z_2021-03-31.csv", table(ancien))
    depot.drop("sne/2021/a_2021-06-30.csv", table(recent))
    depot.load("sne")
    attendu = [(420.0, 99.0, "2021-01-10", "2021-06-30")]
    colonnes = "loyer::DOUBLE, surface::DOUBLE, date_entree::VARCHAR, date_extraction::VARCHAR"
    assert records(depot, colonnes) == attendu
    # The folder and the beginning of the name say nothing.
    (depot.donnees / "sne/2022").mkdir()
    (depot.donnees / "sne/2021/z_2021-03-31.csv").rename(depot.donnees / "sne/2022/b_2021-03-31.csv")
    depot.load("sne")
    assert records(depot, colonnes) == attendu


def test_a_column_dates_each_row(depot: Depot) -> None:
    depot.drop(
        "sne/2021/a_2021-12-31.csv",
        table(
            ATTRIBUTION | {"loyer": "400", "date_extraction": "2021-11-30"},
            ATTRIBUTION | {"loyer": "420", "date_extraction": "2021-10-31"},
        ),
    )
    depot.load("sne")
    assert records(depot, "loyer::DOUBLE, date_extraction::VARCHAR") == [(400.0, "2021-11-30")]


def test_extractions_yml_dates_a_file_whose_name_says_nothing(depot: Depot) -> None:
    depot.drop("sne/2021/a.csv", table(ATTRIBUTION | {"loyer": "400"}))
    depot.drop("sne/2021/b.csv", table(ATTRIBUTION | {"loyer": "420"}))
    depot.drop("extractions.yml", "- {fichier: sne/2021/b.csv, date: 2021-03-31}\n")
    depot.load("sne")
    assert records(depot, "loyer::DOUBLE") == [(400.0,)]


def test_at_equal_dates_the_fuller_then_the_smaller_value_and_a_conflict(depot: Depot) -> None:
    un = ATTRIBUTION | {"loyer": "420.00", "bailleur_nom": "OPAC"}
    deux = ATTRIBUTION | {"loyer": "400.00", "bailleur_nom": "OPAC de Saône-et-Loire", "surface": ""}
    for noms in (("a", "b"), ("b", "a")):
        depot.drop(f"sne/2021/{noms[0]}.csv", table(un))
        depot.drop(f"sne/2021/{noms[1]}.csv", table(deux))
        depot.load("sne")
        assert records(depot, "loyer::DOUBLE, bailleur_nom, surface::DOUBLE") == [
            (400.0, "OPAC de Saône-et-Loire", 101.0)
        ]
        assert depot.rows("SELECT colonne, utilisee, valeur FROM meta.conflits ORDER BY 1") == [
            ("bailleur_nom", True, None),
            ("loyer", True, "400.00"),
        ]


def test_the_same_bytes_under_two_vintages_are_said(depot: Depot) -> None:
    for annee in (2021, 2022):
        depot.drop(f"rpls/{annee}/r.csv", table(*logements(3)))
    depot.load("rpls")
    assert depot.rows(
        "SELECT fichier, regle FROM meta.avertissements WHERE regle LIKE 'meme%' ORDER BY 1"
    ) == [
        ("rpls/2021/r.csv", "meme_fichier_deux_millesimes"),
        ("rpls/2022/r.csv", "meme_fichier_deux_millesimes"),
    ]


# ---------------------------------------------------------------- requests


def test_a_request_has_one_state_per_extraction(depot: Depot) -> None:
    active = DEMANDE | {"statut": "active", "date_radiation": "", "motif_radiation": ""}
    depot.drop("sne/2021/a.csv", table(active))
    depot.drop("sne/2021/b.csv", table(DEMANDE | {"guichet": ""}))
    depot.drop("sne/2022/a.csv", table(active | {"cotation": "20"}))
    depot.load("sne")
    assert records(depot, "date_extraction::VARCHAR, statut, guichet, cotation::DOUBLE", "sne_demandes") == [
        ("2021-12-31", "radiee", "Mairie", 12.5),
        ("2022-12-31", "active", "Mairie", 20.0),
    ]


def test_an_empty_value_never_erases_what_an_earlier_extraction_says(depot: Depot) -> None:
    complete = DEMANDE | {"rfr": "11000", "cotation": "10"}
    breve = {k: v for k, v in DEMANDE.items() if k not in {"rfr", "dalo"}} | {
        "statut": "active",
        "date_radiation": "",
        "motif_radiation": "",
        "cotation": "",
    }
    depot.drop("sne/2021/d.csv", table(complete))
    depot.drop("sne/2022/d.csv", table(breve))
    depot.drop(
        "sne/2020/d.csv", table({k: v for k, v in breve.items() if k != "pdalhpd"} | {"cotation": "5"})
    )
    depot.load("sne")
    colonnes = (
        "date_extraction::VARCHAR, rfr::INTEGER, cotation::INTEGER, dalo, date_radiation, champs_absents"
    )
    assert [(*x[:4], x[4] is None, x[5]) for x in records(depot, colonnes, "sne_demandes")] == [
        ("2020-12-31", None, 5, None, True, ",dalo,pdalhpd,rfr,"),
        ("2021-12-31", 11000, 10, False, False, None),
        # What was struck off and is active again has no date of striking off.
        ("2022-12-31", 11000, 10, False, True, None),
    ]


# ---------------------------------------------------------------- the register


def test_present_beats_left_between_landlords_whatever_the_order_and_the_date(depot: Depot) -> None:
    vendu = RPLS | {"MODE": "9", "SORTIEPATRIM": "1", "BAIL": "", "LOYERPRINC": "111"}
    achete = RPLS | {"SIRET": "90000710600010", "RS": "Acheteur", "LOYERPRINC": ""}
    for premier, second in ((vendu, achete), (achete, vendu)):
        depot.drop("rpls/2022/a_2022-06-30.csv", table(premier))
        depot.drop("rpls/2022/b_2022-09-30.csv", table(second))
        depot.load("rpls")
        # Nothing of the seller's is mixed with what the buyer says.
        assert records(depot, "siren_bailleur, mode, loyer_principal", "rpls_logements") == [
            ("900007106", "1", None)
        ]
        assert depot.one("SELECT count(*) FROM meta.conflits") == 0


def test_one_landlord_that_corrects_itself_is_believed(depot: Depot) -> None:
    vendu = RPLS | {"MODE": "9", "SORTIEPATRIM": "1", "BAIL": ""}
    depot.drop("rpls/2022/a_2022-06-30.csv", table(RPLS))
    depot.drop("rpls/2022/b_2022-09-30.csv", table(vendu))
    depot.load("rpls")
    assert records(depot, "mode", "rpls_logements") == [("9",)]


@pytest.mark.parametrize("ordre", [1, -1])
def test_a_dwelling_let_again_has_left_no_more(depot: Depot, ordre: int) -> None:
    """How it is occupied and why it left say one thing together, whatever the order of the files."""
    vendu = RPLS | {"MODE": "9", "SORTIEPATRIM": "1", "BAIL": ""}
    for nom, ligne in zip(["a_2022-06-30", "b_2022-09-30"], [vendu, RPLS], strict=True):
        depot.drop(f"rpls/2022/{nom[::ordre] if ordre > 0 else 'z' + nom}.csv", table(ligne))
    depot.load("rpls")
    assert records(depot, "mode, sortie_patrimoine", "rpls_logements") == [("1", None)]


def test_two_landlords_that_hold_one_dwelling_are_a_conflict(depot: Depot) -> None:
    depot.drop("rpls/2022/a.csv", table(RPLS))
    depot.drop("rpls/2022/b.csv", table(RPLS | {"SIRET": "90000710600010"}))
    depot.load("rpls")
    assert records(depot, "siren_bailleur", "rpls_logements") == [("900007105",)]
    assert depot.rows("SELECT regle, valeur, autre_valeur FROM meta.conflits") == [
        ("deux_declarants", "900007105", "900007106")
    ]


def test_a_landlord_written_otherwise_does_not_double_its_dwellings(depot: Depot) -> None:
    neufs = [x | {"IDENT_REP": "", "RS": "OPAC Saône-et-Loire"} for x in logements(3)]
    depot.drop("rpls/2022/a.csv", table(*neufs))
    depot.drop("rpls/2022/b.csv", table(*[x | {"RS": "OPAC SAONE ET LOIRE"} for x in neufs]))
    depot.load("rpls")
    assert depot.one("SELECT count(*) FROM sources.rpls_logements") == 3


def test_a_modality_written_otherwise_is_one(depot: Depot) -> None:
    depot.drop("ops/2022/a.csv", table(*[x | {"modalite": "Isolé"} for x in occupations(3)]))
    depot.drop("ops/2022/b.csv", table(*[x | {"modalite": "ISOLE"} for x in occupations(3)]))
    depot.load("ops")
    assert depot.rows("SELECT DISTINCT modalite FROM sources.ops_occupation") == [("isole",)]
    assert depot.one("SELECT count(*) FROM sources.ops_occupation") == 3


@pytest.mark.parametrize("avant", [{}, {"date_signature_bail": "", "date_entree": ""}])
def test_one_lease_under_two_committees_is_one_lease(depot: Depot, avant: dict[str, str]) -> None:
    """A person signs one dwelling once on a day: the first committee is kept, the other is told."""
    bail = ATTRIBUTION | {
        "date_decision": "02/11/2020",
        "date_signature_bail": "04/01/2021",
        "date_entree": "",
    }
    autre = bail | {"date_decision": "16/11/2020"}
    depot.drop("sne/2021/a.csv", table(bail))
    depot.drop("sne/2021/b.csv", table(autre))
    if avant:
        depot.drop("sne/2020/c.csv", table(autre | avant))
    depot.load("sne")
    assert records(depot, "date_decision::VARCHAR, date_signature_bail::VARCHAR") == [
        ("2020-11-02", "2021-01-04")
    ]
    assert depot.rows("SELECT regle, colonne, valeur, autre_valeur FROM meta.conflits") == [
        ("valeurs_divergentes", "date_decision", "2020-11-02", "2020-11-16")
    ]


def test_two_dwellings_signed_the_same_day_stay_two(depot: Depot) -> None:
    depot.drop(
        "sne/2021/a.csv",
        table(ATTRIBUTION, ATTRIBUTION | {"date_decision": "16/11/2020", "num_rpls": "7101099999"}),
    )
    depot.load("sne")
    assert depot.one("SELECT count(*) FROM sources.sne_attributions") == 2


UNITES: list[tuple[dict[str, str], float | None]] = [
    ({"nb_uc": "", "nb_personnes": "5", "nb_moins_14": "3"}, None),
    ({"nb_uc": "", "nb_personnes": "3", "nb_moins_14": "1"}, 1.9),
    ({"nb_uc": "", "nb_personnes": "", "nb_moins_14": ""}, 1.9),
    ({"nb_uc": "2.4", "nb_personnes": "5", "nb_moins_14": "3"}, 2.4),
]


def test_units_worked_out_from_another_household_are_void(depot: Depot) -> None:
    """In the states of a request, and in the record of an allocation."""
    avant = {"nb_uc": "1.9", "nb_personnes": "3", "nb_moins_14": "1"}
    demandes = persons(*[(DEMANDE | avant, DEMANDE | apres) for apres, _ in UNITES])
    baux = persons(*[(ATTRIBUTION | avant, ATTRIBUTION | apres) for apres, _ in UNITES])
    for annee, lignes in zip((2020, 2021), demandes, strict=True):
        depot.drop(f"sne/{annee}/demandes.csv", table(*lignes))
    for jour, lignes in zip(("2021-01-31", "2021-12-31"), baux, strict=True):
        depot.drop(f"sne/2021/attributions_{jour}.csv", table(*lignes))
    depot.load("sne")
    assert of_each(depot, "nb_uc::DOUBLE", len(UNITES)) == [[(attendu,)] for _, attendu in UNITES]
    etats = depot.rows(
        "SELECT demandeur_id, nb_uc::DOUBLE FROM sources.sne_demandes ORDER BY date_extraction"
    )
    for rang, (_, attendu) in enumerate(UNITES):
        personne = pseudonym(CLE, f"07105190001{rang:07d}")
        assert [unites for qui, unites in etats if qui == personne] == [1.9, attendu]


def test_a_household_has_no_more_units_than_persons(depot: Depot) -> None:
    depot.drop(
        "sne/2021/a.csv", table(ATTRIBUTION | {"nb_uc": "19", "nb_personnes": "2", "nb_moins_14": "0"})
    )
    depot.load("sne")
    assert records(depot, "nb_uc, nb_personnes") == [(None, 2)]


def test_dwellings_without_a_number_are_counted_by_the_columns_that_all_files_hold(depot: Depot) -> None:
    neufs = [x | {"IDENT_REP": "", "ETAGE": "3"} for x in logements(3)]
    depot.drop("rpls/2022/a.csv", table(*neufs))
    depot.drop("rpls/2022/b.csv", table(*sans(neufs, "LOYERPRINC")))
    depot.load("rpls")
    assert records(depot, "count(loyer_principal)", "rpls_logements GROUP BY ALL") == [(3,)]
    assert depot.rows(COMPTE) == [(6, 3, 0, 3, 0)]
    # Without the landlord nothing tells that two rows are one declaration.
    depot.drop("rpls/2022/b.csv", table(*sans(neufs, "LOYERPRINC", "SIRET", "RS")))
    depot.load("rpls")
    assert depot.one("SELECT count(*) FROM sources.rpls_logements") == 6


# ---------------------------------------------------------------- other products


def test_a_survey_row_given_twice_is_one_and_lines_add_up(depot: Depot) -> None:
    lignes = occupations(5)
    depot.drop("ops/2020/a.csv", table(*lignes))
    depot.drop("ops/2020/b.csv", table(*lignes[:3], lignes[3] | {"effectif": "700"}))
    depot.load("ops")
    assert depot.one("SELECT count(*) FROM sources.ops_occupation") == 5
    assert depot.rows(COMPTE)[0][0] == 9
    assert depot.rows("SELECT colonne, valeur, autre_valeur FROM meta.conflits") == [
        ("effectif", "664", "700")
    ]


def test_a_threshold_has_no_vintage(depot: Depot) -> None:
    entete = "annee;portee;code;seuil\n"
    depot.drop("referentiels/seuils_q1_2021-05-01.csv", entete + "2021;epci;247100589;8900\n")
    depot.drop("referentiels/seuils_q1_2022-05-01.csv", entete + "2021;epci;247100589;8958\n")
    depot.load("referentiels")
    assert records(depot, "annee, seuil::DOUBLE", "ref_seuils_q1") == [(2021, 8958.0)]


def test_a_territory_without_its_threshold_does_not_cost_the_others(depot: Depot) -> None:
    entete = "annee;portee;code;seuil\n"
    depot.drop(
        "referentiels/seuils_q1.csv", entete + "2021;epci;247100589;8 958 euros\n2021;epci;200059228;NC\n"
    )
    depot.load("referentiels")
    assert records(depot, "code, seuil::DOUBLE", "ref_seuils_q1") == [
        ("200059228", None),
        ("247100589", 8958),
    ]


def test_requests_and_allocations_keep_their_order_out_of_the_content(depot: Depot) -> None:
    lignes = [*attributions(20), *[x | {"loyer": "500"} for x in attributions(20)]]
    contenus = []
    for ordre in (lignes, lignes[::-1], sorted(lignes, key=lambda x: x["loyer"])):
        depot.drop("sne/2021/a.csv", table(*ordre))
        depot.load("sne")
        contenus.append(records(depot, "* EXCLUDE (_ligne)"))
    assert contenus[0] == contenus[1] == contenus[2]
    assert depot.rows(COMPTE) == [(40, 20, 20, 0, 0)]
