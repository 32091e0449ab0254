"""Rows of the marts that stand beside `marts.indicateurs` in a report, typed as they are."""

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Lecture:
    """One row of `marts.sensibilite`: a headline figure under one reading that the texts leave open."""

    indicateur: str
    segment_type: str
    segment: str
    ordre: int
    parametre: str
    lecture: str
    est_retenue: bool
    numerateur: int | None
    denominateur: int | None
    valeur: float | None
    unite: str
    atteint: bool | None


@dataclass(frozen=True, slots=True)
class Residence:
    """One residence on the list of those where social mixing is at stake (`marts.residences_enjeu`)."""

    date_liste: str
    date_renouvellement: str
    methode: str
    rang: int
    residence: str
    bailleur: str
    commune: str
    secteur: str
    points_stock: float | None
    nb_logements: int | None
    classe_libelle: str
    raison: str
    explication: str


@dataclass(frozen=True, slots=True)
class Critere:
    """What one criterion gave to one place (`marts.fragilite_criteres`)."""

    methode: str
    axe: str
    modalite: str
    modalite_libelle: str
    bloc: str
    critere: str
    critere_libelle: str
    taux: float | None
    points: float | None
    ecart_points: float | None
    statut: str


@dataclass(frozen=True, slots=True)
class Ecart:
    """One indicator of a neighbourhood against its commune, EPCI and France (`marts.portraits_quartiers`)."""

    axe: str
    modalite: str
    modalite_libelle: str
    note: str
    commune: str
    domaine: str
    indicateur: str
    indicateur_libelle: str
    type_indicateur: str
    periode_type: str
    periode: str
    segment_type: str
    segment: str
    valeur: float | None
    unite: str
    statut: str
    petit_effectif: bool
    valeur_commune: float | None
    valeur_epci: float | None
    valeur_france: float | None
    ecart_commune: float | None
    ecart_epci: float | None
    ecart_france: float | None
    periode_anterieure: str
    evolution: float | None


@dataclass(frozen=True, slots=True)
class Evolution:
    """A yearly figure of the territory against the year before (`marts.evolutions`)."""

    indicateur: str
    periode_type: str
    periode: str
    segment_type: str
    segment: str
    unite: str
    periode_precedente: str
    valeur_precedente: float | None
    ecart: float | None
    rupture: str


@dataclass(frozen=True, slots=True)
class Profil:
    """Leases of one public, in one place, of one value of a dimension (`marts.profils_publics`)."""

    axe: str
    modalite: str
    modalite_libelle: str
    public: str
    dimension: str
    valeur: str
    baux: int
    part: float | None
    petit_effectif: bool


@dataclass(frozen=True, slots=True)
class Issue:
    """What became of decisions, for one actor (`marts.issues`)."""

    axe: str
    modalite: str
    modalite_libelle: str
    issue: str
    nb: int
    total: int
    part: float | None
    petit_effectif: bool


@dataclass(frozen=True, slots=True)
class Croisee:
    """Requests and leases of one quartile and size (`marts.tension_croisee`)."""

    demandeur: str
    quartile: str
    typologie: str
    demandes: int | None
    baux: int | None
    tension: float | None
    petit_effectif: bool


@dataclass(frozen=True, slots=True)
class Secteur:
    """A landlord in a commune's sector, with the sector's class (`marts.suivi_secteurs`)."""

    periode: str
    bailleur: str
    commune: str
    secteur_libelle: str
    methode: str
    classe_libelle: str
    baux: int
    part_bas_revenus: float | None
    part_porteurs_mixite: float | None
    part_mal_loges: float | None
    part_mutations: float | None
    relogements: int
    part_relogements: float | None
    petit_effectif: bool


@dataclass(frozen=True)
class Complements:
    """All of them, for one territory and year; empty where the warehouse or the edition has no such table."""

    lectures: tuple[Lecture, ...] = ()
    residences: tuple[Residence, ...] = ()
    criteres: tuple[Critere, ...] = ()
    ecarts: tuple[Ecart, ...] = ()
    evolutions: tuple[Evolution, ...] = ()
    profils: tuple[Profil, ...] = ()
    issues: tuple[Issue, ...] = ()
    croisees: tuple[Croisee, ...] = ()
    secteurs: tuple[Secteur, ...] = ()
    calendrier: frozenset[str] = field(default_factory=frozenset)
    """Reports that the territory's calendar asks for."""
