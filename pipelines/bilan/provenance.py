"""What every report says of where it comes from: warehouse, convention, methods, and how to read it."""

from pipelines import libelles
from pipelines.bilan import tables
from pipelines.bilan.document import Colonne, Ligne, Puces, Section, Tableau
from pipelines.bilan.donnees import Donnees


def entete(d: Donnees) -> tuple[tuple[str, str], ...]:
    """What the top of the first page says of the provenance; the whole is in « Méthode et sources »."""
    editeur = next((s.titre for s in d.saisies if s.rubrique == "editeur"), "")
    arrete = tables.date(d.arrete)
    return (
        *((("Éditeur", editeur),) if editeur else ()),
        *((("Données arrêtées au", arrete),) if arrete else ()),
        ("Convention", _version(d)),
        ("Empreinte des données", d.empreinte[:12] if d.empreinte else "non publiée"),
    )


def _version(d: Donnees) -> str:
    convention = d.convention
    if convention is None or not convention.fichier:
        return "aucune convention enregistrée, objectifs légaux par défaut"
    return f"version {convention.version}" if convention.version else "version non renseignée"


def identite(d: Donnees) -> tuple[tuple[str, str], ...]:
    """What proves which warehouse and which convention a report was made from."""
    convention = d.convention
    version = _version(d)
    if convention is not None and convention.fichier:
        version += f" ({convention.fichier})"
    lignes = [
        ("Territoire", f"{d.nom} (SIREN {d.epci_siren})"),
        ("Année", str(d.annee)),
        ("Convention", version),
    ]
    if convention is not None and convention.empreinte:
        lignes.append(("Empreinte de la convention", convention.empreinte))
    lignes.append(("Empreinte du verrou des données", d.empreinte or "non publiée"))
    if d.version_methodes:
        lignes.append(("Version des méthodes", d.version_methodes))
    return tuple(lignes)


def tableau(d: Donnees) -> Tableau:
    """The provenance as a table."""
    lignes = tuple(Ligne(paire) for paire in identite(d))
    return Tableau(
        "t-identite",
        "Ce qui identifie ce document",
        (Colonne("Élément"), Colonne("Valeur")),
        lignes,
        "Provenance",
    )


def lecture() -> Section:
    """How to read the tables."""
    return Section("lire", "Comment lire les tableaux", (Puces(tuple((p,) for p in libelles.lecture())),))


def section(d: Donnees, *, nouvelle_page: bool = False) -> Section:
    """Provenance and reading guide, for the reports that do not detail their method."""
    return Section("methode", "Provenance et lecture", (tableau(d),), (lecture(),), nouvelle_page)
