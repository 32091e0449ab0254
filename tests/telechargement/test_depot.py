"""What lands in the landing folder, what is left alone, what is recorded; an interruption anywhere costs nothing."""

import json
import os
import signal
import subprocess
import sys
import textwrap
import time
from pathlib import Path
from typing import Any

import pytest

from pipelines.errors import ObservatoireError
from pipelines.ingestion import landing_files, stray_entries
from pipelines.sensors import evaluate
from pipelines.telechargement import Reglages, fetch, states
from pipelines.telechargement import depot as module

from .conftest import TABLE, VITE, Produire, archive
from .serveur import Serveur, cut_after, resumable, status, whole

PLACE = "filosofi/2021/essai_COM.csv"
RECORD = "telechargements.lock.json"
MEMBRES = [
    {"motif": "cc_*_COM.csv", "destination": "filosofi/2021/com.csv"},
    {"motif": "cc_*_EPCI.csv", "destination": "filosofi/2021/epci.csv", "facultatif": True},
]


def record(donnees: Path) -> list[dict[str, Any]]:
    entrees: list[dict[str, Any]] = json.loads((donnees / RECORD).read_text("utf-8"))["telechargements"]
    return entrees


def test_the_record_says_where_it_comes_from(serveur: Serveur, donnees: Path, produire: Produire) -> None:
    serveur.plan("/f", resumable(TABLE))
    fetch(donnees, [produire()], VITE)
    (entree,) = record(donnees)
    assert {
        k: entree[k] for k in ("produit", "millesime", "url", "taille", "licence", "producteur", "citation")
    } == {
        "produit": "essai",
        "millesime": 2021,
        "url": serveur.url("/f"),
        "taille": len(TABLE),
        "licence": "Licence Ouverte 2.0",
        "producteur": "Insee",
        "citation": "Insee, essai",
    }
    assert entree["recupere_le"].endswith("Z")
    assert len(entree["sha256"]) == 64
    assert entree["fichiers"] == [{"fichier": PLACE, "taille": len(TABLE), "sha256": entree["sha256"]}]


def test_the_record_is_in_order_whatever_the_order_of_downloads(
    serveur: Serveur, donnees: Path, produire: Produire
) -> None:
    serveur.plan("/f", whole(TABLE))
    produits = [
        produire(produit=nom, millesime=annee, destination=f"filosofi/{annee}/{nom}.csv")
        for nom, annee in (("z", 2021), ("a", 2023), ("a", 2021))
    ]
    for produit in produits:
        fetch(donnees, [produit], VITE)
    assert [(e["produit"], e["millesime"]) for e in record(donnees)] == [
        ("a", 2021),
        ("a", 2023),
        ("z", 2021),
    ]


def test_what_is_there_is_not_downloaded_again(serveur: Serveur, donnees: Path, produire: Produire) -> None:
    serveur.plan("/f", whole(TABLE))
    fetch(donnees, [produire()], VITE)
    avant = (donnees / RECORD).read_bytes()
    (resultat,) = fetch(donnees, [produire()], VITE)
    assert resultat.etat == "present"
    assert len(serveur.recues) == 1
    assert (donnees / RECORD).read_bytes() == avant


def test_what_was_removed_comes_back(serveur: Serveur, donnees: Path, produire: Produire) -> None:
    serveur.plan("/f", whole(TABLE))
    fetch(donnees, [produire()], VITE)
    (donnees / PLACE).unlink()
    assert fetch(donnees, [produire()], VITE)[0].etat == "telecharge"
    assert (donnees / PLACE).read_bytes() == TABLE


def test_a_new_address_replaces_what_was_downloaded(
    serveur: Serveur, donnees: Path, produire: Produire
) -> None:
    serveur.plan("/f", whole(TABLE))
    serveur.plan("/g", whole(TABLE + b"99999;1\n"))
    fetch(donnees, [produire()], VITE)
    assert fetch(donnees, [produire("/g")], VITE)[0].etat == "telecharge"
    assert (donnees / PLACE).read_bytes() == TABLE + b"99999;1\n"
    assert "remplace" not in (donnees / RECORD).read_text("utf-8")


@pytest.mark.parametrize("recorded", [False, True])
def test_a_file_of_the_user_is_never_touched(
    recorded: bool, serveur: Serveur, donnees: Path, produire: Produire
) -> None:
    serveur.plan("/f", whole(TABLE))
    if recorded:
        fetch(donnees, [produire()], VITE)
    (donnees / PLACE).parent.mkdir(parents=True, exist_ok=True)
    (donnees / PLACE).write_bytes(b"mon travail;a moi\n")
    (resultat,) = fetch(donnees, [produire()], VITE)
    assert resultat.etat == "echec"
    assert (
        "a été modifié depuis" if recorded else "n'a pas été téléchargé par cette commande"
    ) in resultat.message
    assert "déplacez-le ou supprimez-le" in resultat.message
    assert (donnees / PLACE).read_bytes() == b"mon travail;a moi\n"
    assert len(serveur.recues) == int(recorded)


def test_a_file_dropped_by_hand_that_is_the_right_one_is_enough(
    serveur: Serveur, donnees: Path, produire: Produire
) -> None:
    import hashlib

    (donnees / PLACE).parent.mkdir(parents=True)
    (donnees / PLACE).write_bytes(TABLE)
    (resultat,) = fetch(donnees, [produire(sha256=hashlib.sha256(TABLE).hexdigest())], VITE)
    assert resultat.etat == "present"
    assert serveur.recues == []


def test_a_failure_does_not_stop_the_others(serveur: Serveur, donnees: Path, produire: Produire) -> None:
    serveur.plan("/f", whole(TABLE))
    serveur.plan("/g", status(404))
    produits = [produire("/g", produit="a", destination="filosofi/2021/a.csv"), produire(produit="b")]
    assert [r.etat for r in fetch(donnees, produits, VITE)] == ["echec", "telecharge"]
    assert [e["produit"] for e in record(donnees)] == ["b"]


def test_a_link_out_of_the_folder_is_refused(
    serveur: Serveur, donnees: Path, produire: Produire, tmp_path: Path
) -> None:
    ailleurs = tmp_path / "ailleurs"
    ailleurs.mkdir()
    donnees.mkdir()
    (donnees / "filosofi").symlink_to(ailleurs)
    serveur.plan("/f", whole(TABLE))
    (resultat,) = fetch(donnees, [produire()], VITE)
    assert "hors du dossier de dépôt" in resultat.message
    assert list(ailleurs.iterdir()) == []


# Archives


def test_wanted_members_are_taken_out(serveur: Serveur, donnees: Path, produire: Produire) -> None:
    contenu = {"dossier/CC_2021_com.CSV": TABLE, "meta_cc_2021_COM.csv": b"a;b\n1;2\n"}
    serveur.plan("/f", whole(archive(contenu), type_contenu="application/zip"))
    (resultat,) = fetch(donnees, [produire(membres=MEMBRES)], VITE)
    assert (resultat.etat, resultat.fichiers) == ("telecharge", ("filosofi/2021/com.csv",))
    assert (donnees / "filosofi/2021/com.csv").read_bytes() == TABLE
    assert [f["fichier"] for f in record(donnees)[0]["fichiers"]] == ["filosofi/2021/com.csv"]
    # The optional member that the archive lacks does not make it come again.
    assert fetch(donnees, [produire(membres=MEMBRES)], VITE)[0].etat == "present"


@pytest.mark.parametrize(
    ("contenu", "said"),
    [
        ({"autre.csv": TABLE}, "aucun fichier « cc_*_COM.csv » (elle contient : autre.csv)"),
        ({"a/cc_1_COM.csv": TABLE, "b/cc_2_COM.csv": TABLE}, "plusieurs fichiers « cc_*_COM.csv »"),
        ({"cc_2021_COM.csv": b"<html><body>erreur</body></html>" * 20}, "page HTML"),
        ({"../cc_2021_COM.csv": TABLE}, "nom de fichier interdit"),
        ({"cc_2021_COM.csv": b"0" * (80 << 20)}, "anormalement volumineuse"),
    ],
)
def test_an_archive_that_is_not_the_expected_one(
    contenu: dict[str, bytes], said: str, serveur: Serveur, donnees: Path, produire: Produire
) -> None:
    serveur.plan("/f", whole(archive(contenu), type_contenu="application/zip"))
    (resultat,) = fetch(donnees, [produire(membres=MEMBRES)], VITE)
    assert resultat.etat == "echec"
    assert said in resultat.message
    assert list(donnees.rglob("*.csv")) == []


def test_a_damaged_member_is_seen(serveur: Serveur, donnees: Path, produire: Produire) -> None:
    corps = bytearray(archive({"cc_2021_COM.csv": TABLE}))
    corps[200:210] = bytes(10)
    serveur.plan("/f", whole(bytes(corps), type_contenu="application/zip"))
    (resultat,) = fetch(donnees, [produire(membres=MEMBRES)], VITE)
    assert resultat.etat == "echec"
    assert "archive" in resultat.message


@pytest.mark.parametrize(
    "contenus",
    [
        (
            "geo.geojson",
            b'{"type": "FeatureCollection", "features": [' + b" " * 200 + b"]}",
            b'{"features": [' + b" " * 200,
        ),
        ("t.parquet", b"PAR1" + bytes(200) + b"PAR1", b"PAR1" + bytes(200)),
        ("t.csv.gz", b"\x1f\x8b" + bytes(200), bytes(range(1, 200))),
    ],
)
def test_each_format_has_its_guard(
    contenus: tuple[str, bytes, bytes], serveur: Serveur, donnees: Path, produire: Produire
) -> None:
    nom, bon, mauvais = contenus
    serveur.plan("/f", whole(mauvais, "application/octet-stream"), whole(bon, "application/octet-stream"))
    produit = produire(destination=f"filosofi/2021/{nom}")
    assert fetch(donnees, [produit], VITE)[0].etat == "echec"
    assert fetch(donnees, [produit], VITE)[0].etat == "telecharge"


# Interruptions


def test_a_stop_between_the_record_and_the_rename(
    serveur: Serveur, donnees: Path, produire: Produire, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The old file is still there, the record already speaks of the new one: neither is taken for the user's."""
    serveur.plan("/f", whole(TABLE))
    serveur.plan("/g", whole(TABLE + b"99999;1\n"))
    fetch(donnees, [produire()], VITE)
    with monkeypatch.context() as m:
        m.setattr(module, "flush_folder", lambda _: None)
        m.setattr(Path, "replace", _killed_on(PLACE))
        with pytest.raises(KeyboardInterrupt):
            fetch(donnees, [produire("/g")], VITE)
    assert (donnees / PLACE).read_bytes() == TABLE
    assert fetch(donnees, [produire("/g")], VITE)[0].etat == "telecharge"
    assert (donnees / PLACE).read_bytes() == TABLE + b"99999;1\n"
    assert "remplace" not in (donnees / RECORD).read_text("utf-8")


def _killed_on(place: str) -> Any:
    vrai = Path.replace

    def replace(self: Path, cible: Path) -> Path:
        if Path(cible).as_posix().endswith(place):
            raise KeyboardInterrupt
        return vrai(self, cible)

    return replace


CHILD = """
    import sys
    import signal
    from pathlib import Path
    from pipelines.telechargement import Produit, Reglages, fetch
    # What is started in the background is deaf to the keyboard, and so are its children.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    produit = Produit.model_validate_json(sys.argv[2])
    fetch(Path(sys.argv[1]), [produit], Reglages(essais=1, delai_s=30))
"""


@pytest.mark.parametrize("coup", [signal.SIGKILL, signal.SIGINT])
def test_killed_in_the_middle_then_resumed(
    coup: signal.Signals, serveur: Serveur, donnees: Path, produire: Produire
) -> None:
    def half_then_wait(r: Any) -> None:
        r.send(200, TABLE[:20_000], {"Content-Type": "text/csv", "ETag": '"v1"'}, longueur=len(TABLE))
        time.sleep(30)

    serveur.plan("/f", half_then_wait)
    produit = produire()
    partiel = donnees / ".telechargements" / "essai-2021.part"
    enfant = subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(CHILD), str(donnees), produit.model_dump_json()],
        stderr=subprocess.DEVNULL,
    )
    try:
        fin = time.monotonic() + 60
        while not (serveur.recues and partiel.exists()):
            assert enfant.poll() is None
            assert time.monotonic() < fin
            time.sleep(0.02)
        with pytest.raises(ObservatoireError, match="Un autre téléchargement est en cours"):
            fetch(donnees, [produit], VITE)
    finally:
        enfant.send_signal(coup)
        enfant.wait(timeout=60)
    assert not (donnees / PLACE).exists()
    assert not (donnees / RECORD).exists()
    serveur.plan("/f", resumable(TABLE))
    assert fetch(donnees, [produit], VITE)[0].etat == "telecharge"
    assert (donnees / PLACE).read_bytes() == TABLE


# What else looks at the landing folder


def test_readers_and_sensor_do_not_see_the_record_nor_the_partial_files(
    serveur: Serveur, donnees: Path, produire: Produire
) -> None:
    serveur.plan("/f", whole(TABLE))
    serveur.plan("/g", cut_after(1_000, TABLE))
    (donnees / "filosofi" / "2021").mkdir(parents=True)
    (donnees / "filosofi" / "2021" / "mien_COM.csv").write_bytes(TABLE)
    cursor, _ = evaluate(donnees, None)
    cursor, asked = evaluate(donnees, cursor)
    assert asked
    autre = produire("/g", produit="coupe", destination="filosofi/2021/coupe.csv")
    fetch(donnees, [autre], Reglages(essais=1))
    (donnees / "telechargements.yml").write_text("# rien\n", encoding="utf-8")
    assert (donnees / ".telechargements" / "coupe-2021.part").is_file()
    assert not any(evaluate(donnees, cursor)[1] for _ in range(2))
    fetch(donnees, [produire()], VITE)
    assert (donnees / RECORD).is_file()
    assert stray_entries(donnees) == []
    assert [f.relatif for f in landing_files("filosofi", donnees)] == [PLACE, "filosofi/2021/mien_COM.csv"]
    cursor, _ = evaluate(donnees, cursor)
    assert evaluate(donnees, cursor)[1]


def test_a_damaged_record_is_a_sentence(donnees: Path, produire: Produire) -> None:
    donnees.mkdir()
    for contenu in ("{", "[]", '{"telechargements": [{"produit": "x"}]}'):
        (donnees / RECORD).write_text(contenu, encoding="utf-8")
        with pytest.raises(ObservatoireError, match="illisible"):
            fetch(donnees, [produire()], VITE)


@pytest.mark.skipif(os.geteuid() == 0, reason="root writes everywhere")
def test_a_folder_that_cannot_be_written_is_a_sentence(donnees: Path, produire: Produire) -> None:
    donnees.mkdir(mode=0o500)
    with pytest.raises(ObservatoireError, match="ne peut pas être écrit"):
        fetch(donnees, [produire()], VITE)


def test_a_file_in_the_way_of_a_folder_is_a_sentence(
    serveur: Serveur, donnees: Path, produire: Produire
) -> None:
    serveur.plan("/f", whole(TABLE))
    donnees.mkdir()
    (donnees / "filosofi").write_text("pas un dossier", encoding="utf-8")
    (resultat,) = fetch(donnees, [produire()], VITE)
    assert resultat.etat == "echec"
    assert "Vérifiez le dossier de dépôt" in resultat.message


def test_states_download_nothing(serveur: Serveur, donnees: Path, produire: Produire) -> None:
    serveur.plan("/f", whole(TABLE))
    demande = produire(
        acces="demande", contact="la DREAL", url=None, produit="loi", destination="rpls/<année>/x"
    )
    assert [r.etat for r in states(donnees, [produire(), demande])] == ["absent", "sur_demande"]
    assert serveur.recues == []
    assert not donnees.exists()
    fetch(donnees, [produire()], VITE)
    assert [r.etat for r in states(donnees, [produire()])] == ["present"]
