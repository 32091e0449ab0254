"""A cell of a file about persons is quoted nowhere, whatever is wrong with the file: planted, then searched."""

import gzip
import io
import itertools
import json
import logging
import traceback
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path

import polars as pl
import pytest

from pipelines.errors import ObservatoireError
from pipelines.examen import examine_landing
from pipelines.ingestion import Options, ingest, load

from .conftest import CLE, Depot
from .exemples import attributions, demandes, table
from .test_lecture import workbook

NUMERO = "071051900010"
PLANTES = [
    *("DURAND Marie-Ange", "Zoubida", "06 12 34 56 78", "zoubida.durand@exemple.fr", "2 84 03 71 076 001 42"),
    *("9 rue des Lilas bleus", "Bailleur", "7,1051900010002E+16"),
]
# What the readers search for by itself, as the name of a column too.
CHERCHES = [p for p in PLANTES if p != "Bailleur"]
TEXTES = (
    *("residence", "bailleur_nom", "reservataire", "typologie", "situation_logement", "composition"),
    *("code_commune_origine", "guichet", "residence_origine", "date_premier_depot", "rfr"),
)
GENRES = {"attributions": attributions, "demandes": demandes}


def planted(genre: str) -> list[dict[str, str]]:
    lignes = GENRES[genre](30)
    for rang, ligne in enumerate(lignes):
        ligne["numero_unique"] = f"{NUMERO}{rang:06d}"
        textes = [nom for nom in TEXTES if nom in ligne]
        ligne |= dict(zip(textes, itertools.cycle(PLANTES[rang % 3 :] + PLANTES[: rang % 3])))
    return lignes


def parquet(lignes: list[dict[str, str]]) -> bytes:
    tampon = io.BytesIO()
    pl.DataFrame(lignes).write_parquet(tampon)
    return tampon.getvalue()


def archive(**membres: str) -> bytes:
    tampon = io.BytesIO()
    with zipfile.ZipFile(tampon, "w") as contenu:
        for nom, texte in membres.items():
            contenu.writestr(nom.replace("_", "."), texte)
    return tampon.getvalue()


def features(proprietes: list[dict[str, str]]) -> str:
    return json.dumps({"features": [{"properties": p, "geometry": None} for p in proprietes]})


def damaged(genre: str) -> Iterator[tuple[str, str | bytes]]:
    """Names and contents of files of which something is wrong, the first cells of a person near it."""
    lignes = planted(genre)
    entete, *corps = table(*lignes).rstrip("\n").split("\n")
    bas = "\n".join(corps) + "\n"
    absente = entete.replace("numero_unique", "numero", 1)
    yield "sans_entete.csv", bas
    yield "sans_entete_deux_alias.csv", bas.replace("Zoubida", "Résidence")
    yield "colle.csv", f"{entete}{bas}"
    yield "colle_separe.csv", f"{entete};{bas}"
    yield "colle_et_absente.csv", f"{absente};{bas}"
    yield "absente.csv", f"{absente}\n{bas}"
    yield (
        "deux_fois.csv",
        "\n".join([f"{entete};numero_unique", *(f"{x};{PLANTES[0]}" for x in corps)]) + "\n",
    )
    yield "une_de_trop.csv", "\n".join([f"{entete};{PLANTES[2]}", *(f"{x};x" for x in corps)]) + "\n"
    yield "decale.csv", "\n".join([entete, *(f"{PLANTES[0]};{x}" for x in corps)]) + "\n"
    yield (
        "decale_a_gauche.csv",
        "\n".join([entete, *(f"{x};Zoubida".partition(";")[2] for x in corps)]) + "\n",
    )
    yield "guillemets.csv", "\n".join([entete, *(f'"{x}' for x in corps)]) + "\n"
    yield "coupe.csv", f"{entete}\n{bas[:-40]}"
    yield (
        "mauvais_types.csv",
        table(*({nom: PLANTES[0] if nom != "numero_unique" else v for nom, v in x.items()} for x in lignes)),
    )
    yield (
        "deux_ordres.csv",
        table(
            *(
                x | {"date_premier_depot": d}
                for x, d in zip(lignes, itertools.cycle(["13/01/2020", "01/13/2020"]))
            )
        ),
    )
    yield "sans_entete.txt", bas
    yield "sans_entete.csv.gz", gzip.compress(bas.encode())
    yield "coupe.csv.gz", gzip.compress(f"{entete}\n{bas}".encode())[:-30]
    yield "sans_entete.zip", archive(a_csv=bas)
    yield "illisible.zip", archive(a_csv=f"{entete}\n{bas}").replace(b"Les", b"les", 1)[:-10]
    yield "tableau.json", json.dumps(lignes)
    yield "entites.json", features(lignes)
    yield "a_l_envers.geojson", features([{v or "vide": k for k, v in x.items()} for x in lignes])
    yield "bon.parquet", parquet(lignes)
    yield "noms.parquet", parquet([{f"{v}{k}": v for k, v in lignes[0].items()}])
    yield "coupe.parquet", parquet(lignes)[:-200]
    yield "sans_entete.xlsx", workbook({"A": [list[object](x.values()) for x in lignes]})
    yield (
        "feuilles.xlsx",
        workbook(
            {
                "A": [list(lignes[0]), *(list(x.values()) for x in lignes)],
                f"{NUMERO}002144": [["a", "b"]],
                PLANTES[2]: [["a"]],
            }
        ),
    )


CAS = [pytest.param(genre, nom, id=f"{genre}-{nom}") for genre in GENRES for nom, _ in damaged(genre)]


@pytest.fixture
def said(caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]) -> Callable[[list[str]], None]:
    """Search what was planted in texts, and in all that was logged or written."""
    caplog.set_level(logging.DEBUG)

    def search(textes: list[str]) -> None:
        tout = "\n".join([*textes, caplog.text, *capfd.readouterr()])
        assert [p for p in (*CHERCHES, NUMERO) if p in tout] == []

    return search


@pytest.mark.parametrize(("genre", "nom"), CAS)
def test_no_cell_is_quoted(depot: Depot, genre: str, nom: str, said: Callable[[list[str]], None]) -> None:
    """In the sentence of the refusal, what it comes from, the progress, the account, the tables about files."""
    depot.drop(f"sne/2021/{nom}", dict(damaged(genre))[nom])
    textes: list[str] = []
    try:
        comptes = ingest(
            "sne", depot.donnees, depot.magasin, CLE, Options(threads=1, progression=textes.append)
        )
        load(depot.con, "sne", comptes)
    except ObservatoireError as refus:
        textes += traceback.format_exception(refus)
    else:
        textes += [str(c.to_json()) for c in comptes]
        # `quarantaine` and `meta.conflits` keep what has the lexical form of its column: a date, a code.
        tables = depot.rows(
            "SELECT schema_name || '.' || table_name FROM duckdb_tables() "
            "WHERE schema_name IN ('meta', 'quarantaine')"
        )
        textes += [str(depot.rows(f"SELECT * FROM {t}")) for (t,) in tables]
    said(textes)


def test_no_cell_is_quoted_by_the_examination(
    depot: Depot, said: Callable[[list[str]], None], tmp_path: Path
) -> None:
    """It goes on after a file that cannot be read: it is given all of them at once."""
    noms = [f"sne/2021/{nom}" for nom, _ in damaged("attributions")]
    for nom, contenu in damaged("attributions"):
        depot.drop(f"sne/2021/{nom}", contenu)
    (tmp_path / "territoires").mkdir()
    dit = repr(examine_landing(depot.donnees, tmp_path / "territoires"))
    assert [nom for nom in noms if nom not in dit] == []
    said([dit])


@pytest.mark.parametrize(
    "texte",
    [
        "- produit: sne_demandes\n  cle: {demandeur_id: '%s'\n  colonne: rfr: x\n",
        "- produit: sne_demandes\n  cle: {demandeur_id: '%s'}\n  colonne: rfr\n  action: '%s'\n",
        "- produit: sne_demandes\n  cle: {demandeur_id: '%s0'}\n  colonne: rfr\n  action: vider\n  attendu: '%s'\n"
        "  raison: x\n  fournisseur: x\n",
        "- *%s\n",
        "- '%s'\n",
    ],
)
@pytest.mark.parametrize("fichier", ["corrections/x.yml", "exclusions/retraits.yml"])
def test_what_names_a_person_in_a_list_is_not_quoted(
    depot: Depot, fichier: str, texte: str, said: Callable[[list[str]], None]
) -> None:
    """Corrections name persons by their number; the sentence gives the file and the place."""
    depot.drop("sne/2021/demandes.csv", table(*demandes(30)))
    depot.drop(fichier, texte.replace("%s", f"{NUMERO}002144"))
    with pytest.raises(ObservatoireError, match=fichier) as refus:
        depot.read("sne")
    said(traceback.format_exception(refus.value))
