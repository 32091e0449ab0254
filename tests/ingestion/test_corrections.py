"""Corrections as data: applied before validation, counted, refused once needless."""

from pathlib import Path

import pytest
import yaml

from pipelines.errors import DonneesRefusees

from .conftest import Depot
from .exemples import attributions, demandes, logements, table

BASE = {
    "produit": "rpls_logements",
    "millesime": 2022,
    "cle": {"ident_rep": "7101000000"},
    "colonne": "surface_habitable",
    "action": "remplacer",
    "valeur": "74",
    "attendu": "4",
    "raison": "Surface saisie sans son premier chiffre",
    "fournisseur": "OPAC de l'exemple, courriel du 3 mai",
}


def write(depot: Depot, *corrections: dict[str, object]) -> Path:
    return depot.drop("corrections/rpls.yml", yaml.safe_dump(list(corrections), allow_unicode=True))


def test_a_cell_is_replaced_before_the_rules(depot: Depot) -> None:
    depot.drop("rpls/2022/rpls.csv", table(*logements(40, SURFHAB="4")))
    depot.load("rpls")
    assert depot.rows("SELECT regle, portee FROM quarantaine.rpls_logements") == [
        ("surface_trop_petite_pour_les_pieces", "cellule")
    ]
    write(depot, BASE)
    depot.load("rpls")
    assert depot.one("SELECT surface_habitable::INTEGER FROM sources.rpls_logements WHERE _ligne = 2") == 74
    assert depot.one("SELECT count(*) FROM quarantaine.rpls_logements") == 0
    assert depot.rows("SELECT lignes_gardees, corrections FROM meta.verrou") == [(40, 1)]
    depot.load("rpls")
    assert depot.comptes["rpls"][0].reutilise
    assert depot.rows("SELECT lignes_gardees, corrections FROM meta.verrou") == [(40, 1)]


def test_an_unreadable_cell_is_mended_an_empty_one_filled_a_row_set_aside(depot: Depot) -> None:
    lignes = logements(60, SURFHAB="soixante-quatorze")
    lignes[1]["NBPIECE"] = ""
    lignes[2]["MODE"] = "1"
    lignes[3]["LOYERPRINC"] = "36574"
    depot.drop("rpls/2022/rpls.csv", table(*lignes))
    autre = {k: v for k, v in BASE.items() if k not in {"valeur", "cle", "colonne", "attendu"}}
    write(
        depot,
        BASE | {"attendu": "soixante-quatorze"},
        BASE | {"cle": {"ident_rep": "7101000001"}, "colonne": "nb_pieces", "attendu": None, "valeur": "3"},
        autre | {"cle": {"ident_rep": "7101000002"}, "colonne": "mode", "attendu": "1", "action": "ecarter"},
        autre
        | {
            "cle": {"ident_rep": "7101000003"},
            "colonne": "loyer_principal",
            "attendu": "36574",
            "action": "vider",
        },
    )
    depot.load("rpls")
    assert depot.rows(
        "SELECT surface_habitable::INTEGER, nb_pieces, loyer_principal::DOUBLE FROM sources.rpls_logements "
        "WHERE _ligne <= 5 ORDER BY _ligne"
    ) == [(74, 3, 365.74), (74, 3, 365.74), (74, 3, None)]
    assert depot.rows("SELECT _ligne, regle FROM quarantaine.rpls_logements") == [(4, "ligne_ecartee")]
    assert depot.one("SELECT corrections FROM meta.verrou") == 4


def test_a_correction_that_the_producer_made_needless_stops_the_build(depot: Depot) -> None:
    write(depot, BASE)
    depot.drop("rpls/2022/rpls.csv", table(*logements(40, SURFHAB="74")))
    with pytest.raises(
        DonneesRefusees, match=r"corrections/rpls\.yml, entrée 1 .* ligne 2 .*« surface_habitable »"
    ):
        depot.read("rpls")
    depot.drop("rpls/2022/rpls.csv", table(*logements(40)[1:]))
    with pytest.raises(DonneesRefusees, match="aucune ligne"):
        depot.read("rpls")
    # Another vintage is none of its business.
    (depot.donnees / "rpls/2022/rpls.csv").unlink()
    depot.drop("rpls/2023/rpls.csv", table(*logements(40, SURFHAB="40")))
    assert depot.load("rpls")["rpls_logements"] == 40


def test_a_person_is_named_in_the_correction_and_nowhere_else(depot: Depot) -> None:
    numero = demandes(1)[0]["numero_unique"]
    depot.drop("sne/2021/demandes.csv", table(*demandes(40, ressources_mensuelles="14400")))
    depot.drop("sne/2021/attributions.csv", table(*attributions(40)))
    write(
        depot,
        BASE
        | {"produit": "sne_demandes", "millesime": 2021, "cle": {"demandeur_id": numero}}
        | {"colonne": "ressources_mensuelles", "attendu": "14400", "valeur": "1200"},
    )
    depot.load("sne")
    assert (
        depot.one("SELECT ressources_mensuelles::INTEGER FROM sources.sne_demandes WHERE _ligne = 2") == 1200
    )
    assert not any(numero.encode() in p.read_bytes() for p in depot.magasin.rglob("*") if p.is_file())


@pytest.mark.parametrize(
    ("changement", "attendu"),
    [
        ({"produit": "autre"}, "produit inconnu"),
        ({"colonne": "inconnue"}, "champs inconnus"),
        ({"cle": {}}, "clé est vide"),
        ({"action": "vider"}, "remplacer"),
        ({"raison": None}, "raison"),
    ],
)
def test_a_wrong_entry_is_a_sentence(depot: Depot, changement: dict[str, object], attendu: str) -> None:
    depot.drop("rpls/2022/rpls.csv", table(*logements(20)))
    write(depot, BASE | changement)
    with pytest.raises(DonneesRefusees, match=rf"corrections/rpls\.yml, entrée 1 .*{attendu}"):
        depot.read("rpls")
