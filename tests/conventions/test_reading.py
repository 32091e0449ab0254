"""The YAML reader: what it keeps as text, what it refuses, and where it says the fault is."""

from datetime import date
from pathlib import Path

import pytest

from pipelines.conventions.reading import dotted, parse, read
from pipelines.errors import DonneesRefusees

ICI = Path("essai.yml")


def test_codes_and_words_are_not_guessed() -> None:
    contenu = parse(
        "a: 01053\nb: off\nc: 1:30\nd: 25\ne: 2.5\nf: 2023-01-01\ng: '7'\nh:\ni: 1_000\n", ICI, ""
    ).contenu
    assert contenu == {
        "a": "01053",
        "b": "off",
        "c": "1:30",
        "d": 25,
        "e": 2.5,
        "f": date(2023, 1, 1),
        "g": "7",
        "h": None,
        "i": "1_000",
    }
    assert type(contenu["d"]) is int


def test_lines_are_known_for_keys_and_items() -> None:
    document = parse("a: 1\nb:\n  - c: 2\n    d: 3\n", ICI, "")
    assert document.line_of(("b", 0, "d")) == 4
    assert document.line_of(("b", 0, "absente")) == 3
    assert document.line_of(("absente",)) is None
    assert dotted(("b", 0, "d")) == "b[0].d"


@pytest.mark.parametrize(
    ("texte", "attendu"),
    [
        ("a: 1\nb: 2\na: 3\n", r"essai\.yml, ligne 3, clé « a » : clé écrite deux fois \(déjà ligne 1\)"),
        ("a: &x 1\nb: *x\n", "ligne 1|renvois YAML"),
        ("a: &x [1, *x]\n", "renvois YAML"),
        ("a: !!python/object:os.system x\n", "étiquette YAML refusée"),
        ("a: !!binary aGVsbG8=\n", "étiquette YAML refusée"),
        ("- a\n- b\n", "attendu un bloc de clés au premier niveau"),
        ("", "fichier vide"),
        ("# rien\n", "fichier vide"),
        ("a: [1, 2\n", r"ligne \d+ : YAML illisible"),
        ("a: 1\n---\nb: 2\n", "YAML illisible"),
        ("? [a, b]\n: 1\n", "attendu un nom de clé"),
        ('a: "\\ud800"\n', "Unicode"),
        ('a: "\\UFFFFFFFF"\n', "YAML illisible"),
        ('a: "x\\0y"\n', "caractère nul"),
        ("a: " + "[" * 40 + "]" * 40 + "\n", "niveaux de clés"),
        ("a: " + "[" * 5000 + "]" * 5000 + "\n", "niveaux de clés"),
    ],
)
def test_refuses(texte: str, attendu: str) -> None:
    with pytest.raises(DonneesRefusees, match=attendu):
        parse(texte, ICI, "")


def test_refuses_other_encodings_with_the_line(tmp_path: Path) -> None:
    chemin = tmp_path / "latin.yml"
    chemin.write_bytes("siren: 1\nnom: Alès\n".encode("latin-1"))
    with pytest.raises(DonneesRefusees, match=r"ligne 2 : attendu un texte en UTF-8"):
        read(chemin)


def test_accepts_a_byte_order_mark_and_windows_line_ends(tmp_path: Path) -> None:
    chemin = tmp_path / "bom.yml"
    chemin.write_bytes("\ufeffnom: Alès\r\nfin: 2026-12-31\r\n".encode())
    assert read(chemin).contenu == {"nom": "Alès", "fin": date(2026, 12, 31)}


def test_missing_file(tmp_path: Path) -> None:
    with pytest.raises(DonneesRefusees, match="fichier illisible"):
        read(tmp_path / "absent.yml")
