"""Which alerts there are on a day: a pure function of the state of the warehouse and of the date.

Thresholds, severities and what to do are rows of `ref_alertes`, expected dates rows of `ref_diffusion` and of
the conventions; only how they are compared belongs here.
"""

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta

from pipelines import libelles
from pipelines.alertes.etat import Diffusion, Echec, Etat, Manque
from pipelines.calendrier import Echeance, last_due, period

# From the least to the most severe.
GRAVITES = ("information", "attention", "urgent")

_Cas = tuple[str, str, str]
"""Identifier of the rule, what it is about, and what there is to say."""


@dataclass(frozen=True)
class Alerte:
    """One thing that a person should see; `cle` is the same as long as it is the same thing."""

    alerte: str
    gravite: str
    objet: str
    message: str
    a_faire: str

    @property
    def cle(self) -> str:
        """What identifies the alert from one day to the next."""
        return f"{self.alerte}:{self.objet}"


@dataclass(frozen=True)
class Fraicheur:
    """What a product has on a day, against the calendar of its releases."""

    produit: str
    presents: tuple[int, ...]
    en_retard: tuple[int, ...]
    prochain: tuple[date, int] | None


def decide(etat: Etat, jour: date) -> list[Alerte]:
    """Return the alerts of a day, the most severe first."""
    regles = {r.alerte: r for r in etat.regles if r.debut <= jour and (r.fin is None or jour <= r.fin)}
    seuils = {nom: regle.seuil for nom, regle in regles.items()}
    alertes = [
        Alerte(nom, regles[nom].gravite, objet, message, regles[nom].a_faire)
        for nom, objet, message in _cases(etat, jour, seuils)
        if nom in regles
    ]
    rank = list(regles)
    return sorted(alertes, key=lambda a: (-GRAVITES.index(a.gravite), rank.index(a.alerte), a.objet))


def alert_of_failure(travail: str, etape: str, execution: str, resume: str) -> Alerte:
    """Return the alert of a run that failed just now: what failed and where the reason is, never the reason.

    The reason may quote a cell of a file: it stays in the summary of the run, in the working folder.
    """
    return Alerte(
        "execution_echouee",
        GRAVITES[-1],
        execution,
        f"Le travail « {travail} » a échoué à l'étape {etape} (exécution {execution}).",
        f"Lire {resume} ; l'entrepôt publié n'a pas changé.",
    )


def to_markdown(alertes: list[Alerte]) -> str:
    """Return a list of alerts as a page shows it."""
    if not alertes:
        return "Aucune alerte."
    return "\n".join(f"- **{a.gravite}** {a.message} *{a.a_faire}*" for a in alertes)


def _cases(etat: Etat, jour: date, seuils: dict[str, float | None]) -> Iterator[_Cas]:
    if etat.echec is not None:
        yield "execution_echouee", etat.echec.execution, _failure(etat.echec)
    yield from _reports(etat, jour, seuils.get("rapport_en_retard"))
    age, limit = (jour - etat.publie_le).days, seuils.get("entrepot_ancien")
    if limit is not None and age > limit:
        yield (
            "entrepot_ancien",
            str(etat.version),
            f"L'entrepôt (version {etat.version}) date du {_day(etat.publie_le)}, il y a {age} jours.",
        )
    for produit in sorted(etat.presents):
        yield from _vintages(etat, produit, jour)
    yield from _kept_too_long(etat, jour)
    yield from _refused(etat, seuils.get("lignes_refusees"))
    for controle, table, lignes in etat.controles:
        where = f" de {table}" if table else ""
        yield "controle_en_defaut", controle, f"Contrôle « {controle} »{where} : {lignes} ligne(s) en défaut."
    yield from _matching(etat)
    for s in etat.seuils:
        nom = "seuil_absent" if s.absent else "seuil_provisoire"
        yield nom, f"{s.epci}:{s.annee}", f"{etat.noms.get(s.epci, s.epci)}, {s.annee} : {s.message}"
    yield from _objectives(etat)
    yield from _landlords(etat, jour)


def _failure(echec: Echec) -> str:
    return f"L'exécution {echec.execution} a échoué à l'étape {echec.etape}, le {_day(echec.le.date())}."


def _reports(etat: Etat, jour: date, jours: float | None) -> Iterator[_Cas]:
    """Reports whose figures stopped, without figures of their period or with figures made before it ended."""
    first: dict[str, int] = {}
    for siren, _, periode in etat.periodes:
        first[siren] = min(first.get(siren, jour.year), int(periode[:4]))
    waiting: dict[tuple[str, Echeance], list[str]] = defaultdict(list)
    for echeance in last_due(etat.calendrier, jour):
        if echeance.arrete_au.year < first.get(echeance.epci, 0):
            # A history that nobody loaded.
            continue
        made = (echeance.epci, *period(echeance.rapport, echeance.arrete_au)) in etat.periodes
        if made and etat.publie_le > echeance.arrete_au:
            continue
        limit = echeance.a_remettre_le
        if limit is None and jours is not None:
            limit = echeance.arrete_au + timedelta(days=int(jours))
        late = limit is not None and jour > limit
        same = Echeance(echeance.rapport, "", echeance.arrete_au, echeance.a_remettre_le)
        waiting["rapport_en_retard" if late else "rapport_en_attente", same].append(echeance.epci)
    for (nom, echeance), sirens in waiting.items():
        limit = echeance.a_remettre_le
        due = "" if limit is None else f", à remettre le {_day(limit)}"
        yield (
            nom,
            f"{echeance.rapport}:{echeance.arrete_au.isoformat()}",
            f"Rapport « {libelles.rapport(echeance.rapport)} » arrêté au {_day(echeance.arrete_au)}{due} : "
            "l'entrepôt n'a pas tous les chiffres de la période pour "
            f"{_list([etat.noms.get(e, e) for e in sirens])}.",
        )


def _vintages(etat: Etat, produit: str, jour: date) -> Iterator[_Cas]:
    """Vintages that a product should have on that day, from its first one on."""
    nom, present = libelles.produit(produit), set(etat.presents[produit])
    expected = sorted(_expected([d for d in etat.diffusion if d.produit == produit], jour))
    if not present:
        if expected:
            last = expected[-1][0]
            yield "source_absente", produit, f"{nom} : aucun millésime ; le dernier attendu est {last}."
        return
    for millesime, attendu_le, late in expected:
        if millesime in present or millesime < min(present):
            continue
        if millesime < max(present):
            yield "millesime_manquant", f"{produit}:{millesime}", f"{nom} : le millésime {millesime} manque."
        elif late:
            yield (
                "millesime_en_retard",
                f"{produit}:{millesime}",
                f"{nom} : le millésime {millesime} était attendu en {attendu_le:%m/%Y}.",
            )


def _expected(lignes: list[Diffusion], jour: date) -> Iterator[tuple[int, date, bool]]:
    """Vintages whose month of release has come: vintage, that month, whether it is late."""
    for millesime, attendu_le, late_from in _calendar(lignes, jour.year):
        if attendu_le <= jour:
            yield millesime, attendu_le, jour > late_from


def _calendar(lignes: list[Diffusion], last: int) -> Iterator[tuple[int, date, date]]:
    """Vintages up to a year: vintage, month of its release, day after which it is late."""
    for ligne in lignes:
        end = last if ligne.millesime_fin is None else min(last, ligne.millesime_fin)
        for millesime in range(ligne.millesime_debut, end + 1, ligne.pas_annees):
            attendu_le = date(millesime + ligne.annees_apres, ligne.mois, 1)
            yield millesime, attendu_le, attendu_le + timedelta(days=ligne.retard_jours)


def freshness(etat: Etat, jour: date) -> list[Fraicheur]:
    """Return, for each product with a calendar, what it has, what it lacks on that day, what comes next."""
    found = []
    for produit, present in sorted(etat.presents.items()):
        lignes = [d for d in etat.diffusion if d.produit == produit]
        from_first = [c for c in _calendar(lignes, jour.year + 1) if not present or c[0] >= min(present)]
        missing = [m for m, _, late_from in from_first if m not in present and jour > late_from]
        coming = [(attendu_le, m) for m, attendu_le, _ in from_first if attendu_le > jour]
        found.append(
            Fraicheur(
                produit,
                tuple(present),
                tuple(missing if present else missing[-1:]),
                min(coming, default=None),
            )
        )
    return found


def freshness_to_markdown(found: list[Fraicheur]) -> str:
    """Return the freshness of products as a table."""
    rows = [
        f"| {f.produit} | {_list([str(m) for m in f.presents]) or 'aucun'} "
        f"| {_list([str(m) for m in f.en_retard]) or '–'} "
        f"| {f'{f.prochain[1]}, en {f.prochain[0]:%m/%Y}' if f.prochain else '–'} |"
        for f in found
    ]
    return "\n".join(
        ["| Produit | Millésimes présents | En retard | Prochain attendu |", "|---|---|---|---|", *rows]
    )


def _kept_too_long(etat: Etat, jour: date) -> Iterator[_Cas]:
    """Vintages of persons that a territory should no longer have: so many whole years after their own."""
    passed: dict[tuple[str, int, int], list[str]] = defaultdict(list)
    for c in etat.conservations:
        if jour.year > c.millesime + c.annees:
            passed[c.source, c.millesime, c.annees].append(etat.noms.get(c.epci, c.epci))
    for (source, millesime, annees), noms in sorted(passed.items()):
        yield (
            "conservation_depassee",
            f"{source}:{millesime}:{annees}",
            f"{source} {millesime} : conservé plus de {annees} an(s) après son année, le délai de "
            f"{_list(sorted(noms))}.",
        )


def _refused(etat: Etat, seuil: float | None) -> Iterator[_Cas]:
    for fichier, (refusees, lues) in sorted(etat.refusees.items()):
        part = 100 * refusees / lues
        if seuil is not None and part > seuil:
            yield "lignes_refusees", fichier, f"{fichier} : {refusees} lignes refusées sur {lues}."


def _matching(etat: Etat) -> Iterator[_Cas]:
    """Sources that do not meet as they should, exports that contradict each other; rates, never counts."""
    for r in etat.rapprochements:
        where = "Tous territoires" if r.epci is None else etat.noms.get(r.epci, r.epci)
        bound = {">=": "au moins", "<=": "au plus"}.get(r.sens, r.sens)
        yield (
            "appariement_faible",
            f"{r.epci or 'tous'}:{r.annee}:{r.controle}:{r.sens}",
            f"{where}, {r.annee} : {r.libelle} : {r.valeur:.0f} % (attendu : {bound} {r.borne:.0f} %). "
            f"Limite : {r.figures}. {r.a_faire}",
        )
    for source, nombre in sorted(etat.contradictions.items()):
        yield "exports_contradictoires", source, f"{source} : {nombre} contradiction(s) entre exports."


def _objectives(etat: Etat) -> Iterator[_Cas]:
    """One alert per objective of the whole EPCI, one per objective and axis for the others."""
    others: dict[tuple[str, str, str, str, str, bool], list[str]] = defaultdict(list)
    for m in etat.manques:
        if m.axe != "epci":
            others[m.epci, m.periode, m.indicateur, m.libelle, m.axe, m.provisoire].append(m.modalite)
            continue
        split = f" ({m.segment})" if m.segment else ""
        missing = "" if m.manque is None else f" ; écart de {m.manque} attribution(s)"
        yield (
            "objectif_manque",
            f"{m.epci}:{m.periode}:{m.indicateur}:{m.segment}",
            f"{etat.noms.get(m.epci, m.epci)}, {m.periode} : {m.libelle}{split} {_figure(m)}{missing}"
            f"{_judged(m.provisoire)}.",
        )
    for (epci, periode, indicateur, libelle, axe, provisoire), modalites in others.items():
        yield (
            "objectif_manque",
            f"{epci}:{periode}:{indicateur}:{axe}",
            f"{etat.noms.get(epci, epci)}, {periode} : {libelle}, axe {axe}, non atteint pour "
            f"{_list(sorted(set(modalites)))}{_judged(provisoire)}.",
        )


def _judged(provisoire: bool) -> str:
    return " (jugé avec un seuil provisoire, celui de l'année précédente)" if provisoire else ""


def _figure(m: Manque) -> str:
    value, target = (f"{x:.2f}".rstrip("0").rstrip(".").replace(".", ",") for x in (m.valeur, m.cible))
    unit = f" {m.unite}" if m.unite == "%" else ""
    return f"{value}{unit} pour une cible {m.operateur} {target}{unit}"


def _landlords(etat: Etat, jour: date) -> Iterator[_Cas]:
    followed: dict[tuple[str, str], list[str]] = defaultdict(list)
    silent: dict[tuple[str, str, str], list[str]] = defaultdict(list)
    for s in etat.suivis:
        if s.en_suivi_renforce:
            followed[s.epci, s.semestre].append(s.bailleur)
        after = s.date_limite is not None and jour > s.date_limite
        if s.transmission in {"tardive", "partielle"} or (
            s.transmission == "inconnue" and after and s.relevees
        ):
            silent[s.epci, s.semestre, s.transmission].append(s.bailleur)
    for (epci, semestre), bailleurs in followed.items():
        yield (
            "suivi_renforce",
            f"{epci}:{semestre}",
            f"{etat.noms.get(epci, epci)}, {semestre} : en suivi renforcé, {_list(bailleurs)}.",
        )
    for (epci, semestre, transmission), bailleurs in silent.items():
        yield (
            "transmission_manquante",
            f"{epci}:{semestre}:{transmission}",
            f"{etat.noms.get(epci, epci)}, {semestre} : transmission {transmission}, {_list(bailleurs)}.",
        )


def _list(names: list[str]) -> str:
    return ", ".join(names)


def _day(jour: date) -> str:
    return f"{jour:%d/%m/%Y}"
