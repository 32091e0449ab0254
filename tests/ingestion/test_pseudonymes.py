"""Identifiers of persons: hashed with the key on entry, and found nowhere afterwards."""

import hashlib
import hmac
import logging
import os
import stat
import struct
from pathlib import Path

import duckdb
import pytest

from pipelines.errors import DonneesRefusees, MauvaisUsage
from pipelines.ingestion import load, pseudonym, pseudonym_key
from pipelines.ingestion.pseudonymes import hmac_sql, key_fingerprint, set_key

from .conftest import CLE, Depot
from .exemples import attributions, demandes, table


@pytest.mark.parametrize("cle", [b"courte mais suffisante", b"k" * 64, b"x" * 200])
@pytest.mark.parametrize("texte", ["071051900010002144", "élève n° 7", "x" * 500])
def test_sql_and_python_agree_with_the_standard_library(cle: bytes, texte: str) -> None:
    with duckdb.connect() as con:
        set_key(con, cle)
        assert con.execute(f"SELECT {hmac_sql('$t')}", {"t": texte}).fetchone() == (
            hmac.new(cle, texte.encode(), hashlib.sha256).hexdigest(),
        )


def test_the_same_person_in_both_files_whatever_the_spaces(depot: Depot) -> None:
    depot.drop("sne/2021/attributions.csv", table(*attributions(30, numero_unique="071 0519 00010002144")))
    depot.drop("sne/2021/demandes.csv", table(*demandes(30, numero_unique="071051900010002144")))
    depot.load("sne")
    attendu = pseudonym(CLE, "071051900010002144")
    assert depot.rows(
        "SELECT DISTINCT a.demandeur_id FROM sources.sne_attributions a "
        "JOIN sources.sne_demandes USING (demandeur_id)"
    ) == [(attendu,)]


def test_no_raw_identifier_is_left_anywhere(
    depot: Depot, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    """Good rows, refused rows, malformed lines, duplicates: no number survives the reader."""
    caplog.set_level(logging.DEBUG)
    lignes = attributions(400)
    lignes[0] |= {"date_decision": "demain", "bailleur_nom": lignes[0]["numero_unique"]}
    lignes[1] |= {"date_signature_bail": "2001-01-01", "rang": lignes[1]["numero_unique"]}
    lignes[2] |= {"reservataire": "personne", "numero_unique": lignes[2]["numero_unique"] + "0"}
    lignes += [dict(lignes[3]), lignes[4] | {"loyer": "1.00"}]
    texte = table(*lignes).split("\n")
    texte[10] = texte[10].rsplit(";", 3)[0]
    depot.drop("sne/2021/attributions.csv", "\n".join(texte))
    depot.drop("sne/2022/attributions.csv", table(*lignes[5:50]).replace("OPAC", "Ré OPAC").encode("cp1252"))
    entrepot = tmp_path / "entrepot.duckdb"
    with duckdb.connect(str(entrepot)) as con:
        load(con, "sne", depot.read("sne"))
        con.execute(f"EXPORT DATABASE '{tmp_path / 'export'}' (FORMAT csv)")
    numeros = {ligne["numero_unique"].encode() for ligne in lignes}
    fichiers = [p for p in tmp_path.rglob("*") if p.is_file() and depot.donnees not in p.parents]
    assert any(p.suffix == ".duckdb" for p in fichiers)
    for chemin in fichiers:
        contenu = chemin.read_bytes()
        assert not any(n in contenu for n in numeros), chemin
        assert CLE not in contenu, chemin
    sortie = caplog.text + "".join(capfd.readouterr())
    assert not any(n.decode() in sortie for n in numeros)
    assert CLE.decode() not in sortie
    with duckdb.connect(str(entrepot)) as con:
        refusees = con.execute(
            "SELECT _ligne, regle, portee, valeur FROM quarantaine.sne_attributions ORDER BY ALL"
        ).fetchall()
    assert refusees == [
        (2, "donnee_personnelle", "cellule", "(masqué)"),
        (2, "type", "cellule", "(masqué)"),
        (3, "bail_avant_demande", "cellule", "2001-01-01 | 2019-05-31"),
        (3, "type", "cellule", "(masqué)"),
        (4, "code_inconnu", "ligne", "(masqué)"),
        (4, "type", "ligne", "(masqué)"),
        (11, "ligne_mal_formee", "ligne", None),
    ]


def test_no_identifier_in_the_sentence_of_a_refused_file(depot: Depot) -> None:
    lignes = attributions(20)
    for ligne in lignes:
        ligne |= {"date_decision": "demain", "date_signature_bail": "demain"}
    depot.drop("sne/2021/attributions.csv", table(*lignes))
    with pytest.raises(DonneesRefusees) as erreur:
        depot.read("sne")
    assert not any(ligne["numero_unique"] in str(erreur.value) for ligne in lignes)


FORMES = (
    *("071 0519 00010002144", "71051900010002144", "'071051900010002144", '="071051900010002144"'),
    *("071\u00a00519\u202f00010002144", "\ufeff071051900010002144\u200b", "071-0519-00010\u00ad002144"),
    "071051900010002144".translate({48 + i: 0xFF10 + i for i in range(10)}),
)


def test_one_person_in_every_form(depot: Depot) -> None:
    """The same SQL reads a file and names a person to `purger`: no form is two persons."""
    attendu = pseudonym(CLE, "071051900010002144")
    assert [pseudonym(CLE, forme) for forme in FORMES] == [attendu] * len(FORMES)
    # A cell that begins as a formula would be read as one by its quotation marks alone.
    ecrites = [forme for forme in FORMES if '"' not in forme]
    lignes = [x | {"numero_unique": forme} for x, forme in zip(demandes(len(ecrites)), ecrites, strict=True)]
    depot.drop("sne/2021/demandes.csv", table(*lignes))
    (compte,) = depot.read("sne")
    assert compte.lignes_quarantaine == 0
    depot.load("sne")
    assert depot.rows("SELECT DISTINCT demandeur_id FROM sources.sne_demandes") == [(attendu,)]


@pytest.mark.parametrize(
    "forme",
    [
        "7,11217E+16",
        "7.1051900010002E+16",
        "071051900010002144.0",
        "07105190001000214",
        "0710519000100021445",
        "X" * 18,
    ],
)
def test_what_names_nobody_is_no_person(forme: str) -> None:
    with pytest.raises(DonneesRefusees) as erreur:
        pseudonym(CLE, forme)
    assert forme not in str(erreur.value)


def test_another_key_reads_the_file_again(depot: Depot) -> None:
    from pipelines.ingestion import ingest

    depot.drop("sne/2021/attributions.csv", table(*attributions(20)))
    (un,) = depot.read("sne")
    (deux,) = ingest("sne", depot.donnees, depot.magasin, b"une autre cle de test")
    assert un.cle != deux.cle
    assert not deux.reutilise


def test_the_key_file_is_made_once_for_its_owner_only(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    chemin = tmp_path / "secret" / "cle"
    monkeypatch.setenv("OBSERVATOIRE_CLE_FILE", str(chemin))
    cle = pseudonym_key()
    assert stat.S_IMODE(chemin.stat().st_mode) == 0o600
    assert pseudonym_key() == cle
    assert len(cle) >= 32
    assert key_fingerprint(cle) != key_fingerprint(cle + b"x")
    assert cle.decode() not in key_fingerprint(cle)
    chemin.chmod(0o440)
    with pytest.raises(DonneesRefusees, match="chmod 600"):
        pseudonym_key()
    chemin.chmod(0o644)
    with pytest.raises(DonneesRefusees, match="chmod 600"):
        pseudonym_key()


def test_the_folder_of_a_key_is_closed_to_others(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Who may write in it may put another key in its place."""
    chemin = tmp_path / "secret" / "cle"
    monkeypatch.setenv("OBSERVATOIRE_CLE_FILE", str(chemin))
    avant = os.umask(0)
    try:
        cle = pseudonym_key()
    finally:
        os.umask(avant)
    assert stat.S_IMODE(chemin.parent.stat().st_mode) == 0o700
    for mode in (0o777, 0o770, 0o720):
        chemin.parent.chmod(mode)
        with pytest.raises(DonneesRefusees, match="chmod go-w"):
            pseudonym_key()
        chemin.unlink()
        with pytest.raises(DonneesRefusees, match="chmod go-w"):
            pseudonym_key()
        assert not chemin.exists()
        chemin.write_bytes(cle)
        chemin.chmod(0o600)
    for mode in (0o755, 0o1777):
        chemin.parent.chmod(mode)
        assert pseudonym_key() == cle


def test_a_key_is_judged_by_who_can_read_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A service manager hands its key over with an access list, which shows as 0440: one user, no group."""
    chemin = tmp_path / "cle"
    chemin.write_text("une cle assez longue pour servir", encoding="utf-8")
    chemin.chmod(0o440)
    monkeypatch.setenv("OBSERVATOIRE_CLE_FILE", str(chemin))

    def access_list(*entrees: tuple[int, int, int]) -> None:
        liste = struct.pack("<I", 2) + b"".join(struct.pack("<HHI", *e) for e in entrees)
        monkeypatch.setattr(os, "getxattr", lambda *_, **__: liste)

    personne = 0xFFFFFFFF
    mienne = [(1, 4, personne), (2, 4, os.geteuid()), (4, 0, personne), (16, 4, personne), (32, 0, personne)]
    access_list(*mienne)
    assert pseudonym_key().startswith(b"une cle")
    for autre in ((2, 4, os.geteuid() + 1), (4, 4, personne), (8, 4, 100), (32, 4, personne)):
        access_list(*mienne, autre)
        with pytest.raises(DonneesRefusees, match="lisible par d'autres"):
            pseudonym_key()
    access_list(*mienne)
    monkeypatch.setattr(os, "geteuid", lambda: 4_000_000)
    if chemin.stat().st_uid != 0:
        with pytest.raises(DonneesRefusees, match="pas à vous"):
            pseudonym_key()


def test_a_key_must_be_given_and_long_enough(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("OBSERVATOIRE_CLE_FILE", raising=False)
    monkeypatch.delenv("OBSERVATOIRE_CLE", raising=False)
    with pytest.raises(MauvaisUsage, match="OBSERVATOIRE_CLE_FILE"):
        pseudonym_key()
    monkeypatch.setenv("OBSERVATOIRE_CLE", "courte")
    with pytest.raises(DonneesRefusees, match="trop courte"):
        pseudonym_key()
    for devinable in (
        "changemechangeme",
        "a" * 40,
        "0123456789abcdefghij"[:16],
        "abcdabcdabcdabcd",
        "motdepasse123456!",
    ):
        monkeypatch.setenv("OBSERVATOIRE_CLE", devinable)
        with pytest.raises(DonneesRefusees, match="devinable") as erreur:
            pseudonym_key()
        assert devinable not in str(erreur.value)
    monkeypatch.setenv("OBSERVATOIRE_CLE", "une cle assez longue pour servir")
    assert pseudonym_key() == b"une cle assez longue pour servir"
