-- Tension is a ratio of two known counts or it does not exist.
select
    epci_siren,
    periode,
    axe,
    modalite,
    segment,
    valeur
from {{ ref('indicateurs') }}
where indicateur = 'tension' and valeur <= 0
