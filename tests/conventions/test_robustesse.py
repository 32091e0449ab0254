"""Whatever is typed in a convention or a method: it loads and can be written, or a sentence refuses it."""

from pathlib import Path

import duckdb
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pipelines.conventions import load_methods, write_tables
from pipelines.conventions.loader import _convention, legal_core
from pipelines.conventions.methods import METHODES, Methode
from pipelines.conventions.reading import parse, validate
from pipelines.conventions.vocabulary import event_families, indicator_catalogue
from pipelines.errors import ObservatoireError
from pipelines.paths import TERRITOIRES

CONVENTIONS = [p.read_text(encoding="utf-8") for p in sorted(TERRITOIRES.glob("[!_]*.yml"))]
TEXTES_METHODES = [p.read_text(encoding="utf-8") for p in sorted(METHODES.glob("*.yml"))]
CONTEXTE = {
    "indicateurs": indicator_catalogue(),
    "familles": event_families(),
    "methodes": [m.methode for m in load_methods()],
}
SOCLE, _ = legal_core()

VALEURS = st.sampled_from(
    [
        *["", "null", "true", "0", "-1", "25", "1e999", "9" * 30, "0.1", ".inf", ".nan", "é", "@", "`", "\t"],
        *["2023-02-30", "0001-01-01", "9999-12-31", "2024-02-29", "'2023-01-01'", "31/12", "29/02"],
        *[
            "[]",
            "{}",
            "[[[]]]",
            "{a: {b: c}}",
            "- x",
            "<<",
            "? x",
            "%TAG",
            "*x",
            "&x y",
            "!!int 3",
            "!!float x",
        ],
        *["sans_objet", "approche", "'>=N-1'", "[bailleur, epci]", "polygone", '"\\uD800"', '"\\x00"'],
        *["{type: Polygon, coordinates: []}", '\'{"type": "Polygon"}\''],
    ]
)


def check_sentence(erreur: ObservatoireError) -> None:
    """A refusal begins with the file it is about."""
    assert str(erreur).startswith("essai.yml")


@st.composite
def mutated(tirage: st.DrawFn, textes: list[str]) -> str:
    """A shipped text with a few faults: values, keys, lines, characters."""
    lignes = tirage(st.sampled_from(textes)).splitlines()
    for _ in range(tirage(st.integers(1, 4))):
        rang = tirage(st.integers(0, len(lignes) - 1))
        ligne = lignes[rang]
        genre = tirage(
            st.sampled_from(["valeur", "effacer", "doubler", "decaler", "caractere", "couper", "deplacer"])
        )
        if genre == "valeur" and ":" in ligne:
            lignes[rang] = ligne.split(":", 1)[0] + ": " + tirage(VALEURS)
        elif genre == "effacer" and len(lignes) > 1:
            del lignes[rang]
        elif genre == "doubler":
            lignes.insert(rang, ligne)
        elif genre == "decaler":
            lignes[rang] = " " * tirage(st.integers(1, 4)) + ligne
        elif genre == "caractere":
            place = tirage(st.integers(0, len(ligne)))
            lignes[rang] = (
                ligne[:place] + tirage(st.characters()) + ligne[place + tirage(st.integers(0, 1)) :]
            )
        elif genre == "couper":
            lignes[rang] = ligne[: tirage(st.integers(0, len(ligne)))]
        elif genre == "deplacer":
            lignes.append(lignes.pop(rang))
    return "\n".join(lignes) + "\n"


@settings(
    max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large]
)
@given(texte=mutated(CONVENTIONS))
def test_a_damaged_convention_loads_or_is_refused(texte: str) -> None:
    try:
        convention = _convention(parse(texte, Path("essai.yml"), "0"), SOCLE, CONTEXTE)
    except ObservatoireError as erreur:
        check_sentence(erreur)
        return
    write_tables(duckdb.connect(), [convention], methodes=[])


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large]
)
@given(texte=mutated(TEXTES_METHODES))
def test_a_damaged_method_loads_or_is_refused(texte: str) -> None:
    try:
        methode = validate(Methode, parse(texte, Path("essai.yml"), "0"), CONTEXTE)
    except ObservatoireError as erreur:
        check_sentence(erreur)
        return
    write_tables(duckdb.connect(), [], methodes=[methode])


@settings(max_examples=100, deadline=None)
@given(octets=st.text(max_size=200))
def test_any_text_is_read_or_refused(octets: str) -> None:
    try:
        parse(octets, Path("essai.yml"), "0")
    except ObservatoireError as erreur:
        check_sentence(erreur)


@pytest.mark.parametrize("debut", ["1945-01-01", "2024-02-29", "2100-12-31"])
def test_the_first_and_last_dates(debut: str) -> None:
    texte = f'siren: "247100589"\nnom: N\nversion: "1"\ndebut: {debut}\n'
    convention = _convention(parse(texte, Path("essai.yml"), "0"), SOCLE, CONTEXTE)
    write_tables(duckdb.connect(), [convention], methodes=[])
