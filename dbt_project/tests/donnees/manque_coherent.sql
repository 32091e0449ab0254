-- A target that is reached leaves nothing to do.
select
    epci_siren,
    periode,
    indicateur,
    axe,
    modalite,
    valeur,
    cible,
    operateur,
    atteint,
    manque
from {{ ref('indicateurs') }}
where (atteint and manque > 0) or manque < 0
