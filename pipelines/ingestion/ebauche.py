"""A first mapping for a file that no layout recognises, from the names of its columns alone.

It proposes, and a person decides: what it writes is refused by `correspondances` until it has been completed.
"""

import difflib
import json
import tempfile
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from pathlib import Path, PurePosixPath

from pipelines.errors import DonneesRefusees
from pipelines.fichiers import write_text
from pipelines.ingestion import lecture
from pipelines.ingestion.correspondances import (
    A_COMPLETER,
    Correspondance,
    correspondances,
    match,
    normalise_name,
)
from pipelines.ingestion.declarations import Champ, Produit, declarations
from pipelines.ingestion.examen import FichierExamine, deposited_files, light_parts, settings
from pipelines.ingestion.landing import FichierDepose
from pipelines.ingestion.ouverture import Entete, looks_like_a_name
from pipelines.inspection import FichierVide


@dataclass(frozen=True)
class Ebauche:
    """What became of one file: the mapping written for it, or in `refus` why there is none.

    `deja` says that nothing was needed; `a_completer` are the required fields for which no column fits.
    """

    fichier: str
    chemin: Path | None = None
    produit: str | None = None
    proposes: int = 0
    a_completer: tuple[str, ...] = ()
    deja: str | None = None
    refus: str | None = None


@dataclass(frozen=True)
class _Proposition:
    """The columns of one header that look like the fields of one product; `score` ranks products and rows."""

    produit: Produit
    noms: tuple[str, ...]
    colonnes: dict[str, tuple[int, float]]  # field -> column number, and how much alike they are
    score: float

    @property
    def a_completer(self) -> tuple[str, ...]:
        """Required fields for which nothing fits."""
        return tuple(c.nom for c in self.produit.champs if c.requis and c.nom not in self.colonnes)


def draft_mappings(donnees: Path, demandes: Collection[str]) -> list[Ebauche]:
    """Write a first mapping, in `<donnees>/correspondances`, for each of these files that no layout
    recognises.

    Args:
        donnees: the landing folder.
        demandes: files or folders, as the landing folder names them (`sne/2022/export.csv`, `sne`, `.`).

    Returns:
        What became of each file asked for; none when nothing answers to `demandes`.

    Raises:
        DonneesRefusees: a mapping already there cannot be read.
    """
    voulus = {PurePosixPath(d) for d in demandes}
    ecrites: dict[tuple[str, tuple[str, ...]], Path] = {}
    vues: list[Ebauche] = []
    # All mappings are read before a draft is among them.
    for fichier, candidats in list(deposited_files(donnees)):
        chemin = PurePosixPath(fichier.relatif)
        if voulus.isdisjoint((chemin, *chemin.parents)):
            continue
        refuses: list[FichierExamine] = []
        with tempfile.TemporaryDirectory(prefix="observatoire-") as dossier:
            for part, _ in light_parts(fichier, Path(dossier), refuses):
                vues.append(_draft(part, candidats, donnees, Path(dossier), ecrites))
        vues += [Ebauche(r.fichier, refus=r.refus or r.non_lu) for r in refuses]
    return vues


def _draft(
    fichier: FichierDepose,
    candidats: Sequence[Correspondance],
    donnees: Path,
    temporaire: Path,
    ecrites: dict[tuple[str, tuple[str, ...]], Path],
) -> Ebauche:
    try:
        lues = lecture.open_file(fichier, candidats, temporaire)
        nom = lues[0].appariements[0].correspondance.correspondance
        return Ebauche(fichier.relatif, deja=f"déjà lu ({nom}), aucune ébauche n'est utile")
    except FichierVide:
        return Ebauche(fichier.relatif, refus="le fichier est vide")
    except (lecture.NonReconnu, DonneesRefusees) as erreur:
        refus = str(erreur).removeprefix(f"{fichier.relatif} : ")
    try:
        entetes = _rows(fichier, temporaire)
    except DonneesRefusees as erreur:
        return Ebauche(fichier.relatif, refus=str(erreur).removeprefix(f"{fichier.relatif} : "))
    if any(_complete(c, e, fichier) for c in candidats for e in entetes):
        # Its columns are known: what it is refused for is something else.
        return Ebauche(fichier.relatif, refus=refus)
    produits = [p for p in declarations().values() if fichier.dossier in p.dossiers]
    proposees = [p for e in entetes for produit in produits if (p := _propose(produit, e)) is not None]
    if not proposees:
        return Ebauche(
            fichier.relatif,
            refus="aucune ligne du début ne ressemble à un en-tête connu. Vérifiez que la première ligne "
            "nomme les colonnes, ou écrivez la correspondance à la main",
        )
    # The first of equals: a header comes before its rows.
    meilleure = max(proposees, key=lambda p: p.score)
    identite = (meilleure.produit.produit, tuple(normalise_name(n) for n in meilleure.noms))
    if identite in ecrites:
        return Ebauche(fichier.relatif, deja=f"mêmes colonnes, même ébauche : {ecrites[identite].name}")
    nom = f"ebauche_{normalise_name(PurePosixPath(fichier.nom).name.split('.')[0]) or 'fichier'}"
    cible = donnees / "correspondances" / f"{nom}.yml"
    if cible.exists() or nom in {c.correspondance for c in candidats}:
        return Ebauche(
            fichier.relatif,
            refus=f"correspondances/{cible.name} existe déjà et n'est pas remplacé. Complétez-le, ou "
            "retirez-le",
        )
    cible.parent.mkdir(exist_ok=True)
    write_text(cible, "\n".join(_lines(nom, meilleure)) + "\n")
    ecrites[identite] = cible
    return Ebauche(
        fichier.relatif,
        cible,
        meilleure.produit.produit,
        len(meilleure.colonnes),
        meilleure.a_completer,
    )


def _rows(fichier: FichierDepose, temporaire: Path) -> tuple[Entete, ...]:
    """The rows that may be the header, whatever the container: those tried when there is no layout to try."""
    try:
        lecture.open_file(fichier, [], temporaire)
    except lecture.NonReconnu as erreur:
        return erreur.entetes
    raise AssertionError("no layout recognises a file when there is none")


def _complete(correspondance: Correspondance, entete: Entete, fichier: FichierDepose) -> bool:
    trouve = match(correspondance, entete.cellules, fichier.nom)
    return trouve is not None and trouve.complet


@cache
def _names(nom_produit: str) -> dict[str, tuple[str, ...]]:
    """Names that a column may have, normalised, with the fields that they are of: the field's own, its
    description, and those of every shipped layout."""
    produit = declarations()[nom_produit]
    trouves: dict[str, dict[str, None]] = {}
    noms = [(n, c.nom) for c in produit.champs for n in (c.nom, c.description)]
    for presentation in correspondances(produit.source):
        if presentation.produit == produit.produit:
            declares = {c.nom for c in produit.champs}
            noms += [(n, c) for c, alias in presentation.champs.items() if c in declares for n in alias]
    for nom, champ in noms:
        trouves.setdefault(_words(nom), {})[champ] = None
    return {nom: tuple(champs) for nom, champs in trouves.items() if nom}


def _words(nom: str) -> str:
    """A name as it is compared: its words in one spelling, in one order, those that say nothing left out."""
    reglages = settings()["ebauche"]
    mots = [mot for mot in normalise_name(nom).split("_") if mot not in reglages["muets"]]
    return "_".join(sorted(str(reglages["mots"].get(mot, mot)) for mot in mots))


@lru_cache(maxsize=4096)
def _alike(nom_produit: str, nom: str) -> tuple[tuple[float, str], ...]:
    """The fields that a column's name looks like, and how much."""
    noms, seuil = _names(nom_produit), float(settings()["ebauche"]["ressemblance"])
    proches = difflib.get_close_matches(nom, noms, n=max(len(noms), 1), cutoff=seuil)
    return tuple(
        (difflib.SequenceMatcher(None, proche, nom).ratio(), champ)
        for proche in proches
        for champ in noms[proche]
    )


def _propose(produit: Produit, entete: Entete) -> _Proposition | None:
    """The best column of each field, each column once; None when the row is no header of this product."""
    noms = tuple(" ".join((c or "").split()) for c in entete.cellules)
    # Where one cell is no name, this may be a row of someone: nothing of it is written.
    if produit.restreint and not all(looks_like_a_name(n) for n in noms if n):
        return None
    rangs = {c.nom: i for i, c in enumerate(produit.champs)}
    paires = sorted(
        (-ressemblance, rangs[champ], position, champ)
        for position, nom in enumerate(noms)
        if nom and looks_like_a_name(nom)
        for ressemblance, champ in _alike(produit.produit, _words(nom))
    )
    colonnes: dict[str, tuple[int, float]] = {}
    prises: set[int] = set()
    for oppose, _, position, champ in paires:
        if champ not in colonnes and position not in prises:
            colonnes[champ] = (position, -oppose)
            prises.add(position)
    if len(colonnes) < int(settings()["ebauche"]["colonnes"]):
        return None
    requis = {c.nom for c in produit.champs if c.requis}
    score = sum(r * (2 if champ in requis else 1) for champ, (_, r) in colonnes.items())
    return _Proposition(produit, noms, colonnes, score - len(requis - set(colonnes)))


def _lines(nom: str, proposition: _Proposition) -> Iterator[str]:
    """The YAML text: what is proposed, what is left to a person, both with the declared meaning."""
    produit, colonnes = proposition.produit, proposition.colonnes
    yield "# Ébauche d'après les seuls noms des colonnes : vérifiez chaque ligne, puis donnez un titre."
    yield f"# Elle est refusée tant qu'il y reste « {A_COMPLETER} ». Guide : docs/correspondances.md."
    yield f"correspondance: {nom}"
    yield f"produit: {produit.produit}  # {produit.titre}"
    yield f"titre: {A_COMPLETER}"
    signature = [c.nom for c in produit.champs if c.requis and c.nom in colonnes] or list(colonnes)
    yield "# Colonnes qui font reconnaître cette présentation :"
    yield f"signature: {_list(proposition.noms[colonnes[champ][0]] for champ in signature)}"
    yield "champs:"
    yield "  # Proposés :"
    proposes = [c for c in produit.champs if c.nom in colonnes]
    for champ in proposes:
        position, ressemblance = colonnes[champ.nom]
        doute = "" if ressemblance == 1 else "à vérifier : "
        yield f"  {champ.nom}: {_list([proposition.noms[position]])}  # {doute}{_meaning(champ)}"
    if proposition.a_completer:
        yield "  # Obligatoires, sans colonne qui ressemble :"
        for champ in (produit.champ(n) for n in proposition.a_completer):
            yield f"  {champ.nom}: [{A_COMPLETER}]  # {_meaning(champ)}"
    autres = [c for c in produit.champs if not c.requis and c.nom not in colonnes]
    if autres:
        yield "  # Facultatifs, sans colonne qui ressemble (retirez le # de ceux que le fichier donne) :"
        yield from (f"  # {c.nom}: [{A_COMPLETER}]  # {_meaning(c)}" for c in autres)
    if codes := [c for c in proposes if c.codes]:
        yield "# Libellés de l'outil, s'ils ne sont pas ces codes (retirez les # utiles) :"
        yield "# valeurs:"
        for champ in codes:
            exemple = next(iter(champ.codes or {}))
            connus = " ; ".join(f"{code} = {libelle}" for code, libelle in (champ.codes or {}).items())
            yield f"#   {champ.nom}: {{libellé de l'outil: {json.dumps(exemple)}}}  # {_one_line(connus)}"
    prises = {position for position, _ in colonnes.values()}
    if restes := [n for i, n in enumerate(proposition.noms) if i not in prises and looks_like_a_name(n)]:
        yield "# Colonnes du fichier qui ne ressemblent à rien :"
        yield from (f"# - {n}" for n in restes)


def _list(noms: Iterable[str]) -> str:
    """A YAML list of names, on one line; JSON is YAML."""
    return json.dumps(list(noms), ensure_ascii=False)


def _meaning(champ: Champ) -> str:
    return _one_line(champ.description)


def _one_line(texte: str) -> str:
    return " ".join(texte.split())
