"""The typed files of the demonstration: they say that the data is fictitious, hold published figures against
those of the warehouse, and what each territory's people would have typed (`saisies_demo.yml`).

The mark is in the data itself: a report knows it from there, wherever the files are put.
"""

from pathlib import Path
from typing import Any

import yaml

from pipelines.demo.parametres import ChiffreAttendu, Parametres, expected_figures

_EDITEUR = "Démonstration de l’Observatoire"
_TEXTES = Path(__file__).with_name("saisies_demo.yml")


def write_typed(dossier: Path, p: Parametres) -> None:
    """Write one file per territory and year."""
    publies = [c for c in expected_figures() if c.origine == "publie"]
    textes = _TEXTES.read_text(encoding="utf-8")
    for annee in p.annees:
        par_territoire = yaml.safe_load(textes.replace("{annee}", str(annee)))
        for t in p.territoires:
            siens = [c for c in publies if (c.epci_siren, c.periode) == (t.epci_siren, str(annee))]
            chemin = dossier / "saisies" / t.epci_siren / f"{annee}.yml"
            chemin.parent.mkdir(parents=True, exist_ok=True)
            chemin.write_text(
                _content(t.epci_siren, annee, siens, par_territoire[t.epci_siren]), encoding="utf-8"
            )


def _content(siren: str, annee: int, publies: list[ChiffreAttendu], textes: dict[str, Any]) -> str:
    contenu: dict[str, Any] = {
        "siren": siren,
        "annee": annee,
        "donnees_fictives": True,
        "editeur": _EDITEUR,
        **textes,
    }
    if publies:
        contenu["verifications"] = [
            {
                "affirmation": f"Chiffre publié par le territoire pour {annee}",
                "chiffre": c.indicateur,
                "valeur": round(c.valeur, 2),
                "publier": True,
            }
            for c in publies
        ]
    ecrit: str = yaml.safe_dump(contenu, allow_unicode=True, sort_keys=False)
    return ecrit
