"""What a convention file may say: every refusal names the key, what was expected and what was got."""

from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest

from pipelines.conventions import Convention, load_conventions
from pipelines.conventions.vocabulary import vocabulary
from pipelines.errors import DonneesRefusees

Charger = Callable[..., Convention]


def objectif(**cles: str) -> str:
    """One objective in YAML; a key given empty is left out."""
    valeurs = {
        "id": "hors_qpv",
        "libelle": "Objectif",
        "indicateur": "hors_qpv_q1",
        "axe": "epci",
        "operateur": '">="',
        "cible": "25",
    } | cles
    lignes = [f"{cle}: {valeur}" for cle, valeur in valeurs.items() if valeur]
    return "  - " + "\n    ".join(lignes) + "\n"


def objectifs(*blocs: str) -> str:
    return "objectifs:\n" + "".join(blocs)


def zone(nom: str = "z", **cles: str) -> str:
    return f"  - zone: {nom}\n    nom: Zone\n" + "".join(f"    {c}: {v}\n" for c, v in cles.items())


@pytest.mark.parametrize(
    ("suite", "attendu"),
    [
        (
            "objectif: []\n",
            r"essai\.yml, ligne 6, clé « objectif » : clé inconnue ; vouliez-vous écrire « objectifs »",
        ),
        (objectifs(objectif(operatur='">="')), "clé « objectifs\\[0\\].operatur ».*« operateur »"),
        (
            objectifs(objectif(operateur='">"')),
            r"attendu l'une des valeurs >=, <=, >=N-1, approche, reçu « > »",
        ),
        (
            objectifs(objectif(operateur="")),
            r"ligne 7, clé « objectifs\[0\].operateur » : attendu un opérateur",
        ),
        (objectifs(objectif(cible="")), "attendu une cible, reçu rien ; pour un objectif sans cible"),
        (objectifs(objectif(cible="sans_objet")), "attendu un nombre"),
        (objectifs(objectif(cible="true")), "attendu un nombre.*reçu true"),
        (objectifs(objectif(cible='"25"')), "attendu un nombre"),
        (objectifs(objectif(cible="25,5")), "attendu un nombre.*« 25,5 »"),
        (objectifs(objectif(cible="125")), "pourcentage entre 0 et 100"),
        (objectifs(objectif(cible="-1")), "cible positive"),
        (objectifs(objectif(cible="0.25")), "non une fraction, reçu « 0.25 » ; écrire 25 pour 25 %"),
        (objectifs(objectif(operateur='">=N-1"')), "aucune cible : c'est la valeur de l'année précédente"),
        (objectifs(objectif(operateur="approche")), r"clé « objectifs\[0\].cible_indicateur »"),
        (objectifs(objectif(cible_indicateur="part_mutations_demande")), "avec lui seul"),
        (objectifs(objectif(statut="suivi")), "aucune cible quand le statut est « suivi »"),
        (
            objectifs(objectif(statut="sans_objet", cible="0")),
            "aucune cible quand le statut est « sans_objet »",
        ),
        (objectifs(objectif(statut="fixé")), "vouliez-vous écrire « fixe »"),
        (objectifs(objectif(indicateur="hors_qpv_Q1")), "attendu un identifiant"),
        (
            objectifs(objectif(indicateur="hors_qpv_q2")),
            "attendu un indicateur du catalogue.*« hors_qpv_q1 »",
        ),
        (objectifs(objectif(axe="bailleurs")), "attendu l'une des valeurs epci,.*« bailleur »"),
        (objectifs(objectif(axe="epci x epci")), "deux axes différents"),
        (objectifs(objectif(axe="[]")), "liste d'au moins 1"),
        (objectifs(objectif(evenement="signee")), "prononcee, effective, bail_signe, entree"),
        (objectifs(objectif(debut="2023")), "attendu une date AAAA-MM-JJ, reçu « 2023 »"),
        (objectifs(objectif(debut="2023-02-30")), "date qui existe"),
        (objectifs(objectif(debut="2203-01-01")), "attendu une date entre"),
        (objectifs(objectif(debut="2027-01-01", fin="2026-12-31")), "une date qui suit le début"),
        (objectifs(objectif(debut="2030-01-01", fin="2031-12-31")), "touche celle de la convention"),
        (objectifs(objectif(acteurs='["2"]')), "aucun acteur sur l'axe « epci »"),
        (
            objectifs(objectif(axe="bailleur", acteurs='["123"]')),
            "chaque bailleur .*SIREN à 9 chiffres.*« 123 »",
        ),
        (objectifs(objectif(axe="reservataire", acteurs="[etat]")), "code du contingent"),
        (objectifs(objectif(axe="[epci, bailleur]", acteurs='["123456789"]')), "un seul axe"),
        (objectifs(objectif(axe="reservataire", autres="sans_objet")), r"clé « objectifs\[0\].acteurs »"),
        (objectifs(objectif(), objectif(indicateur="mutations")), "identifiants d'objectif différents"),
        (
            "parametres:\n  evenement_hors_qpv: effective\n" + objectifs(objectif(evenement="bail_signe")),
            r"clé « objectifs\[0\].evenement » : attendu un seul événement .*« effective » dans parametres",
        ),
        (
            objectifs(
                objectif(id="a", indicateur="qpv_q234", evenement="bail_signe"),
                objectif(id="b", indicateur="qpv_q34", evenement="prononcee"),
            ),
            "famille « qpv » .*« bail_signe » dans a.*reçu « prononcee »",
        ),
        ("parametres:\n  egalite: q1\n", "clé « parametres.egalite ».*« egalite_seuil »"),
        (
            "parametres:\n  egalite_seuil: Q1\n",
            "ligne 7, clé « parametres.egalite_seuil ».*non_q1, q1.*« Q1 »",
        ),
        ("parametres:\n  seuil_secret: -1\n", "un entier de 0 à 1000, reçu « -1 »"),
        ("parametres:\n  seuil_secret: true\n", "reçu true"),
        ("parametres:\n  millesime_rpls: 20\n", "une année à quatre chiffres"),
        ("socle_legal: oui\n", "hors_periode, toujours, aucun"),
        ("zones:\n" + zone(type="assimilé"), "attendu un identifiant"),
        ("zones:\n" + zone(type="assimilee"), "vouliez-vous écrire « assimile »"),
        (
            "zones:\n" + zone(type="qva", criteres="[{critere: commune, valeur: 7107}]"),
            "code de la commune.*71076",
        ),
        ("zones:\n" + zone(type="qva", criteres="[{critere: qpv, valeur: QN07101X}]"), "code du QPV"),
        ("zones:\n" + zone(type="qva", criteres="[{critere: rue, valeur: x}]"), "commune, iris, qpv"),
        ("zones:\n" + zone(type="qva", criteres="[{critere: polygone, valeur: x}]"), "géométrie GeoJSON"),
        ("zones:\n" + zone(type="qva") + zone(type="qva"), "ne se chevauchent pas pour une même zone"),
        (
            "zones:\n" + zone(type="qva", fin="2024-01-01") + zone(type="fragile", debut="2024-01-02"),
            "le type « qva »",
        ),
        ("bailleurs:\n  - {siren: 12, nom: A}\n", "attendu un SIREN à 9 chiffres, reçu « 12 »"),
        (
            'bailleurs:\n  - {siren: "123456789", nom: A}\n  - {siren: "987654321", nom: B, alias: [a]}\n',
            "un nom qui désigne un seul bailleur",
        ),
        (
            "methodes: [dijon_2015_annexe3]\n",
            "une méthode de methodes/.*vouliez-vous écrire « dijon_2015_annexe",
        ),
        ("methodes: [{methode: indice_100, millesimes: {rlps: 2014}}]\n", "« rpls »"),
        (
            "calendrier: [{rapport: bilan, periodicite: annuelle, arrete_au: 31/12}]\n",
            "attendu l'une des valeurs bilan_annuel",
        ),
        ("calendrier: [{rapport: bilan_annuel, periodicite: annuelle, arrete_au: 31/02}]\n", "un jour JJ/MM"),
        (
            "calendrier: [{rapport: bilan_annuel, periodicite: annuelle}]\n",
            "soit « arrete_au », soit « apres_annees »",
        ),
    ],
)
def test_refusals_say_where_and_what(charger: Charger, suite: str, attendu: str) -> None:
    with pytest.raises(DonneesRefusees, match=attendu):
        charger(suite)


def test_all_errors_of_all_files_come_together(tmp_path: Path) -> None:
    (tmp_path / "a.yml").write_text("siren: x\nversion: v\n", encoding="utf-8")
    (tmp_path / "b.yml").write_text('siren: "247100589"\nnom: N\nversion: v\nfaute: 1\n', encoding="utf-8")
    with pytest.raises(DonneesRefusees) as erreur:
        load_conventions(tmp_path)
    lignes = str(erreur.value).splitlines()
    assert len(lignes) == 3
    assert any("b.yml, ligne 4, clé « faute » : clé inconnue" in ligne for ligne in lignes)
    assert any("a.yml" in ligne and "clé « nom » : clé obligatoire absente" in ligne for ligne in lignes)
    assert any("a.yml, ligne 1, clé « siren » : attendu un SIREN" in ligne for ligne in lignes)


def test_overlapping_objectives_are_refused_and_consecutive_ones_are_not(charger: Charger) -> None:
    premiere = objectif(debut="2023-01-01", fin="2024-12-31")
    with pytest.raises(DonneesRefusees, match=r"« hors_qpv » .* et « suite »"):
        charger(objectifs(premiere, objectif(id="suite", debut="2024-12-31", cible="30")))
    convention = charger(objectifs(premiere, objectif(id="suite", debut="2025-01-01", cible="30")))
    propres = [o for o in convention.objectifs if not o.objectif.startswith("legal")]
    assert [(o.objectif, o.cible) for o in propres] == [("hors_qpv", 25.0), ("suite", 30.0)]


def test_a_named_actor_does_not_contradict_everybody(charger: Charger) -> None:
    tous = objectif(indicateur="prioritaires", axe="reservataire")
    etat = objectif(id="etat", indicateur="prioritaires", axe="reservataire", acteurs='["2"]', cible="100")
    assert (
        len([o for o in charger(objectifs(tous, etat)).objectifs if not o.objectif.startswith("legal")]) == 2
    )


def test_not_applicable_is_not_zero(charger: Charger) -> None:
    convention = charger(
        objectifs(
            objectif(id="zero", indicateur="mal_loges", operateur='"<="', cible="0"),
            objectif(id="so", indicateur="qpv_q234", statut="sans_objet", operateur="", cible=""),
        )
    )
    lignes = {o.objectif: o for o in convention.objectifs}
    assert (lignes["zero"].cible, lignes["zero"].statut) == (0.0, "fixe")
    assert (lignes["so"].cible, lignes["so"].operateur, lignes["so"].statut) == (None, None, "sans_objet")


def test_actors_and_the_others(charger: Charger) -> None:
    convention = charger(
        objectifs(objectif(axe="bailleur", acteurs='["123456789", 987654321]', autres="sans_objet"))
    )
    lignes = [o for o in convention.objectifs if o.objectif == "hors_qpv"]
    assert [(o.modalite, o.cible, o.statut) for o in lignes] == [
        (None, None, "sans_objet"),
        ("123456789", 25.0, "fixe"),
        ("987654321", 25.0, "fixe"),
    ]


def test_dates_default_to_those_of_the_convention(charger: Charger) -> None:
    (ligne,) = [o for o in charger(objectifs(objectif())).objectifs if o.objectif == "hors_qpv"]
    assert (ligne.debut, ligne.fin) == (date(2023, 1, 1), date(2028, 12, 31))
    sans_dates = 'siren: "247100589"\nnom: N\nversion: "1"\n'
    with pytest.raises(DonneesRefusees, match="un début, ici ou pour la convention entière"):
        charger(objectifs(objectif()), sans_dates)


def test_defaults_are_those_of_the_vocabulary(charger: Charger) -> None:
    convention = charger("parametres:\n  seuil_secret: 0\n  generation_qpv: 2015\n  millesime_ops: 2018\n")
    attendus = {nom: p.defaut for nom, p in vocabulary().parametres.items()}
    attendus |= {"seuil_secret": "0", "generation_qpv": "2015", "millesime_ops": "2018"}
    assert convention.parametres == attendus


def test_legal_core_before_and_after_the_convention(charger: Charger) -> None:
    legaux = [o for o in charger().objectifs if o.indicateur == "hors_qpv_q1" and o.axe == "epci"]
    assert [(o.objectif, o.fin, o.cible) for o in legaux] == [
        ("legal_hors_qpv_apres", None, 25.0),
        ("legal_hors_qpv_avant", date(2022, 12, 31), 25.0),
    ]
    assert legaux[0].debut == date(2029, 1, 1)
    assert charger("socle_legal: aucun\n").objectifs == []
    with pytest.raises(DonneesRefusees, match="un seul objectif par jour"):
        charger("socle_legal: toujours\n" + objectifs(objectif()))


def test_a_zone_may_change_with_time(charger: Charger) -> None:
    convention = charger(
        "zones:\n"
        + zone(type="assimile", fin="2024-12-31", criteres="[{critere: residence, valeur: A}]")
        + zone(type="assimile", debut="2025-01-01", criteres="[{critere: commune, valeur: 01053}]")
    )
    assert [z.criteres[0].text() for z in convention.contenu.zones] == ["A", "01053"]


def test_polygons(charger: Charger) -> None:
    convention = charger(
        "zones:\n"
        + zone(
            type="secteur",
            criteres="[{critere: polygone, valeur: {type: Polygon, coordinates: [[[4.8, 46.7], [4.9, 46.7], [4.9, 46.8], [4.8, 46.7]]]}}]",
        )
    )
    texte = convention.contenu.zones[0].criteres[0].text()
    assert texte == '{"type":"Polygon","coordinates":[[[4.8,46.7],[4.9,46.7],[4.9,46.8],[4.8,46.7]]]}'


@pytest.mark.parametrize(
    "coordonnees",
    [
        "[[[4.8, 46.7], [4.9, 46.7], [4.8, 46.7]]]",  # two sides
        "[[[4.8, 46.7], [4.9, 46.7], [4.9, 46.8], [4.8, 46.8]]]",  # does not close
        "[[[4.8, 46.7], [4.9, 46.7], [4.95, 46.7], [4.8, 46.7]]]",  # no surface
        "[[[4.8], [4.9], [4.9], [4.8]]]",
        "[[[840000, 6620000], [850000, 6620000], [850000, 6630000], [840000, 6620000]]]",  # metres
        "[[4.8, 46.7], [4.9, 46.7], [4.9, 46.8], [4.8, 46.7]]",  # a ring that is in none
        "[]",
    ],
)
def test_what_is_no_polygon_is_refused_with_its_line(charger: Charger, coordonnees: str) -> None:
    criteres = f"[{{critere: polygone, valeur: {{type: Polygon, coordinates: {coordonnees}}}}}]"
    with pytest.raises(DonneesRefusees, match=r"ligne \d+, clé « zones.*contours fermés"):
        charger("zones:\n" + zone(type="secteur", criteres=criteres))


def test_one_file_per_epci(tmp_path: Path) -> None:
    for nom in ("a.yml", "b.yaml"):
        (tmp_path / nom).write_text('siren: "247100589"\nnom: N\nversion: "1"\n', encoding="utf-8")
    with pytest.raises(DonneesRefusees, match=r"b\.yaml, ligne 1, clé « siren » : attendu un seul fichier"):
        load_conventions(tmp_path)


def test_only_the_epci_asked_for(tmp_path: Path) -> None:
    (tmp_path / "a.yml").write_text('siren: "247100589"\nnom: N\nversion: "1"\n', encoding="utf-8")
    (tmp_path / "b.yml").write_text('siren: "242100410"\nnom: N\nfaute: 1\n', encoding="utf-8")
    assert [c.siren for c in load_conventions(tmp_path, ["247100589"])] == ["247100589"]
    assert load_conventions(tmp_path, ["111111111"]) == []
    with pytest.raises(DonneesRefusees, match=r"b\.yml, ligne 3"):
        load_conventions(tmp_path)


def test_missing_folder(tmp_path: Path) -> None:
    with pytest.raises(DonneesRefusees, match="introuvable"):
        load_conventions(tmp_path / "absent")


def test_a_local_method_is_known(tmp_path: Path) -> None:
    source = Path(__file__).parents[2] / "methodes" / "indice_100.yml"
    (tmp_path / "methodes").mkdir()
    texte = source.read_text(encoding="utf-8").replace("methode: indice_100", "methode: locale")
    (tmp_path / "methodes" / "locale.yml").write_text(texte, encoding="utf-8")
    (tmp_path / "a.yml").write_text(
        'siren: "247100589"\nnom: N\nversion: "1"\nmethodes: [locale]\n', encoding="utf-8"
    )
    (convention,) = load_conventions(tmp_path)
    assert convention.contenu.methodes[0].methode == "locale"
