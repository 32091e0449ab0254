"""What `observatoire examiner` shows: files, territories and years, what is missing, what can be computed."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict
from pathlib import Path

from pipelines.cli import affichage
from pipelines.errors import MauvaisUsage
from pipelines.examen import AnneeVue, Examen, Reference, TerritoireVu, examine_landing
from pipelines.ingestion import Ebauche, draft_mappings
from pipelines.ingestion.examen import FichierExamine
from pipelines.paths import TERRITOIRES

# Other EPCI named before they are counted, columns named before they are counted.
_NOMMES = 10


def ebaucher(donnees: Path, demandes: Sequence[str], json: bool) -> int:
    """Write first mappings for the files that nothing recognises; 1 when one could not be written."""
    if not donnees.is_dir():
        raise MauvaisUsage(f"Le dossier de dépôt « {donnees} » n'existe pas.")
    faites = draft_mappings(donnees, [_inside(donnees, demande) for demande in demandes])
    if not faites:
        raise MauvaisUsage(
            "Aucun fichier lu du dossier de dépôt ne répond à --ebauche. Donnez un fichier ou un dossier de "
            "celui-ci, par exemple sne/2022/export.csv, ou . pour tous."
        )
    refusees = [f for f in faites if f.refus is not None]
    if json:
        affichage.show_json({"ebauches": [asdict(f) for f in faites]})
    else:
        affichage.show_lines(_drafted(f) for f in faites)
    return 1 if refusees else 0


def _inside(donnees: Path, demande: str) -> str:
    """The name in the landing folder of what may be given by its path."""
    chemin = Path(demande)
    if chemin.exists() and chemin.resolve().is_relative_to(donnees.resolve()):
        return chemin.resolve().relative_to(donnees.resolve()).as_posix()
    return chemin.as_posix()


def _drafted(faite: Ebauche) -> str:
    if faite.refus is not None:
        return f"SANS ÉBAUCHE  {faite.fichier} : {faite.refus}."
    if faite.chemin is None:
        return f"inutile       {faite.fichier} : {faite.deja}."
    manque = f" ; à trouver : {', '.join(faite.a_completer)}" if faite.a_completer else ""
    return (
        f"écrite        {faite.fichier} → correspondances/{faite.chemin.name} ({faite.produit}) ; "
        f"{faite.proposes} champs proposés{manque}. Vérifiez-la et complétez-la : elle est refusée d'ici là."
    )


def examiner(donnees: Path, territoires: Path | None, epci: Sequence[str], json: bool) -> int:
    """Look at a landing folder, show what was seen; return the exit code."""
    if not donnees.is_dir():
        raise MauvaisUsage(f"Le dossier de dépôt « {donnees} » n'existe pas.")
    seen = examine_landing(donnees, territoires or TERRITOIRES, epci)
    if json:
        affichage.show_json({**asdict(seen), "lisible": not seen.refus})
    else:
        affichage.show_lines(_lines(seen))
    return 1 if seen.refus else 0


def _lines(seen: Examen) -> Iterator[str]:
    for vu in seen.fichiers:
        yield from _file(vu)
    for nom in seen.hors_dossier:
        yield f"{nom} : hors des dossiers connus, non lu."
    for territoire in seen.territoires:
        yield ""
        yield from _territory(territoire)
    if seen.absents or seen.autres:
        yield ""
    yield from seen.absents
    if seen.autres:
        noms = [f"{nom} ({siren})" for siren, nom in seen.autres[:_NOMMES]]
        reste = len(seen.autres) - len(noms)
        yield f"Autres EPCI trouvés : {', '.join(noms)}" + (f" et {reste} autres." if reste > 0 else ".")
    yield ""
    if seen.refus:
        yield f"{len(seen.refus)} fichier(s) ne peuvent pas être lus : la construction s'arrêterait."
    else:
        trop = sum(vu.trop_refusees for vu in seen.fichiers)
        yield "Tous les fichiers peuvent être lus" + (
            f", mais {trop} aurai{'ent' if trop > 1 else 't'} trop de lignes refusées : la construction "
            "s'arrêterait."
            if trop
            else "."
        )


def _file(vu: FichierExamine) -> Iterator[str]:
    if vu.refus is not None:
        yield f"REFUSÉ  {vu.refus}"
        return
    if vu.non_lu is not None:
        yield f"non lu  {vu.fichier} : {vu.non_lu}"
        return
    yield f"lu      {vu.fichier} → {vu.produit} ({vu.correspondance}) ; {' ; '.join(_facts(vu))}"
    if vu.colonnes_ignorees:
        yield f"        colonnes non lues : {_some(vu.colonnes_ignorees)}"
    for piege in vu.pieges:
        yield f"        attention, « {piege.colonne} » ({affichage.number(piege.nombre)}) : {piege.message}"
    if vu.trop_refusees:
        refusees, vues = affichage.number(vu.lignes_refusees), affichage.number(vu.lignes_vues)
        yield f"        TROP DE LIGNES REFUSÉES : {refusees} sur {vues}, plus que la construction n'en tolère"


def _facts(vu: FichierExamine) -> Iterator[str]:
    if vu.feuille is not None:
        yield f"feuille « {vu.feuille} »"
    if vu.separateur is not None:
        separateur = "tabulation" if vu.separateur == "\t" else f"« {vu.separateur} »"
        yield f"séparateur {separateur}, {vu.encodage}"
    if vu.ligne_entete and vu.ligne_entete > 1:
        yield f"en-tête en ligne {vu.ligne_entete}"
    if vu.millesime is not None:
        yield f"millésime {vu.millesime}"
    if vu.extraction is not None:
        yield f"extraction du {vu.extraction:%d/%m/%Y} ({vu.origine_extraction})"
    lignes = f"{affichage.number(vu.lignes_vues)} lignes"
    yield lignes if vu.entier else f"échantillon de {lignes}"


def _territory(territoire: TerritoireVu) -> Iterator[str]:
    convention = territoire.convention or "sans convention : objectifs de la loi"
    yield f"{territoire.nom} ({territoire.siren}, {convention})"
    for annee in territoire.annees:
        yield from _year(annee)
    yield from _where({r.fichier: r for annee in territoire.annees for r in annee.a_trouver}.values())


def _year(vue: AnneeVue) -> Iterator[str]:
    yield f"  {vue.annee}"
    for calcul in vue.calculs:
        yield f"    {calcul.possible:<9}  {calcul.sujet} : {calcul.phrase}"
    for reference in vue.a_trouver:
        yield f"    manque     {reference.phrase}"


def _where(manquantes: Iterable[Reference]) -> Iterator[str]:
    """Once per kind of reference: where to find it, under which names to put it, what the file looks like."""
    par_genre: dict[str, list[Reference]] = {}
    for reference in manquantes:
        par_genre.setdefault(reference.reference, []).append(reference)
    for meme in par_genre.values():
        yield f"  À déposer : {', '.join(r.fichier for r in meme)}"
        yield f"    à trouver dans {meme[0].ou}"
        yield f"    colonnes {meme[0].colonnes} ; par exemple {meme[0].exemple}"


def _some(noms: Sequence[str]) -> str:
    reste = len(noms) - _NOMMES
    return ", ".join(noms[:_NOMMES]) + (f" et {reste} autres" if reste > 0 else "")
