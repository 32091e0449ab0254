{{ config(severity='warn') }}
-- What an official figure says otherwise.
select
    epci_siren,
    annee,
    indicateur,
    axe,
    modalite,
    valeur_officielle,
    valeur_entrepot,
    ecart_pct,
    raison,
    producteur
from {{ ref('meta_totaux_officiels') }}
where etat = 'ecart'
