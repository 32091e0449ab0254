"""The commands, their options and their help; what each does is in `actions`, imported when called."""

import signal
from datetime import date, datetime
from pathlib import Path
from types import FrameType
from typing import Annotated, Any

import typer
from typer.exceptions import TyperException

from pipelines import journal
from pipelines.cli.aide import Commande, Groupe, usage_sentence
from pipelines.errors import MauvaisUsage, ObservatoireError

INTERRUPTED = 130
LOOPBACK = "127.0.0.1"
FORMATS = "html,pdf,xlsx,csv,parquet."

app = typer.Typer(
    cls=Groupe,
    rich_markup_mode=None,
    add_completion=False,
    pretty_exceptions_enable=False,
    no_args_is_help=True,
    context_settings={"max_content_width": 110},
    help="Attributions de logements sociaux : entrepôt reproductible et bilans des conventions.",
    epilog="Exemple : observatoire demo",
)

Donnees = Annotated[Path, typer.Option(metavar="DOSSIER", help="Dossier de dépôt : <source>/<millésime>/…")]
Entrepot = Annotated[Path, typer.Option(metavar="FICHIER", help="Fichier DuckDB publié.")]
Territoires = Annotated[
    Path | None, typer.Option(metavar="DOSSIER", help="Dossier des conventions (défaut : le projet).")
]
Json = Annotated[bool, typer.Option("--json", help="Résumé en JSON sur la sortie, pour un programme.")]


def run(arguments: list[str]) -> int:
    """Run one command and return its exit code; every foreseen error is one French message."""
    from pipelines.cli import affichage

    signal.signal(signal.SIGTERM, _stop)
    affichage.accept_every_character()
    as_json = "--json" in arguments
    try:
        code = int(
            typer.main.get_command(app)(arguments, prog_name="observatoire", standalone_mode=False) or 0
        )
    except TyperException as error:
        return _refuse(usage_sentence(error), MauvaisUsage.exit_code, as_json)
    except ObservatoireError as error:
        return _refuse(str(error), error.exit_code, as_json)
    except (KeyboardInterrupt, typer.Abort):
        code = INTERRUPTED
    except Exception as error:
        if not journal.wanted():
            raise
        affichage.break_down(error)
        return 1
    if code == INTERRUPTED:
        return _refuse("Interrompu ; l'entrepôt publié n'a pas changé.", code, as_json)
    return code


def _stop(_signal: int, _frame: FrameType | None) -> None:
    """A polite stop cleans up like an interruption from the keyboard."""
    raise KeyboardInterrupt


def _refuse(message: str, code: int, as_json: bool) -> int:
    from pipelines.cli import affichage

    affichage.refuse(message)
    if as_json:
        affichage.show_json({"erreur": message, "code": code})
    return code


def _years(text: str | None) -> list[int]:
    parts = [part.strip() for part in (text or "").split(",") if part.strip()]
    if not all(part.isascii() and part.isdigit() and len(part) == 4 for part in parts):
        raise MauvaisUsage(f"--annees attend des années (2021,2022), reçu « {text} ».")
    return sorted({int(part) for part in parts})


def _parts(given: list[str] | None) -> list[str]:
    """Values of an option that may be repeated and may hold commas."""
    return [part.strip() for text in given or [] for part in text.split(",") if part.strip()]


def _vintages(given: list[str] | None) -> list[int]:
    for part in (parts := _parts(given)):
        if not (part.isascii() and part.isdigit() and len(part) == 4):
            raise MauvaisUsage(f"--millesime attend des années (2021,2023), reçu « {part} ».")
    return [int(part) for part in parts]


def _day(text: str | None) -> date | None:
    try:
        return None if text is None else date.fromisoformat(text)
    except ValueError as error:
        raise MauvaisUsage(f"--date attend une date AAAA-MM-JJ, reçu « {text} ».") from error


def _sirens(given: list[str] | None) -> list[str]:
    return sorted({_siren(part) for part in _parts(given)})


def _siren(text: str, attente: str = "--epci attend") -> str:
    """A SIREN, with or without the spaces that it is printed with."""
    siren = "".join(text.split())
    if not (siren.isascii() and siren.isdigit() and len(siren) == 9):
        suite = " : un SIRET en a 14, le SIREN est ses 9 premiers" if len(siren) == 14 else ""
        raise MauvaisUsage(f"{attente} un SIREN à 9 chiffres, reçu « {text} »{suite}.")
    return siren


@app.command(cls=Commande, epilog="Exemple : observatoire demo --dir demo")
def demo(
    dossier: Annotated[Path, typer.Option("--dir", metavar="DOSSIER", help="Où l'écrire.")] = Path("demo"),
    json: Json = False,
) -> None:
    """Fait un essai complet. Sources fabriquées pour cinq territoires, entrepôt, cinq bilans."""
    from pipelines.cli.actions import demo as action

    action(dossier, json)


@app.command(cls=Commande, epilog="Exemple : observatoire build --donnees donnees --entrepot cia.duckdb")
def build(
    *,
    donnees: Donnees,
    entrepot: Entrepot,
    annees: Annotated[str | None, typer.Option(metavar="ANNÉES", help="Par exemple 2021,2022.")] = None,
    territoires: Territoires = None,
    epci: Annotated[list[str] | None, typer.Option(metavar="SIREN", help="SIREN ; répétable.")] = None,
    tous: Annotated[bool, typer.Option("--tous", help="Tous les EPCI trouvés dans les données.")] = False,
    lac: Annotated[
        Path | None, typer.Option(metavar="DOSSIER", help="Écrit aussi les tables en Parquet, par millésime.")
    ] = None,
    ducklake: Annotated[
        str | None, typer.Option(metavar="POSTGRES", help="Publie aussi dans le lac partagé.")
    ] = None,
    ducklake_donnees: Annotated[
        str | None,
        typer.Option(metavar="DOSSIER", help="Fichiers du lac partagé (première publication)."),
    ] = None,
    complet: Annotated[
        bool, typer.Option("--complet", help="Recalcule tout, même ce qui n'a pas changé.")
    ] = False,
    json: Json = False,
) -> None:
    """Construit et publie l'entrepôt. Lit le dossier de dépôt, valide, calcule, contrôle, publie."""
    years, sirens = _years(annees), _sirens(epci)
    from pipelines.cli.actions import build as action

    action(
        donnees=donnees,
        entrepot=entrepot,
        annees=years,
        territoires=territoires,
        epci=sirens,
        tous=tous,
        lac=lac,
        ducklake=ducklake,
        ducklake_donnees=ducklake_donnees,
        complet=complet,
        json=json,
    )


@app.command(cls=Commande, epilog="Exemple : observatoire examiner --donnees donnees --epci 247100589")
def examiner(
    donnees: Donnees,
    epci: Annotated[list[str] | None, typer.Option(metavar="SIREN", help="SIREN ; répétable.")] = None,
    territoires: Territoires = None,
    ebauche: Annotated[
        list[str] | None,
        typer.Option(
            metavar="FICHIER", help="Propose sa correspondance (ou celles d'un dossier) ; répétable."
        ),
    ] = None,
    json: Json = False,
) -> None:
    """Regarde le dossier de dépôt, sans construire. Ce qui s'y lit, ce qui manque, ce qui sera calculé."""
    sirens = _sirens(epci)
    from pipelines.cli.examen import ebaucher
    from pipelines.cli.examen import examiner as action

    raise_exit(ebaucher(donnees, ebauche, json) if ebauche else action(donnees, territoires, sirens, json))


@app.command(
    cls=Commande,
    epilog="Exemple : observatoire bilan --entrepot cia.duckdb --epci 247100589 --annee 2021 --sortie bilans",
)
def bilan(
    *,
    entrepot: Entrepot,
    epci: Annotated[
        list[str] | None, typer.Option(metavar="SIREN", help="EPCI ; répétable ; facultatif avec --bailleur.")
    ] = None,
    tous: Annotated[bool, typer.Option("--tous", help="Tous les EPCI de l'entrepôt.")] = False,
    annee: Annotated[
        int | None, typer.Option(metavar="ANNÉE", help="Année du bilan ; sinon, la dernière de l'EPCI.")
    ] = None,
    sortie: Annotated[Path, typer.Option(metavar="DOSSIER", help="Dossier où écrire.")],
    formats: Annotated[str, typer.Option("--format", metavar="FORMATS", help=FORMATS)] = "html",
    edition: Annotated[str, typer.Option(metavar="ÉDITION", help="signataires ou publique.")] = "signataires",
    bailleur: Annotated[
        str | None, typer.Option(metavar="SIREN", help="Un bailleur : sa fiche, ou son relevé du semestre.")
    ] = None,
    commune: Annotated[str | None, typer.Option(metavar="CODE", help="La fiche d'une commune.")] = None,
    fiches: Annotated[
        bool, typer.Option("--fiches", help="Les fiches des communes, bailleurs, QPV et réservataires.")
    ] = False,
    semestre: Annotated[
        int | None, typer.Option(min=1, max=2, metavar="1|2", help="Suivi semestriel, au lieu du bilan.")
    ] = None,
    trimestre: Annotated[
        int | None, typer.Option(min=1, max=4, metavar="1|2|3|4", help="Tableau de bord, au lieu du bilan.")
    ] = None,
    evaluation: Annotated[bool, typer.Option("--evaluation", help="Évaluation de la convention.")] = False,
    comparaison: Annotated[bool, typer.Option("--comparaison", help="Comparaison des EPCI donnés.")] = False,
    departement: Annotated[
        str | None, typer.Option(metavar="CODE", help="Comparaison des EPCI qui y ont des communes.")
    ] = None,
    region: Annotated[str | None, typer.Option(metavar="CODE", help="Comparaison de ses EPCI.")] = None,
    json: Json = False,
) -> None:
    """Écrit un bilan. Ou un autre rapport, depuis l'entrepôt publié."""
    kinds = {
        "semestre": semestre,
        "trimestre": trimestre,
        "evaluation": evaluation,
        "comparaison": comparaison or departement is not None or region is not None,
        "commune": commune,
        "fiches": fiches,
    }
    asked: dict[str, int | str] = {name: value for name, value in kinds.items() if value}
    if len(asked) > 1:
        raise MauvaisUsage(f"Un seul rapport à la fois : {' ou '.join(f'--{name}' for name in asked)}.")
    if annee is None and (asked or bailleur is not None):
        raise MauvaisUsage("Il manque --annee : elle n'est facultative que pour un bilan annuel.")
    sirens = _sirens(epci)
    if tous and (sirens or bailleur is not None or departement is not None or region is not None):
        raise MauvaisUsage("--tous choisit les EPCI : sans --epci, --bailleur, --departement ni --region.")
    if departement is not None or region is not None:
        if sirens or bailleur is not None or (departement is not None and region is not None):
            raise MauvaisUsage("--departement ou --region choisit les EPCI : sans --epci ni --bailleur.")
        from pipelines.cli.actions import compared

        sirens = compared(entrepot, annee, edition, departement=departement, region=region)
    if bailleur is None and not sirens and not tous:
        raise MauvaisUsage("Il manque --epci (ou --tous ; ou --bailleur, pour la fiche d'un bailleur).")
    if edition != "signataires":
        asked["edition"] = edition
    if bailleur is not None:
        asked["bailleur"] = _siren(bailleur, "--bailleur attend")
    chosen = [part.strip() for part in formats.split(",") if part.strip()]
    from pipelines.cli.actions import bilan as action

    action(entrepot=entrepot, epci=sirens, annee=annee, sortie=sortie, formats=chosen, asked=asked, json=json)


@app.command(
    cls=Commande,
    epilog="Exemple : observatoire diffuser --entrepot cia.duckdb --edition publique --sortie ouvert",
)
def diffuser(
    *,
    entrepot: Entrepot,
    edition: Annotated[str, typer.Option(metavar="ÉDITION", help="signataires ou publique.")],
    sortie: Annotated[Path, typer.Option(metavar="DOSSIER", help="Dossier où écrire.")],
    formats: Annotated[
        str, typer.Option("--format", metavar="FORMATS", help="duckdb,parquet,csv,xlsx,gpkg.")
    ] = "duckdb",
    json: Json = False,
) -> None:
    """Écrit ce qui se remet. Les fichiers d'une édition, avec leur description."""
    chosen = [part.strip() for part in formats.split(",") if part.strip()]
    from pipelines.cli.actions import diffuser as action

    action(entrepot, edition, sortie, chosen, json)


@app.command(cls=Commande, epilog="Exemple : observatoire explorer --entrepot cia.duckdb")
def explorer(
    *,
    entrepot: Entrepot,
    edition: Annotated[
        str | None, typer.Option(metavar="ÉDITION", help="signataires (défaut) ou publique.")
    ] = None,
    port: Annotated[int, typer.Option(min=0, max=65535, metavar="PORT", help="0 : un port libre.")] = 8765,
) -> None:
    """Ouvre une page pour chercher un chiffre. Le voir, le dessiner, l'emporter."""
    from pipelines.cli.actions import explorer as action

    action(entrepot, edition, port)


@app.command(
    cls=Commande,
    epilog="Exemple : observatoire expliquer --entrepot cia.duckdb --epci 247100589 --periode 2021 "
    "--indicateur hors_qpv_q1",
)
def expliquer(
    *,
    entrepot: Entrepot,
    epci: Annotated[str, typer.Option(metavar="SIREN", help="EPCI.")],
    periode: Annotated[str, typer.Option(metavar="PÉRIODE", help="2021, 2021-S1, 2021-T3, 2021-06…")],
    indicateur: Annotated[str, typer.Option(metavar="NOM", help="Identifiant de l'indicateur.")],
    axe: Annotated[str, typer.Option(metavar="AXE", help="epci, commune, qpv, bailleur…")] = "epci",
    modalite: Annotated[str, typer.Option(metavar="CODE", help="Code sur l'axe ; inutile pour epci.")] = "",
    segment: Annotated[str, typer.Option(metavar="TYPE/VALEUR", help="Sous-ensemble.")] = "tous/tous",
    lignes: Annotated[int, typer.Option(min=0, metavar="N", help="Lignes montrées.")] = 50,
    toutes: Annotated[bool, typer.Option("--toutes", help="Montre toutes les lignes.")] = False,
    json: Json = False,
) -> None:
    """Explique un chiffre. Règle, paramètres, comptes avec leurs lignes, fichiers."""
    siren = _siren(epci)
    segment_type, slash, value = segment.partition("/")
    if not slash:
        raise MauvaisUsage(f"--segment attend type/valeur (typologie/T3), reçu « {segment} ».")
    from pipelines.cli.actions import expliquer as action

    action(
        entrepot,
        {
            "epci_siren": siren,
            "periode": periode,
            "indicateur": indicateur,
            "axe": axe,
            "modalite": modalite,
            "segment_type": segment_type,
            "segment": value,
        },
        lignes=None if toutes else lignes,
        json=json,
    )


@app.command(
    cls=Commande, epilog="Exemple : observatoire dictionnaire --entrepot cia.duckdb --sortie dictionnaire"
)
def dictionnaire(
    entrepot: Entrepot,
    sortie: Annotated[Path, typer.Option(metavar="DOSSIER", help="Dossier où écrire.")] = Path(
        "dictionnaire"
    ),
    formats: Annotated[str, typer.Option("--format", metavar="FORMATS", help="html,csv.")] = "html,csv",
    json: Json = False,
) -> None:
    """Écrit le dictionnaire. Sources, tables, colonnes et indicateurs de l'entrepôt."""
    chosen = [part.strip() for part in formats.split(",") if part.strip()]
    from pipelines.cli.actions import dictionnaire as action

    action(entrepot, sortie, chosen, json)


@app.command(cls=Commande, epilog="Exemple : observatoire verify --donnees donnees --entrepot cia.duckdb")
def verify(donnees: Donnees, entrepot: Entrepot, territoires: Territoires = None, json: Json = False) -> None:
    """Prouve que l'entrepôt vient de ces fichiers. Verrou, reconstruction, empreintes par table."""
    from pipelines.cli.actions import verify as action

    raise_exit(action(donnees, entrepot, territoires, json))


@app.command(cls=Commande, epilog="Exemple : observatoire diff avant.duckdb apres.duckdb")
def diff(
    avant: Annotated[Path, typer.Argument(metavar="AVANT", help="Premier entrepôt, ou édition.")],
    apres: Annotated[Path, typer.Argument(metavar="APRÈS", help="Second entrepôt, ou édition.")],
    lignes: Annotated[int, typer.Option(min=1, metavar="N", help="Nombre de chiffres affichés.")] = 50,
    json: Json = False,
) -> None:
    """Compare deux entrepôts. Dit quels indicateurs ont changé, de combien et pourquoi."""
    from pipelines.cli.actions import diff as action

    action(avant, apres, lignes, json)


@app.command(cls=Commande, epilog="Exemple : observatoire init 243500139")
def init(
    siren: Annotated[str, typer.Argument(metavar="SIREN", help="SIREN d'un EPCI, d'un EPT ou de Paris.")],
    nom: Annotated[
        str | None, typer.Option(metavar="NOM", help="Nom d'usage ; sinon, le nom officiel.")
    ] = None,
    territoires: Territoires = None,
    donnees: Annotated[
        Path | None,
        typer.Option(metavar="DOSSIER", help="Écrit aussi, dans ce dossier de dépôt, les saisies à remplir."),
    ] = None,
    annee: Annotated[int | None, typer.Option(metavar="ANNÉE", help="Année de ces saisies.")] = None,
) -> None:
    """Écrit une convention à compléter. Valeurs légales, communes, quartiers, et ce qui reste à trouver."""
    checked = _siren(siren, "init attend")
    if (donnees is None) != (annee is None):
        raise MauvaisUsage("Les saisies demandent --donnees et --annee ensemble.")
    from pipelines.cli.actions import init as action

    if donnees is not None and annee is not None:
        from pipelines.cli.actions import init_typed

        if init_typed(checked, donnees, annee, territoires):
            return
    action(checked, nom, territoires)


@app.command(
    cls=Commande,
    epilog="Exemple : observatoire fetch --donnees donnees --epci 243500139",
)
def fetch(
    *,
    donnees: Donnees,
    source: Annotated[
        list[str] | None, typer.Option(metavar="SOURCE", help="Source ou produit ; répétable.")
    ] = None,
    millesime: Annotated[
        list[str] | None, typer.Option(metavar="ANNÉE", help="Millésime ; répétable.")
    ] = None,
    epci: Annotated[
        list[str] | None,
        typer.Option(metavar="SIREN", help="Ce qu'il faut à ce territoire ; répétable."),
    ] = None,
    liste: Annotated[bool, typer.Option("--liste", help="Montre ce qui existe, sans télécharger.")] = False,
    essais: Annotated[int, typer.Option(min=1, max=100, metavar="N", help="Essais par fichier.")] = 5,
    delai: Annotated[
        float, typer.Option(min=1, metavar="SECONDES", help="Attente d'un serveur qui ne répond pas.")
    ] = 60,
    json: Json = False,
) -> None:
    """Télécharge les données ouvertes. Dit aussi où demander les autres et où les déposer."""
    sources, years, sirens = _parts(source), _vintages(millesime), _sirens(epci)
    from pipelines.cli.actions import fetch as action

    patience = {"essais": essais, "delai_s": delai}
    raise_exit(action(donnees, sources, years, epci=sirens, liste=liste, patience=patience, json=json))


@app.command(cls=Commande, epilog="Exemple : observatoire restaurer --entrepot cia.duckdb --version 3")
def restaurer(
    *,
    entrepot: Annotated[Path | None, typer.Option(metavar="FICHIER", help="Fichier DuckDB publié.")] = None,
    version: Annotated[int | None, typer.Option(min=1, metavar="N", help="Version à remettre.")] = None,
    lac: Annotated[
        Path | None, typer.Option(metavar="DOSSIER", help="Refait l'entrepôt depuis ce lac de Parquet.")
    ] = None,
    ducklake: Annotated[
        str | None,
        typer.Option(metavar="POSTGRES", help="Refait l'entrepôt depuis ce lac partagé, ou liste ses états."),
    ] = None,
    instantane: Annotated[
        int | None, typer.Option(min=0, metavar="N", help="État du lac partagé, par son numéro.")
    ] = None,
    au: Annotated[
        datetime | None, typer.Option(metavar="DATE", help="État du lac partagé à cette date (UTC).")
    ] = None,
    epci: Annotated[
        list[str] | None, typer.Option(metavar="SIREN", help="EPCI voulus du lac partagé ; répétable.")
    ] = None,
    json: Json = False,
) -> None:
    """Remet une version en place. Sans --version, liste celles qui sont gardées."""
    sirens = _sirens(epci)
    if ducklake is None and (instantane is not None or au is not None or sirens):
        raise MauvaisUsage("--instantane, --au et --epci vont avec --ducklake.")
    if ducklake is not None:
        if lac is not None or version is not None or (instantane is not None and au is not None):
            raise MauvaisUsage("Un seul état à la fois : --lac, --version, --instantane ou --au.")
        from pipelines.cli.actions import restaurer_ducklake

        restaurer_ducklake(entrepot, ducklake, epci=sirens, instantane=instantane, au=au, json=json)
        return
    if entrepot is None:
        raise MauvaisUsage("Il manque --entrepot. Aide : observatoire restaurer --help")
    if lac is not None:
        from pipelines.cli.actions import restaurer_lac

        restaurer_lac(entrepot, lac, version, json)
        return
    from pipelines.cli.actions import restaurer as action

    action(entrepot, version, json)


@app.command(
    cls=Commande,
    epilog="Exemple : observatoire purger --donnees donnees --entrepot cia.duckdb --personnes numeros.txt "
    "--confirmer",
)
def purger(
    *,
    donnees: Donnees,
    entrepot: Entrepot,
    personnes: Annotated[
        str | None,
        typer.Option(metavar="FICHIER|-", help="Numéros uniques, un par ligne ; - : lus sur l'entrée."),
    ] = None,
    source: Annotated[str | None, typer.Option(metavar="SOURCE", help="Source, avec --millesime.")] = None,
    millesime: Annotated[int | None, typer.Option(metavar="ANNÉE", help="Millésime à retirer.")] = None,
    cle: Annotated[bool, typer.Option("--cle", help="Ce qu'une autre clé a produit.")] = False,
    motif: Annotated[str, typer.Option(metavar="TEXTE", help="Raison, gardée au registre.")] = "sur demande",
    lac: Annotated[
        list[Path] | None,
        typer.Option(metavar="DOSSIER", help="Lac de Parquet écrit de cet entrepôt ; répétable."),
    ] = None,
    sans_exclusion: Annotated[
        bool, typer.Option("--sans-exclusion", help="Les fichiers déposés sont déjà nettoyés.")
    ] = False,
    territoires: Territoires = None,
    confirmer: Annotated[
        bool, typer.Option("--confirmer", help="Retire ; sinon, dit seulement ce qui le serait.")
    ] = False,
    json: Json = False,
) -> None:
    """Retire des personnes ou un millésime. De tout ce qui vient des fichiers ; reconstruit, et le prouve."""
    vintage = source is not None and millesime is not None
    if [personnes is not None, vintage, cle].count(True) != 1 or (source is None) != (millesime is None):
        raise MauvaisUsage("Donnez --personnes, ou --source avec --millesime, ou --cle.")
    from pipelines.cli.purge import purger as action

    raise_exit(
        action(
            donnees=donnees,
            entrepot=entrepot,
            personnes=personnes,
            source=source,
            millesime=millesime,
            motif=motif,
            lacs=lac or [],
            sans_exclusion=sans_exclusion or cle,
            territoires=territoires,
            confirmer=confirmer,
            json=json,
        )
    )


@app.command(cls=Commande, epilog="Exemple : observatoire alertes --entrepot cia.duckdb --date 2024-02-29")
def alertes(
    entrepot: Entrepot,
    jour: Annotated[
        str | None, typer.Option("--date", metavar="AAAA-MM-JJ", help="Jour regardé (défaut : aujourd'hui).")
    ] = None,
    envoyer: Annotated[
        bool, typer.Option("--envoyer", help="Envoie les nouvelles par les canaux réglés.")
    ] = False,
    json: Json = False,
) -> None:
    """Montre les alertes. Sources et rapports en retard, entrepôt ancien, contrôles, objectifs manqués."""
    day = _day(jour)
    from pipelines.cli.actions import alertes as action

    raise_exit(action(entrepot, day, envoyer, json))


@app.command(cls=Commande, epilog="Exemple : observatoire serve --donnees donnees --entrepot cia.duckdb")
def serve(
    donnees: Annotated[Path | None, typer.Option(metavar="DOSSIER", help="Dossier de dépôt.")] = None,
    entrepot: Annotated[Path | None, typer.Option(metavar="FICHIER", help="Fichier DuckDB publié.")] = None,
    hote: Annotated[str, typer.Option(metavar="ADRESSE", help="Adresse d'écoute.")] = LOOPBACK,
    port: Annotated[int, typer.Option(min=1, max=65535, metavar="PORT", help="Port.")] = 3000,
) -> None:
    """Ouvre la page de Dagster. Et son service, sur cette machine seulement sauf ordre contraire."""
    from pipelines.cli.service import serve as action

    raise_exit(action(donnees, entrepot, hote, port))


@app.command(cls=Commande, epilog="Exemple : observatoire automatiser")
def automatiser(
    arreter: Annotated[bool, typer.Option("--arreter", help="Les arrête, au lieu de les lancer.")] = False,
    workspace: Annotated[
        Path | None, typer.Option(metavar="FICHIER", help="Espace de Dagster (défaut : workspace.yaml).")
    ] = None,
    json: Json = False,
) -> None:
    """Met tout en automatique. Échéances du calendrier, dépôt surveillé, alertes ; arrêtés au départ."""
    from pipelines.cli.service import automatiser as action

    action(arreter, workspace, json)


@app.command(
    "comparer-moteurs", cls=Commande, epilog="Exemple : observatoire comparer-moteurs --entrepot cia.duckdb"
)
def comparer_moteurs(
    entrepot: Entrepot,
    dossier: Annotated[
        Path | None,
        typer.Option(metavar="DOSSIER", help="Où garder les tables de Spark (défaut : nulle part)."),
    ] = None,
    json: Json = False,
) -> None:
    """Calcule les mêmes tables avec Spark. Et les compare ligne à ligne à celles de l'entrepôt."""
    from pipelines.cli.actions import comparer_moteurs as action

    raise_exit(action(entrepot, dossier, json))


def raise_exit(code: int) -> None:
    """End a command with the exit code it computed."""
    if code:
        raise typer.Exit(code)


def commands() -> dict[str, Any]:
    """Return the commands by name, for the documentation and its test."""
    group: Any = typer.main.get_command(app)
    return dict(group.commands)
