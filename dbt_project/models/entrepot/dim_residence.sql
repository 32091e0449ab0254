-- Residences that the allocations name, with their landlord, commune and number of dwellings known.
select
    epci_siren,
    residence,
    min(bailleur_siren) as bailleur_siren,
    min(code_commune) as code_commune,
    count(distinct num_rpls) as nb_logements_attribues
from {{ ref('fct_attribution') }}
where residence is not null and epci_siren is not null
group by epci_siren, residence
