"""What a reader of pages does not see: columns of « secret », and years that do not exist."""

from dataclasses import replace

from pipelines.bilan.document import Colonne, Document, Ligne, Mesure, Paragraphe, Section, Tableau
from pipelines.bilan.donnees import Chiffre

FIGURE = Chiffre(
    *("247100589", "annee", "2021", "baux", "commune", "71001", "Allerey", "tous", "tous"),
    *(None, None, None, None, "nombre", None, None, None, None, "secret", "SNE 2021", "1"),
)


def _document(secretes: int, ancre: str | None = None) -> Document:
    lisible = replace(FIGURE, valeur=12.0, statut="publiable")
    lignes = [Ligne((f"Commune {n}", Mesure(FIGURE), "–"), ancre=ancre) for n in range(secretes)]
    lignes += [Ligne(("Chalon", Mesure(lisible), "–")), Ligne(("Ensemble", Mesure(FIGURE), "–"), forte=True)]
    tableau = Tableau(
        "t", "Baux", (Colonne("Commune"), Colonne("Baux", True), Colonne("Cible")), tuple(lignes)
    )
    return Document("f", "t", "s", 2021, (), (), (Section("s", "S", (), (Section("ss", "SS", (tableau,)),)),))


def test_rows_that_are_all_secret_are_named_under_their_table() -> None:
    tableau, note = _document(5).a_lire().blocs()
    assert isinstance(tableau, Tableau)
    assert isinstance(note, Paragraphe)
    assert [ligne.cellules[0] for ligne in tableau.lignes] == ["Chalon", "Ensemble"]
    assert note.genre == "note"
    (phrase,) = note.morceaux
    assert str(phrase).startswith("5 lignes")
    assert str(phrase).endswith(": Commune 0, Commune 1, Commune 2, Commune 3, Commune 4.")


def test_a_few_of_them_stay() -> None:
    document = _document(4)
    assert list(document.a_lire().blocs()) == list(document.blocs())


def test_rows_that_something_points_to_stay() -> None:
    document = _document(9, ancre="a")
    assert list(document.a_lire().blocs()) == list(document.blocs())
