"""French typography of numbers, rates and targets."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.bilan import formats

FINE = "\u202f"


@pytest.mark.parametrize(
    ("nombre", "unite", "attendu"),
    [
        (100 * 82 / 681, "%", f"12,04{FINE}%"),
        (20426.0, "nombre", f"20{FINE}426"),
        (1234567.0, "nombre", f"1{FINE}234{FINE}567"),
        (22720.0, "eur_an_uc", f"22{FINE}720{FINE}€"),
        (6.125, "eur_m2", f"6,13{FINE}€/m²"),
        (7.5, "mois", f"7,5{FINE}mois"),
        (-1.5, "points", "−1,5"),
        (-0.001, "ratio", "0,00"),
        (2.0, "classe", "2"),
        (0.0, "%", f"0,00{FINE}%"),
    ],
)
def test_a_figure_is_written_in_its_unit(nombre: float, unite: str, attendu: str) -> None:
    assert formats.valeur(nombre, unite) == attendu


@pytest.mark.parametrize(
    ("operateur", "cible", "attendu"),
    [
        (">=", 25.0, f"au moins 25{FINE}%"),
        ("<=", 20.0, f"au plus 20{FINE}%"),
        (">=", 52.5, f"au moins 52,5{FINE}%"),
        (">=", 100.0, f"100{FINE}%"),
        (">=N-1", None, "au moins l’année précédente"),
        (">=N-1", 48.1, f"au moins 48,1{FINE}% (année précédente)"),
        ("approche", 34.0, f"se rapprocher de 34{FINE}%"),
        (None, None, ""),
    ],
)
def test_a_target_says_its_direction(operateur: str | None, cible: float | None, attendu: str) -> None:
    assert formats.cible(operateur, cible, "%") == attendu


def test_nouns_agree_and_zero_is_singular() -> None:
    ecrits = [formats.accorder(n, "attribution") for n in (0, 1, 2, 1200)]
    assert ecrits == ["0 attribution", "1 attribution", "2 attributions", f"1{FINE}200 attributions"]


@pytest.mark.parametrize(
    "texte", ["Rupture de série : relogés", "Rupture  de série : relogés.", "Rupture de série : relogés. "]
)
def test_a_sentence_has_one_full_stop(texte: str) -> None:
    assert formats.phrase(texte) == "Rupture de série : relogés."


def test_names_sort_without_their_accents() -> None:
    noms = ["Zuydcoote", "Épervans", "eaux", "Fontaines", "Écully"]
    assert sorted(noms, key=formats.cle_de_tri) == ["eaux", "Écully", "Épervans", "Fontaines", "Zuydcoote"]


@given(st.text(max_size=30), st.text(max_size=30))
def test_two_identifiers_never_share_an_anchor(un: str, autre: str) -> None:
    if un.lower() != autre.lower():
        assert formats.slug(un) != formats.slug(autre)


@given(st.text(max_size=30))
def test_an_anchor_holds_nothing_to_escape(texte: str) -> None:
    assert set(formats.slug(texte)) <= set("abcdefghijklmnopqrstuvwxyz0123456789_-")


@pytest.mark.parametrize(
    ("texte", "debut", "milieu"),
    [("CDI", "CDI", "CDI"), ("moins de 25 ans", "Moins de 25 ans", "moins de 25 ans"), ("", "", "")],
)
def test_acronyms_keep_their_capitals(texte: str, debut: str, milieu: str) -> None:
    assert formats.majuscule(texte) == debut
    assert formats.minuscule(texte) == milieu
    assert formats.minuscule("Événement compté hors QPV") == "événement compté hors QPV"


def test_a_text_of_the_catalogue_is_printed_as_a_french_page_is() -> None:
    assert formats.typographie("Délai d'attribution (34 %) : l'« écart »") == (
        f"Délai d’attribution (34{FINE}%){FINE}: l'«{FINE}écart{FINE}»"
    )
    assert formats.typographie("1re, 5' et d''un") == "1re, 5' et d''un"


def test_no_line_ends_inside_a_quotation_mark() -> None:
    assert formats.guillemets("Ne l’est pas : « 25 % ».") == f"Ne l’est pas : «{FINE}25 %{FINE}»."
    assert formats.guillemets("rien") == "rien"
