"""What leaves no row leaves a trace: text files, archives, notices, names."""

import io
import os
import zipfile
from pathlib import Path

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from pipelines.errors import DonneesRefusees
from pipelines.ingestion import Options, ingest
from pipelines.ingestion.ouverture import looks_like_a_name

from .conftest import CLE, Depot
from .exemples import attributions, demandes, table
from .test_lecture import archive, workbook


def said(depot: Depot, source: str = "sne") -> str:
    """What the command shows while it reads."""
    phrases: list[str] = []
    depot.comptes[source] = ingest(
        source, depot.donnees, depot.magasin, CLE, Options(threads=2, progression=phrases.append)
    )
    return "\n".join(phrases)


def test_a_text_file_with_a_known_header_is_read(depot: Depot) -> None:
    depot.drop("sne/2021/attributions.txt", table(*attributions(20), separateur="\t"))
    depot.drop("sne/2021/demandes.zip", archive({"demandes.TXT": table(*demandes(30))}))
    depot.load("sne")
    assert [(c.fichier, c.lignes_gardees) for c in depot.comptes["sne"]] == [
        ("sne/2021/attributions.txt", 20),
        ("sne/2021/demandes.zip#demandes.TXT", 30),
    ]


@pytest.mark.parametrize("nom", ["attributions.txt", "export.zip"])
def test_what_nothing_recognises_stops_a_strict_source(depot: Depot, nom: str) -> None:
    texte = "une note ; sans tableau\nsur deux lignes ; et c'est tout\n"
    depot.drop(f"sne/2021/{nom}", archive({"note.txt": texte}) if nom.endswith("zip") else texte)
    depot.drop("sne/2021/demandes.csv", table(*demandes(20)))
    with pytest.raises(DonneesRefusees, match=rf"sne/2021/{nom}.*non reconnu"):
        depot.read("sne")


@pytest.mark.parametrize(
    ("nom", "contenu"),
    [
        ("attributions.csv", b""),
        ("attributions.csv", b" \n\n"),
        ("attributions.txt", b""),
        ("vide.zip", archive({})),
        ("vide.zip", archive({"lisez-moi.txt": "notice", ".cache": "x"})),
        ("vide.zip", archive({"attributions.csv": ""})),
        ("vide.xlsx", workbook({"Feuille": []})),
    ],
)
def test_an_empty_file_is_said_and_stops_nothing(depot: Depot, nom: str, contenu: bytes) -> None:
    depot.drop(f"sne/2021/{nom}", contenu)
    depot.drop("sne/2021/demandes.csv", table(*demandes(20)))
    phrases = said(depot)
    depot.load("sne")
    assert f"sne/2021/{nom}" in phrases
    assert "vide" in phrases or "aucun fichier de données" in phrases
    assert depot.one("SELECT count(*) FROM sources.sne_demandes") == 20
    (fichier,) = depot.rows("SELECT fichier FROM meta.avertissements WHERE regle = 'fichier_vide'")
    assert str(fichier[0]).startswith(f"sne/2021/{nom}")


def test_notices_are_said_once_and_stop_nothing(depot: Depot) -> None:
    for nom in ("LISEZ-MOI.txt", "dictionnaire_des_variables.csv", "guide.pdf"):
        depot.drop(f"sne/2021/{nom}", "notice")
    depot.drop("sne/2021/demandes.csv", table(*demandes(20)))
    phrases = said(depot)
    for nom in ("LISEZ-MOI.txt", "dictionnaire_des_variables.csv", "guide.pdf"):
        assert phrases.count(nom) == 1


def test_two_members_of_one_name(depot: Depot) -> None:
    tampon = io.BytesIO()
    with zipfile.ZipFile(tampon, "w") as contenu:
        contenu.writestr("a.csv", table(*attributions(20)))
        with pytest.warns(UserWarning, match="Duplicate"):
            contenu.writestr("a.csv", table(*attributions(30)))
    depot.drop("sne/2021/export.zip", tampon.getvalue())
    with pytest.raises(DonneesRefusees, match=r"export\.zip.*même nom.*a\.csv"):
        depot.read("sne")


def test_a_name_that_is_not_utf8(depot: Depot) -> None:
    depot.drop("sne/2021/demandes.csv", table(*demandes(20)))
    dossier = os.fsencode(depot.donnees / "sne/2021")
    with open(dossier + b"/march\xe9.csv", "w") as fichier:  # noqa: PTH123
        fichier.write("x")
    with pytest.raises(DonneesRefusees, match="pas en UTF-8"):
        depot.read("sne")


def test_bytes_of_a_parquet_are_text(depot: Depot) -> None:
    lignes = attributions(20, bailleur_nom="Société d'Émile")
    colonnes = {c: [ligne[c].encode() for ligne in lignes] for c in lignes[0]}
    colonnes["bailleur_nom"][1] = "Châlons".encode("cp1252")
    tampon = io.BytesIO()
    pq.write_table(pa.table({c: pa.array(v, pa.binary()) for c, v in colonnes.items()}), tampon)
    depot.drop("sne/2021/a.parquet", tampon.getvalue())
    depot.load("sne")
    assert depot.rows("SELECT bailleur_nom FROM sources.sne_attributions ORDER BY _ligne LIMIT 2") == [
        ("Société d'Émile",),
        ("Châlons",),
    ]


PLANTES = ("071051900010002144", "DUPONT", "marie.dupont@exemple.fr", "06 12 34 56 78", "12 rue des Ormes")


def traces(dossier: Path) -> str:
    """Everything that the store holds, as text."""
    return "".join(
        f.read_bytes().decode("latin-1") for f in dossier.rglob("*") if f.is_file() and f.suffix == ".json"
    )


@pytest.mark.parametrize("nom", ["attributions.csv", "attributions.xlsx", "attributions.parquet"])
def test_a_file_of_persons_without_its_header_says_none_of_its_cells(depot: Depot, nom: str) -> None:
    lignes = [list(ligne.values()) for ligne in attributions(20)]
    lignes[0][:5] = list(PLANTES)
    if nom.endswith("csv"):
        contenu = "\n".join(";".join(ligne) for ligne in lignes).encode()
    elif nom.endswith("xlsx"):
        contenu = workbook({"Export": [list(ligne) for ligne in lignes]})
    else:
        tampon = io.BytesIO()
        noms = [f"{c} {i}" if lignes[0].count(c) > 1 else c for i, c in enumerate(lignes[0])]
        pl.DataFrame(lignes[1:], schema=noms, orient="row").write_parquet(tampon)
        contenu = tampon.getvalue()
    depot.drop(f"sne/2021/{nom}", contenu)
    with pytest.raises(DonneesRefusees) as erreur:
        depot.read("sne")
    assert nom in str(erreur.value)
    chaine: BaseException | None = erreur.value
    while chaine is not None:  # a scheduler writes the whole chain
        for cellule in (*PLANTES, "couple", "OPAC"):
            assert cellule not in str(chaine)
        chaine = chaine.__cause__ or chaine.__context__


def test_cells_among_the_names_of_columns_are_not_quoted(depot: Depot) -> None:
    """A value typed in the header row: the file is read, its header is not repeated as it is."""
    lignes = [
        ligne | {"071051900010002144": "", "marie.dupont@exemple.fr": "", "Observations": ""}
        for ligne in attributions(20)
    ]
    depot.drop("sne/2021/a.csv", table(*lignes))
    phrases = said(depot)
    depot.load("sne")
    ((message,),) = depot.rows("SELECT message FROM meta.avertissements WHERE regle = 'colonnes_ignorees'")
    assert str(message) == "Colonnes non lues : 3 dont le nom n'est pas cité"
    sans = [{k: v for k, v in ligne.items() if k != "date_signature_bail"} for ligne in lignes]
    depot.drop("sne/2021/a.csv", table(*sans))
    with pytest.raises(DonneesRefusees) as erreur:
        depot.read("sne")
    for cellule in ("071051900010002144", "marie.dupont"):
        assert cellule not in phrases + traces(depot.magasin) + str(erreur.value)
    assert "Observations" not in str(erreur.value)  # nothing says that it is no cell of the first row
    assert "date_decision" in str(erreur.value)


@pytest.mark.parametrize(
    ("texte", "attendu"),
    [
        ("date_signature_bail", True),
        ("Nombre de demandes ciblant le territoire en choix 1 au 31/12/2024", True),
        ("Ressources < 20 % PLUS", True),
        ("PLG_IRIS2024_CODE", True),
        ("TP6021", True),
        ("Type\nde logement".replace("\n", " "), True),
        ("071051900010002144", False),
        ("06 12 34 56 78", False),
        ("x@y.fr", False),
        ("QP071001", False),
        ("2021-03-04", False),
        ("a" * 200, False),
        ("rouge\x1b[31m", False),
        ("DURAND Marie", False),
        ("Jean-Pierre DE LA TOUR", False),
        ("Mme Durand", False),
        ("SIREN Bailleur", True),
        ("Commune INSEE", True),
    ],
)
def test_what_looks_like_the_name_of_a_column(texte: str, attendu: bool) -> None:
    assert looks_like_a_name(texte) is attendu


def test_the_nearest_layout_is_that_of_the_columns_recognised(depot: Depot) -> None:
    """One column missing: the layout named is the one that has all the others, and says which."""
    entete = "NUM_UNIQUE;DT_DEPOT;DT_CAL;RANG_CAL;DECISION_CAL;DT_SIGNATURE;SIRET_BAILLEUR;CODE_CONTINGENT;INSEE_LOGT;TOP_QPV"
    depot.drop(
        "sne/2021/a.csv",
        f"{entete}\n071051900010002144;31/05/2019;06/12/2020;1;ATT;04/01/2021;90000710500010;EP;71076;1\n",
    )
    with pytest.raises(DonneesRefusees) as erreur:
        depot.read("sne")
    for morceau in ("sne_exemple_imhoweb", "DT_BAIL", "DT_SIGNATURE"):
        assert morceau in str(erreur.value)
