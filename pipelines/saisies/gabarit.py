"""The model of a typed file that a person fills in: every heading, explained, with an example in comments.

It loads as it is (a test does it) and says nothing: an empty heading leaves a marked place in the bilan.
"""

from pipelines.saisies.lecture import FOLDER
from pipelines.saisies.modeles import vocabulaire


def typed_template(siren: str, annee: int) -> str:
    """A commented file for one territory and year."""
    chapitres = "\n".join(f"# · {mot} : {sens}" for mot, sens in vocabulaire().chapitres.items())
    etats = ", ".join(f"{mot} ({sens})" for mot, sens in vocabulaire().etats.items())
    return _MODELE.format(siren=siren, annee=annee, dossier=FOLDER, chapitres=chapitres, etats=etats)


_MODELE = """\
# Ce que les personnes écrivent à côté des chiffres du bilan {annee}. À enregistrer dans le dossier de dépôt,
# sous {dossier}/{siren}/{annee}.yml, puis relancer « observatoire build ». Retirez le # des exemples gardés.
#
# Un texte peut citer un chiffre : « chiffre » le nomme (un indicateur, ou l'identifiant que le bilan écrit
# en CSV) et « valeur » donne ce que le texte en dit, avec un point décimal. S'il change, le bilan le dit.
# Tout est pour les signataires ; « publier: true » sur une entrée la met aussi dans l'édition publique.
siren: "{siren}"
annee: {annee}

# Qui édite le bilan.
editeur:

# Analyse, par chapitre. Chapitres :
{chapitres}
analyses:
#  - chapitre: hors-qpv
#    chiffre: hors_qpv_q1
#    valeur: 12.04
#    texte: Le taux reste loin de l'objectif.

# Raisons et obstacles, par objectif.
objectifs:
#  - chiffre: hors_qpv_q1
#    raisons: Peu de logements à bas loyer se libèrent hors des quartiers.
#    obstacles: Les dossiers arrivent incomplets.

# Décisions de la conférence.
decisions:
#  - date: {annee}-12-15
#    texte: Réserver en priorité les logements à bas loyer hors des quartiers.

# Actions de la convention. États : {etats}.
actions:
#  - action: Commission de coordination
#    etat: en_cours
#    pilote: Intercommunalité
#    echeance: {annee}-12-31

# Réunions tenues et présence.
instances:
#  - instance: Conférence intercommunale, séance plénière
#    date: {annee}-06-15
#    presents: 34
#    convoques: 50

# Moyens donnés au suivi de la convention.
moyens:
#  - moyen: Un poste à mi-temps

# Part du flux convenue avec chaque réservataire (code du réservataire), en pourcentage des baux signés.
flux:
#  - reservataire: "2"
#    part: 30

# Opérations de relogement (npnru, orcod, autre, ou un nom) : relogements prévus dans l'année, et reste à
# charge moyen d'un ménage, en euros par mois, avant et après. Le bilan met à côté ceux qui ont été faits.
relogements:
#  - operation: npnru
#    prevus: 40
#    reste_a_charge_avant: 210
#    reste_a_charge_apres: 225

# Motifs des refus des candidats, et des demandes de mutation : aucune source lue ne les donne ; les
# bailleurs et le gestionnaire de la demande les tiennent.
motifs_refus:
#  - motif: Quartier non souhaité
#    nombre: 42
#    source: Remontée des bailleurs

motifs_mutation:
#  - motif: Logement trop petit
#    nombre: 120
#    source: Gestionnaire départemental de la demande

# Situation des communes au titre de la loi SRU, d'après la notification de la préfecture : code de la
# commune, taux et taux demandé en pourcentage, logements manquants, date de la situation.
sru:
#  - commune: "71076"
#    taux: 18.4
#    objectif: 20
#    manquants: 310
#    date: {annee}-01-01
#    source: Notification de la préfecture

# Expérimentations.
experimentations:
#  - experimentation: Location choisie
#    etat: en_cours

# Chiffres publiés ailleurs, à vérifier : le bilan répond à côté du sien.
verifications:
#  - affirmation: 12,04 % d'attributions au premier quartile hors QPV
#    chiffre: hors_qpv_q1
#    valeur: 12.04
#    source: Bilan publié, page 3

# Qui valide ce bilan, et quand.
validation:
#  par: Conférence intercommunale du logement
#  date: {annee}-12-15
"""
