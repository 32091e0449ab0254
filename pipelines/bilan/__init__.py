"""Reports made from a published warehouse: the annual bilan and what goes with it, in several formats.

The package reads `marts.*` and `meta.*` of one warehouse, read-only, and writes files. No business rule lives
here: `donnees` reads, `tables` and one module per report lay out, `graphiques` draws, and one module per
format writes. Heavy libraries are imported when a report is made: importing the package costs nothing.
"""

from collections.abc import Sequence
from pathlib import Path

from pipelines.edition import MENTIONS, PUBLIQUE, SIGNATAIRES
from pipelines.errors import MauvaisUsage

FORMATS = ("html", "pdf", "xlsx", "csv", "parquet")

__all__ = [
    "FORMATS",
    "lister",
    "render",
    "render_comparaison",
    "render_evaluation",
    "render_trimestre",
    "write_dictionary",
]


def render(
    entrepot: Path,
    epci: str,
    annee: int,
    sortie: Path,
    formats: Sequence[str] = ("html",),
    *,
    semestre: int | None = None,
    edition: str = SIGNATAIRES,
    bailleur: str | None = None,
    commune: str | None = None,
    fiches: bool = False,
) -> list[Path]:
    """Write the bilan of one EPCI and year, `bilan-<siren>-<annee>.<ext>`, and return the files written.

    With `semestre` (1 or 2), write the half-year follow-up instead: `suivi-<siren>-<annee>-S<n>.<ext>` for
    all landlords, and one statement per landlord, `suivi-<siren>-<annee>-S<n>-<siren du bailleur>.<ext>`; and
    `bilan-semestriel-<siren>-<annee>-S<n>.<ext>` where the convention's calendar asks for one.
    With `bailleur`, write what is one landlord's alone: its statement of the half-year, else its sheet of the
    year, `bilan-<siren>-<annee>-<siren du bailleur>.<ext>`.
    With `commune`, write its sheet, `fiche-<siren>-<annee>-commune-<code>.<ext>`. With `fiches`, write the
    sheet of every commune, landlord, neighbourhood and réservataire: together,
    `fiches-<siren>-<annee>.<ext>`, and one file each in a folder of that name.
    Raises DonneesRefusees for an EPCI, a year or a landlord that the warehouse does not hold, MauvaisUsage
    for an unknown format, half-year or edition, or a report that the edition does not have.
    """
    from pipelines.bilan import contenu, donnees, fiche, semestriel, sorties, suivi
    from pipelines.bilan import fiches as module

    _verifier(formats)
    if sum((semestre is not None or bailleur is not None, commune is not None, fiches)) > 1:
        raise MauvaisUsage("Une seule chose à la fois : un bailleur, un semestre, une commune ou les fiches.")
    _entre("semestre", semestre, 2)
    _permis(edition, annuel=semestre is None and bailleur is None and commune is None and not fiches)
    with donnees.ouvrir(entrepot, edition) as con:
        if semestre is None and bailleur is not None:
            d = donnees.charger(con, epci, annee, axes=fiche.AXES)
        elif commune is not None or fiches:
            d = donnees.charger(con, epci, annee, axes=module.AXES_LUS)
        elif semestre is None:
            d = donnees.charger(con, epci, annee)
        else:
            d = donnees.charger(
                con,
                epci,
                annee,
                periodes=suivi.PERIODES,
                indicateurs=tuple(dict.fromkeys((*suivi.INDICATEURS, *semestriel.INDICATEURS))),
                axes=tuple(dict.fromkeys((*suivi.AXES, *semestriel.AXES))),
            )
    if fiches:
        seules = sortie / f"fiches-{epci}-{annee}"
        ecrits = sorties.ecrire(module.toutes(d), d, sortie, formats, edition)
        return ecrits + sorties.ecrire_tous(module.chacune(d), d, seules, formats, edition)
    if commune is not None:
        documents = [module.fiche(d, "commune", commune)]
    elif bailleur is not None:
        documents = [suivi.releve(d, semestre, bailleur) if semestre else fiche.bailleur(d, bailleur)]
    elif semestre is None:
        return sorties.ecrire(contenu.bilan(d), d, sortie, formats, edition)
    else:
        documents = [*suivi.suivi(d, semestre), *semestriel.bilan(d, semestre)]
    return sorties.ecrire_tous(documents, d, sortie, formats, edition)


def render_trimestre(
    entrepot: Path, epci: str, annee: int, trimestre: int, sortie: Path, *, formats: Sequence[str] = ("html",)
) -> list[Path]:
    """Write the quarterly dashboard, `tableau-de-bord-<siren>-<annee>-T<n>.<ext>`; raises as `render` "
    "does."""
    from pipelines.bilan import donnees, sorties
    from pipelines.bilan import trimestre as module

    _verifier(formats)
    _entre("trimestre", trimestre, 4)
    with donnees.ouvrir(entrepot) as con:
        d = donnees.charger(con, epci, annee, profondeur=2, periodes=module.PERIODES, axes=module.AXES)
    return sorties.ecrire(module.tableau_de_bord(d, trimestre), d, sortie, formats)


def render_evaluation(
    entrepot: Path, epci: str, annee: int, sortie: Path, *, formats: Sequence[str] = ("html",)
) -> list[Path]:
    """Write the mid-term evaluation up to a year, `evaluation-<siren>-<debut>-<annee>.<ext>`.

    It covers the years since the convention began, three to six of them; raises as `render` does, and
    DonneesRefusees when the convention has no date, or fewer than three of its years have figures.
    """
    from pipelines.bilan import donnees, evaluation, sorties

    _verifier(formats)
    with donnees.ouvrir(entrepot) as con:
        debut = donnees.debut_convention(con, epci, annee)
        d = donnees.charger(con, epci, annee, profondeur=evaluation.profondeur(debut, annee))
        evaluation.verifier(d, debut, donnees.annees_de(con, epci))
    return sorties.ecrire(evaluation.evaluation(d), d, sortie, formats)


def render_comparaison(
    entrepot: Path, epcis: Sequence[str], annee: int, sortie: Path, *, formats: Sequence[str] = ("html",)
) -> list[Path]:
    """Write the comparison of several EPCI for one year, `comparaison-<annee>-<territoires>.<ext>`.

    The name holds their SIREN, or what stands for a longer list; raises as `render` does.
    """
    from pipelines.bilan import comparaison, donnees, sorties

    _verifier(formats)
    if len(set(epcis)) < 2:
        raise MauvaisUsage("Une comparaison demande au moins deux EPCI différents.")
    with donnees.ouvrir(entrepot) as con:
        lus = [donnees.charger(con, epci, annee, axes=comparaison.AXES) for epci in dict.fromkeys(epcis)]
    return sorties.ecrire(comparaison.comparaison(lus), lus[0], sortie, formats)


def write_dictionary(entrepot: Path, sortie: Path, formats: Sequence[str] = ("html", "csv")) -> list[Path]:
    """Write the dictionary of tables, columns and indicators, `dictionnaire.html` and `dictionnaire.csv`."""
    from pipelines.bilan import dictionnaire, donnees, sorties

    _verifier(formats, dictionnaire.FORMATS)
    # That of the file given: the public edition has a dictionary of its own.
    with donnees.ouvrir(entrepot, donnees.edition_de(entrepot)) as con:
        catalogue, entrees = donnees.catalogue(con), donnees.dictionnaire(con)
        page = dictionnaire.document(catalogue, entrees, donnees.exemples(con), donnees.empreinte(con)[0])
    ecrivains = {
        "html": lambda chemin: dictionnaire.ecrire_html(page, chemin),
        "csv": lambda chemin: dictionnaire.ecrire_csv(catalogue.values(), entrees, chemin),
    }
    return [sorties.poser(sortie / f"{page.nom_fichier}.{f}", ecrivains[f]) for f in dict.fromkeys(formats)]


def lister(
    entrepot: Path, *, edition: str = SIGNATAIRES, bailleur: str | None = None
) -> list[tuple[str, str, list[int]]]:
    """SIREN, name and years of every EPCI that has figures, or where a landlord has: what can be rendered."""
    from pipelines.bilan import donnees

    _permis(edition, annuel=bailleur is None)
    with donnees.ouvrir(entrepot, edition) as con:
        trouves = [
            (siren, nom, donnees.annees_de(con, siren, bailleur)) for siren, nom in donnees.territoires(con)
        ]
    return [trouve for trouve in trouves if trouve[2] or bailleur is None]


def _permis(edition: str, *, annuel: bool) -> None:
    if edition not in MENTIONS:
        raise MauvaisUsage(f"Édition inconnue : « {edition} ». Éditions : {', '.join(MENTIONS)}.")
    if edition == PUBLIQUE and not annuel:
        raise MauvaisUsage("Ce rapport est pour les signataires : l'édition publique a le bilan annuel.")


def _verifier(formats: Sequence[str], possibles: Sequence[str] = FORMATS) -> None:
    inconnus = [f for f in formats if f not in possibles]
    if inconnus or not formats:
        raise MauvaisUsage(
            f"Format inconnu : {', '.join(inconnus) or '(aucun)'}. Formats possibles : "
            f"{', '.join(possibles)}."
        )


def _entre(nom: str, valeur: int | None, dernier: int) -> None:
    if valeur is not None and not 1 <= valeur <= dernier:
        raise MauvaisUsage(f"Le {nom} est un nombre de 1 à {dernier} ; reçu : {valeur}.")
