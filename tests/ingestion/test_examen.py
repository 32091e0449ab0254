"""What is seen of a landing folder before anything is read: each file as the build sees it, traps, refusals."""

import gzip
import io
import zipfile
from datetime import date
from pathlib import Path

import duckdb
import polars as pl
import pytest
import xlsxwriter

from pipelines import references
from pipelines.errors import DonneesRefusees
from pipelines.examen import NON, OUI, PARTIEL, Examen, TerritoireVu, examine_landing
from pipelines.ingestion import examen as vue
from pipelines.ingestion import refuse_unreadable
from pipelines.ingestion.examen import FichierExamine, examine
from pipelines.paths import TERRITOIRES
from tests.ingestion.conftest import Depot
from tests.ingestion.exemples import ATTRIBUTION, DEMANDE, RPLS, table

CHALON = "247100589"


def seen(depot: Depot) -> list[FichierExamine]:
    with duckdb.connect() as con:
        return examine(depot.donnees, con)


def only(depot: Depot) -> FichierExamine:
    (vu,) = seen(depot)
    return vu


def traps(vu: FichierExamine) -> set[tuple[str, str]]:
    return {(p.nom, p.colonne) for p in vu.pieges}


def landing(depot: Depot, *epci: str) -> Examen:
    return examine_landing(depot.donnees, TERRITOIRES, epci)


def territory(depot: Depot) -> TerritoireVu:
    (found,) = landing(depot).territoires
    return found


def possible(depot: Depot, annee: int, sujet: str) -> str:
    (year,) = [a for a in territory(depot).annees if a.annee == annee]
    (calcul,) = [c for c in year.calculs if c.sujet.startswith(sujet)]
    return calcul.possible


def test_a_file_is_told_as_the_build_reads_it(depot: Depot) -> None:
    rows = [ATTRIBUTION | {"guichet_local": "x"}]
    depot.drop("sne/2021/attributions.csv", table(*rows).replace("Ormes", "Érables").encode("cp1252"))
    vu = only(depot)
    assert (vu.produit, vu.correspondance) == ("sne_attributions", "sne_attributions_canonique")
    assert (vu.separateur, vu.encodage, vu.millesime) == (";", "cp1252 ou latin-1", 2021)
    assert (vu.extraction, vu.origine_extraction) == (date(2021, 12, 31), "fin du millésime")
    assert (vu.colonnes_ignorees, vu.lignes_vues, vu.entier) == (("guichet_local",), 1, True)
    assert vu.refus is None
    assert not vu.pieges


def test_requests_and_allocations_come_first(depot: Depot) -> None:
    depot.drop("rpls/2022/rpls.csv", table(RPLS))
    depot.drop("sne/2021/demandes.csv", table(DEMANDE))
    assert [v.source for v in seen(depot)] == ["sne", "rpls"]


@pytest.mark.parametrize(
    ("row", "trap"),
    [
        ({"date_decision": "06/12/20"}, ("annee_sur_deux_chiffres", "date_decision")),
        ({"numero_unique": "7,1051900E+16"}, ("notation_scientifique", "numero_unique")),
        ({"num_rpls": "NULL"}, ("jeton_vide", "num_rpls")),
        ({"pct_plafond_plus": "0,65"}, ("echelle_pourcentage", "pct_plafond_plus")),
        ({"typologie": "T99"}, ("code_inconnu", "typologie")),
    ],
)
def test_what_goes_wrong_in_a_sample_is_said(
    depot: Depot, row: dict[str, str], trap: tuple[str, str]
) -> None:
    depot.drop("sne/2021/attributions.csv", table(ATTRIBUTION | row))
    assert trap in traps(only(depot))


@pytest.mark.parametrize(
    "row", [{"date_decision": "06/12/2020"}, {"num_rpls": ""}, {"pct_plafond_plus": "65"}]
)
def test_what_goes_right_is_not(depot: Depot, row: dict[str, str]) -> None:
    depot.drop("sne/2021/attributions.csv", table(ATTRIBUTION | row))
    assert not only(depot).pieges


def test_a_column_that_proves_the_month_first_is_read_so(depot: Depot) -> None:
    dates = {"date_premier_depot": "05/31/2019", "date_decision": "12/16/2020"}
    dates |= {"date_signature_bail": "01/24/2021", "date_entree": "01/30/2021"}
    depot.drop("sne/2021/attributions.csv", table(ATTRIBUTION | dates))
    assert not only(depot).pieges


def test_a_trap_quotes_no_cell(depot: Depot) -> None:
    rows = [ATTRIBUTION | {"age": "Dupont", "residence": "0612345678", "typologie": "Durand"}]
    depot.drop("sne/2021/attributions.csv", table(*rows))
    said = str(only(depot))
    assert not [cell for cell in ("Dupont", "0612345678", "Durand") if cell in said]


def test_a_missing_column_is_named_with_the_nearest_layout(depot: Depot) -> None:
    row = {k: v for k, v in ATTRIBUTION.items() if k != "date_signature_bail"}
    depot.drop("sne/2021/attributions.csv", table(row))
    refus = only(depot).refus
    assert refus is not None
    assert "sne/2021/attributions.csv" in refus
    assert "sne_attributions_canonique" in refus
    assert "date_signature_bail" in refus


def test_a_layout_that_nothing_recognises_names_the_nearest(depot: Depot) -> None:
    depot.drop("sne/2021/inconnu.csv", "numero_unique;colonne_a;colonne_b\n1;2;3\n")
    refus = only(depot).refus
    assert refus is not None
    assert "présentation la plus proche : sne_" in refus
    assert "noms essayés : date_signature_bail" in refus


def test_columns_that_disagree_are_refused_as_the_reader_does(depot: Depot) -> None:
    text = table(ATTRIBUTION).replace(";loyer;", ";loyer;Loyer;").replace(";469.70;", ";469.70;512.00;")
    depot.drop("sne/2021/attributions.csv", text)
    with pytest.raises(DonneesRefusees) as refusal:
        depot.read("sne")
    assert only(depot).refus == str(refusal.value)


def test_an_empty_file_stops_nothing_and_is_said(depot: Depot) -> None:
    depot.drop("sne/2021/attributions.csv", table(ATTRIBUTION))
    depot.drop("sne/2021/vide.csv", "")
    archive = io.BytesIO()
    zipfile.ZipFile(archive, "w").close()
    depot.drop("sne/2021/vide.zip", archive.getvalue())
    assert {v.fichier: bool(v.non_lu) for v in seen(depot) if v.refus is None} == {
        "sne/2021/attributions.csv": False,
        "sne/2021/vide.csv": True,
        "sne/2021/vide.zip": True,
    }
    assert refuse_unreadable(depot.donnees, depot.magasin) == 3


def test_a_notice_is_told_and_its_like_in_text_is_not_taken_for_one(depot: Depot) -> None:
    depot.drop("sne/2021/attributions.csv", table(ATTRIBUTION))
    depot.drop("sne/2021/notice.txt", "une notice")
    depot.drop("qpv/remarques.txt", "une remarque ; sur deux\nlignes ; en tout\n")
    notes = {v.fichier: v.non_lu or "" for v in seen(depot) if v.non_lu}
    assert set(notes) == {"sne/2021/notice.txt", "qpv/remarques.txt"}
    assert "notice" in notes["sne/2021/notice.txt"]
    assert "aucune présentation connue" in notes["qpv/remarques.txt"]


def test_each_sheet_of_a_workbook_is_told(depot: Depot) -> None:
    classeur = io.BytesIO()
    with xlsxwriter.Workbook(classeur) as ouvert:
        for nom in ("Janvier", "Février"):
            pl.DataFrame([ATTRIBUTION]).write_excel(ouvert, worksheet=nom)
    depot.drop("sne/2021/a.xlsx", classeur.getvalue())
    assert {(v.feuille, v.lignes_vues) for v in seen(depot)} == {("Janvier", 1), ("Février", 1)}


def test_a_workbook_a_zip_a_gzip_and_a_parquet_are_looked_at(depot: Depot) -> None:
    frame, text = pl.DataFrame([ATTRIBUTION]), table(ATTRIBUTION)
    classeur, archive = io.BytesIO(), io.BytesIO()
    frame.write_excel(classeur, worksheet="Export")
    with zipfile.ZipFile(archive, "w") as lot:
        lot.writestr("a.csv", text)
        lot.writestr("LISEZMOI.txt", "notice")
    depot.drop("sne/2021/a.xlsx", classeur.getvalue())
    depot.drop("sne/2021/b.zip", archive.getvalue())
    depot.drop("sne/2021/c.csv.gz", gzip.compress(text.encode()))
    frame.write_parquet(depot.donnees / "sne" / "2021" / "d.parquet")
    found = seen(depot)
    assert {(v.fichier, v.produit, v.lignes_vues) for v in found} == {
        (f"sne/2021/{nom}", "sne_attributions", 1)
        for nom in ("a.xlsx", "b.zip#a.csv", "c.csv.gz", "d.parquet")
    }
    assert found[0].feuille == "Export"


@pytest.mark.parametrize("place", [2, 40, 200, -6, -2])
def test_a_damaged_gzip_is_refused_with_its_name(depot: Depot, place: int) -> None:
    contenu = bytearray(
        gzip.compress(table(*[ATTRIBUTION | {"rfr": str(i * i)} for i in range(200)]).encode())
    )
    contenu[place] ^= 0xFF
    contenu[place + 1] ^= 0xFF
    depot.drop("sne/2021/a.csv.gz", bytes(contenu))
    (vu,) = seen(depot)
    assert "sne/2021/a.csv.gz" in str(vu.refus)


def large(monkeypatch: pytest.MonkeyPatch) -> None:
    small = {"octets_entiers": 20_000, "octets_debut": 4_000, "octets_morceau": 1_000, "morceaux": 8}
    monkeypatch.setitem(vue.settings(), "octets_entiers", 0)
    for nom, valeur in small.items():
        monkeypatch.setitem(vue.settings(), nom, valeur)


@pytest.mark.parametrize("nom", ["rpls.csv", "rpls.csv.gz", "rpls.zip"])
def test_a_large_file_is_not_read_whole(depot: Depot, monkeypatch: pytest.MonkeyPatch, nom: str) -> None:
    large(monkeypatch)
    text = table(*(RPLS | {"DEPCOM": f"71{i // 100:03d}"} for i in range(10_000)))
    content = text.encode()
    if nom.endswith(".gz"):
        content = gzip.compress(content)
    elif nom.endswith(".zip"):
        archive = io.BytesIO()
        with zipfile.ZipFile(archive, "w") as lot:
            lot.writestr("rpls.csv", text)
        content = archive.getvalue()
    depot.drop(f"rpls/2022/{nom}", content)
    with duckdb.connect() as con:
        (vu,) = examine(depot.donnees, con)
        communes = con.execute("select count(distinct code_commune) from vus.rpls_logements").fetchall()[0][0]
    assert (vu.produit, vu.entier) == ("rpls_logements", False)
    assert 0 < vu.lignes_vues < 1_000
    assert not vu.pieges
    if nom == "rpls.csv":
        # The pieces are spread: a register in the order of its communes shows more than the first ones.
        assert communes >= vue.settings()["morceaux"]


def test_territories_years_and_what_can_be_computed(depot: Depot) -> None:
    depot.drop("sne/2021/attributions.csv", table(ATTRIBUTION))
    depot.drop("sne/2021/demandes.csv", table(DEMANDE))
    depot.drop("rpls/2022/rpls.csv", table(RPLS))
    found = territory(depot)
    assert (found.siren, [a.annee for a in found.annees]) == (CHALON, [2021])
    for sujet in ("Attributions", "Demande", "Parc"):
        assert possible(depot, 2021, sujet) == OUI
    assert possible(depot, 2021, "Occupation") == NON
    assert not found.annees[0].a_trouver


def test_requests_need_an_extraction_of_december_or_the_struck_off_ones_later(depot: Depot) -> None:
    depot.drop("sne/2021/attributions.csv", table(ATTRIBUTION))
    active = {**DEMANDE, "statut": "active", "date_radiation": "", "motif_radiation": ""}
    depot.drop("sne/2022/demandes.csv", table(active))
    assert possible(depot, 2021, "Demande") == NON
    assert possible(depot, 2022, "Demande") == OUI
    depot.drop("sne/2022/demandes.csv", table(active, DEMANDE))
    assert possible(depot, 2021, "Demande") == OUI


def test_the_date_of_an_extraction_and_what_says_it(depot: Depot) -> None:
    depot.drop("sne/2021/demandes.csv", table(DEMANDE))
    depot.drop("sne/2021/demandes_2022-01-15.csv", table(DEMANDE))
    depot.drop("sne/2021/prefecture.csv", table(DEMANDE))
    depot.drop("sne/2021/tous_les_mois.csv", table(DEMANDE | {"date_extraction": "2021-12-03"}))
    depot.drop("extractions.yml", "- {fichier: sne/2021/prefecture.csv, date: 2021-11-30}\n")
    assert {v.fichier.rpartition("/")[2]: (v.extraction, v.origine_extraction) for v in seen(depot)} == {
        "demandes.csv": (date(2021, 12, 31), "fin du millésime"),
        "demandes_2022-01-15.csv": (date(2022, 1, 15), "nom du fichier"),
        "prefecture.csv": (date(2021, 11, 30), "extractions.yml"),
        "tous_les_mois.csv": (date(2021, 12, 3), "colonne du fichier"),
    }


def test_one_file_of_several_extractions_serves_each_of_its_years(depot: Depot) -> None:
    active = {**DEMANDE, "statut": "active", "date_radiation": "", "motif_radiation": ""}
    rows = [active | {"date_extraction": jour} for jour in ("2020-12-31", "2022-12-31")]
    depot.drop("sne/2022/demandes.csv", table(*rows))
    assert [possible(depot, annee, "Demande") for annee in (2020, 2022)] == [OUI, OUI]


def test_an_extraction_of_june_leaves_its_year_incomplete(depot: Depot) -> None:
    depot.drop("sne/2021/attributions_2021-06-30.csv", table(ATTRIBUTION))
    assert possible(depot, 2021, "Attributions") == PARTIEL


def test_an_open_register_gives_no_rents(depot: Depot) -> None:
    depot.drop("sne/2021/attributions.csv", table(ATTRIBUTION))
    opened = {k: RPLS[k] for k in ("DEPCOM", "FINAN", "NBPIECE", "CODSEGPATRIM")} | {"LIBSEGPATRIM": "Stade"}
    depot.drop("rpls/2022/rpls.csv", table(opened))
    assert possible(depot, 2021, "Parc") == PARTIEL


def test_published_tables_give_the_stock_and_the_demand_in_part(depot: Depot) -> None:
    depot.drop("rpls/2022/insee.csv", "CodGeo;LibGeo;nbLsPls;txVac\n710760101;Stade;120;2.5\n")
    assert possible(depot, 2021, "Parc") == PARTIEL
    assert possible(depot, 2021, "Demande") == NON
    head = "code_insee,nom,niveau_geo,annee,demandes_choix1,attributions,delai_median_attribution_mois\n"
    depot.drop("sne/2021/drihl.csv", head + "71076,Chalon,commune,2021,120,20,9.5\n")
    assert possible(depot, 2021, "Demande") == PARTIEL


def test_a_threshold_of_the_year_before_is_provisional_an_older_one_is_nothing(depot: Depot) -> None:
    """The project ships the threshold of 2021 for this territory, and none after."""

    def said(annee: int) -> list[str]:
        bail = {"date_decision": f"{annee}-02-01", "date_signature_bail": f"{annee}-03-01", "date_entree": ""}
        depot.drop("sne/2021/attributions.csv", table(ATTRIBUTION | bail))
        year = next(a for a in territory(depot).annees if a.annee == annee)
        return [r.consequence for r in year.a_trouver if r.reference == "seuil_q1"]

    assert said(2021) == []
    assert "provisoires" in said(2022)[0]
    assert "indisponibles" in said(2023)[0]
    depot.drop("referentiels/seuils_q1_2023.csv", f"annee;portee;code;seuil\n2023;epci;{CHALON};9100\n")
    assert said(2023) == []


def test_a_territory_asked_for_that_is_not_in_the_data_says_so(depot: Depot) -> None:
    depot.drop("sne/2021/attributions.csv", table(ATTRIBUTION))
    found = landing(depot, CHALON, "200066918", "999999990")
    assert [t.siren for t in found.territoires] == [CHALON]
    assert "aucune de ses communes n'est dans les données" in found.absents[0]
    assert "aucune liste ne dit quelles sont ses communes" in found.absents[1]
    assert "geo/epci_membres_" in found.absents[1]


def test_a_list_of_members_of_the_folder_gives_its_territories(depot: Depot) -> None:
    depot.drop("sne/2021/attributions.csv", table(ATTRIBUTION))
    depot.drop("geo/epci_membres_2021.csv", "epci_siren;epci_nom;code_commune\n200000172;CC d'essai;71076\n")
    found = landing(depot)
    assert [(t.siren, t.nom, t.convention) for t in found.territoires] == [("200000172", "CC d'essai", None)]


def test_a_territory_inside_the_metropole_has_its_communes_when_it_is_asked_for(depot: Depot) -> None:
    """Plaine Commune: the lists name the Métropole du Grand Paris."""
    depot.drop("sne/2021/attributions.csv", table(ATTRIBUTION | {"code_commune_logement": "93001"}))
    assert [t.siren for t in landing(depot).territoires] == ["200054781"]
    found = landing(depot, "200057867")
    assert [(t.siren, t.nom) for t in found.territoires] == [("200057867", "Plaine Commune")]
    depot.drop("geo/epci_membres_2021.csv", "epci_siren;epci_nom;code_commune\n200054781;MGP;93001\n")
    assert [t.siren for t in landing(depot, "200057867").territoires] == ["200057867"]
    assert [t.siren for t in landing(depot, "200054781").territoires] == ["200054781"]


def test_every_file_that_cannot_be_read_is_named_before_any_is_read(depot: Depot) -> None:
    depot.drop("sne/2021/attributions.csv", table(ATTRIBUTION))
    depot.drop("rpls/2022/rpls.csv", "a;b\n1;2\n")
    depot.drop("ops/2022/ops.csv", "version https://git-lfs.github.com/spec/v1\n")
    with pytest.raises(DonneesRefusees) as refusal:
        refuse_unreadable(depot.donnees, depot.magasin)
    said = str(refusal.value)
    assert "2 fichiers ne peuvent pas être lus" in said
    assert "rpls/2022/rpls.csv : fichier non reconnu" in said
    assert "ops/2022/ops.csv : c'est un pointeur Git-LFS" in said
    assert "attributions.csv" not in said


def test_one_file_that_cannot_be_read_is_said_as_the_reader_says_it(depot: Depot) -> None:
    depot.drop("rpls/2022/rpls.csv", "a;b\n1;2\n")
    with pytest.raises(DonneesRefusees) as before:
        refuse_unreadable(depot.donnees, depot.magasin)
    with pytest.raises(DonneesRefusees) as after:
        depot.read("rpls")
    assert str(before.value) == str(after.value)


def test_what_was_readable_is_not_opened_again(depot: Depot, monkeypatch: pytest.MonkeyPatch) -> None:
    first = depot.drop("sne/2021/attributions.csv", table(ATTRIBUTION))
    told: list[str] = []
    assert refuse_unreadable(depot.donnees, depot.magasin, told.append) == 1
    assert "sne : 1" in told[0]
    opened: list[str] = []
    real = vue.lecture.open_file

    def counted(fichier: object, *more: object) -> object:
        opened.append(str(fichier.relatif))  # type: ignore[attr-defined]
        return real(fichier, *more)  # type: ignore[arg-type]

    monkeypatch.setattr(vue.lecture, "open_file", counted)
    refuse_unreadable(depot.donnees, depot.magasin)
    assert opened == []
    first.write_text("a;b\n1;2\n", encoding="utf-8")
    depot.drop("sne/2021/demandes.csv", table(DEMANDE))
    with pytest.raises(DonneesRefusees):
        refuse_unreadable(depot.donnees, depot.magasin)
    assert opened == ["sne/2021/attributions.csv", "sne/2021/demandes.csv"]


def test_nothing_is_written(depot: Depot, tmp_path: Path) -> None:
    depot.drop("sne/2021/attributions.csv", table(ATTRIBUTION))
    before = sorted(tmp_path.rglob("*"))
    landing(depot)
    assert sorted(tmp_path.rglob("*")) == before


def test_generations_of_neighbourhoods_have_their_own_dates_overseas(
    depot: Depot, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The list of 2015 served until the end of 2024 in La Réunion, until the end of 2023 in mainland France."""
    livrer = references.load

    def without_2015(con: duckdb.DuckDBPyConnection, voulus: list[str]) -> None:
        livrer(con, voulus)
        con.execute("delete from sources.livre_qpv where generation = 2015")

    monkeypatch.setattr(references, "load", without_2015)

    def lacking(commune: str, annee: int) -> set[str]:
        bail = {"date_decision": f"{annee}-02-01", "date_signature_bail": f"{annee}-03-01", "date_entree": ""}
        depot.drop(
            "sne/2024/attributions.csv", table(ATTRIBUTION | bail | {"code_commune_logement": commune})
        )
        (found,) = landing(depot).territoires
        year = next(a for a in found.annees if a.annee == annee)
        return {r.fichier for r in year.a_trouver if r.reference == "qpv"}

    assert lacking("97411", 2024) == {"qpv/qpv2015_liste.csv"}
    assert lacking("97411", 2025) == set()
    assert lacking("35238", 2023) == {"qpv/qpv2015_liste.csv"}
    assert lacking("35238", 2024) == set()


def test_a_file_whose_rows_would_be_refused_is_said_before_the_build(depot: Depot) -> None:
    """One row in two has no number: every file can be read, and the build would stop all the same."""
    rows = [ATTRIBUTION, ATTRIBUTION | {"numero_unique": "7105190001000214"}]
    depot.drop("sne/2021/attributions.csv", table(*rows))
    vu = only(depot)
    assert (vu.refus, vu.lignes_refusees, vu.trop_refusees) == (None, 1, True)
    with pytest.raises(DonneesRefusees, match="lignes refusées"):
        depot.load("sne")
    # A cell that costs only itself refuses no row.
    depot.drop("sne/2021/attributions.csv", table(ATTRIBUTION | {"typologie": "T99"}))
    assert (only(depot).lignes_refusees, only(depot).trop_refusees) == (0, False)


def test_a_name_of_a_commune_is_told_from_its_code(depot: Depot) -> None:
    depot.drop("sne/2021/demandes.csv", table(DEMANDE | {"commune_choix1": "Ormes"}))
    messages = [p.message for p in only(depot).pieges if p.colonne == "commune_choix1"]
    assert any("le code Insee d'une commune, non son nom" in m for m in messages)


def test_an_older_list_of_members_leaves_the_years_of_the_shipped_ones_to_them(depot: Depot) -> None:
    depot.drop("geo/epci_membres_2022.csv", f"epci_siren;epci_nom;code_commune\n{CHALON};Chalon;71076\n")

    def lacking(annee: int) -> list[str]:
        bail = {"date_decision": f"{annee}-02-01", "date_signature_bail": f"{annee}-03-01", "date_entree": ""}
        depot.drop("sne/2024/attributions.csv", table(ATTRIBUTION | bail))
        year = next(a for a in territory(depot).annees if a.annee == annee)
        return [r.consequence for r in year.a_trouver if r.reference == "membres"]

    assert lacking(2023) == ["la liste de 2022 sert"]
    assert lacking(2024) == []


def test_a_list_of_members_that_lacks_a_commune_is_said(depot: Depot) -> None:
    """The folder's list of the year wins; that it leaves out a commune which the shipped one has is no detail."""
    bail = {"date_decision": "2024-02-01", "date_signature_bail": "2024-03-01", "date_entree": ""}
    depot.drop("sne/2024/attributions.csv", table(ATTRIBUTION | bail | {"code_commune_logement": "97411"}))
    entete, cinor = "epci_siren;epci_nom;code_commune\n", "249740119;CINOR;"

    def said(*communes: str) -> list[str]:
        depot.drop("geo/epci_membres_2024.csv", entete + "".join(f"{cinor}{c}\n" for c in communes))
        year = next(a for a in territory(depot).annees if a.annee == 2024)
        return [r.consequence for r in year.a_trouver if r.reference == "membres"]

    (dit,) = said("97411", "97418")
    assert "n'a pas Sainte-Suzanne (97420)" in dit
    assert said("97411", "97418", "97420") == []
