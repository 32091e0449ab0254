-- A figure that cannot be shown has no value, and a figure that is shown has one: NULL never stands for 0, nor 0 for NULL.
select
    epci_siren,
    periode,
    indicateur,
    axe,
    modalite,
    segment,
    valeur,
    statut
from {{ ref('indicateurs') }}
where
    (statut in ('secret', 'indisponible') and valeur is not null)
    or (statut in ('publiable', 'rupture_serie', 'provisoire') and valeur is null)
