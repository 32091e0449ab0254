"""The page in a real browser: what it shows is the mart, by mouse or keyboard, and nothing leaves the machine."""

import io
import os
import re
import signal
import subprocess
import sys
import tarfile
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlsplit

import duckdb
import pytest
import requests

from tests.explorateur.conftest import EPCI
from tests.navigateur import chromium

if TYPE_CHECKING:
    from playwright.sync_api import BrowserContext, Page

# The name of what has the focus, inside the page's own components too.
FOCUSED = """() => {
    let e = document.activeElement;
    while (e && e.shadowRoot && e.shadowRoot.activeElement) e = e.shadowRoot.activeElement;
    return e ? (e.getAttribute('aria-label') || e.innerText || '').trim() : '';
}"""
AXE = "axe-core@4.11.0"
LEVELS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa"]
COMMAND = str(Path(sys.executable).with_name("observatoire"))


@pytest.fixture(scope="module")
def adresse(edition: Path) -> Iterator[str]:
    """The page of the edition, served by the real command on a free port."""
    served = subprocess.Popen(
        [COMMAND, "explorer", "--entrepot", str(edition), "--port", "0"],
        stderr=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        text=True,
        env={**os.environ, "NO_COLOR": "1", "COLUMNS": "300"},
    )
    assert served.stderr is not None
    said = ""
    for line in served.stderr:
        said += line
        if found := re.search(r"http://127\.0\.0\.1:\d+", line):
            break
    else:
        pytest.fail(said)
    yield found[0]
    served.send_signal(signal.SIGINT)
    assert served.wait(30) == 0


@pytest.fixture(scope="module")
def navigateur() -> "Iterator[BrowserContext]":
    """One reader, whose browser keeps the scripts from a page to the next."""
    with chromium() as instance:
        yield instance.new_context(viewport={"width": 1280, "height": 1600})


@pytest.fixture
def page(navigateur: "BrowserContext") -> "Iterator[Page]":
    """A page that remembers what it asked of other machines."""
    onglet = navigateur.new_page()
    ailleurs: list[str] = []
    onglet.on("request", lambda r: ailleurs.append(r.url) if not local(r.url) else None)
    erreurs: list[str] = []
    onglet.on("pageerror", lambda e: erreurs.append(str(e)))
    yield onglet
    assert ailleurs == []
    assert erreurs == []
    onglet.close()


@pytest.fixture(scope="module")
def axe(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The checker of accessibility, from the registry of packages; the test is skipped where it does not answer."""
    dossier = tmp_path_factory.mktemp("axe")
    try:
        subprocess.run(
            ["npm", "pack", "--silent", AXE], cwd=dossier, check=True, capture_output=True, timeout=120
        )
    except (OSError, subprocess.SubprocessError) as error:
        pytest.skip(f"npm does not give {AXE} here: {error}")
    (archive,) = dossier.glob("*.tgz")
    with tarfile.open(archive) as files:
        script = files.extractfile("package/axe.min.js")
        assert script is not None
        return io.TextIOWrapper(script, encoding="utf-8").read()


def local(url: str) -> bool:
    return urlsplit(url).hostname in {"127.0.0.1", None} or url.startswith(("data:", "blob:"))


def shown(page: "Page") -> list[list[str]]:
    """The rows of the first table, cell by cell."""
    page.get_by_role("heading", name="Les figures").wait_for(timeout=60_000)
    page.locator("table tbody tr td").first.wait_for(timeout=60_000)
    return [
        [cell.inner_text().strip() for cell in row.locator("td").all()]
        for row in page.locator("table").first.locator("tbody tr").all()
    ]


def mart(edition: Path, indicateur: str, axe: str) -> list[Any]:
    with duckdb.connect(str(edition), read_only=True) as con:
        return con.execute(
            "select periode, modalite_libelle, numerateur, denominateur from marts.indicateurs "
            "where epci_siren = ? and indicateur = ? and axe = ? and segment = 'tous' and periode_type = 'annee' "
            "order by periode, modalite_libelle",
            [EPCI, indicateur, axe],
        ).fetchall()


def test_the_table_is_the_mart(page: "Page", adresse: str, edition: Path) -> None:
    page.goto(f"{adresse}/?epci={EPCI}&indicateur=hors_qpv_q1&axe=bailleur")
    rows = shown(page)
    wanted = mart(edition, "hors_qpv_q1", "bailleur")
    assert len(wanted) > 1
    assert [(r[0], r[1]) for r in rows] == [(w[0], w[1]) for w in wanted]
    for row, (_, _, numerateur, denominateur) in zip(rows, wanted, strict=True):
        # What is missing is an empty cell, never 0 nor a word.
        wrote = {"" if n is None else str(n) for n in (numerateur, denominateur)}
        assert wrote <= {re.sub(r"\s", "", cell) for cell in row}
    assert page.get_by_text("Édition des signataires").count()
    assert page.get_by_text("Définition").count()


def test_a_choice_made_by_keyboard_is_in_the_address_that_reopens_it(page: "Page", adresse: str) -> None:
    page.goto(f"{adresse}/?epci={EPCI}&indicateur=hors_qpv_q1")
    assert len(shown(page)) >= 1
    choice = page.get_by_label("Par", exact=True)
    choice.focus()
    choice.press("b")
    page.wait_for_url("**axe=bailleur**", timeout=60_000)
    assert parse_qs(urlsplit(page.url).query)["axe"] == ["bailleur"]
    reopened = page.url
    page.goto("about:blank")
    page.goto(reopened)
    assert len(shown(page)) > 1


@pytest.mark.parametrize("vue", ["axe=bailleur", "axe=commune", "axe=epci"])
def test_no_rule_of_accessibility_is_broken(page: "Page", adresse: str, axe: str, vue: str) -> None:
    page.goto(f"{adresse}/?epci={EPCI}&indicateur=hors_qpv_q1&{vue}")
    assert shown(page)
    page.get_by_role("button", name="Lancer la requête").click(timeout=60_000)
    page.get_by_role("region", name="Réponse").wait_for(timeout=60_000)
    page.evaluate(f"{axe};0")
    found = page.evaluate("levels => axe.run(document, {runOnly: levels})", LEVELS)
    assert len(found["passes"]) > 15
    assert [
        (rule["id"], [node["html"][:120] for node in rule["nodes"]]) for rule in found["violations"]
    ] == []


def test_what_is_read_aloud_is_french_named_and_in_order(page: "Page", adresse: str) -> None:
    page.goto(f"{adresse}/?epci={EPCI}&indicateur=hors_qpv_q1&axe=bailleur")
    assert shown(page)
    assert page.evaluate("document.documentElement.lang") == "fr"
    for label in ("Territoire", "Par", "Découpage", "Périodes", "Classement de la période"):
        assert page.get_by_label(label, exact=True).count() == 1, label
    assert page.get_by_label("Requête SQL (lecture seule)").count() == 1
    table = page.get_by_role("region").first.get_by_role("table")
    assert table.get_by_role("columnheader").all_inner_texts()[:3] == ["Période", "Lieu ou acteur", "Valeur"]
    assert page.get_by_role("heading").all_inner_texts()[0] == "Explorer les chiffres"


def test_everything_is_done_from_the_keyboard(page: "Page", adresse: str) -> None:
    page.goto(f"{adresse}/?epci={EPCI}&indicateur=hors_qpv_q1&axe=bailleur")
    assert shown(page)
    reached = []
    for _ in range(25):
        page.keyboard.press("Tab")
        reached.append(page.evaluate(FOCUSED))
        if reached[-1] == "Évolution":
            page.keyboard.press("ArrowRight")
            page.wait_for_function(f"({FOCUSED})() === 'Classement'")
        if reached[-1] == "Lancer la requête":
            page.keyboard.press("Enter")
            break
    page.get_by_role("region", name="Réponse").wait_for(timeout=60_000)
    assert [name for name in ("CSV", "Classeur", "Classement (PNG)") if name not in reached] == []


def test_drawings_target_map_and_what_a_figure_is_are_there(page: "Page", adresse: str) -> None:
    page.goto(f"{adresse}/?epci={EPCI}&indicateur=hors_qpv_q1&axe=commune")
    assert shown(page)
    assert page.get_by_role("tab").all_inner_texts() == ["Évolution", "Classement", "Carte"]
    page.get_by_role("tab", name="Carte").click()
    page.get_by_role("tabpanel", name="Carte").locator("canvas, svg").first.wait_for(timeout=60_000)
    for said in ("Définition", "Numérateur", "Sources", "Inconnus"):
        assert page.get_by_text(said).count(), said
    page.goto(f"{adresse}/?epci={EPCI}&indicateur=hors_qpv_q1&axe=epci")
    assert shown(page)
    officiels = page.get_by_role("region", name="Chiffres officiels et figures de l'entrepôt")
    officiels.wait_for(timeout=60_000)
    assert officiels.get_by_role("cell", name="Il manque un <fichier>").count()


def test_a_picture_is_made_here(page: "Page", adresse: str) -> None:
    page.goto(f"{adresse}/?epci={EPCI}&indicateur=hors_qpv_q1&axe=bailleur")
    assert shown(page)
    for link in ("Évolution (PNG)", "Classement (PNG)"):
        with page.expect_download(timeout=60_000) as found:
            page.get_by_text(link, exact=True).click()
        assert Path(found.value.path()).read_bytes().startswith(b"\x89PNG")
    with page.expect_download(timeout=60_000) as found:
        page.get_by_text("Classeur", exact=True).click()
    assert zipfile.is_zipfile(found.value.path())


def test_a_browser_keeps_the_scripts(adresse: str) -> None:
    text = requests.get(adresse, timeout=30).text
    assert "no-cache" in requests.get(adresse, timeout=30).headers["cache-control"]
    script = re.findall(r"assets/[\w.-]+\.js", text)[0]
    assert "immutable" in requests.get(f"{adresse}/{script}", timeout=30).headers["cache-control"]
    assert "immutable" not in requests.get(f"{adresse}/assets/absent.js", timeout=30).headers.get(
        "cache-control", ""
    )


def test_what_is_typed_reads_this_file_and_nothing_else(page: "Page", adresse: str) -> None:
    page.goto(f"{adresse}/?epci={EPCI}&sql=select+count(*)+as+combien+from+read_csv('/etc/passwd')")
    assert shown(page)
    page.get_by_role("button", name="Lancer la requête").click(timeout=60_000)
    page.get_by_text("la page lit ce fichier et rien d'autre").first.wait_for(timeout=60_000)
    page.goto(f"{adresse}/?epci={EPCI}&sql=use+memory")
    assert shown(page)
    page.get_by_role("button", name="Lancer la requête").click(timeout=60_000)
    page.get_by_text("une seule instruction").first.wait_for(timeout=60_000)
    # The page still reads its figures after it.
    page.get_by_label("Par", exact=True).select_option(label="Bailleur")
    page.wait_for_url("**axe=bailleur**", timeout=60_000)
    page.locator("table tbody tr").nth(1).wait_for(timeout=60_000)
    page.goto(f"{adresse}/?epci={EPCI}&sql=select+40%2B2+as+combien")
    assert shown(page)
    page.get_by_role("button", name="Lancer la requête").click(timeout=60_000)
    page.get_by_role("cell", name="42", exact=True).wait_for(timeout=60_000)


def test_files_are_taken_away(page: "Page", adresse: str) -> None:
    page.goto(f"{adresse}/?epci={EPCI}&indicateur=hors_qpv_q1&axe=bailleur")
    rows = shown(page)
    with page.expect_download(timeout=60_000) as found:
        page.get_by_text("CSV", exact=True).click()
    text = Path(found.value.path()).read_text(encoding="utf-8-sig")
    assert text.splitlines()[0].startswith("Période;Lieu ou acteur;")
    assert len(text.splitlines()) == len(rows) + 1


def test_the_page_answers_to_its_own_name_only(adresse: str) -> None:
    assert requests.get(adresse, timeout=30).status_code == 200
    other = requests.get(adresse, headers={"Host": "ailleurs.example"}, timeout=30)
    assert other.status_code == 421
    cross = requests.post(
        f"{adresse}/api/kernel/run", headers={"Origin": "http://ailleurs.example"}, json={}, timeout=30
    )
    assert cross.status_code == 403


def test_a_file_that_is_gone_is_a_sentence_for_new_pages_only(
    page: "Page", adresse: str, edition: Path
) -> None:
    page.goto(f"{adresse}/?epci={EPCI}&indicateur=hors_qpv_q1&axe=epci")
    assert shown(page)
    away = edition.rename(edition.with_suffix(".ailleurs"))
    try:
        page.get_by_label("Par", exact=True).select_option(label="Bailleur")
        page.wait_for_url("**axe=bailleur**", timeout=60_000)
        page.locator("table tbody tr").nth(1).wait_for(timeout=60_000)
        page.goto("about:blank")
        page.goto(adresse)
        page.get_by_text("ne s'ouvre pas").first.wait_for(timeout=60_000)
        assert page.get_by_text("internal error").count() == 0
    finally:
        away.rename(edition)


def test_a_port_that_is_taken_is_a_sentence(adresse: str, edition: Path) -> None:
    port = str(urlsplit(adresse).port)
    done = subprocess.run(
        [COMMAND, "explorer", "--entrepot", str(edition), "--port", port],
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
        env={**os.environ, "NO_COLOR": "1", "COLUMNS": "300"},
    )
    assert done.returncode == 1
    assert f"Le port {port}" in done.stderr
    assert "--port 0" in done.stderr


def test_the_longest_query_is_in_an_address_that_reopens(page: "Page", adresse: str) -> None:
    page.goto(f"{adresse}/?epci={EPCI}")
    assert shown(page)
    box = page.get_by_label("Requête SQL (lecture seule)")
    longest = int(box.get_attribute("maxlength") or 0)
    assert longest > 5000
    query = "select 42 as n --" + "é" * longest
    box.fill(query[:longest])
    page.get_by_role("heading", name="Explorer les chiffres").click()
    page.wait_for_url("**sql=**", timeout=60_000)
    reopened = page.url
    page.goto("about:blank")
    page.goto(reopened)
    assert shown(page)
    assert page.get_by_label("Requête SQL (lecture seule)").input_value() == query[:longest]
