"""What `observatoire init` says of a territory, and the convention that it writes."""

from pathlib import Path

import pytest

from pipelines import references
from pipelines.cli.application import run
from pipelines.conventions import default_convention, load_conventions
from pipelines.depart import rules, start
from pipelines.errors import MauvaisUsage

TERRITOIRES = {
    "Rennes": "243500139", "Bordeaux": "243300316", "Cannes": "200039915", "Ajaccio": "242010056",
    "CINOR": "249740119", "Plaine Commune": "200057867", "Paris": "217500016",
}  # fmt: skip


@pytest.mark.parametrize("nom", TERRITOIRES)
def test_any_territory_gets_a_convention_that_loads_back(nom: str, tmp_path: Path) -> None:
    siren = TERRITOIRES[nom]
    depart = start(siren)
    (tmp_path / "t.yml").write_text(depart.convention, encoding="utf-8")
    (convention,) = load_conventions(tmp_path)
    territoire = references.territory(siren)
    assert territoire is not None
    assert (convention.siren, convention.nom) == (siren, territoire.nom)
    assert convention.parametres == default_convention(siren, territoire.nom).parametres
    commentaires = " ".join(ligne.strip("# ") for ligne in depart.convention.splitlines())
    for lieu in (*territoire.communes, *territoire.quartiers):
        assert lieu.code in commentaires
    assert all(len(ligne) <= 120 for ligne in depart.convention.splitlines())
    dit = "\n".join(depart.lignes)
    assert territoire.nom in dit
    # In words, not in the codes of the lists.
    assert not {"(METRO,", "(EPT,", "(VILLE,", "(CA,", "commune(s),"} & set(dit.split())
    assert "Obligation : tenu" in dit
    # The orders of the thresholds with the layout of the file, the restricted files and whom to ask.
    assert "referentiels/seuils_q1_<année>.csv" in dit
    assert "arrêté du 03/06/2025" in dit
    assert dit.count("À demander : ") == 3
    assert "sne/<année>/attributions*.csv" in dit


def test_the_threshold_is_the_regions_in_ile_de_france_alone() -> None:
    assert {
        nom: default_convention(siren, nom).parametres["portee_seuil_q1"]
        for nom, siren in TERRITOIRES.items()
    } == {nom: "region" if nom in {"Plaine Commune", "Paris"} else "epci" for nom in TERRITOIRES}
    assert "portee_seuil_q1: region" in start(TERRITOIRES["Paris"]).convention
    dit = "\n".join(start(TERRITOIRES["Paris"]).lignes)
    assert "Paris (ville, SIREN 217500016) : 1 commune, " in dit
    assert "10\u202f674 € en 2022." in dit
    assert "<année>;region;11;" in dit
    assert "<année>;epci;243500139;" in "\n".join(start(TERRITOIRES["Rennes"]).lignes)


def test_obligations_depend_on_nature_size_and_neighbourhoods() -> None:
    def territory(nature: str, populations: tuple[int, ...], quartiers: int = 0) -> references.Territoire:
        communes = tuple(references.Commune(str(i), "C", "01", "84", p) for i, p in enumerate(populations))
        quartier = references.Quartier(2024, "QN", "Q", ("0",))
        return references.Territoire("1", "T", nature, None, communes, (quartier,) * quartiers)

    def articles(territoire: references.Territoire) -> int:
        return sum(o.applies(territoire) for o in rules().obligations)

    assert articles(territory("CA", (10,))) == 1
    assert articles(territory("CC", (10_001, 20_000))) == 1
    # Neither 30 000 inhabitants nor 10 000 are more than themselves.
    assert articles(territory("CC", (10_001, 19_999))) == 0
    assert articles(territory("CC", (10_000,) * 4)) == 0
    assert articles(territory("CC", (10,), quartiers=1)) == 1
    assert articles(territory("EPT", (10,))) == 1


@pytest.mark.parametrize("siren", ["999999990", "243500130", "213502388"])
def test_what_is_no_territory_is_refused_and_nothing_is_written(
    siren: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """An unknown number, a mistyped one, that of a commune that is no territory; a name does not help."""
    assert run(["init", siren, "--nom", "Rennes", "--territoires", str(tmp_path / "t")]) == 2
    assert f"{siren} : ce SIREN n'est celui d'aucun EPCI" in capsys.readouterr().err
    assert not (tmp_path / "t").exists()


def test_a_territory_without_communes_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(references, "territory", lambda _: None)
    with pytest.raises(MauvaisUsage, match="dissous"):
        start(TERRITOIRES["Rennes"])


def test_a_siren_is_read_as_it_is_printed_and_a_siret_is_told(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["init", "243 500 139", "--territoires", str(tmp_path / "t")]) == 0
    assert "Rennes Métropole" in capsys.readouterr().out
    assert run(["init", "24350013900012", "--territoires", str(tmp_path / "u")]) == 2
    dit = capsys.readouterr().err
    assert "init attend un SIREN à 9 chiffres" in dit
    assert "ses 9 premiers" in dit
    assert "--epci" not in dit


def test_every_nature_of_the_shipped_lists_has_a_name() -> None:
    assert {str(r["nature"]) for r in references.rows("epci_membres")} <= rules().natures.keys()
