"""Each edition of a report holds what its readers may have: the public one, the landlord's own, exact."""

import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import duckdb
import pytest

from pipelines import bilan
from pipelines.bilan import donnees, fiche
from pipelines.bilan.document import texte
from pipelines.edition import MENTIONS, PUBLIQUE, SIGNATAIRES
from pipelines.errors import DonneesRefusees, MauvaisUsage, ObservatoireError
from tests.bilan.test_bilan_secret import _contenu

EPCI, ANNEE = "247100589", 2021
EXACT = "8765431"
PUBLIC = """
    select
        epci_siren, periode_type, periode, left(periode, 4)::integer as annee, indicateur, axe, modalite,
        modalite_libelle, segment_type, segment, numerateur, denominateur, valeur, unite, cible, operateur, atteint,
        statut, null::varchar as masque, false as figee, source, version_methode
    from marts.indicateurs
"""


@pytest.fixture(scope="module")
def entrepot(construire: Callable[..., Any], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Public tables with ordinary figures; marts in which every count is a number to look for."""
    path: Path = (
        construire(nb_communes=3, nb_bailleurs=3).remplir().ecrire(tmp_path_factory.mktemp("w") / "W.duckdb")
    )
    with duckdb.connect(str(path)) as con:
        con.execute("create schema diffusion")
        for table, where in (
            ("objectifs", "indicateur in ('hors_qpv_q1', 'mutations')"),
            ("baux", "indicateur = 'baux'"),
        ):
            con.execute(
                f"create table diffusion.{table} as {PUBLIC} where axe = 'epci' and segment = 'tous' "
                f"and periode_type = 'annee' and {where}"
            )
        con.execute(
            f"update marts.indicateurs set numerateur = {EXACT}, valeur = 87.65 where axe <> 'bailleur'"
        )
        con.execute("update diffusion.objectifs set statut = 'secret', valeur = null, numerateur = null "
                    "where indicateur = 'mutations'")  # fmt: skip
    return path


def landlords(path: Path) -> dict[str, str]:
    with duckdb.connect(str(path), read_only=True) as con:
        rows = con.execute(
            "select distinct modalite, modalite_libelle from marts.indicateurs where axe = 'bailleur' order by 1"
        ).fetchall()
    return dict(rows)


def test_the_public_bilan_reads_the_public_tables_alone(entrepot: Path, tmp_path: Path) -> None:
    paths = bilan.render(entrepot, EPCI, ANNEE, tmp_path, bilan.FORMATS, edition=PUBLIQUE)
    assert [path.suffix for path in paths] == [".html", ".pdf", ".xlsx", ".csv", ".parquet"]
    for path in paths:
        text = re.sub(r"[\u202f\u00a0]", "", _contenu(path))
        assert EXACT not in text, path.name
        assert "87,65" not in text, path.name
        assert not [siren for siren in landlords(entrepot) if siren in text], path.name
    page = _contenu(paths[0])
    assert MENTIONS[PUBLIQUE] in page
    assert "12,04" in page
    # What the plan leaves out is not said to be missing from the sources.
    assert 'class="manquant"' not in page
    exact = _contenu(bilan.render(entrepot, EPCI, ANNEE, tmp_path / "exact")[0])
    assert EXACT in re.sub(r"[\u202f\u00a0]", "", exact)


def test_the_public_edition_has_the_annual_bilan_alone(entrepot: Path, tmp_path: Path) -> None:
    code = next(iter(landlords(entrepot)))
    for asked in ({"semestre": 1}, {"bailleur": code}):
        with pytest.raises(MauvaisUsage, match="pour les signataires"):
            bilan.render(entrepot, EPCI, ANNEE, tmp_path, edition=PUBLIQUE, **asked)  # type: ignore[arg-type]
    with pytest.raises(MauvaisUsage, match="Édition inconnue"):
        bilan.render(entrepot, EPCI, ANNEE, tmp_path, edition="autre")
    assert list(tmp_path.iterdir()) == []


def test_a_warehouse_without_public_tables_says_so(construire: Callable[..., Any], tmp_path: Path) -> None:
    path = construire(nb_communes=2, nb_bailleurs=2).remplir().ecrire(tmp_path / "W.duckdb")
    with pytest.raises(ObservatoireError, match="édition publique"):
        bilan.render(path, EPCI, ANNEE, tmp_path / "sortie", edition=PUBLIQUE)


def test_a_landlord_is_given_what_is_his(entrepot: Path, tmp_path: Path) -> None:
    (code, name), *others = landlords(entrepot).items()
    paths = bilan.render(entrepot, EPCI, ANNEE, tmp_path, bilan.FORMATS, bailleur=code)
    assert {path.stem for path in paths} == {f"bilan-{EPCI}-{ANNEE}-{code}"}
    with duckdb.connect(str(entrepot), read_only=True) as con:
        ((count,),) = con.execute(
            "select numerateur from marts.indicateurs where axe = 'bailleur' and modalite = ? and periode = ? "
            "and indicateur = 'hors_qpv_q1' and segment_type = 'tous' and periode_type = 'annee'",
            [code, str(ANNEE)],
        ).fetchall()
    for path in paths:
        text = re.sub(r"[\u202f\u00a0]", "", _contenu(path))
        assert not [word for pair in others for word in pair if word in text], path.name
        assert EXACT not in text, path.name
    page = _contenu(paths[0])
    assert MENTIONS[SIGNATAIRES].split(" :")[0] in page
    assert name in page
    assert re.search(rf"\b{count}\b", page)
    assert bilan.lister(entrepot, bailleur=code)[0][0] == EPCI


def test_a_landlord_s_statement_is_the_one_of_the_follow_up(entrepot: Path, tmp_path: Path) -> None:
    code = next(iter(landlords(entrepot)))
    (alone,) = bilan.render(entrepot, EPCI, ANNEE, tmp_path / "seul", semestre=1, bailleur=code)
    every = bilan.render(entrepot, EPCI, ANNEE, tmp_path / "tous", semestre=1)
    (same,) = [path for path in every if path.name == alone.name]
    assert alone.read_bytes() == same.read_bytes()


@pytest.mark.parametrize("semestre", [None, 1])
def test_a_landlord_without_figures_is_told_who_has_some(
    entrepot: Path, tmp_path: Path, semestre: int | None
) -> None:
    with pytest.raises(DonneesRefusees, match=next(iter(landlords(entrepot)))):
        bilan.render(entrepot, EPCI, ANNEE, tmp_path, semestre=semestre, bailleur="123456789")
    assert bilan.lister(entrepot, bailleur="123456789") == []


def test_the_communes_of_a_landlord_bear_their_name_alone(entrepot: Path) -> None:
    with donnees.ouvrir(entrepot) as con:
        lues = donnees.charger(con, EPCI, ANNEE)
    code = next(c.modalite for c in lues.chiffres if c.axe == fiche.AXE)
    croisees = tuple(
        replace(c, axe=fiche.PAR_COMMUNE, modalite=f"{code} x 71000", modalite_libelle="Un bailleur × Givry")
        for c in lues.chiffres
        if (c.axe, c.modalite) == (fiche.AXE, code)
    )
    document = fiche.bailleur(replace(lues, chiffres=(*lues.chiffres, *croisees)), code)
    noms = [
        texte(ligne.cellules[0])
        for t in document.tableaux()
        if t.ident.endswith("-communes")
        for ligne in t.lignes
    ]
    assert set(noms) == {"Givry"}
