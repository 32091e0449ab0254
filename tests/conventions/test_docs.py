"""docs/conventions.md tells every key, word and default that the validator knows."""

import pytest
from pydantic import BaseModel

from pipelines.conventions.models import Bailleur, Echeance, FichierConvention, Objectif, Zone
from pipelines.conventions.tables import TABLES
from pipelines.conventions.vocabulary import vocabulary
from pipelines.paths import PROJECT_ROOT

PAGE = (PROJECT_ROOT / "docs" / "conventions.md").read_text(encoding="utf-8")
LIGNES = PAGE.splitlines()


@pytest.mark.parametrize("nom", list(vocabulary().parametres))
def test_each_parameter_has_its_row(nom: str) -> None:
    parametre = vocabulary().parametres[nom]
    (ligne,) = [texte for texte in LIGNES if texte.startswith(f"| `{nom}` |")]
    assert f"| {parametre.question} | `{parametre.defaut}` |" in ligne
    assert ligne.endswith(f"| {parametre.reference} |")
    for valeur, sens in parametre.valeurs.items():
        assert f"`{valeur}`: {sens}" in ligne


@pytest.mark.parametrize(
    "liste",
    ["socle_legal", "operateurs", "evenements", "axes", "types_zone", "criteres", "rapports", "periodicites"],
)
def test_each_word_is_told(liste: str) -> None:
    assert [mot for mot in getattr(vocabulary(), liste) if f"`{mot}`" not in PAGE] == []


@pytest.mark.parametrize("modele", [FichierConvention, Objectif, Zone, Bailleur, Echeance])
def test_each_key_is_told(modele: type[BaseModel]) -> None:
    assert [cle for cle in modele.model_fields if f"`{cle}" not in PAGE and f"{cle}:" not in PAGE] == []


def test_each_table_is_told() -> None:
    assert [table for table in TABLES if f"`{table}`" not in PAGE and f".{table}`" not in PAGE] == []


def test_each_shipped_method_is_told() -> None:
    noms = sorted(p.stem for p in (PROJECT_ROOT / "methodes").glob("*.yml"))
    assert noms
    assert [nom for nom in noms if f"`{nom}`" not in PAGE] == []
