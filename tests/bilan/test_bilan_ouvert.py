"""A bilan made of open files alone: what is missing said once, no column that says nothing, no code for a name."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import duckdb
import pytest

from pipelines import libelles
from pipelines.bilan import contenu, donnees
from pipelines.bilan.document import Cartes, Document, Manquant, Reperes, Tableau
from pipelines.ingestion.declarations import declarations

EPCI, ANNEE = "247100589", 2021
Atelier = Callable[..., Any]


@pytest.fixture(scope="module")
def ouvert(construire: Atelier, tmp_path_factory: pytest.TempPathFactory) -> Document:
    """The register and incomes of communes; no request, no lease, no survey, no incomes of the whole."""
    chemin: Path = construire(ops=False).remplir().ecrire(tmp_path_factory.mktemp("ouvert") / "W.duckdb")
    with duckdb.connect(str(chemin)) as con:
        con.execute(
            "update marts.indicateurs set statut = 'indisponible', valeur = null, numerateur = null, "
            "denominateur = null, atteint = null, manque = null where regexp_matches(lower(source), 'sne|ops')"
        )
        con.execute("delete from marts.indicateurs where source ilike 'filosofi%' and axe <> 'commune'")
        con.execute(
            "insert into marts.indicateurs by name select epci_siren, 'millesime' as periode_type, "
            "'2021' as periode, indicateur, 'epci' as axe, epci_siren as modalite, 'Le Grand Chalon' as "
            "modalite_libelle, 'tous' as segment_type, 'tous' as segment, any_value(unite) as unite, "
            "'indisponible' as statut, 'Filosofi 2021 (absent ou incomplet)' as source, '1' as version_methode "
            "from marts.indicateurs where source ilike 'filosofi%' group by epci_siren, indicateur"
        )
    with donnees.ouvrir(chemin) as con:
        return contenu.bilan(donnees.charger(con, EPCI, ANNEE))


def _missing(document: Document) -> list[str]:
    return [b.texte for s in document.sections for b in s.tous_les_blocs() if isinstance(b, Manquant)]


def test_a_missing_source_is_described_once_with_the_chapters_that_it_empties(ouvert: Document) -> None:
    dits = _missing(ouvert)
    (longs,) = [d for d in dits if "système national d’enregistrement" in d]
    assert "gestionnaire départemental" in longs
    (section,) = [s for s in ouvert.sections if s.titre == contenu.MANQUES]
    (manque,) = section.blocs
    assert isinstance(manque, Manquant)
    vides = (
        "Attributions hors quartiers prioritaires",
        "Publics prioritaires",
        "Mutations",
        "Demande et tension",
    )
    assert all(titre in manque.titre for titre in vides)
    assert not {s.titre for s in ouvert.sections} & set(vides)
    assert "Parc social" in {s.titre for s in ouvert.sections}


def test_the_first_page_begins_with_what_is_known(ouvert: Document) -> None:
    essentiel = ouvert.sections[0]
    reperes = next(b for b in essentiel.blocs if isinstance(b, Reperes))
    assert reperes.elements[0][0] == "Logements sociaux"
    assert all(m.chiffre is not None and m.chiffre.statut != "indisponible" for _, m in reperes.elements)
    assert not any(isinstance(b, Cartes) for b in essentiel.blocs)
    (manque,) = [b for b in essentiel.blocs if isinstance(b, Manquant)]
    assert manque.texte.endswith(f"Il manque la source SNE : voir « {contenu.MANQUES} ».")


def test_a_column_of_nothing_is_left_out_where_another_reading_is_there(ouvert: Document) -> None:
    (tableau,) = [
        b
        for s in ouvert.sections
        for b in s.tous_les_blocs()
        if isinstance(b, Tableau) and b.ident == "t-revenus-communes"
    ]
    titres = [c.titre for c in tableau.colonnes]
    assert titres[0] == "Commune"
    assert titres[1:]
    assert all(titre.endswith(")") for titre in titres[1:]), titres
    assert not [ligne for ligne in tableau.lignes if ligne.forte]
    assert any(d.startswith("L’Insee publie les revenus des intercommunalités") for d in _missing(ouvert))


def test_every_holder_of_a_right_and_every_parameter_has_a_name(ouvert: Document) -> None:
    codes = declarations()["sne_attributions"].champ("reservataire").codes or {}
    assert len(codes) == 7
    for code, nom in codes.items():
        assert libelles.segment("reservataire", code) == nom.replace("'", "’")
    assert libelles.parametre("conservation_annees_sne", "6")[0] != "Conservation annees sne"
    assert libelles.source("geographie").court == "géographie"
