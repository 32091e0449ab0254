-- A territory that the run asks for by name, and of which no source says anything: an empty warehouse would look like an answer.
with absents as (

    {{ territoires_sans_donnees() }}

)

select
    absents.epci_siren,
    absents.nom || ' (' || absents.epci_siren || ') : aucune de ses communes n''est dans les données lues. Vérifiez le SIREN, '
    || 'les codes de commune des fichiers et la liste des membres (geo/), ou déposez les données de ce territoire.' as message
from absents
inner join {{ source('conventions', 'parametres') }} as demandes
    on demandes.parametre = 'epci' and absents.epci_siren = demandes.valeur
