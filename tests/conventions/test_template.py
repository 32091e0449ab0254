"""The file that `observatoire init` writes loads back, and says the law."""

from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pipelines.conventions import commented_template, default_convention, load_conventions
from pipelines.conventions.reading import parse
from pipelines.conventions.vocabulary import vocabulary
from pipelines.errors import MauvaisUsage

SIREN = "200000172"


def test_loads_back_with_the_legal_objectives(tmp_path: Path) -> None:
    (tmp_path / "essai.yml").write_text(commented_template(SIREN, "CC Faucigny – Glières"), encoding="utf-8")
    (convention,) = load_conventions(tmp_path)
    legale = default_convention(SIREN, "CC Faucigny – Glières")
    assert convention.nom == legale.nom
    assert convention.parametres == legale.parametres
    assert convention.calendrier == legale.calendrier

    def content(objectifs: list[object]) -> list[tuple[object, ...]]:
        return sorted((tuple(vars(o).values())[1:] for o in objectifs), key=str)

    assert content(list(convention.objectifs)) == content(list(legale.objectifs))


def test_every_parameter_is_there_with_its_question() -> None:
    texte = commented_template(SIREN, "N")
    recu = parse(texte, Path("essai.yml"), "").contenu
    assert list(recu["parametres"]) == list(vocabulary().parametres)
    sans_retours = " ".join(ligne.strip(" #") for ligne in texte.splitlines())
    for parametre in vocabulary().parametres.values():
        assert parametre.question in sans_retours
    assert all(len(ligne) <= 120 for ligne in texte.splitlines())


@pytest.mark.parametrize(("siren", "nom"), [("1", "N"), (SIREN, ""), (SIREN, "\n")])
def test_refuses_what_is_not_an_epci(siren: str, nom: str) -> None:
    with pytest.raises(MauvaisUsage):
        commented_template(siren, nom)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(nom=st.text(max_size=60))
def test_any_name_gives_a_readable_file(nom: str) -> None:
    try:
        texte = commented_template(SIREN, nom)
    except MauvaisUsage:
        return
    assert parse(texte, Path("essai.yml"), "").contenu["nom"].strip()
