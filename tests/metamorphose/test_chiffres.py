"""Metamorphic tests of the whole path, by the real command: what changes no thing changes no published figure, and what
changes one changes the figures that follow from it, by as much.
"""

import random
import subprocess
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from pipelines.demo import generate
from pipelines.lecture_seule import open_read_only
from tests.metamorphose.depots import Depot, Fichier, base
from tests.metamorphose.transformations import TRANSFORMATIONS
from tests.partage import COMMAND, environment, published

ICI, AILLEURS = "247100589", "242100410"
COMMUNE_AILLEURS = "21231"

Figures = set[tuple[object, ...]]


def build(depot: Depot | Path, dossier: Path, *epci: str) -> Path:
    """The warehouse that the command makes of a folder."""
    donnees = depot if isinstance(depot, Path) else depot.write(dossier / "depot")
    entrepot = dossier / "entrepot.duckdb"
    fait = subprocess.run(
        [
            COMMAND,
            "build",
            "--donnees",
            donnees,
            "--entrepot",
            entrepot,
            *(x for e in epci for x in ("--epci", e)),
        ],
        capture_output=True,
        text=True,
        check=False,
        stdin=subprocess.DEVNULL,
        env=environment(),
    )
    assert fait.returncode == 0, fait.stdout[-2000:] + fait.stderr[-2000:]
    return entrepot


def figures(entrepot: Path, epci: str | None = None) -> Figures:
    """What is published, of one territory or of all; residences are compared as the product compares them."""
    with open_read_only(entrepot) as con:
        return set(
            con.execute(
                "select * replace (lower(modalite) as modalite, lower(modalite_libelle) as modalite_libelle) "
                "from marts.indicateurs where ? is null or epci_siren = ?",
                [epci, epci],
            ).fetchall()
        )


def count(entrepot: Path, epci: str, indicateur: str, periode: str = "2021") -> int:
    """A count of the territory in a year, exact."""
    with open_read_only(entrepot) as con:
        trouve = con.execute(
            "select numerateur from marts.indicateurs where epci_siren = ? and indicateur = ? and periode = ? "
            "and axe = 'epci' and segment_type = 'tous'",
            [epci, indicateur, periode],
        ).fetchall()
    assert len(trouve) == 1, trouve
    return int(trouve[0][0] or 0)


def elsewhere(f: Fichier, rang: int | None = None) -> Fichier:
    """The same allocations of other persons in another territory: all of them, or the first lease alone."""
    baux = [i for i, x in enumerate(f.lignes) if x["date_signature_bail"]]
    return f.with_rows(
        [
            x | {"code_commune_logement": COMMUNE_AILLEURS, "num_rpls": ""}
            if rang is None or i == baux[rang]
            else x
            for i, x in enumerate(f.lignes)
        ]
    )


def other_persons(f: Fichier, nom: str) -> Fichier:
    """The same rows about as many other persons, each in a dwelling of its own."""
    autres = f.map_rows(
        lambda x: (
            x
            | {"numero_unique": "0692" + x["numero_unique"][4:], "residence": f"Autre {x['residence']}"}
            | ({"num_rpls": "8" + x["num_rpls"][1:]} if x["num_rpls"] else {})
        )
    )
    return autres.with_rows(autres.lignes, nom=f"{f.nom}_{nom}")


def attributions(f: Fichier) -> bool:
    return f.dossier.startswith("sne/") and f.nom.startswith("attributions")


@pytest.fixture(scope="module")
def temoin(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return published(tmp_path_factory, "petit", base().write).entrepot


def test_ten_transformations_change_no_figure(temoin: Path, tmp_path: Path) -> None:
    noms = list(TRANSFORMATIONS)[:: -(-len(TRANSFORMATIONS) // 10)]
    rng = random.Random(5)  # noqa: S311 - draws transformations
    depot = base()
    for nom in noms:
        depot = TRANSFORMATIONS[nom](depot, rng)
    # And an extraction of June, of requests that December's has again.
    (demandes,) = (f for f in base().fichiers if f.nom == "demandes")
    juin = demandes.map_rows(lambda x: x | {"statut": "active", "date_radiation": "", "motif_radiation": ""})
    depot = replace(
        depot, fichiers=(*depot.fichiers, juin.with_rows(juin.lignes[:30], nom="juin_2021-06-30"))
    )
    vues, attendues = figures(build(depot, tmp_path)), figures(temoin)
    assert attendues
    assert not sorted(vues ^ attendues, key=str)[:4], noms


@pytest.mark.slow
def test_an_unrelated_territory_changes_nothing_here(temoin: Path, tmp_path: Path) -> None:
    """Its allocations go on later in the year than those of the first, which must not lengthen its windows."""

    def both(f: Fichier) -> list[Fichier]:
        autres = elsewhere(other_persons(f, "ailleurs"))
        tard = autres.with_rows(
            [
                x | {"date_decision": x["date_decision"][:4] + "-12-30", "date_signature_bail": ""}
                for x in autres.lignes
            ]
        )
        return [f, tard]

    entrepot = build(base().change(attributions, both), tmp_path, ICI, AILLEURS)
    assert figures(entrepot, AILLEURS)
    assert not sorted(figures(entrepot, ICI) ^ figures(temoin, ICI), key=str)[:4]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("change", "ici", "la_bas"),
    [
        (lambda f: [f, other_persons(f, "autres")], lambda n: 2 * n, None),
        (lambda f: [elsewhere(f, 0)] if f.dossier == "sne/2021" else [f], lambda n: n - 1, 1),
    ],
    ids=["every_row_under_new_numbers", "one_lease_across_a_boundary"],
)
def test_a_known_change_changes_figures_by_as_much(
    change: Callable[[Fichier], list[Fichier]],
    ici: Callable[[int], int],
    la_bas: int | None,
    temoin: Path,
    tmp_path: Path,
) -> None:
    avant = count(temoin, ICI, "baux")
    # A territory of which the data hold nothing would stop the build.
    territoires = [ICI] if la_bas is None else [ICI, AILLEURS]
    entrepot = build(base().change(attributions, change), tmp_path, *territoires)
    assert count(entrepot, ICI, "baux") == ici(avant)
    if la_bas is not None:
        assert count(entrepot, AILLEURS, "baux") == la_bas


@pytest.mark.slow
def test_the_five_territories_written_otherwise(tmp_path: Path) -> None:
    """The demonstration's own files, cut in parts, shuffled, renamed and given twice."""
    generate(tmp_path / "depot", echelle=0.05)
    temoin = build(tmp_path / "depot", tmp_path / "un")
    rng = random.Random(7)  # noqa: S311 - shuffles lines
    for chemin in sorted((tmp_path / "depot/sne").rglob("*.csv")):
        entete, *lignes = chemin.read_text(encoding="utf-8").rstrip("\n").split("\n")
        rng.shuffle(lignes)
        la = len(lignes) // 3
        for rang, part in enumerate((lignes[: 2 * la], lignes[la:])):
            nom = f"{rng.choice('az')}_{chemin.stem}_{rang}.csv"
            chemin.with_name(nom).write_text("\n".join([entete, *part]) + "\n", encoding="utf-8")
        chemin.unlink()
    autre = build(tmp_path / "depot", tmp_path / "deux")
    assert not sorted(figures(autre) ^ figures(temoin), key=str)[:4]
