"""PDF, workbook, CSV and Parquet of a bilan: same figures as the page, nothing executable, same bytes "
"twice."""

import csv
import hashlib
import io
import re
import zipfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import openpyxl
import polars as pl
import pypdf
import pytest

from pipelines.bilan import FORMATS, classeur, contenu, donnees, fichiers, pdf, render
from pipelines.bilan import document as modele
from pipelines.bilan.document import Colonne, Document, Ligne, Nombre, Section, Tableau

EPCI, ANNEE = "247100589", 2021
FINE = "\u202f"
HOSTILES = (
    "<script>alert(1)</script>",
    '=HYPERLINK("http://x")',
    "+1+2",
    "@SUM(A1)",
    "#set page(width: 1pt)",
    "-2+3",
)
Atelier = Callable[..., Any]


@pytest.fixture(scope="module")
def rendus(construire: Atelier, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    dossier = tmp_path_factory.mktemp("rendus")
    atelier = construire(nb_communes=3, nb_bailleurs=len(HOSTILES) + 2, noms_bailleurs=HOSTILES).remplir()
    chemins = render(atelier.ecrire(dossier / "W.duckdb"), EPCI, ANNEE, dossier, FORMATS)
    assert [c.name for c in chemins] == [f"bilan-{EPCI}-{ANNEE}.{f}" for f in FORMATS]
    return {c.suffix[1:]: c for c in chemins}


def test_a_second_rendering_gives_the_same_bytes(rendus: dict[str, Path], tmp_path: Path) -> None:
    entrepot = rendus["html"].with_name("W.duckdb")
    for chemin in render(entrepot, EPCI, ANNEE, tmp_path, FORMATS):
        premier = hashlib.sha256(rendus[chemin.suffix[1:]].read_bytes()).hexdigest()
        assert hashlib.sha256(chemin.read_bytes()).hexdigest() == premier, chemin.suffix
    assert not list(tmp_path.glob(".*"))


def test_the_pdf_is_tagged_undated_and_says_the_headline(rendus: dict[str, Path]) -> None:
    lecteur = pypdf.PdfReader(rendus["pdf"])
    texte = " ".join(page.extract_text() for page in lecteur.pages).replace(FINE, " ")
    assert "12,04 %" in texte
    assert re.search(r"82 sur 681 ; il manque 89\s+attributions", texte)
    assert lecteur.metadata is not None
    assert (
        lecteur.metadata.title
        == "Bilan annuel des attributions de logements sociaux – Le Grand Chalon – 2021"
    )
    assert lecteur.metadata.creation_date is None
    assert lecteur.trailer["/Root"]["/Lang"] == "fr"
    assert lecteur.trailer["/Root"]["/MarkInfo"]["/Marked"]
    assert lecteur.pages[0].mediabox.width == pytest.approx(595, abs=1)


def test_every_figure_of_the_pdf_leads_to_its_line(rendus: dict[str, Path]) -> None:
    lecteur = pypdf.PdfReader(rendus["pdf"])
    liens = [
        annotation.get_object()
        for page in lecteur.pages
        for annotation in page.get("/Annots", [])
        if annotation.get_object()["/Subtype"] == "/Link"
    ]
    assert len(liens) > 200
    # Each leads to the line of its own rule, not to the chapter of rules: as many places as there are indicators, but for
    # those that only long tables show, of which paper holds the largest rows.
    pages = {page.indirect_reference.idnum: rang for rang, page in enumerate(lecteur.pages)}
    chapitres = {
        o["/Title"]: lecteur.get_destination_page_number(o) for o in lecteur.outline if isinstance(o, dict)
    }
    regles = range(chapitres["Règles des indicateurs"], chapitres["Glossaire"] + 1)
    lieux = [(pages[lien["/Dest"][0].idnum], round(float(lien["/Dest"][3]))) for lien in liens]
    indicateurs = set(pl.read_parquet(rendus["parquet"])["indicateur"])
    assert len({lieu for lieu in lieux if lieu[0] in regles}) > 0.9 * len(indicateurs)
    assert sum(lieu[0] in regles for lieu in lieux) > 0.5 * len(pl.read_parquet(rendus["parquet"]))
    assert not [lien for lien in liens if lien.get("/A", {}).get("/S") == "/URI"]


def test_hostile_names_are_text_in_the_pdf(rendus: dict[str, Path]) -> None:
    texte = " ".join(page.extract_text() for page in pypdf.PdfReader(rendus["pdf"]).pages)
    assert "#set page(width: 1pt)" in texte
    assert "<script>alert(1)</script>" in texte


def test_the_workbook_holds_numbers_and_no_formula(rendus: dict[str, Path]) -> None:
    classeur = openpyxl.load_workbook(rendus["xlsx"])
    types = {cellule.data_type for feuille in classeur for rang in feuille.iter_rows() for cellule in rang}
    assert "f" not in types
    textes = {
        c.value for feuille in classeur for rang in feuille.iter_rows() for c in rang if c.data_type == "s"
    }
    assert set(HOSTILES) <= textes
    liens = {c.hyperlink.target for f in classeur for rang in f.iter_rows() for c in rang if c.hyperlink}
    assert liens == {None}
    with zipfile.ZipFile(rendus["xlsx"]) as archive:
        assert not [nom for nom in archive.namelist() if "external" in nom.lower() or "vba" in nom.lower()]


def test_a_rate_is_a_percentage_cell_and_a_masked_one_a_word(rendus: dict[str, Path]) -> None:
    classeur = openpyxl.load_workbook(rendus["xlsx"])
    feuille = next(f for f in classeur if f.title == "Attributions hors quartiers")
    rang = next(r[0].row for r in feuille.iter_rows() if r[0].value == "Année")
    entetes = [c.value for c in feuille[rang]]
    ligne = next(r for r in feuille.iter_rows(min_row=rang) if r[0].value == "2021")
    taux = ligne[entetes.index("Résultat")]
    assert taux.value == pytest.approx(82 / 681, abs=1e-6)
    assert taux.number_format == "0.00%"
    assert ligne[entetes.index("Il manque")].value == 89
    valeurs = {c.value for feuille in classeur for rang in feuille.iter_rows() for c in rang}
    assert "secret" in valeurs


def test_the_workbook_opens_on_results_and_its_contents_lead_to_every_sheet(rendus: dict[str, Path]) -> None:
    classeur = openpyxl.load_workbook(rendus["xlsx"])
    noms = classeur.sheetnames
    assert len({nom.casefold() for nom in noms}) == len(noms)
    assert 10 < len(noms) <= 30
    assert all(len(nom) <= 31 and not re.search(r"[_\[\]:*?/]| (?:et|de|par|en)$", nom) for nom in noms)
    assert classeur.active.title == noms[0] == "L’essentiel"
    assert [c.value for c in classeur.active[3]][:3] == ["Objectif", "Résultat", "Verdict"]
    sommaire = classeur["Sommaire"]
    retours = {f.title for f in classeur for c in f[1] if c.hyperlink and "Sommaire" in c.hyperlink.location}
    assert retours == set(noms) - {"Sommaire", "Tous les chiffres"}
    # Each table has its line, and the line leads to its caption.
    for rang in sommaire.iter_rows(min_col=2, max_col=2):
        if rang[0].hyperlink:
            nom, _, place = rang[0].hyperlink.location.rpartition("!")
            assert classeur[nom.strip("'").replace("''", "'")][place].value == rang[0].value
    liens = [c.hyperlink for rang in sommaire.iter_rows() for c in rang if c.hyperlink]
    menes = {str(lien.location).partition("!")[0].strip("'") for lien in liens}
    assert menes == set(noms) - {"Sommaire"}


def test_each_table_is_filtered_and_each_sheet_is_set_up_to_print(rendus: dict[str, Path]) -> None:
    classeur = openpyxl.load_workbook(rendus["xlsx"])
    for feuille in classeur:
        assert feuille.page_setup.orientation == "landscape", feuille.title
        assert feuille.page_setup.fitToHeight == 0
        assert feuille.sheet_properties.pageSetUpPr.fitToPage
        if feuille.title == "Sommaire":
            continue
        assert feuille.freeze_panes, feuille.title
        assert feuille.print_title_rows, feuille.title
        assert feuille.auto_filter.ref or all(t.autoFilter for t in feuille.tables.values())
        assert feuille.auto_filter.ref or feuille.tables
        # Wide enough for its numbers: a spreadsheet shows hashes otherwise.
        assert all(c.width >= 11 for c in feuille.column_dimensions.values() if c.width)


def test_a_long_table_has_its_sheet_whose_header_is_repeated(construire: Atelier, tmp_path: Path) -> None:
    entrepot = construire(nb_communes=40, nb_bailleurs=2).remplir().ecrire(tmp_path / "W.duckdb")
    (chemin,) = render(entrepot, EPCI, ANNEE, tmp_path, ("xlsx",))
    classeur = openpyxl.load_workbook(chemin)
    assert len(classeur.sheetnames) <= 30
    feuille = classeur["Attributions hors – par commune"]
    assert len(feuille.tables) == 1
    assert feuille[3][0].value == "Commune"
    assert feuille.print_title_rows == "$1:$3"
    assert feuille.freeze_panes == "B4"
    # Several tables: the header of the first would be wrong over the others.
    assert classeur["Parc social"].print_title_rows == "$1:$1"


def test_a_number_of_few_households_keeps_its_mark_and_stays_a_number(rendus: dict[str, Path]) -> None:
    entrepot = rendus["html"].with_name("W.duckdb")
    with donnees.ouvrir(entrepot) as con:
        d = donnees.charger(con, EPCI, ANNEE)
    petits = tuple(replace(c, petit_effectif=True) for c in d.chiffres)
    document = contenu.bilan(replace(d, chiffres=petits))
    chemin = rendus["html"].with_name("petits.xlsx")
    classeur.ecrire(document, chemin)
    feuille = openpyxl.load_workbook(chemin)["L’essentiel"]
    cellule = feuille["B4"]
    assert isinstance(cellule.value, float)
    assert cellule.number_format == '0.00%"*"'


def test_the_mark_of_few_households_is_that_of_the_page_in_the_workbook_and_the_csv(tmp_path: Path) -> None:
    cellules = (Nombre(7.0, petit=True), Nombre(12.5, "%", petit=True), Nombre(300.0), Nombre(8.5, "mois"))
    colonnes = (Colonne("Lieu"), *(Colonne(t, True) for t in ("Baux", "Part", "Ménages", "Délai")))
    tableau = Tableau("t", "Publics", colonnes, (Ligne(("Les Aubépins", *cellules)),))
    document = Document("f", "t", "s", 2021, (), (), (Section("s", "S", (tableau,)),))
    assert [modele.texte(c) for c in cellules] == ["7*", f"12,50{FINE}%*", "300", f"8,5{FINE}mois"]
    classeur.ecrire(document, tmp_path / "c.xlsx")
    ligne = next(r for r in openpyxl.load_workbook(tmp_path / "c.xlsx")["S"].iter_rows(min_row=4))
    assert [c.value for c in ligne[1:5]] == [7, 0.125, 300, 8.5]
    assert [c.number_format.endswith('"*"') for c in ligne[1:5]] == [True, True, False, False]
    fichiers.ecrire_tableaux(document, tmp_path)
    assert _lire_csv(tmp_path / "01-publics.csv") == [
        ["Lieu", "Baux", "Part", "Ménages", "Délai", "Remarques"],
        ["Les Aubépins", "7", "12,50%", "300", "8,5", "petit effectif : Baux, Part ; en mois : Délai"],
    ]


def test_two_parts_that_are_a_narrow_table_each_stand_side_by_side() -> None:
    def partie(nom: str, colonnes: int) -> Section:
        entetes = (Colonne(nom), *(Colonne(f"N{n}", True) for n in range(colonnes)))
        return Section(
            nom, nom, (Tableau(f"t-{nom}", nom, entetes, (Ligne((nom, *"12345678"[:colonnes])),)),)
        )

    parties = (partie("a", 2), partie("b", 3), partie("c", 1), partie("d", 8), partie("e", 1))
    places = pdf._section(Section("s", "S", (), parties), 1, set())["sections"]
    assert [[s["titre"] for s in p.get("paire", [p])] for p in places] == [["a", "b"], ["c"], ["d"], ["e"]]


def test_each_table_is_a_csv_file_beside_the_workbook(rendus: dict[str, Path]) -> None:
    dossier = rendus["csv"].with_name(f"bilan-{EPCI}-{ANNEE}-tableaux")
    noms = sorted(chemin.name for chemin in dossier.iterdir())
    sommaire = _lire_csv(dossier / noms[0])
    assert sommaire[0] == ["fichier", "chapitre", "tableau", "lignes"]
    assert [ligne[0] for ligne in sommaire[1:]] == noms[1:]
    assert all(re.fullmatch(r"\d\d-[a-z0-9-]+\.csv", nom) for nom in noms)
    assert all(len(_lire_csv(dossier / ligne[0])) == int(ligne[3]) + 1 for ligne in sommaire[1:])
    resultats = _lire_csv(dossier / noms[1])
    assert resultats[0][:3] == ["Objectif", "Résultat", "Verdict"]
    assert "12,04%" in resultats[1]
    cellules = {c for nom in noms for ligne in _lire_csv(dossier / nom) for c in ligne}
    assert not [
        c for c in cellules if c.startswith(("=", "+", "@", "-")) and not re.fullmatch(r"-?[\d,%]+", c)
    ]
    assert not [c for c in cellules if re.search(rf"\d{FINE}\d", c) and re.fullmatch(rf"[\d,{FINE}]+", c)]


def test_the_tables_of_an_earlier_rendering_are_not_left(rendus: dict[str, Path], tmp_path: Path) -> None:
    entrepot = rendus["html"].with_name("W.duckdb")
    render(entrepot, EPCI, ANNEE, tmp_path, ("csv",))
    dossier = tmp_path / f"bilan-{EPCI}-{ANNEE}-tableaux"
    noms = {chemin.name for chemin in dossier.iterdir()}
    (dossier / "99-ancien.csv").write_text("x")
    render(entrepot, EPCI, ANNEE, tmp_path, ("csv",))
    assert {chemin.name for chemin in dossier.iterdir()} == noms
    assert {c.name for c in tmp_path.iterdir()} == {dossier.name, f"bilan-{EPCI}-{ANNEE}.csv"}


def _lire_csv(chemin: Path) -> list[list[str]]:
    return list(csv.reader(io.StringIO(chemin.read_text(encoding="utf-8-sig")), delimiter=";"))


def test_a_table_too_wide_for_the_page_is_set_in_parts_and_narrow_ones_side_by_side() -> None:
    colonnes = (Colonne("Quartier"), *(Colonne(f"Monoparentales{n} (récents)", True) for n in range(12)))
    ligne = Ligne(("Les Aubépins", *(str(n) for n in range(12))), ancre="a")
    large = Tableau("t", "Large", colonnes, (ligne,))
    etroit = Tableau("u", "Étroit", colonnes[:2], (Ligne(("Les Aubépins", "1")),))
    section = Section("s", "S", (etroit, etroit, etroit, large, etroit))
    blocs = pdf._section(section, 1, set())["blocs"]
    assert [b["genre"] for b in blocs[:2]] == ["Paire", "Tableau"]
    parties = blocs[2:-1]
    assert len(parties) > 1
    assert [b["legende"] for b in parties] == ["Large", *["Large (suite)"] * (len(parties) - 1)]
    assert [c["t"] for b in parties for c in b["colonnes"][1:]] == [c.titre for c in colonnes[1:]]
    assert [c["t"] for b in parties for c in b["lignes"][0]["c"][1:]] == [str(n) for n in range(12)]
    # A place is led to once.
    assert [b["lignes"][0]["a"] for b in parties] == ["a", *[None] * (len(parties) - 1)]


def test_a_document_of_many_sheets_keeps_thirty_in_its_workbook(construire: Atelier, tmp_path: Path) -> None:
    atelier = construire(nb_communes=30, nb_bailleurs=2).remplir()
    chemin = render(atelier.ecrire(tmp_path / "W.duckdb"), EPCI, ANNEE, tmp_path, ("xlsx",), fiches=True)[0]
    noms = openpyxl.load_workbook(chemin, read_only=True).sheetnames
    assert len(noms) <= 30
    assert "Fiches communes" in noms
    # Of the tables that each sheet has, the contents say whose they are.
    sommaire = openpyxl.load_workbook(chemin)["Sommaire"]
    lignes = [c.value for rang in sommaire.iter_rows(min_col=2, max_col=2) for c in rang if c.hyperlink]
    assert len(lignes) > 60
    assert len(set(lignes)) == len(lignes)


def test_who_prints_the_workbook_does_not_print_its_annex(rendus: dict[str, Path]) -> None:
    classeur = openpyxl.load_workbook(rendus["xlsx"])
    annexe = classeur["Tous les chiffres"]
    assert annexe.max_row > 100
    assert str(annexe.print_area).endswith("$A$1:$V$1")
    assert re.search(
        r"[\d\u202f]+ lignes à filtrer à l’écran, hors de la zone", str(annexe.oddHeader.left.text)
    )
    assert not [f.title for f in classeur if f.print_area and f.title != annexe.title]


def test_csv_and_parquet_carry_the_same_figures_as_the_page(rendus: dict[str, Path]) -> None:
    brut = rendus["csv"].read_bytes()
    assert brut.startswith(b"\xef\xbb\xbf")
    lignes = list(csv.DictReader(io.StringIO(brut.decode("utf-8-sig")), delimiter=";"))
    cadre = pl.read_parquet(rendus["parquet"])
    assert [ligne["identifiant"] for ligne in lignes] == cadre["identifiant"].to_list()
    ancres = set(re.findall(r'<a id="([^"]+)"', rendus["html"].read_text(encoding="utf-8")))
    assert ancres <= set(cadre["identifiant"])
    # Every figure that is known is on the page: it leaves out rows that only say « secret ».
    tus = cadre.filter(~pl.col("identifiant").is_in(ancres))
    assert tus.filter(pl.col("valeur").is_not_null())["identifiant"].to_list() == []
    assert set(tus["statut"]) <= {"secret"}
    tete = next(x for x in lignes if x["identifiant"] == f"hors_qpv_q1-epci-{EPCI}-2021-tous")
    assert (tete["numerateur"], tete["denominateur"], tete["valeur"], tete["atteint"]) == (
        "82",
        "681",
        "12,0411",
        "non",
    )
    assert (
        cadre.filter(pl.col("statut") == "secret")["valeur"].null_count()
        == cadre.filter(pl.col("statut") == "secret").height
    )


def test_no_cell_of_the_csv_starts_a_formula(rendus: dict[str, Path]) -> None:
    lignes = list(csv.reader(io.StringIO(rendus["csv"].read_text(encoding="utf-8-sig")), delimiter=";"))
    cellules = {cellule for ligne in lignes for cellule in ligne}
    assert not [
        c for c in cellules if c.startswith(("=", "+", "@", "-")) and not re.fullmatch(r"-?[\d,.e-]+", c)
    ]
    assert '\'=HYPERLINK("http://x")' in cellules
