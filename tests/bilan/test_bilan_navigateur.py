"""The pages in a real browser: no request, no error, no overflow, accessible, and printed without cut "
"tables."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from pipelines import bilan
from tests.navigateur import chromium

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

EPCI, ANNEE = "247100589", 2021
LARGEURS = (360, 768, 1280)
# The inside of an A4 page with the margins of the style sheet, at 96 points per inch.
LARGEUR_IMPRIMEE = 695


@pytest.fixture(scope="module")
def navigateur() -> "Iterator[Browser]":
    with chromium() as instance:
        yield instance


@pytest.fixture(scope="module")
def pages(construire: Callable[..., Any], tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    dossier = tmp_path_factory.mktemp("pages")
    hostiles = (
        "<script>document.title='pris'</script>",
        "<img src=x onerror=alert(1)>",
        "Bailleur " + "au nom très long " * 6,
    )
    atelier = construire(nb_communes=3, nb_bailleurs=4, noms_bailleurs=hostiles).remplir()
    entrepot = atelier.ecrire(dossier / "W.duckdb")
    vide = construire(
        nb_communes=1, nb_bailleurs=1, parc=False, ops=False, filosofi=False, meta=False, infra=False
    )
    return {
        "bilan": bilan.render(entrepot, EPCI, ANNEE, dossier)[0],
        "suivi": bilan.render(entrepot, EPCI, ANNEE, dossier, semestre=1)[0],
        "trimestre": bilan.render_trimestre(entrepot, EPCI, ANNEE, 3, dossier)[0],
        "evaluation": bilan.render_evaluation(entrepot, EPCI, ANNEE, dossier)[0],
        "dictionnaire": bilan.write_dictionary(entrepot, dossier, ["html"])[0],
        "presque vide": bilan.render(
            vide.remplir().ecrire(dossier / "vide.duckdb"), EPCI, ANNEE, dossier / "vide"
        )[0],
    }


NOMS = ("bilan", "suivi", "trimestre", "evaluation", "dictionnaire", "presque vide")


def _ouvrir(navigateur: "Browser", chemin: Path, largeur: int) -> "tuple[Page, list[str]]":
    page = navigateur.new_page(viewport={"width": largeur, "height": 900})
    incidents: list[str] = []
    page.on("console", lambda message: incidents.append(f"console : {message.text}"))
    page.on("pageerror", lambda erreur: incidents.append(f"erreur : {erreur}"))
    page.on("dialog", lambda dialogue: incidents.append(f"dialogue : {dialogue.message}"))
    page.on(
        "request",
        lambda requete: None if requete.url.startswith(("file:", "data:")) else incidents.append(requete.url),
    )
    page.goto(chemin.as_uri())
    return page, incidents


@pytest.mark.parametrize("nom", NOMS)
def test_a_page_opens_without_incident_and_fits_every_screen(
    navigateur: "Browser", pages: dict[str, Path], nom: str
) -> None:
    for largeur in LARGEURS:
        page, incidents = _ouvrir(navigateur, pages[nom], largeur)
        assert incidents == []
        assert page.title() != "pris"
        assert page.evaluate("document.documentElement.scrollWidth") <= largeur
        page.close()


@pytest.mark.parametrize("nom", NOMS)
def test_a_page_is_accessible(navigateur: "Browser", pages: dict[str, Path], nom: str) -> None:
    from axe_playwright_python.sync_playwright import Axe

    regles = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "best-practice"]
    for largeur in (360, 1280):
        page, _ = _ouvrir(navigateur, pages[nom], largeur)
        trouve = (
            Axe().run(page, options={"runOnly": regles, "resultTypes": ["violations"]}).response["violations"]
        )
        assert [(v["id"], v["nodes"][0]["html"][:120]) for v in trouve] == []
        page.close()


@pytest.mark.parametrize("nom", NOMS)
def test_no_table_is_cut_on_paper(navigateur: "Browser", pages: dict[str, Path], nom: str) -> None:
    page, _ = _ouvrir(navigateur, pages[nom], LARGEUR_IMPRIMEE)
    page.emulate_media(media="print")
    coupes = page.evaluate(
        """() => [...document.querySelectorAll('table, svg')]
            .filter(e => e.getBoundingClientRect().right > document.documentElement.clientWidth + 1)
            .map(e => e.id || e.getAttribute('aria-label'))"""
    )
    assert coupes == []
    assert page.evaluate("getComputedStyle(document.querySelector('nav')).display") == "none"
    page.close()


def test_the_keyboard_reaches_the_content_and_a_figure_leads_to_its_proof(
    navigateur: "Browser", pages: dict[str, Path]
) -> None:
    page, _ = _ouvrir(navigateur, pages["bilan"], 1280)
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.textContent") == "Aller au contenu"
    assert page.evaluate("document.activeElement.getBoundingClientRect().left") >= 0
    lien = page.locator("a.chiffre", has_text="12,04").first
    lien.focus()
    assert page.evaluate("getComputedStyle(document.activeElement).outlineStyle") != "none"
    # What assistive tools read with the figure, wherever it is shown.
    assert "Numérateur : 82. Dénominateur : 681. Inconnus : 43." in str(lien.get_attribute("title"))
    page.keyboard.press("Enter")
    ligne = page.locator("tr:target")
    assert ligne.count() == 1
    assert "Part des attributions suivies d’un bail signé" in ligne.inner_text()
    page.close()


def _colonne(page: "Page", table: str, colonne: int) -> list[str]:
    """What a reader sees of a column, the row of the whole left out."""
    rangs = page.locator(f"#{table} tbody tr:not(.forte):visible")
    return [rang.locator("th,td").nth(colonne).inner_text() for rang in rangs.all()]


def test_a_table_is_sorted_by_the_keyboard_with_words_after_numbers(
    navigateur: "Browser", pages: dict[str, Path]
) -> None:
    page, incidents = _ouvrir(navigateur, pages["bilan"], 1280)
    table = "t-hors_qpv_q1-bailleur"
    entetes = page.locator(f"#{table} thead th")
    rang = [e.inner_text().split("\n")[0].strip() for e in entetes.all()].index("Résultat")
    avant = _colonne(page, table, rang)
    bouton = entetes.nth(rang).get_by_role("button")
    bouton.focus()
    page.keyboard.press("Enter")
    assert entetes.nth(rang).get_attribute("aria-sort") == "ascending"
    monte = _colonne(page, table, rang)
    nombres = [float(t.strip(" \u202f%*").replace(",", ".")) for t in monte if t[0].isdigit()]
    assert nombres == sorted(nombres)
    assert len(nombres) > 1
    assert all(not t[0].isdigit() for t in monte[len(nombres) :])
    assert "forte" in (page.locator(f"#{table} tbody tr").last.get_attribute("class") or "")
    page.keyboard.press("Enter")
    assert entetes.nth(rang).get_attribute("aria-sort") == "descending"
    baisse = _colonne(page, table, rang)
    assert baisse[: len(nombres)] == monte[: len(nombres)][::-1]
    page.keyboard.press("Enter")
    assert _colonne(page, table, rang) == avant
    assert incidents == []
    page.close()


def test_a_filtered_table_is_whole_on_paper(
    navigateur: "Browser", construire: Callable[..., Any], tmp_path: Path
) -> None:
    grand = construire(nb_communes=30, nb_bailleurs=2).remplir().ecrire(tmp_path / "W.duckdb")
    (chemin,) = bilan.render(grand, EPCI, ANNEE, tmp_path)
    page, incidents = _ouvrir(navigateur, chemin, 1280)
    table = "t-hors_qpv_q1-commune"
    lignes = page.locator(f"#{table} tbody tr")
    every = lignes.count()
    assert every > 24
    assert not page.locator(f"#{table}").is_visible()
    # What leads to a folded table opens it.
    page.evaluate(f"location.hash = '{table}'")
    page.locator(f"#{table}").wait_for(state="visible")
    champ = page.locator("details.pli", has=page.locator(f"#{table}")).get_by_role("searchbox")
    champ.fill("CHALON saone")
    assert _colonne(page, table, 0) == ["Chalon-sur-Saône"]
    assert (
        page.locator("details.pli", has=page.locator(f"#{table}")).locator("output").inner_text()
        == f"1 ligne sur {every}"
    )
    page.emulate_media(media="print")
    assert page.locator(f"#{table} tbody tr:visible").count() == every
    assert not champ.is_visible()
    page.emulate_media(media="screen")
    champ.fill("")
    assert page.locator(f"#{table} tbody tr:visible").count() == every
    page.get_by_role("searchbox", name="Chercher dans les tableaux").fill("chalon-sur")
    reponses = page.locator("#reponses a")
    assert reponses.count() > 3
    page.locator(f"#reponses a[href='#{table}']").click()
    assert _colonne(page, table, 0) == ["Chalon-sur-Saône"]
    assert incidents == []
    page.close()


def test_the_contents_are_folded_on_a_phone_only(navigateur: "Browser", pages: dict[str, Path]) -> None:
    for largeur, ouvert in ((360, False), (1280, True)):
        page, _ = _ouvrir(navigateur, pages["bilan"], largeur)
        assert page.evaluate("document.querySelector('nav details').open") is ouvert
        page.close()


def test_the_dictionary_is_searched_without_accents_nor_network(
    navigateur: "Browser", pages: dict[str, Path]
) -> None:
    page, incidents = _ouvrir(navigateur, pages["dictionnaire"], 1280)
    fiches = page.locator("[id^='indicateur-'], [id^='table-']")
    every = fiches.count()
    shown = "[id^='indicateur-']:not([hidden]), [id^='table-']:not([hidden])"
    page.get_by_role("searchbox", name="Chercher un indicateur").fill("delai MEDIAN")
    found = page.locator(shown)
    assert 0 < found.count() < every
    assert all("délai médian" in text.lower().replace("\u2019", "'") for text in found.all_text_contents())
    assert page.locator("#trouves").inner_text() == f"{found.count()} sur {every}"
    page.get_by_role("searchbox").fill("rien de tel nulle part")
    assert page.locator(shown).count() == 0
    page.get_by_role("searchbox").fill("")
    assert page.locator(shown).count() == every
    assert incidents == []
    page.close()


def test_the_dictionary_leaves_out_what_serves_the_build(
    construire: Callable[..., Any], tmp_path: Path
) -> None:
    import duckdb

    path = construire(nb_communes=1, nb_bailleurs=1).remplir().ecrire(tmp_path / "W.duckdb")
    with duckdb.connect(str(path)) as con:
        con.execute("drop table if exists meta.dictionnaire")
        con.execute(
            "create table meta.dictionnaire as select s as schema, 't_' || s as \"table\", null::varchar as colonne, "
            "null::varchar as type, 'Une table.' as description "
            "from unnest(['marts', 'entrepot', 'sources', 'intermediate', 'staging', 'seeds']) as u (s)"
        )
    html, table = bilan.write_dictionary(path, tmp_path / "d")
    for text in (html.read_text(encoding="utf-8"), table.read_text(encoding="utf-8-sig")):
        shown = {
            s
            for s in ("marts", "entrepot", "sources", "intermediate", "staging", "seeds")
            if f"t_{s}" in text
        }
        assert shown == {"marts", "entrepot", "sources"}
