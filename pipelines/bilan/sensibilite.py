"""How much each headline figure owes to the readings that the texts leave open."""

from collections.abc import Sequence

from pipelines import libelles
from pipelines.bilan import formats
from pipelines.bilan.complements import Lecture
from pipelines.bilan.document import Bloc, Cellule, Colonne, Ligne, Mesure, Nombre, Paragraphe, Tableau
from pipelines.bilan.donnees import Donnees, Vise


def blocs(d: Donnees) -> tuple[Bloc, ...]:
    """The table of the readings that change a figure, and which targets depend on one."""
    lectures = d.complements.lectures
    vises = sorted({_vise(x) for x in lectures}, key=d.rang)
    if not vises:
        return ()
    lignes: list[Ligne] = []
    muettes = []
    for parametre in dict.fromkeys(x.parametre for x in sorted(lectures, key=lambda x: x.ordre)):
        siennes = [x for x in lectures if x.parametre == parametre]
        if not _change(siennes):
            muettes.append(libelles.parametre(parametre, "")[0])
            continue
        for lecture in dict.fromkeys(x.lecture for x in sorted(siennes, key=lambda x: x.ordre)):
            question, reponse = libelles.parametre(parametre, lecture)
            trouvees = {_vise(x): x for x in siennes if x.lecture == lecture}
            retenue = any(x.est_retenue for x in trouvees.values())
            nom = f"{question} : {reponse}{' (retenu)' if retenue else ''}"
            lignes.append(Ligne((nom, *(_cellule(d, v, trouvees.get(v)) for v in vises)), forte=retenue))
    entetes = (Colonne("Lecture"), *(Colonne(d.libelle(v), True) for v in vises))
    titre = f"Ce que chaque chiffre devient selon la lecture des textes, {d.annee}"
    trouves: list[Bloc] = [Paragraphe((libelles.chapo("sensibilite"),), "note")]
    trouves += [Paragraphe((phrase,)) for v in vises if (phrase := _verdict(d, v, lectures))]
    if lignes:
        trouves.append(
            Tableau("t-sensibilite", titre, entetes, tuple(lignes), "Lectures des textes", entier=True)
        )
    if muettes:
        trouves.append(Paragraphe((f"Ne changent rien ici : {formats.enumerer(muettes)}.",), "note"))
    return tuple(trouves)


def _vise(x: Lecture) -> Vise:
    return Vise(x.indicateur, x.segment_type, x.segment)


def _change(lectures: Sequence[Lecture]) -> bool:
    """Whether the answer changes a figure."""
    chiffres: dict[Vise, set[tuple[int | None, int | None]]] = {}
    for x in lectures:
        chiffres.setdefault(_vise(x), set()).add((x.numerateur, x.denominateur))
    return any(len(valeurs) > 1 for valeurs in chiffres.values())


def _cellule(d: Donnees, vise: Vise, x: Lecture | None) -> Cellule:
    if x is None:
        return formats.TIRET
    if x.est_retenue and (c := d.vise(vise)) is not None:
        return Mesure(c)
    return "indisponible" if x.valeur is None else Nombre(x.valeur, x.unite)


def _verdict(d: Donnees, vise: Vise, lectures: Sequence[Lecture]) -> str:
    """Whether the target is reached, or missed, whatever the reading."""
    siennes = [x for x in lectures if _vise(x) == vise and x.atteint is not None]
    if not siennes:
        return ""
    nom = d.libelle(vise)
    if all(x.atteint for x in siennes):
        return f"{nom} : l’objectif est atteint sous toutes ces lectures."
    if not any(x.atteint for x in siennes):
        return f"{nom} : l’objectif n’est atteint sous aucune de ces lectures."
    retenu = any(x.atteint for x in siennes if x.est_retenue)
    autres = [x for x in siennes if bool(x.atteint) is not retenu]
    mots = [formats.minuscule(" : ".join(libelles.parametre(x.parametre, x.lecture))) for x in autres]
    verbe = "ne serait pas atteint" if retenu else "serait atteint"
    return f"{nom} : l’objectif {verbe} sous {formats.enumerer([f'« {m} »' for m in dict.fromkeys(mots)])}."
