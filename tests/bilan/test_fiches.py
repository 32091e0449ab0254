"""One page per commune, landlord, neighbourhood and réservataire; all together, and one file each."""

from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from typing import Any

import pypdf
import pytest

from pipelines import bilan
from pipelines.edition import PUBLIQUE
from pipelines.errors import DonneesRefusees, MauvaisUsage

EPCI, ANNEE = "247100589", 2021
FINE = "\u202f"


@pytest.fixture(scope="module")
def petit(construire: Callable[..., Any], tmp_path_factory: pytest.TempPathFactory) -> Path:
    chemin: Path = (
        construire(nb_communes=2, nb_bailleurs=3)
        .remplir()
        .ecrire(tmp_path_factory.mktemp("fiches") / "W.duckdb")
    )
    return chemin


def test_each_actor_and_place_has_its_page_and_its_file(petit: Path, tmp_path: Path) -> None:
    chemins = bilan.render(petit, EPCI, ANNEE, tmp_path, ("pdf",), fiches=True)
    # 2 communes, 3 landlords, 4 neighbourhoods, 5 réservataires.
    assert chemins[0] == tmp_path / f"fiches-{EPCI}-{ANNEE}.pdf"
    assert len(chemins) == 1 + 2 + 3 + 4 + 5
    assert {c.parent.name for c in chemins[1:]} == {f"fiches-{EPCI}-{ANNEE}"}
    lecteur = pypdf.PdfReader(chemins[0])
    debuts = [lecteur.get_destination_page_number(e) for e in lecteur.outline if not isinstance(e, list)]
    assert [b - a for a, b in pairwise(debuts[1:])] == [1] * 14
    sommaire = " ".join(page.extract_text() for page in lecteur.pages[:2])
    for nom in ("Commune : Chalon-sur-Saône (71000)", "Quartier prioritaire : Les Aubépins (QP071005)"):
        assert nom in sommaire


def test_the_sheet_of_a_commune_sets_its_figures_beside_the_territory_s(petit: Path, tmp_path: Path) -> None:
    (chemin,) = bilan.render(petit, EPCI, ANNEE, tmp_path, commune="71000")
    assert chemin.name == f"fiche-{EPCI}-{ANNEE}-commune-71000.html"
    texte = chemin.read_text(encoding="utf-8")
    assert f"12,04{FINE}%" in texte
    assert "Saint-Rémy" not in texte
    with pytest.raises(DonneesRefusees, match=r"commune 99999.*71000 \(Chalon-sur-Saône\) ; 71001"):
        bilan.render(petit, EPCI, ANNEE, tmp_path, commune="99999")


def test_the_neighbourhoods_of_a_commune_stand_side_by_side(petit: Path) -> None:
    from dataclasses import replace

    from pipelines.bilan import donnees, fiches
    from pipelines.bilan.document import Tableau, texte

    with donnees.ouvrir(petit) as con:
        d = donnees.charger(con, EPCI, ANNEE)

    def table(lues: donnees.Donnees) -> Tableau | None:
        (section,) = fiches.fiche(lues, "commune", "71000").sections[:1]
        return next((b for b in section.blocs if isinstance(b, Tableau) and b.ident.endswith("-qpv")), None)

    # Nothing says which neighbourhoods the commune has.
    assert table(d) is None
    bail = d.chiffre("baux", "qpv", "QP071005")
    assert bail is not None
    ici = replace(bail, axe="qpv x commune", modalite="QP071005 x 71000", modalite_libelle="x")
    ailleurs = replace(ici, modalite="QP071006 x 71001")
    trouve = table(replace(d, chiffres=(*d.chiffres, ici, ailleurs)))
    assert trouve is not None
    titres = [c.titre for c in trouve.colonnes]
    assert titres == ["Indicateur", "Les Aubépins", "Chalon-sur-Saône", "Territoire"]
    (baux,) = (ligne for ligne in trouve.lignes if ligne.cellules[0] == "Baux signés")
    assert texte(baux.cellules[1]) == texte_de(bail)


def texte_de(c: Any) -> str:
    from pipelines.bilan.document import Mesure, texte

    return texte(Mesure(c))


def test_sheets_are_for_the_signatories_and_one_thing_is_asked_at_once(petit: Path, tmp_path: Path) -> None:
    for asked in ({"fiches": True}, {"commune": "71000"}):
        with pytest.raises(MauvaisUsage, match="pour les signataires"):
            bilan.render(petit, EPCI, ANNEE, tmp_path, edition=PUBLIQUE, **asked)  # type: ignore[arg-type]
    with pytest.raises(MauvaisUsage, match="Une seule chose"):
        bilan.render(petit, EPCI, ANNEE, tmp_path, fiches=True, commune="71000")
    assert list(tmp_path.iterdir()) == []
