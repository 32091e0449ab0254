-- Every indicator of the catalogue is told to every territory: a figure, or why there is none.
select
    territoires.epci_siren,
    catalogue.indicateur
from {{ ref('dim_territoire') }} as territoires
cross join {{ ref('ref_indicateurs') }} as catalogue
left join {{ ref('indicateurs') }} as figures
    on territoires.epci_siren = figures.epci_siren and catalogue.indicateur = figures.indicateur
where
    figures.indicateur is null
    -- Without a single year, nothing is expected of anyone.
    and exists (select 1 from {{ ref('indicateurs') }})
