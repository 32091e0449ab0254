"""An explanation as plain French text for a terminal. Only layout belongs here."""

from pipelines.edition import ATELIER
from pipelines.explication.figure import Explication

SHOWN_ROWS = 50


def to_text(explication: Explication, lignes: int | None = SHOWN_ROWS) -> str:
    """Lay out an explanation.

    Args:
        explication: what to show.
        lignes: how many rows to list, all of them when None; the number left out is said.

    """
    figure, values = explication.figure, explication.valeurs
    parts = [
        f"{explication.libelle} ({figure.indicateur})",
        f"  {explication.definition}.",
        f"  Calcul : {explication.formule}" if explication.formule else "",
        f"  Référence : {explication.article}" if explication.article else "",
        "",
        f"Figure : EPCI {figure.epci_siren}, {values['periode_type']} {figure.periode}, "
        f"{figure.axe} {values['modalite_libelle']} ({figure.modalite}), "
        f"segment {figure.segment_type}/{figure.segment}",
        f"  Valeur : {_value(values['valeur'], values['unite'])} — statut {values['statut']}, "
        f"source {values['source']}, version de la méthode {values['version_methode']}",
        f"  Numérateur {_count(values['numerateur'])} · dénominateur {_count(values['denominateur'])} · "
        f"inconnus {_count(values['inconnus'])}",
    ]
    if values["cible"] is not None:
        parts.append(
            f"  Cible : {values['operateur']} {values['cible']:g} — "
            + {True: "atteinte", False: f"non atteinte, il en manque {_count(values['manque'])}"}.get(
                values["atteint"], "non jugée"
            )
        )
    if explication.objectif:
        parts.append(f"  Objectif : {explication.objectif}")
    parts += ["", "Paramètres de la convention :"]
    parts += [f"  {name} = {value}" for name, value in explication.parametres.items()]
    if explication.edition != ATELIER:
        parts += ["", f"L'édition {explication.edition} ne montre aucune ligne : elles sont dans l'entrepôt."]
        return "\n".join(parts) + "\n"
    parts += ["", f"Lignes comptées : {len(explication.lignes)}"]
    if not explication.lignes:
        parts.append(
            "  Les lignes de cette figure ne sont pas suivies (elle est faite d'autres figures, d'un zonage "
            "ou d'un score), ou aucune n'y compte."
        )
    shown = explication.lignes if lignes is None else explication.lignes[:lignes]
    for ligne in shown:
        jour = f" {ligne.date}" if ligne.date else ""
        parts.append(
            f"  [{ligne.role}] {ligne.identifiant}{jour} — {ligne.detail}"
            f" — {ligne.fichier}, ligne {ligne.ligne}"
        )
    if len(shown) < len(explication.lignes):
        parts.append(f"  … et {len(explication.lignes) - len(shown)} autres (--toutes les montre)")
    parts += ["", "Fichiers :"]
    parts += [f"  {name} — {count} lignes — sha256 {digest}" for name, digest, count in explication.fichiers]
    return "\n".join(parts) + "\n"


def _value(value: float | None, unit: str) -> str:
    return "non publiée" if value is None else f"{value:.2f} {unit}".replace(".", ",", 1)


def _count(value: int | None) -> str:
    return "—" if value is None else f"{value:,}".replace(",", " ")
