{{ config(severity='warn') }}
-- Allocations whose commune no EPCI holds that year: they are in no figure.
select
    code_commune_lu,
    count(*) as nb_attributions
from {{ ref('fct_attribution') }}
where epci_siren is null
group by code_commune_lu
