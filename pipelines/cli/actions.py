"""What each command does: calls the same jobs and functions as a scheduled run, then shows the result."""

import logging
import os
import tempfile
import uuid
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

from pipelines import publication
from pipelines.alertes import Alerte
from pipelines.calendrier import PARIS
from pipelines.cli import affichage
from pipelines.demande import request_fingerprint, user_key
from pipelines.edition import MENTIONS, SIGNATAIRES
from pipelines.errors import MauvaisUsage, ObservatoireError
from pipelines.paths import INSTALLED, TERRITOIRES, WorkingFolder, territories_path
from pipelines.perimetre import alerts_on

if TYPE_CHECKING:
    from pipelines.lac import Instantane

progress = logging.getLogger(affichage.LOGGER)

EXPLORER_HOST = "127.0.0.1"
PUBLISHED = "publication/entrepot_publie"
REPORTS = "publication/bilans"
LAKE = "publication/lac"
# How many territories a build names before it counts them.
NAMED = 10
SHARED_LAKE = "publication/ducklake"


def build(
    *,
    donnees: Path,
    entrepot: Path,
    annees: Sequence[int],
    territoires: Path | None,
    epci: Sequence[str],
    tous: bool,
    lac: Path | None,
    ducklake: str | None,
    ducklake_donnees: str | None,
    complet: bool,
    json: bool,
) -> None:
    """Build and publish, copy to the lakes asked for, then show the account of the run."""
    if ducklake is not None and annees:
        raise MauvaisUsage(
            "--annees ne va pas avec --ducklake : les autres années des territoires y seraient effacées."
        )
    if ducklake is not None:
        from pipelines.lac import LacPartage

        # Refused before a build, not after.
        LacPartage(ducklake)
    with affichage.progress_shown():
        made = construct(
            *(donnees, entrepot),
            annees=annees,
            territoires=territoires,
            epci=epci,
            tous=tous,
            complet=complet,
        )
        copies = _copy_to_lakes(entrepot, lac, ducklake, ducklake_donnees)
    summary = {**_summary(entrepot), "inchange": made["inchange"], **copies}
    summary["alertes"] = [vars(alerte) for alerte in _alerts(entrepot, None)]
    if json:
        affichage.show_json(summary)
        return
    affichage.show_lines(_account(summary))


def _copy_to_lakes(
    entrepot: Path, lac: Path | None, ducklake: str | None, ducklake_donnees: str | None
) -> dict[str, Any]:
    """Run the jobs that copy a published warehouse to the lakes asked for; return what each did."""
    from pipelines.cli.execution import run_job

    copies: dict[str, Any] = {}
    if lac is not None:
        made = run_job("ecrire_lac", {"entrepot": str(entrepot), "lac": str(lac)})
        copies["lac"] = made[LAKE]
    if ducklake is not None:
        shared = {"ducklake": ducklake, "ducklake_donnees": ducklake_donnees}
        made = run_job("publier_ducklake", {"entrepot": str(entrepot), **shared})
        copies["ducklake"] = made[SHARED_LAKE]
    return copies


def construct(
    donnees: Path,
    entrepot: Path,
    *,
    annees: Sequence[int] = (),
    territoires: Path | None = None,
    epci: Sequence[str] = (),
    tous: bool = False,
    complet: bool = False,
    verrou: bool = True,
) -> dict[str, Any]:
    """Run the job that builds and publishes; return what it says of the published warehouse."""
    _check_folders(donnees, entrepot)
    asked = {"epci": epci, "annees": annees, "tous": tous}
    if not complet and (left := _left_in_place(donnees, entrepot, territoires, asked, verrou=verrou)):
        return left
    from pipelines.cli.execution import run_job

    parametres = {
        "donnees": str(donnees),
        "entrepot": str(entrepot),
        "territoires": None if territoires is None else str(territoires),
        "annees": list(annees),
        "epci": list(epci),
        "tous": tous,
        "complet": complet,
        "verrou": verrou,
    }
    return run_job("construire", parametres)[PUBLISHED]


def _left_in_place(
    donnees: Path, entrepot: Path, territoires: Path | None, asked: Mapping[str, Any], *, verrou: bool
) -> dict[str, Any] | None:
    """Leave a published warehouse made from the same bytes and options; None when there is to build."""
    dossier = WorkingFolder(entrepot.resolve())
    if not dossier.demande.is_file():
        return None
    try:
        demande = request_fingerprint(
            donnees.resolve(), territories_path(territoires), **asked, cle=user_key()
        )
    except OSError:
        # Whoever reads that file says what it is.
        return None
    with publication.open_chantier(dossier, str(uuid.uuid4())) as chantier:
        if not publication.answers(dossier, demande):
            return None
        with publication.disk_errors_explained(dossier.root):
            publication.begin_summary(chantier)
            left = publication.leave_in_place(chantier, donnees.resolve() if verrou else None, [])
    for warning in left.avertissements:
        progress.warning("%s", warning)
    progress.info("Rien n'a changé depuis la version %d, qui reste en place", left.execution.version)
    return {"version": left.execution.version, "empreinte": left.execution.empreinte, "inchange": True}


def _check_folders(donnees: Path, entrepot: Path) -> None:
    """Answer at once to what would otherwise be said after the orchestrator is loaded."""
    if not donnees.is_dir():
        raise MauvaisUsage(
            f"Le dossier de dépôt « {donnees} » n'existe pas ; attendu : <source>/<millésime>/<fichiers>, "
            "par exemple rpls/2022/rpls.csv."
        )
    publication.refuse_foreign(entrepot)


def _summary(entrepot: Path) -> dict[str, Any]:
    with publication.open_warehouse(entrepot) as con:
        cursor = con.execute("select * from meta.executions order by version desc limit 1")
        names = [column[0] for column in cursor.description or ()]
        run = dict(zip(names, cursor.fetchall()[0], strict=True))
        warnings = con.execute(
            "select source, regle, message, sum(nombre)::bigint from meta.avertissements "
            "group by all order by all"
        ).fetchall()
        epci = con.execute(
            "select epci_siren, nom, epci_siren in (select epci_siren from marts.indicateurs) "
            "from meta.conventions order by epci_siren"
        ).fetchall()
        origins = con.execute(
            "select origine, reference, list(fichier order by fichier) from meta.references "
            "group by all order by all"
        ).fetchall()
    return {
        "entrepot": str(entrepot),
        **run,
        "territoires": [{"siren": siren, "nom": nom, "chiffres": chiffres} for siren, nom, chiffres in epci],
        "references": [
            {"origine": origine, "reference": reference, "fichiers": fichiers}
            for origine, reference, fichiers in origins
        ],
        "avertissements": [
            {"source": source, "regle": regle, "message": message, "nombre": nombre}
            for source, regle, message, nombre in warnings
        ],
    }


def _references(used: Sequence[Mapping[str, Any]]) -> list[str]:
    """Which references served: those of the landing folder, which win, and those shipped with the product."""
    given = [f"{u['reference']} ({', '.join(u['fichiers'])})" for u in used if u["origine"] == "dossier"]
    shipped = [u["reference"] for u in used if u["origine"] == "livre"]
    lines = []
    if given:
        lines.append(f"Références du dossier de dépôt : {' ; '.join(given)}.")
    if shipped:
        lines.append(f"Références livrées : {' ; '.join(shipped)}.")
    return lines


def _account(summary: dict[str, Any]) -> list[str]:
    read, kept, merged, doubles, refused = (
        affichage.number(summary[f"lignes_{name}"])
        for name in ("lues", "gardees", "fusionnees", "doublons", "quarantaine")
    )
    with_figures = [t["nom"] for t in summary["territoires"] if t["chiffres"]]
    names = with_figures or [t["nom"] for t in summary["territoires"]]
    empty = len(summary["territoires"]) - len(with_figures)
    lines = [
        f"{summary['fichiers']} fichiers, {read} lignes lues = {kept} gardées + {merged} fusionnées "
        f"+ {doubles} en double + {refused} refusées.",
        f"{len(names)} territoire{'s' if len(names) > 1 else ''} : {', '.join(names[:NAMED])}"
        + (f" et {len(names) - NAMED} autres." if len(names) > NAMED else "."),
    ]
    if empty:
        lines.append(f"Sans chiffres dans ces données : {empty} territoire{'s' if empty > 1 else ''}.")
    lines += _references(summary["references"])
    if refused != "0":
        lines.append("Les lignes refusées, avec leur règle, sont dans le schéma quarantaine.")
    lines += [f"Avertissement ({w['source']}) : {w['message']}" for w in summary["avertissements"]]
    lines += [f"Alerte : {a['message']}" for a in summary["alertes"] if a["gravite"] == "urgent"]
    if summary["alertes"]:
        count = Counter(a["gravite"] for a in summary["alertes"])
        lines.append(
            "Alertes : "
            + ", ".join(f"{number} {gravite}" for gravite, number in count.items())
            + f". Pour les lire : observatoire alertes --entrepot {summary['entrepot']}"
        )
    left = " : rien n'a changé, elle reste en place" if summary["inchange"] else ""
    lines.append(f"Entrepôt publié : {summary['entrepot']} (version {summary['version']}{left})")
    if lac := summary.get("lac"):
        size = affichage.number(lac["octets"] / 1e6, 1)
        lines.append(f"Lac : {lac['lac']} ({lac['fichiers']} fichiers Parquet, {size} Mo)")
    if shared := summary.get("ducklake"):
        rows = affichage.number(shared["lignes"])
        lines.append(
            f"Lac partagé : instantané {shared['instantane']}, {len(shared['territoires'])} territoire(s), "
            f"{rows} lignes écrites"
        )
    return lines


def _alerts(entrepot: Path, jour: date | None) -> list[Alerte]:
    """The alerts of a day, today in Paris unless told otherwise."""
    return alerts_on(WorkingFolder(entrepot.resolve()), jour or datetime.now(PARIS).date())


def alertes(entrepot: Path, jour: date | None, envoyer: bool, json: bool) -> int:
    """Show the alerts of a day, send the new ones when asked; return the exit code."""
    found = _alerts(entrepot, jour)
    problems: list[str] = []
    if envoyer:
        problems = _send(entrepot, found, jour)
    if json:
        affichage.show_json({"alertes": [vars(alerte) for alerte in found], "non_envoyees": problems})
    elif found:
        affichage.show_table(
            f"Alertes sur {entrepot}",
            ("gravité", "alerte", "à faire"),
            ((alerte.gravite, alerte.message, alerte.a_faire) for alerte in found),
        )
    else:
        affichage.show_lines(["Aucune alerte."])
    return 1 if problems else 0


def _send(entrepot: Path, found: Sequence[Alerte], jour: date | None) -> list[str]:
    from pipelines.alertes import new_alerts, read_settings, remember, send

    memoire = WorkingFolder(entrepot.resolve()).alertes
    problems = send(new_alerts(memoire, found), read_settings(os.environ))
    if not problems:
        with publication.disk_errors_explained(memoire.parent):
            remember(memoire, found, jour or datetime.now(PARIS).date())
    return problems


def bilan(
    *,
    entrepot: Path,
    epci: Sequence[str],
    annee: int | None,
    sortie: Path,
    formats: Sequence[str],
    asked: Mapping[str, int | str],
    json: bool,
) -> None:
    """Write reports from the published warehouse."""
    with publication.open_warehouse(entrepot, accepte=[str(asked.get("edition", SIGNATAIRES))]):
        pass
    with affichage.progress_shown():
        year = {} if annee is None else {"annee": annee}
        paths = write_reports(entrepot, sortie, epci=list(epci), formats=list(formats), **year, **asked)
    if json:
        affichage.show_json({"fichiers": paths})
    else:
        affichage.show_lines(paths)


def compared(
    entrepot: Path, annee: int | None, edition: str, *, departement: str | None, region: str | None
) -> list[str]:
    """Return the EPCI of a warehouse that have figures for a year and communes in a département, or most of
    their inhabitants in a region, in order of SIREN; those without figures that year are named.

    Raises:
        MauvaisUsage: there are fewer than two, which is nothing to compare.

    """
    from pipelines.bilan.donnees import annees_de, ouvrir, territoires
    from pipelines.references import regions, territory

    def is_there(siren: str) -> bool:
        if region is not None:
            return regions().get(siren) == region
        shipped = territory(siren)
        return shipped is not None and str(departement).upper() in shipped.departements

    with ouvrir(entrepot, edition) as con:
        there = [(siren, nom) for siren, nom in territoires(con) if is_there(siren)]
        held = {siren for siren, _ in there if annee in annees_de(con, siren)}
    where = f"la région {region}" if region is not None else f"le département {departement}"
    without = [f"{nom} ({siren})" for siren, nom in there if siren not in held]
    if len(held) < 2:
        names = ", ".join(f"{nom} ({siren})" for siren, nom in there if siren in held) or "aucun"
        raise MauvaisUsage(
            f"Une comparaison demande au moins deux EPCI ; pour {where} en {annee}, l'entrepôt a : {names}."
            + (f" Sans chiffres cette année-là : {', '.join(without)}." if without else "")
        )
    if without:
        affichage.announce(f"Sans chiffres en {annee}, hors de la comparaison : {', '.join(without)}.")
    return sorted(held)


def expliquer(entrepot: Path, asked: Mapping[str, str], *, lignes: int | None, json: bool) -> None:
    """Explain one figure."""
    from pipelines.explication import Figure, explain, to_text

    with publication.open_warehouse(entrepot, accepte=tuple(MENTIONS)):
        pass
    explanation = explain(entrepot, Figure(**asked))
    if json:
        affichage.show_json(explanation.to_dict())
    else:
        affichage.show_lines(to_text(explanation, lignes).split("\n"))


def explorer(entrepot: Path, edition: str | None, port: int) -> NoReturn:
    """Serve the page of an edition's file on the loopback address until told to stop, then end the process.

    Raises:
        ObservatoireError: the file is not the one of an edition that the page shows.

    """
    from pipelines.explorateur.requetes import file_of

    with publication.open_warehouse(entrepot, accepte=tuple(MENTIONS)):
        pass
    fichier, chosen = file_of(entrepot.resolve(), edition)
    # Loaded once the file is known to be one.
    from pipelines.cli.garde import LOOPBACK, Garde
    from pipelines.explorateur.serveur import application, run

    run(
        Garde(application(fichier, chosen), LOOPBACK),
        EXPLORER_HOST,
        port,
        lambda address: affichage.announce(f"Explorer « {fichier.name} » : {address} (Ctrl-C pour arrêter)"),
    )
    # marimo's threads wait for pages that are no longer there.
    os._exit(0)


def diffuser(entrepot: Path, edition: str, sortie: Path, formats: Sequence[str], json: bool) -> None:
    """Write the files of an edition to hand over."""
    with publication.open_warehouse(entrepot, accepte=[edition]):
        pass
    with publication.disk_errors_explained(sortie):
        paths = [str(path) for path in publication.hand_over(entrepot, edition, sortie, formats)]
    if json:
        affichage.show_json({"fichiers": paths})
    else:
        affichage.show_lines(paths)


def dictionnaire(entrepot: Path, sortie: Path, formats: Sequence[str], json: bool) -> None:
    """Write the data dictionary of a warehouse."""
    from pipelines.bilan import write_dictionary

    with publication.open_warehouse(entrepot, accepte=tuple(MENTIONS)):
        pass
    with publication.disk_errors_explained(sortie):
        paths = [str(path) for path in write_dictionary(entrepot, sortie, formats)]
    if json:
        affichage.show_json({"fichiers": paths})
    else:
        affichage.show_lines(paths)


def write_reports(entrepot: Path, sortie: Path, **config: Any) -> list[str]:
    """Run the job that writes reports and return their paths."""
    from pipelines.cli.execution import run_job
    from pipelines.jobs import bilans_config

    parametres = {"entrepot": str(entrepot), "rapports": str(sortie)}
    made = run_job("ecrire_bilans", parametres, bilans_config(**config))
    return [str(path) for path in made[REPORTS]["fichiers"]]


def comparer_moteurs(entrepot: Path, dossier: Path | None, json: bool) -> int:
    """Compute the tables of a warehouse on Spark and compare them row by row; return the exit code."""
    from pipelines.moteurs import compare_engines, missing

    lack = missing()
    if lack is not None:
        raise MauvaisUsage(lack)
    # Says at once what is wrong with the file.
    with publication.open_warehouse(entrepot):
        pass
    with tempfile.TemporaryDirectory(prefix="observatoire-moteurs-") as folder, affichage.progress_shown():
        found = compare_engines(entrepot, dossier or Path(folder))
    different = found.differentes
    if json:
        affichage.show_json(
            {
                "egales": not different,
                "tables": [{**asdict(table), "egale": table.egale} for table in found.tables],
            }
        )
        return int(bool(different))
    affichage.show_table(
        "Tables calculées par Spark, comparées à celles de l'entrepôt",
        ("table", "lignes", "lignes de Spark", "manquent", "en trop", "état"),
        (
            (t.nom, t.lignes, t.lignes_moteur, t.manquent, t.en_trop, "égale" if t.egale else "différente")
            for t in found.tables
        ),
        right=("lignes", "lignes de Spark", "manquent", "en trop"),
    )
    affichage.show_lines(
        [
            f"{len(found.tables)} tables égales ligne à ligne."
            if not different
            else f"{len(different)} tables sur {len(found.tables)} ne sont pas égales."
        ]
    )
    return int(bool(different))


def verify(donnees: Path, entrepot: Path, territoires: Path | None, json: bool) -> int:
    """Prove that a warehouse comes from the bytes of a landing folder; return the exit code."""
    if not donnees.is_dir():
        raise MauvaisUsage(f"Le dossier de dépôt « {donnees} » n'existe pas.")
    with publication.open_warehouse(entrepot) as con:
        files = publication.compare_lock(con, donnees)
        asked = publication.read_parameters(con)
        stored = publication.content_hashes(con)
        recorded = con.execute(
            "select nom_schema, nom_table, lignes, empreinte from meta.empreintes"
        ).fetchall()
    tampered = [
        nom
        for nom, left, right in publication.compare_hashes(
            [publication.Empreinte(*row) for row in recorded], stored
        )
        if left != right
    ]
    rows: list[tuple[str, str]] = []
    if not files:
        with tempfile.TemporaryDirectory(prefix="observatoire-") as folder, affichage.progress_shown():
            rebuilt_path = Path(folder) / entrepot.name
            construct(
                donnees,
                rebuilt_path,
                annees=[int(year) for year in asked.get("annee", [])],
                territoires=territoires,
                epci=asked.get("epci", []),
                tous="tous" in asked,
                verrou=False,
            )
            with publication.open_warehouse(rebuilt_path) as con:
                rebuilt = publication.content_hashes(con)
        for nom, left, right in publication.compare_hashes(stored, rebuilt):
            state = "identique" if left == right else "absente" if None in (left, right) else "différente"
            rows.append((nom, state))
    different = [nom for nom, state in rows if state != "identique"]
    proved = not (files or tampered or different)
    if json:
        affichage.show_json(
            {
                "prouve": proved,
                "fichiers": [{"fichier": e.fichier, "ecart": e.ecart} for e in files],
                "tables_alterees": tampered,
                "tables": [{"table": nom, "etat": state} for nom, state in rows],
            }
        )
    else:
        _show_proof(entrepot, files, tampered, rows, proved)
    return 0 if proved else 1


def _show_proof(
    entrepot: Path,
    files: Sequence[publication.EcartFichier],
    tampered: Sequence[str],
    rows: Sequence[tuple[str, str]],
    proved: bool,
) -> None:
    words = {"absent": "absent du dossier", "modifie": "n'a plus les mêmes octets"}
    affichage.show_lines(f"Fichier {e.fichier} : {words[e.ecart]}." for e in files)
    affichage.show_lines(f"Table {nom} : modifiée depuis la publication." for nom in tampered)
    if rows:
        affichage.show_table("Reconstruction à part", ("table", "contenu"), rows)
    if proved:
        affichage.show_lines(
            [f"Prouvé : « {entrepot} » vient exactement de ces fichiers ({len(rows)} tables)."]
        )
    elif files:
        affichage.show_lines(
            [
                "Non prouvé : ces fichiers ne sont pas ceux du verrou. "
                "« observatoire build » publie un entrepôt depuis eux."
            ]
        )
    else:
        affichage.show_lines(["Non prouvé : le contenu reconstruit n'est pas celui de l'entrepôt."])


def diff(avant: Path, apres: Path, lignes: int, json: bool) -> None:
    """Show what changed between two warehouses, or two files of an edition, and why."""
    changes = publication.compare(avant, apres)
    if json:
        affichage.show_json(
            {
                "changements": [
                    {**c.cle, "avant": c.avant, "apres": c.apres, "ecart": c.ecart, "causes": c.causes}
                    for c in changes
                ]
            }
        )
        return
    if not changes:
        affichage.show_lines(["Aucun indicateur n'a changé entre les deux fichiers."])
        return
    columns = ("epci", "période", "indicateur", "axe", "modalité", "segment", "avant", "après", "cause")
    affichage.show_table(
        f"{len(changes)} chiffres changés" + (f", les {lignes} premiers" if len(changes) > lignes else ""),
        columns,
        (
            (
                *(c.cle[name] for name in ("epci_siren", "periode", "indicateur", "axe", "modalite")),
                c.cle["segment"],
                _figure(c.avant),
                _figure(c.apres),
                " ; ".join(c.causes),
            )
            for c in changes[:lignes]
        ),
        right=("avant", "après"),
    )


def _figure(side: dict[str, Any] | None) -> str:
    if side is None:
        return "absent"
    return str(side["statut"]) if side["valeur"] is None else affichage.number(side["valeur"], 2)


def fetch(
    donnees: Path,
    sources: Sequence[str],
    millesimes: Sequence[int],
    *,
    epci: Sequence[str],
    liste: bool,
    patience: Mapping[str, Any],
    json: bool,
) -> int:
    """Download open products, or list them; return the exit code."""
    from pipelines import telechargement

    if donnees.exists() and not donnees.is_dir():
        raise MauvaisUsage(f"« {donnees} » n'est pas un dossier ; --donnees attend le dossier de dépôt.")
    products = telechargement.load_registry(donnees)
    places = _regions(epci)
    filtered = bool(sources or millesimes)

    def choose(region: str | None) -> list[Any]:
        return telechargement.choose(products, sources, millesimes, region)

    wanted = [p for region in places for p in choose(region)]
    chosen = list({p.cle: p for p in wanted}.values()) if filtered or epci or not liste else products
    if liste:
        results = telechargement.states(donnees, chosen)
    else:
        try:
            with affichage.progress_shown():
                results = telechargement.fetch(donnees, chosen, telechargement.Reglages(**patience))
        except KeyboardInterrupt:
            affichage.announce("Ce qui est reçu est gardé : la même commande reprendra.")
            raise
    failures = [r for r in results if r.etat == "echec"]
    if json:
        affichage.show_json({"donnees": str(donnees), "produits": [vars(r) for r in results]})
    elif liste:
        _show_products(chosen, results)
    else:
        affichage.show_lines(r.message for r in results if r.etat != "echec")
        _show_left_out(products, chosen, filtered)
    for failure in failures:
        affichage.announce(failure.message)
    return 1 if failures else 0


def _regions(epci: Sequence[str]) -> list[str | None]:
    """Return the regions of the territories; None, which leaves nothing out, when there are none."""
    from pipelines.depart import unknown
    from pipelines.references import regions

    known = regions()
    for siren in epci:
        if siren not in known:
            raise MauvaisUsage(unknown(siren))
    return [*sorted({known[siren] for siren in epci})] if epci else [None]


_PRODUCT_STATES = {
    "present": "là",
    "absent": "à télécharger",
    "a_la_main": "à la main",
    "sur_demande": "sur demande",
}


def _show_products(products: Sequence[Any], results: Sequence[Any]) -> None:
    affichage.show_table(
        "Produits connus",
        ("source", "produit", "millésime", "état", "adresse", "titre"),
        (
            (
                *(p.source, p.produit, p.millesime, _PRODUCT_STATES[r.etat]),
                "" if p.acces != "direct" else "confirmée" if p.verifie else "non confirmée",
                p.titre,
            )
            for p, r in zip(products, results, strict=True)
        ),
        right=("millésime",),
    )


def _show_left_out(products: Sequence[Any], chosen: Sequence[Any], filtered: bool) -> None:
    """Say what exists and was not asked for, when nothing in particular was."""
    kept = {p.cle for p in chosen}
    left = [p.nom for p in products if p.cle not in kept]
    if left and not filtered:
        affichage.show_lines(
            [f"Non demandés : {', '.join(left)}. Nommez-les : --source PRODUIT ou --millesime ANNÉE."]
        )


def init_typed(siren: str, donnees: Path, annee: int, territoires: Path | None) -> bool:
    """Write the model of what is typed for a year; return whether the territory has its convention."""
    from pipelines.conventions import load_conventions
    from pipelines.saisies import typed_path, typed_template

    path = typed_path(donnees, siren, annee)
    if path.exists():
        raise ObservatoireError(f"« {path} » existe déjà. Complétez-le.")
    with publication.disk_errors_explained(donnees):
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("x", encoding="utf-8") as stream:
            stream.write(typed_template(siren, annee))
    affichage.show_lines([f"Saisies à remplir : {path}"])
    folder = territoires or TERRITOIRES
    return folder.is_dir() and any(c.siren == siren for c in load_conventions(folder, None))


def init(siren: str, nom: str | None, territoires: Path | None) -> None:
    """Write the first convention file of a territory, and say what is still to be found."""
    from pipelines.conventions import load_conventions
    from pipelines.conventions.models import slugify
    from pipelines.depart import start

    # Never among installed packages, which the next update replaces.
    folder = territoires or (Path("territoires") if INSTALLED else TERRITOIRES)
    new = start(siren, nom, folder)
    existing = [c for c in load_conventions(folder, None) if c.siren == siren] if folder.is_dir() else []
    if existing:
        raise ObservatoireError(
            f"L'EPCI {siren} a déjà une convention : {folder / str(existing[0].fichier)}. Modifiez-la."
        )
    path = folder / f"{slugify(new.nom)}.yml"
    with publication.disk_errors_explained(folder):
        folder.mkdir(parents=True, exist_ok=True)
        with path.open("x", encoding="utf-8") as stream:
            stream.write(new.convention)
    where = "" if folder == TERRITOIRES else f" --territoires {folder}"
    affichage.show_lines(
        [
            *new.lignes,
            f"Convention écrite : {path}",
            f"Ensuite : observatoire fetch --donnees donnees --epci {siren}, puis",
            f"  observatoire examiner --donnees donnees --epci {siren}{where}",
            f"  observatoire build --donnees donnees --entrepot observatoire.duckdb --epci {siren}{where}",
            "Complétez la convention quand vous l'avez.",
        ]
    )


def restaurer_lac(entrepot: Path, lac: Path, version: int | None, json: bool) -> None:
    """Make the warehouse again from a lake of Parquet files alone."""
    from pipelines.lac import rebuild_from_lake

    with publication.open_chantier(WorkingFolder(entrepot.resolve()), "lac") as chantier:
        manifeste = rebuild_from_lake(chantier, lac, version)
        publication.protect_again(chantier)
        publication.publish(chantier, donnees=None, garder=3)
    _show_restored(entrepot, f"la version {manifeste['version']} du lac « {lac} »", json)


def restaurer_ducklake(
    entrepot: Path | None,
    ducklake: str,
    *,
    epci: Sequence[str],
    instantane: int | None,
    au: datetime | None,
    json: bool,
) -> None:
    """Make a warehouse from the shared lake, as it is or as it was; without a file, list its states."""
    from pipelines.lac import LacPartage, extract, snapshots

    lac = LacPartage(ducklake)
    if entrepot is None:
        _show_snapshots(snapshots(lac), json)
        return
    with publication.open_chantier(WorkingFolder(entrepot.resolve()), "lac partagé") as chantier:
        extract(chantier, lac, epci=epci, instantane=instantane, au=au)
        publication.publish(chantier, donnees=None, garder=3)
    moment = "le lac partagé"
    if instantane is not None:
        moment = f"l'instantané {instantane} du lac partagé"
    elif au is not None:
        moment = f"le lac partagé au {au:%d/%m/%Y %H:%M}"
    _show_restored(entrepot, moment, json)


def _show_snapshots(found: Sequence["Instantane"], json: bool) -> None:
    if json:
        affichage.show_json({"instantanes": [vars(snapshot) for snapshot in found]})
        return
    affichage.show_table(
        "Instantanés du lac partagé",
        ("numéro", "publié le (UTC)", ""),
        ((s.numero, f"{s.publie_le:%d/%m/%Y %H:%M:%S}", s.message) for s in found),
        right=("numéro",),
    )


def _show_restored(entrepot: Path, origine: str, json: bool) -> None:
    summary = _summary(entrepot)
    if json:
        affichage.show_json(summary)
    else:
        affichage.show_lines(
            [f"« {entrepot} » refait depuis {origine} (version {summary['version']}, mêmes empreintes)."]
        )


def restaurer(entrepot: Path, version: int | None, json: bool) -> None:
    """List the kept versions, or put one back."""
    dossier = WorkingFolder(entrepot.resolve())
    if version is not None:
        with (
            publication.open_chantier(dossier, "restauration") as chantier,
            publication.disk_errors_explained(dossier.root),
        ):
            restored = publication.restore(chantier, version)
        if json:
            affichage.show_json({"version": restored.numero, "empreinte": restored.empreinte})
        else:
            affichage.show_lines([f"Version {restored.numero} remise en place dans « {entrepot} »."])
        return
    versions = publication.kept_versions(dossier)
    if not versions:
        raise ObservatoireError(f"« {entrepot} » n'existe pas et aucune version n'est gardée.")
    if json:
        affichage.show_json({"versions": [vars(v) for v in versions]})
        return
    affichage.show_table(
        f"Versions de {entrepot}",
        ("version", "publiée le (UTC)", "taille (Mo)", "empreinte", ""),
        (
            (
                v.numero,
                f"{v.publie_le:%d/%m/%Y %H:%M}",
                affichage.number(v.taille / 1e6, 1),
                v.empreinte[:12],
                "en place" if v.courante else "",
            )
            for v in versions
        ),
        right=("version", "taille (Mo)"),
    )


def demo(dossier: Path, json: bool) -> None:
    """Generate the synthetic sources, build, write the reports and show the headline figures."""
    from pipelines.cli.demonstration import run_demo

    run_demo(dossier, json)
