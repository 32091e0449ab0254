"""What a reader of pages does not see: columns of « secret », and years that do not exist."""

from dataclasses import replace

from pipelines.bilan.document import (
    LIGNES_DISPARATES_MAX,
    LIGNES_IMPRIMEES,
    Colonne,
    Document,
    Ligne,
    Mesure,
    Nombre,
    Paragraphe,
    Section,
    Tableau,
)
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


def _imprimer(lignes: list[Ligne], *titres: str) -> tuple[list[str], list[str], str]:
    """What paper holds of a table: its columns, the first cell of its rows, and the note under it."""
    colonnes = (Colonne("Lieu"), *(Colonne(t, True) for t in titres))
    tableau = Tableau("t", "T", colonnes, tuple(lignes))
    document = Document("f", "t", "s", 2021, (), (), (Section("s", "S", (tableau,)),))
    imprime, *notes = document.a_imprimer().blocs()
    assert isinstance(imprime, Tableau)
    note = "".join(str(m) for n in notes if isinstance(n, Paragraphe) for m in n.morceaux)
    return [c.titre for c in imprime.colonnes], [str(ligne.cellules[0]) for ligne in imprime.lignes], note


def test_the_rows_printed_of_a_table_of_counts_are_the_largest_in_all() -> None:
    lignes = [Ligne((f"L{n}", Nombre(float(20 - n)), Nombre(3.0 * n))) for n in range(20)]
    _, noms, note = _imprimer(lignes, "Moins de 25 ans", "Autres")
    assert noms == [f"L{n}" for n in range(20 - LIGNES_IMPRIMEES, 20)]
    assert note.startswith(f"Les {LIGNES_IMPRIMEES} premières lignes sur 20, par leur total")


def test_a_column_that_no_printed_row_fills_is_not_printed() -> None:
    lignes = [Ligne((f"L{n}", Nombre(float(n), "%"), "–" if n > 2 else "x")) for n in range(20)]
    lignes.append(Ligne(("Ensemble", Nombre(5.0, "%"), "y"), forte=True))
    titres, noms, note = _imprimer(lignes, "Part", "Classe")
    assert titres == ["Lieu", "Part"]
    assert noms[-1] == "Ensemble"
    assert "par « Part »" in note


def test_rows_that_do_not_count_the_same_thing_are_not_ranked() -> None:
    def indicateurs(nombre: int) -> list[Ligne]:
        return [
            Ligne((f"I{n}", Mesure(replace(FIGURE, indicateur=f"i{n}", valeur=float(n), statut="publiable"))))
            for n in range(nombre)
        ]

    _, noms, note = _imprimer(indicateurs(LIGNES_DISPARATES_MAX), "2021")
    assert (len(noms), note) == (LIGNES_DISPARATES_MAX, "")
    _, noms, note = _imprimer(indicateurs(LIGNES_DISPARATES_MAX + 1), "2021")
    assert noms == [f"I{n}" for n in range(LIGNES_IMPRIMEES)]
    assert "par «" not in note
