"""A server on a bad day: what is retried, what is refused and in which words, what is resumed and what is not."""

import socket
import time
from pathlib import Path
from typing import Any

import pytest

from pipelines.telechargement import Reglages, Resultat, fetch
from pipelines.telechargement.transfert import is_internal

from .conftest import TABLE, VITE, Produire, archive
from .serveur import (
    Comportement,
    Requete,
    Serveur,
    cut_after,
    drip,
    html,
    redirect,
    resumable,
    served,
    silent,
    status,
    whole,
)

PLACE = "filosofi/2021/essai_COM.csv"
MOITIE = len(TABLE) // 2


def get(donnees: Path, produit: Any, reglages: Reglages = VITE) -> Resultat:
    (resultat,) = fetch(donnees, [produit], reglages)
    return resultat


def partials(donnees: Path) -> list[str]:
    return sorted(p.name for p in (donnees / ".telechargements").glob("*.part"))


def assert_refused(resultat: Resultat, donnees: Path, said: str) -> None:
    assert resultat.etat == "echec", resultat
    assert said in resultat.message
    assert PLACE in resultat.message
    assert resultat.message.endswith(".")
    assert not (donnees / PLACE).exists()


def test_a_file_arrives_whole(serveur: Serveur, donnees: Path, produire: Produire) -> None:
    serveur.plan("/f", whole(TABLE))
    resultat = get(donnees, produire())
    assert (resultat.etat, resultat.fichiers, resultat.octets) == ("telecharge", (PLACE,), len(TABLE))
    assert (donnees / PLACE).read_bytes() == TABLE
    assert partials(donnees) == []
    assert serveur.recues[0][1]["Accept-Encoding"] == "identity"


@pytest.mark.parametrize("code", [500, 502, 503, 504, 429, 408])
def test_a_passing_error_is_tried_again(
    code: int, serveur: Serveur, donnees: Path, produire: Produire
) -> None:
    serveur.plan("/f", status(code), status(code), whole(TABLE))
    assert get(donnees, produire()).etat == "telecharge"
    assert len(serveur.recues) == 3


def test_tries_are_bounded(serveur: Serveur, donnees: Path, produire: Produire) -> None:
    serveur.plan("/f", status(503))
    assert_refused(get(donnees, produire()), donnees, "répond 503 (3 essais)")
    assert len(serveur.recues) == 3


def test_waits_double_and_a_server_may_set_them(
    serveur: Serveur, donnees: Path, produire: Produire, monkeypatch: pytest.MonkeyPatch
) -> None:
    attentes: list[float] = []
    monkeypatch.setattr("pipelines.telechargement.transfert.time.sleep", attentes.append)
    serveur.plan(
        "/f", status(500), status(500), status(503, Retry_After="7"), status(503, Retry_After="9999")
    )
    get(donnees, produire(), Reglages(essais=5, attente_s=1, attente_max_s=20))
    assert attentes == [1, 2, 7, 20]


@pytest.mark.parametrize(
    ("comportement", "said"),
    [
        (status(404), "n'existe pas ou plus (code 404)"),
        (status(410), "n'existe pas ou plus"),
        (status(403), "refuse l'accès (code 403)"),
        (status(418), "répond 418"),
        (html(), "sans doute une page d'erreur"),
        (html(type_contenu="text/csv"), "page HTML"),
        (html(type_contenu="application/octet-stream"), "page HTML"),
        (whole(b'{"erreur": "parametre inconnu", "code": 400, "detail": "..."}' * 5), "réponse en JSON"),
        (whole(b"version https://git-lfs.github.com/spec/v1\noid sha256:4d7a\n" * 4), "Git-LFS"),
        (whole(b"\x00\x01;\x02" * 100), "pas du texte"),
        (whole(b"une phrase, sans tableau\n".replace(b",", b"") * 20), "pas un tableau"),
        (whole(b""), "annonce 0 octets"),
        (whole(b"a;b\n1;2\n"), "moins que le minimum vraisemblable"),
        (whole(TABLE, type_contenu="image/png"), "« image/png » au lieu de text/csv"),
    ],
)
def test_what_trying_again_would_not_change_is_refused_at_once(
    comportement: Comportement, said: str, serveur: Serveur, donnees: Path, produire: Produire
) -> None:
    serveur.plan("/f", comportement)
    assert_refused(get(donnees, produire()), donnees, said)
    assert len(serveur.recues) == 1
    assert partials(donnees) == []


def test_a_type_with_parameters_or_none_is_accepted(
    serveur: Serveur, donnees: Path, produire: Produire
) -> None:
    serveur.plan("/f", whole(TABLE, type_contenu="Text/CSV; charset=UTF-8"))
    assert get(donnees, produire()).etat == "telecharge"
    serveur.plan("/g", whole(TABLE, type_contenu=""))
    autre = produire("/g", produit="autre", destination="filosofi/2021/autre_COM.csv")
    assert get(donnees, autre).etat == "telecharge"


def test_too_large_is_refused_before_and_during(serveur: Serveur, donnees: Path, produire: Produire) -> None:
    serveur.plan("/f", whole(TABLE))
    assert_refused(get(donnees, produire(octets_max=1_000)), donnees, "le maximum vraisemblable")

    def endless(r: Requete) -> None:
        r.send_response(200)
        r.send_header("Content-Type", "text/csv")
        r.send_header("Connection", "close")
        r.end_headers()
        for _ in range(10_000):
            r.wfile.write(TABLE)

    serveur.plan("/f", endless)
    assert_refused(get(donnees, produire(octets_max=200_000)), donnees, "plus de 200,0 ko")


def test_a_full_disk_is_foreseen(
    serveur: Serveur, donnees: Path, produire: Produire, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Usage:
        free = 1_000

    monkeypatch.setattr("pipelines.telechargement.transfert.shutil.disk_usage", lambda _: Usage)
    serveur.plan("/f", whole(TABLE))
    assert_refused(get(donnees, produire()), donnees, "le disque n'a que 1,0 ko de libre")


def test_a_wrong_checksum_is_refused(serveur: Serveur, donnees: Path, produire: Produire) -> None:
    serveur.plan("/f", whole(TABLE))
    assert_refused(get(donnees, produire(sha256="0" * 64)), donnees, "pas celle du registre")
    assert partials(donnees) == []


# Redirections


def test_redirections_are_followed_and_recorded(serveur: Serveur, donnees: Path, produire: Produire) -> None:
    serveur.plan("/a", redirect("/b", 301))
    serveur.plan("/b", redirect(serveur.url("/f"), 307))
    serveur.plan("/f", whole(TABLE))
    assert get(donnees, produire("/a")).etat == "telecharge"
    assert serveur.url("/f") in (donnees / "telechargements.lock.json").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("vers", "said"),
    [
        ("/f", "redirige en boucle"),
        ("file:///etc/passwd", "ni http ni https"),
        ("ftp://exemple.invalid/f", "ni http ni https"),
        ("", "sans dire vers où"),
    ],
)
def test_a_bad_redirection_is_refused(
    vers: str, said: str, serveur: Serveur, donnees: Path, produire: Produire
) -> None:
    serveur.plan("/f", redirect(vers))
    assert_refused(get(donnees, produire()), donnees, said)
    assert len(serveur.recues) == 1


@pytest.mark.parametrize(
    "hote", ["127.0.0.1", "localhost", "[::1]", "10.0.0.1", "169.254.169.254", "0x7f000001"]
)
def test_no_server_sends_to_this_machine_or_its_network(
    hote: str, serveur: Serveur, donnees: Path, produire: Produire
) -> None:
    """What answers there may be anything: a database, the identity of a machine in a cloud."""
    serveur.plan("/f", redirect(f"http://{hote}:1/x"))
    assert_refused(get(donnees, produire()), donnees, "adresse interne")
    assert len(serveur.recues) == 1


def test_the_registry_may_name_an_internal_network(
    donnees: Path, serveur: Serveur, produire: Produire
) -> None:
    with served() as autre:
        serveur.plan("/f", redirect(autre.plan("/copie", whole(TABLE))))
        assert_refused(get(donnees, produire()), donnees, "adresse interne")
        assert autre.recues == []
        assert get(donnees, produire(reseau_interne=True)).etat == "telecharge"


@pytest.mark.parametrize(
    "adresse",
    [
        *(
            "0.0.0.0",  # noqa: S104
            "100.64.0.1",
            "192.168.1.1",
            "224.0.0.1",
            "::",
            "fe80::1",
            "fc00::1",
            "fec0::1",
            "ff02::1",
        ),
        # An address of the older protocol inside one of the newer: mapped, 6to4, by a gateway, as once meant.
        *("::ffff:127.0.0.1", "::ffff:10.0.0.1", "2002:7f00:1::", "64:ff9b::a9fe:a9fe", "::127.0.0.1"),
        *("2130706433", "127.1"),
    ],
)
def test_every_form_of_an_internal_address_is_one(adresse: str) -> None:
    assert is_internal(adresse)


@pytest.mark.parametrize(
    "adresse", ["8.8.8.8", "2001:4860:4860::8888", "64:ff9b::808:808", "2002:808:808::", "::ffff:8.8.8.8"]
)
def test_public_addresses_are_not_internal(adresse: str) -> None:
    assert not is_internal(adresse)


def test_a_name_that_is_unknown_here_is_looked_for_by_the_proxy() -> None:
    assert not is_internal("nom-inconnu.invalid")


def test_headers_that_drip_are_a_silence(serveur: Serveur, donnees: Path, produire: Produire) -> None:
    """Each byte in time, and the whole of them never."""

    def dripping(requete: Requete) -> None:
        requete.wfile.write(b"HTTP/1.1 200 OK\r\nX: ")
        for _ in range(100):
            requete.wfile.write(b"x")
            requete.wfile.flush()
            time.sleep(0.1)

    serveur.plan("/f", dripping)
    debut = time.monotonic()
    patience = Reglages(essais=1, delai_s=0.5, attente_s=0)
    assert_refused(get(donnees, produire(), patience), donnees, "dans le délai")
    assert time.monotonic() - debut < 5


def test_endless_redirections_are_refused(serveur: Serveur, donnees: Path, produire: Produire) -> None:
    for i in range(30):
        serveur.plan(f"/{i}", redirect(f"/{i + 1}"))
    assert_refused(get(donnees, produire("/0")), donnees, "plus de 8 redirections")


def test_https_never_becomes_http() -> None:
    from pipelines.telechargement.refus import Refus
    from pipelines.telechargement.transfert import _check_redirection

    _check_redirection("http://a.invalid/x", "https://a.invalid/x")
    _check_redirection("https://a.invalid/x", "https://b.invalid/y")
    with pytest.raises(Refus, match="https vers http"):
        _check_redirection("https://a.invalid/x", "http://a.invalid/x")


# Cuts, silences, resumption


def test_a_cut_file_is_continued_where_it_stopped(
    serveur: Serveur, donnees: Path, produire: Produire
) -> None:
    serveur.plan("/f", cut_after(MOITIE, TABLE), resumable(TABLE))
    resultat = get(donnees, produire())
    assert resultat.message.endswith("(repris).")
    assert (donnees / PLACE).read_bytes() == TABLE
    assert serveur.ranges() == [None, f"bytes={MOITIE}-"]
    assert serveur.recues[1][1]["If-Range"] == '"v1"'


def test_another_command_continues_it_too(serveur: Serveur, donnees: Path, produire: Produire) -> None:
    serveur.plan("/f", cut_after(MOITIE, TABLE))
    assert_refused(get(donnees, produire(), Reglages(essais=1)), donnees, "coupé")
    assert partials(donnees) == ["essai-2021.part"]
    serveur.plan("/f", resumable(TABLE))
    assert get(donnees, produire(), Reglages(essais=1)).etat == "telecharge"
    assert (donnees / PLACE).read_bytes() == TABLE
    assert serveur.ranges() == [None, f"bytes={MOITIE}-"]
    assert partials(donnees) == []


def test_without_proof_of_version_it_starts_again(
    serveur: Serveur, donnees: Path, produire: Produire
) -> None:
    serveur.plan("/f", cut_after(MOITIE, TABLE, etag=None), whole(TABLE))
    assert get(donnees, produire()).etat == "telecharge"
    assert (donnees / PLACE).read_bytes() == TABLE
    assert serveur.ranges() == [None, None]


def test_a_weak_etag_proves_nothing(serveur: Serveur, donnees: Path, produire: Produire) -> None:
    serveur.plan("/f", cut_after(MOITIE, TABLE, etag='W/"v1"'), whole(TABLE))
    assert get(donnees, produire()).etat == "telecharge"
    assert serveur.ranges() == [None, None]


def test_a_server_that_ignores_ranges_gives_the_file_once(
    serveur: Serveur, donnees: Path, produire: Produire
) -> None:
    serveur.plan("/f", cut_after(MOITIE, TABLE), whole(TABLE, ETag='"v1"'))
    assert get(donnees, produire()).etat == "telecharge"
    assert (donnees / PLACE).read_bytes() == TABLE


def test_versions_are_never_mixed(serveur: Serveur, donnees: Path, produire: Produire) -> None:
    nouvelle = TABLE.replace(b";2", b";3")
    serveur.plan("/f", cut_after(MOITIE, TABLE), resumable(nouvelle, etag='"v2"'))
    assert get(donnees, produire()).etat == "telecharge"
    assert (donnees / PLACE).read_bytes() == nouvelle


def rude(corps: bytes, **entetes: str) -> Comportement:
    """Answers the range whatever the version asked for."""

    def answer(r: Requete) -> None:
        debut = r.asked_from() or 0
        plage = f"bytes {debut}-{len(corps) - 1}/{len(corps)}"
        propres = {"Content-Type": "text/csv", "Content-Range": plage, **entetes}
        r.send(206 if debut else 200, corps[debut:], propres)

    return answer


def test_a_server_that_ignores_if_range_is_caught_by_its_etag(
    serveur: Serveur, donnees: Path, produire: Produire
) -> None:
    nouvelle = TABLE.replace(b";2", b";3")
    serveur.plan("/f", cut_after(MOITIE, TABLE), rude(nouvelle, ETag='"v2"'))
    assert get(donnees, produire()).etat == "telecharge"
    assert (donnees / PLACE).read_bytes() == nouvelle
    assert serveur.ranges() == [None, f"bytes={MOITIE}-", None]


def test_a_server_that_ignores_if_range_is_caught_by_its_length(
    serveur: Serveur, donnees: Path, produire: Produire
) -> None:
    nouvelle = TABLE + b"99999;1\n"
    serveur.plan("/f", cut_after(MOITIE, TABLE), rude(nouvelle))
    assert get(donnees, produire()).etat == "telecharge"
    assert (donnees / PLACE).read_bytes() == nouvelle


def test_a_range_from_elsewhere_is_not_appended(serveur: Serveur, donnees: Path, produire: Produire) -> None:
    def elsewhere(r: Requete) -> None:
        plage = f"bytes 10-{len(TABLE) - 1}/{len(TABLE)}"
        r.send(206, TABLE[10:], {"Content-Type": "text/csv", "ETag": '"v1"', "Content-Range": plage})

    serveur.plan("/f", cut_after(MOITIE, TABLE), elsewhere, whole(TABLE))
    assert get(donnees, produire()).etat == "telecharge"
    assert (donnees / PLACE).read_bytes() == TABLE


def test_complete_but_not_yet_in_place(serveur: Serveur, donnees: Path, produire: Produire) -> None:
    """Killed between the last byte and the rename: the server has nothing more to give."""
    serveur.plan("/f", cut_after(len(TABLE) - 1, TABLE))
    get(donnees, produire(), Reglages(essais=1))
    with (donnees / ".telechargements" / "essai-2021.part").open("ab") as flux:
        flux.write(TABLE[-1:])
    serveur.plan("/f", resumable(TABLE))
    assert get(donnees, produire()).etat == "telecharge"
    assert (donnees / PLACE).read_bytes() == TABLE


def test_a_partial_longer_than_the_file_starts_again(
    serveur: Serveur, donnees: Path, produire: Produire
) -> None:
    serveur.plan("/f", cut_after(MOITIE, TABLE))
    get(donnees, produire(), Reglages(essais=1))
    with (donnees / ".telechargements" / "essai-2021.part").open("ab") as flux:
        flux.write(TABLE)
    serveur.plan("/f", resumable(TABLE))
    assert get(donnees, produire()).etat == "telecharge"
    assert (donnees / PLACE).read_bytes() == TABLE


def test_a_partial_of_another_address_is_dropped(serveur: Serveur, donnees: Path, produire: Produire) -> None:
    serveur.plan("/f", cut_after(MOITIE, TABLE))
    get(donnees, produire(), Reglages(essais=1))
    serveur.plan("/g", resumable(TABLE))
    assert get(donnees, produire("/g")).etat == "telecharge"
    assert serveur.ranges() == [None, None]


def test_a_length_that_is_never_reached(serveur: Serveur, donnees: Path, produire: Produire) -> None:
    serveur.plan("/f", lambda r: (r.send(200, TABLE, {"Content-Type": "text/csv"}, len(TABLE) + 50), r.cut()))
    assert_refused(get(donnees, produire()), donnees, "coupé")
    assert len(serveur.recues) == 3


def test_a_chunked_answer_that_stops_is_cut(serveur: Serveur, donnees: Path, produire: Produire) -> None:
    def chunked(*, whole_body: bool) -> Comportement:
        def answer(r: Requete) -> None:
            r.send_response(200)
            r.send_header("Content-Type", "text/csv")
            r.send_header("Transfer-Encoding", "chunked")
            r.end_headers()
            r.wfile.write(b"%x\r\n%b\r\n" % (len(TABLE), TABLE))
            if whole_body:
                r.wfile.write(b"0\r\n\r\n")
            else:
                r.cut()

        return answer

    serveur.plan("/f", chunked(whole_body=False), chunked(whole_body=True))
    assert get(donnees, produire()).etat == "telecharge"
    assert (donnees / PLACE).read_bytes() == TABLE
    assert len(serveur.recues) == 2


def test_a_truncated_archive_without_length_is_seen(
    serveur: Serveur, donnees: Path, produire: Produire
) -> None:
    """Nothing says that the body is cut; the archive itself does."""
    corps = archive({"x_COM.csv": TABLE})[:-30]

    def closed(r: Requete) -> None:
        r.send_response(200)
        r.send_header("Content-Type", "application/zip")
        r.send_header("Connection", "close")
        r.end_headers()
        r.wfile.write(corps)

    serveur.plan("/f", closed)
    membres = [{"motif": "x_COM.csv", "destination": PLACE}]
    assert_refused(get(donnees, produire(membres=membres)), donnees, "archive illisible ou tronquée")


def test_silence_is_a_delay_and_is_tried_again(serveur: Serveur, donnees: Path, produire: Produire) -> None:
    serveur.plan("/f", silent(2), whole(TABLE))
    assert get(donnees, produire(), Reglages(essais=2, delai_s=0.2, attente_s=0)).etat == "telecharge"


def test_a_drip_is_a_silence(serveur: Serveur, donnees: Path, produire: Produire) -> None:
    serveur.plan("/f", drip(TABLE[:60], 0.05), whole(TABLE))
    patience = Reglages(essais=2, delai_s=0.3, attente_s=0, debit_min=1_000)
    assert get(donnees, produire(octets_min=10), patience).etat == "telecharge"
    assert (donnees / PLACE).read_bytes() == TABLE


def test_nobody_listens(donnees: Path, produire: Produire) -> None:
    with socket.socket() as libre:
        libre.bind(("127.0.0.1", 0))
        port = libre.getsockname()[1]
    ailleurs = f"http://127.0.0.1:{port}"
    produits = [
        produire(f"{ailleurs}/{i}", produit=f"p{i}", destination=f"filosofi/2021/p{i}.csv") for i in range(3)
    ]
    resultats = fetch(donnees, produits, VITE)
    assert [r.etat for r in resultats] == ["echec"] * 3
    assert "injoignable" in resultats[0].message
    # A server that cannot be reached for one product is tried once for the next ones.
    assert "(3 essais)" in resultats[0].message
    assert "(1 essai)" in resultats[1].message


def test_a_server_that_compresses_all_the_same(serveur: Serveur, donnees: Path, produire: Produire) -> None:
    import gzip

    corps = TABLE * 100
    serveur.plan("/f", whole(gzip.compress(corps), Content_Encoding="gzip", ETag='"v1"'))
    assert get(donnees, produire()).etat == "telecharge"
    assert (donnees / PLACE).read_bytes() == corps
