"""The demonstration: synthetic sources in, five bilans out, and the headline figures against targets."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from pipelines import publication
from pipelines.cli import affichage
from pipelines.cli.actions import construct, write_reports

HEADLINES = ("hors_qpv_q1", "qpv_q234", "prioritaires", "mutations", "tension")


def run_demo(dossier: Path, json: bool) -> None:
    """Generate, build, render and show."""
    from pipelines import demo

    donnees, entrepot, sortie = dossier / "donnees", dossier / "observatoire.duckdb", dossier / "bilans"
    with affichage.progress_shown():
        affichage.announce(f"Sources d'essai dans {donnees}…")
        with publication.disk_errors_explained(dossier):
            demo.generate(donnees)
        construct(donnees, entrepot)
        years = sorted(
            {int(figure.periode) for figure in demo.expected_figures() if figure.periode.isdigit()}
        )
        paths = write_reports(entrepot, sortie, annee=years[0])
    figures = _headlines(entrepot, years)
    if json:
        affichage.show_json({"entrepot": str(entrepot), "bilans": paths, "chiffres": figures})
        return
    affichage.show_table(
        "Chiffres clés",
        ("territoire", "année", "indicateur", "valeur", "sur", "cible", "atteinte"),
        (
            (
                f["territoire"],
                f["annee"],
                f["indicateur"],
                affichage.number(f["valeur"], 2),
                f["comptes"],
                f["cible"],
                f["atteinte"],
            )
            for f in figures
        ),
        right=("valeur", "cible"),
    )
    affichage.show_lines([f"Entrepôt : {entrepot}", *(f"Bilan : {path}" for path in paths)])


def _headlines(entrepot: Path, annees: Sequence[int]) -> list[dict[str, Any]]:
    with publication.open_warehouse(entrepot) as con:
        rows = con.execute(
            "select i.modalite_libelle, i.periode, i.indicateur, i.valeur, i.numerateur, i.denominateur, "
            "i.operateur, i.cible, i.atteint from marts.indicateurs as i "
            "where i.axe = 'epci' and i.periode_type = 'annee' and i.segment_type = 'tous' "
            "and list_contains(?, i.periode) and list_contains(?, i.indicateur) "
            "order by i.epci_siren, i.periode, list_position(?, i.indicateur)",
            [[str(annee) for annee in annees], list(HEADLINES), list(HEADLINES)],
        ).fetchall()
    reached = {True: "oui", False: "non", None: ""}
    return [
        {
            "territoire": territoire,
            "annee": annee,
            "indicateur": indicateur,
            "valeur": valeur,
            "comptes": "" if denominateur is None else f"{numerateur} / {denominateur}",
            "cible": "" if cible is None else f"{operateur} {affichage.number(cible)}",
            "atteinte": reached[atteint],
        }
        for territoire, annee, indicateur, valeur, numerateur, denominateur, operateur, cible, atteint in rows
    ]
