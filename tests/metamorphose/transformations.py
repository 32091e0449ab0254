"""What may be done to a landing folder without changing a record: shapes, doubles, states, ways of writing.

Each function takes a folder and a source of chance and gives another folder with the same things in it.
"""

import datetime as dt
import random
from collections.abc import Callable
from dataclasses import replace

from tests.metamorphose.depots import DATES, NOMBRES, SIRENS, Depot, Fichier, Ligne

Transformation = Callable[[Depot, random.Random], Depot]
TRANSFORMATIONS: dict[str, Transformation] = {}

_EMPTY = ("NULL", "-", "N/A", "nd", "Non renseigné", "?")


def _register(f: Transformation) -> Transformation:
    TRANSFORMATIONS[f.__name__] = f
    return f


def _any(_: Fichier) -> bool:
    return True


def _sne(f: Fichier) -> bool:
    return f.dossier.startswith("sne/")


def _attributions(f: Fichier) -> bool:
    return _sne(f) and "rang" in f.colonnes


def _demandes(f: Fichier) -> bool:
    return _sne(f) and "statut" in f.colonnes


def _text(f: Fichier) -> bool:
    return f.conteneur in {"csv", "csv.gz", "zip"}


def _texts(depot: Depot, **style: object) -> Depot:
    """Write the text files that way."""
    return depot.change(_text, lambda f: [replace(f, **style)])  # type: ignore[arg-type]


def _each(depot: Depot, choix: Callable[[Fichier], bool], change: Callable[[Ligne], Ligne]) -> Depot:
    return depot.change(choix, lambda f: [f.map_rows(change)])


def _fields(depot: Depot, noms: tuple[str, ...], change: Callable[[str], str]) -> Depot:
    return _each(depot, _any, lambda x: {c: change(v) if v and c in noms else v for c, v in x.items()})


# ------------------------------------------------------------------ rows and files


@_register
def shuffle_rows(depot: Depot, rng: random.Random) -> Depot:
    return depot.change(_any, lambda f: [f.with_rows(rng.sample(f.lignes, len(f.lignes)))])


@_register
def reverse_rows(depot: Depot, rng: random.Random) -> Depot:
    return depot.change(_any, lambda f: [f.with_rows(f.lignes[::-1])])


@_register
def shuffle_columns(depot: Depot, rng: random.Random) -> Depot:
    def change(f: Fichier) -> list[Fichier]:
        ordre = rng.sample(f.colonnes, len(f.colonnes))
        return [f.with_rows([{c: x[c] for c in ordre if c in x} for x in f.lignes])]

    return depot.change(_any, change)


@_register
def split_in_two(depot: Depot, rng: random.Random) -> Depot:
    def change(f: Fichier) -> list[Fichier]:
        if len(f.lignes) < 4:
            return [f]
        la = rng.randint(1, len(f.lignes) - 1)
        return [
            f.with_rows(f.lignes[:la], nom=f"{f.nom}_partie1"),
            f.with_rows(f.lignes[la:], nom=f"{f.nom}_partie2"),
        ]

    return depot.change(_any, change)


@_register
def split_by_landlord(depot: Depot, rng: random.Random) -> Depot:
    def change(f: Fichier) -> list[Fichier]:
        bailleurs = sorted({x["bailleur_siren"] for x in f.lignes})
        return [
            f.with_rows([x for x in f.lignes if x["bailleur_siren"] == b], nom=f"{f.nom}_b{rang}")
            for rang, b in enumerate(bailleurs)
        ]

    return depot.change(_attributions, change)


@_register
def rename(depot: Depot, rng: random.Random) -> Depot:
    return depot.change(_any, lambda f: [replace(f, nom=f"{rng.choice('azm')}{rng.randint(0, 9)}_{f.nom}")])


@_register
def in_a_sub_folder(depot: Depot, rng: random.Random) -> Depot:
    return depot.change(_any, lambda f: [replace(f, dossier=f"{f.dossier}/envoi {rng.randint(1, 9)}")])


@_register
def a_part_twice(depot: Depot, rng: random.Random) -> Depot:
    def change(f: Fichier) -> list[Fichier]:
        part = rng.sample(f.lignes, max(1, len(f.lignes) // 3))
        return [f.with_rows([*f.lignes, *part])]

    return depot.change(_any, change)


@_register
def a_part_in_another_file_too(depot: Depot, rng: random.Random) -> Depot:
    def change(f: Fichier) -> list[Fichier]:
        part = rng.sample(f.lignes, max(1, len(f.lignes) // 3))
        return [f, f.with_rows(part, nom=f"{f.nom}_bis")]

    return depot.change(_any, change)


@_register
def a_whole_file_twice(depot: Depot, rng: random.Random) -> Depot:
    return depot.change(_any, lambda f: [f, replace(f, nom=f"{f.nom}_copie")])


@_register
def notices_beside(depot: Depot, rng: random.Random) -> Depot:
    return replace(
        depot, notes={**depot.notes, "sne/2021/LISEZMOI.txt": "notice", "rpls/2022/readme.md": "notice"}
    )


# ------------------------------------------------------------------ ways of writing a file


@_register
def commas(depot: Depot, rng: random.Random) -> Depot:
    return _texts(depot, separateur=",")


@_register
def tabulations(depot: Depot, rng: random.Random) -> Depot:
    return _texts(depot, separateur="\t")


@_register
def bars(depot: Depot, rng: random.Random) -> Depot:
    return _texts(depot, separateur="|")


@_register
def windows_encoding(depot: Depot, rng: random.Random) -> Depot:
    return _texts(depot, encodage="cp1252")


@_register
def byte_order_mark(depot: Depot, rng: random.Random) -> Depot:
    return _texts(depot, encodage="utf-8-sig")


@_register
def sixteen_bits(depot: Depot, rng: random.Random) -> Depot:
    return _texts(depot, encodage="utf-16")


@_register
def windows_line_ends(depot: Depot, rng: random.Random) -> Depot:
    return _texts(depot, fin="\r\n")


@_register
def every_cell_quoted(depot: Depot, rng: random.Random) -> Depot:
    return _texts(depot, guillemets=True)


@_register
def a_separator_at_the_end(depot: Depot, rng: random.Random) -> Depot:
    return _texts(depot, queue=True)


@_register
def a_title_above(depot: Depot, rng: random.Random) -> Depot:
    return depot.change(
        lambda f: f.conteneur != "parquet", lambda f: [replace(f, preambule=("Extraction du territoire", ""))]
    )


@_register
def compressed(depot: Depot, rng: random.Random) -> Depot:
    return depot.change(lambda f: f.conteneur == "csv", lambda f: [replace(f, conteneur="csv.gz")])


@_register
def archives(depot: Depot, rng: random.Random) -> Depot:
    return depot.change(lambda f: f.conteneur == "csv", lambda f: [replace(f, conteneur="zip")])


@_register
def workbooks(depot: Depot, rng: random.Random) -> Depot:
    return depot.change(_any, lambda f: [replace(f, conteneur="xlsx")])


@_register
def parquets(depot: Depot, rng: random.Random) -> Depot:
    return depot.change(_any, lambda f: [replace(f, conteneur="parquet", preambule=())])


# ------------------------------------------------------------------ ways of writing a column


@_register
def headers_in_capitals(depot: Depot, rng: random.Random) -> Depot:
    return depot.change(_any, lambda f: [replace(f, capitales=True)])


@_register
def columns_nobody_reads(depot: Depot, rng: random.Random) -> Depot:
    return _each(depot, _any, lambda x: {**x, "Observations du service": "rien"})


@_register
def french_dates(depot: Depot, rng: random.Random) -> Depot:
    return _fields(depot, DATES, lambda v: _written(v, "%d/%m/%Y"))


@_register
def years_of_two_digits(depot: Depot, rng: random.Random) -> Depot:
    return _fields(depot, DATES, lambda v: _written(v, "%d/%m/%y"))


@_register
def dates_with_an_hour(depot: Depot, rng: random.Random) -> Depot:
    return _fields(depot, DATES, lambda v: _written(v, "%Y-%m-%dT00:00:00"))


@_register
def dates_without_separators(depot: Depot, rng: random.Random) -> Depot:
    return _fields(depot, DATES, lambda v: _written(v, "%Y%m%d"))


def _written(valeur: str, forme: str) -> str:
    try:
        return dt.date.fromisoformat(valeur).strftime(forme)
    except ValueError:
        return valeur


@_register
def decimal_commas(depot: Depot, rng: random.Random) -> Depot:
    return _fields(depot, NOMBRES, lambda v: v.replace(".", ","))


@_register
def euros_and_thousands(depot: Depot, rng: random.Random) -> Depot:
    return _fields(depot, ("ressources_mensuelles", "rfr"), _amount)


def _amount(valeur: str) -> str:
    entier, _, reste = valeur.replace(",", ".").partition(".")
    if not entier.isdigit():
        return valeur
    return f"{int(entier):,}".replace(",", "\u202f") + (f",{reste}" if reste else "") + " €"


@_register
def numbers_in_spaces(depot: Depot, rng: random.Random) -> Depot:
    return _fields(depot, NOMBRES, lambda v: f" {v}\u00a0")


@_register
def siret_for_siren(depot: Depot, rng: random.Random) -> Depot:
    return _fields(depot, SIRENS, lambda v: v + "00017" if len(v) == 9 else v)


@_register
def siren_in_groups(depot: Depot, rng: random.Random) -> Depot:
    return _fields(
        depot, SIRENS, lambda v: f"{v[:3]} {v[3:6]}\u00a0{v[6:]}" if v.isdigit() and len(v) == 9 else v
    )


@_register
def numbers_of_requests_without_their_zero(depot: Depot, rng: random.Random) -> Depot:
    return _fields(depot, ("numero_unique",), lambda v: v.removeprefix("0") if rng.random() < 0.5 else v)


@_register
def numbers_of_requests_in_odd_spaces(depot: Depot, rng: random.Random) -> Depot:
    return _fields(depot, ("numero_unique",), lambda v: rng.choice([f"\u00a0{v}", f"{v}\u200b", f"'{v}", v]))


@_register
def register_numbers_as_numbers(depot: Depot, rng: random.Random) -> Depot:
    return _fields(depot, ("num_rpls", "IDENT_REP"), lambda v: f"{v}.0" if v.isdigit() else v)


@_register
def other_words_for_nothing(depot: Depot, rng: random.Random) -> Depot:
    vides = ("num_rpls", "residence_origine", "num_rpls_origine", "code_qpv", "bailleur_origine_siren")
    return _each(
        depot, _sne, lambda x: {c: v or (rng.choice(_EMPTY) if c in vides else v) for c, v in x.items()}
    )


@_register
def other_words_for_yes_and_no(depot: Depot, rng: random.Random) -> Depot:
    mots = {"oui": ["1", "OUI", "vrai", "O"], "non": ["0", "NON", "faux", "N"]}
    booleens = ("qpv_declare", "neuf", "mutation", "dalo", "pdalhpd", "travailleur_essentiel")
    return _fields(depot, booleens, lambda v: rng.choice(mots[v]) if v in mots else v)


@_register
def codes_in_another_case(depot: Depot, rng: random.Random) -> Depot:
    return _fields(depot, ("issue", "statut", "typologie", "composition", "situation_pro"), str.capitalize)


@_register
def residences_in_capitals(depot: Depot, rng: random.Random) -> Depot:
    return _fields(depot, ("residence",), lambda v: v.upper() if rng.random() < 0.5 else v)


# ------------------------------------------------------------------ states and exports


@_register
def before_the_lease_and_after(depot: Depot, rng: random.Random) -> Depot:
    """An export in which each allocation comes once per state."""
    return depot.change(
        _attributions,
        lambda f: [
            f.with_rows(
                [
                    *f.lignes,
                    *(
                        {**x, "date_signature_bail": "", "date_entree": ""}
                        for x in f.lignes
                        if x["date_signature_bail"]
                    ),
                ]
            )
        ],
    )


@_register
def december_then_january(depot: Depot, rng: random.Random) -> Depot:
    """December's extraction does not know the leases yet; the next one has them all again."""
    return depot.change(
        _attributions,
        lambda f: [
            f.map_rows(lambda x: {**x, "date_signature_bail": "", "date_entree": ""}),
            replace(f, nom=f"{f.nom}_suite_{int(f.dossier[4:8]) + 1}-01-31"),
        ],
    )


@_register
def monthly_extractions(depot: Depot, rng: random.Random) -> Depot:
    """Each extraction holds what was decided so far."""

    def change(f: Fichier) -> list[Fichier]:
        annee = f.dossier[4:8]
        parts = []
        for mois in ("04-30", "08-31"):
            connues = [
                x
                for x in f.lignes
                if x["date_decision"] <= f"{annee}-{mois}" and x["date_decision"][4:5] == "-"
            ]
            if connues:
                encore = [{**x, "date_signature_bail": "", "date_entree": ""} for x in connues]
                parts.append(f.with_rows(encore, nom=f"{f.nom}_{annee}-{mois}"))
        return [*parts, f]

    return depot.change(_attributions, change)


@_register
def the_prefecture_beside_the_landlord(depot: Depot, rng: random.Random) -> Depot:
    """The same leases in an export that has fewer columns."""
    retirees = {"residence", "rang", "loyer", "situation_logement", "neuf"}
    return depot.change(
        _attributions,
        lambda f: [
            f,
            f.with_rows(
                [
                    {c: v for c, v in x.items() if c not in retirees}
                    for x in f.lignes
                    if x["num_rpls"][:2] == "71"
                ],
                nom=f"{f.nom}_prefecture",
            ),
        ],
    )


@_register
def active_requests_in_two_desks(depot: Depot, rng: random.Random) -> Depot:
    return depot.change(
        _demandes,
        lambda f: [f, f.with_rows(rng.sample(f.lignes, len(f.lignes) // 2), nom=f"{f.nom}_guichet")],
    )


@_register
def a_column_says_the_date(depot: Depot, rng: random.Random) -> Depot:
    return depot.change(
        lambda f: _sne(f) and "_20" not in f.nom,
        lambda f: [f.map_rows(lambda x: {**x, "date_extraction": f"{f.dossier[4:8]}-12-31"})],
    )


@_register
def a_list_says_the_dates(depot: Depot, rng: random.Random) -> Depot:
    textes = "".join(f"- {{fichier: 'sne/{a}/*', date: {a}-12-31}}\n" for a in (2021, 2022))
    return replace(depot, notes={**depot.notes, "extractions.yml": textes})


@_register
def vintage_in_the_name(depot: Depot, rng: random.Random) -> Depot:
    """The folder's year may be in the file's name instead."""
    return depot.change(
        lambda f: f.dossier.count("/") == 1,
        lambda f: [replace(f, dossier=f.dossier.split("/")[0], nom=f"{f.nom}_{f.dossier.split('/')[1]}")],
    )
