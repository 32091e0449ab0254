"""What would reach the targets that the territory missed: one page, every number of it in `marts.leviers`."""

from collections.abc import Iterator, Sequence

from pipelines import libelles
from pipelines.bilan import formats, tables
from pipelines.bilan.document import Bloc, Colonne, Ligne, Mesure, Nombre, Paragraphe, Section, Tableau
from pipelines.bilan.donnees import Chiffre, Donnees, Levier, Vise

LIGNES_MAX, LIGNES_MIN = 6, 3
"""Actors of a table that paper holds, the widest gaps first: with one target, and with more of them. The page
and the workbook name them all."""

_AXES = ("bailleur", "commune", "typologie")


def section(d: Donnees) -> Section | None:
    """The page, None when the territory missed no target or the edition does not hold the counts."""
    parties = []
    manques = {x.vise: x for x in d.leviers if x.axe == "epci" and x.manque}
    lignes = LIGNES_MAX if len(manques) < 2 else LIGNES_MIN
    for vise in sorted(manques, key=d.rang):
        du_vise = [levier for levier in d.leviers if levier.vise == vise]
        ensemble = manques[vise]
        phrases = (*_constat(d, vise, ensemble), *_rythme(d.annee, ensemble), *_a_portee(ensemble))
        blocs: tuple[Bloc, ...] = (
            *(Paragraphe(phrase) for phrase in phrases),
            *_tableaux(d, vise, du_vise, lignes),
        )
        parties.append(Section(f"leviers-{tables.cle(vise)}", d.libelle(vise), blocs))
    if not parties:
        return None
    chapo = Paragraphe((libelles.chapo("leviers"),), "chapo")
    return Section("leviers", "Ce qui atteindrait l’objectif", (chapo,), tuple(parties), nouvelle_page=True)


def _constat(d: Donnees, vise: Vise, e: Levier) -> Iterator[tuple[str | Mesure, ...]]:
    c = d.vise(vise)
    yield (
        f"En {d.annee}, ",
        Mesure(c, "numerateur"),
        " attributions sur ",
        Mesure(c, "denominateur"),
        " comptent, soit ",
        Mesure(c),
        f" (objectif : {formats.cible(e.operateur, e.cible, '%')}) : il en fallait "
        f"{_vise(e, e.comptees, e.manque)}.",
    )


MOIS = 12


def _rythme(annee: int, e: Levier) -> Iterator[tuple[str]]:
    """How many more a month, and what the next half-year gives if it is as the last."""
    yield (
        f"À nombre d’attributions égal, cela fait {formats.accorder(e.manque, 'attribution')} "
        f"{'de moins' if e.plafond else 'de plus'} en douze mois, soit {_par_mois(e.manque)}.",
    )
    if e.base_semestre and e.comptees_semestre is not None and e.manque_semestre is not None:
        suite = (
            f"il en faudrait {_vise(e, e.comptees_semestre, e.manque_semestre)}"
            if e.manque_semestre
            else "l’objectif y serait atteint dans l’ensemble"
        )
        yield (
            f"Si le prochain semestre ressemblait au second de {annee} : "
            f"{formats.entier(e.comptees_semestre)} attributions sur {formats.entier(e.base_semestre)} ; "
            f"{suite}.",
        )


def _vise(e: Levier, comptees: int, manque: int) -> str:
    """How many it took, and how far they were: « 171, soit 89 de plus »."""
    if e.plafond:
        return f"au plus {formats.entier(comptees - manque)}, soit {formats.entier(manque)} de moins"
    return f"{formats.entier(comptees + manque)}, soit {formats.entier(manque)} de plus"


def _par_mois(manque: int) -> str:
    """A year's count by month, neither rounded up nor down: « 4 ou 5 par mois »."""
    entiers, reste = divmod(manque, MOIS)
    if not entiers:
        return "moins d’une par mois"
    return f"{entiers} ou {entiers + 1} par mois" if reste else f"{entiers} par mois"


def _a_portee(e: Levier) -> Iterator[tuple[str]]:
    """Dwellings within reach of the households that the target is about, let to others."""
    if e.accessibles:
        yield (
            f"Hors des quartiers prioritaires, {formats.entier(e.accessibles)} baux de l’année portent sur "
            "un logement dont le loyer est à la portée d’un ménage du 1er quartile ; "
            f"{formats.entier(e.accessibles_a_d_autres or 0)} sont allés à des ménages des autres quartiles.",
        )


def _tableaux(d: Donnees, vise: Vise, leviers: Sequence[Levier], imprimees: int) -> Iterator[Tableau]:
    for axe in _AXES:
        lieux = [levier for levier in leviers if levier.axe == axe and levier.manque]
        lieux.sort(key=lambda x: (-x.manque, formats.cle_de_tri(x.modalite_libelle), x.modalite))
        if not lieux:
            continue
        plafond = lieux[0].plafond
        colonnes = (
            Colonne(libelles.segment_type(axe) if axe == "typologie" else libelles.axe(axe)),
            Colonne("Attributions", True),
            Colonne("dont comptées dans l’objectif", True),
            Colonne("Part visée", True),
            Colonne("De trop dans l’année" if plafond else "Il manque dans l’année", True),
            Colonne(
                "De trop au prochain semestre" if plafond else "Il manquerait au prochain semestre", True
            ),
            Colonne("Logements à loyer accessible attribués à d’autres", True),
        )
        entetes, tries = tables.alleger(colonnes, [_ligne(d, vise, x) for x in lieux])
        par = "taille" if axe == "typologie" else libelles.axe(axe, "un")
        yield Tableau(
            f"t-leviers-{tables.cle(vise)}-{axe}",
            f"{'Ce qui est de trop' if plafond else 'Ce qui manque'} par {par}, {d.annee}",
            entetes,
            tries,
            f"Ce qui manque par {par}",
            imprimees=imprimees,
        )


def _ligne(d: Donnees, vise: Vise, x: Levier) -> Ligne:
    c: Chiffre | None
    if x.axe == "typologie":
        nom = libelles.segment("typologie", x.modalite)
        c = d.chiffre(vise.indicateur, segment_type="typologie", segment=x.modalite)
    else:
        nom, c = x.modalite_libelle, d.vise(vise, x.axe, x.modalite)
    return Ligne(
        (
            nom,
            Mesure(c, "denominateur"),
            Mesure(c, "numerateur"),
            formats.cible(x.operateur, x.cible, "%"),
            *(
                formats.TIRET if n is None else Nombre(float(n), petit=c is not None and c.petit_effectif)
                for n in (x.manque, x.manque_semestre, x.accessibles_a_d_autres)
            ),
        )
    )
