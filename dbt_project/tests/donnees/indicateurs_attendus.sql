-- Every indicator of the catalogue is told to every territory that has a year: a figure, or why there is none.
select
    territoires.epci_siren,
    catalogue.indicateur
from {{ ref('dim_territoire') }} as territoires
cross join {{ source('seeds', 'ref_indicateurs') }} as catalogue
left join {{ ref('indicateurs') }} as figures
    on territoires.epci_siren = figures.epci_siren and catalogue.indicateur = figures.indicateur
where
    figures.indicateur is null
    and territoires.epci_siren in (select connus.epci_siren from {{ ref('indicateurs') }} as connus)
