-- Where a source gave no row, its figures are not available; none has a value, least of all 0. Published aggregates of the same
-- source are a yardstick beside them (segment `reference`): they need no record.
with sources_lues as (

    select
        'sne' as source,
        count(*) as lignes
    from {{ ref('fct_attribution') }}
    union all
    select
        'rpls' as source,
        count(*) as lignes
    from (
        select epci_siren from {{ ref('fct_logement') }}
        union all
        select epci_siren from {{ ref('int_indicateurs_parc_publie') }}
    ) as parc
    union all
    select
        'ops' as source,
        count(*) as lignes
    from {{ ref('fct_occupation') }}
    union all
    select
        'filosofi' as source,
        count(*) as lignes
    from {{ ref('fct_revenu') }}

)

select
    figures.epci_siren,
    figures.periode,
    figures.indicateur,
    figures.axe,
    figures.valeur,
    sources_lues.source
from {{ ref('indicateurs') }} as figures
inner join {{ source('seeds', 'ref_indicateurs') }} as catalogue on figures.indicateur = catalogue.indicateur
inner join sources_lues on catalogue.source = sources_lues.source and sources_lues.lignes = 0
where
    figures.valeur is not null
    and figures.segment_type <> 'reference'
    and catalogue.domaine in ('attributions', 'parc', 'occupation', 'revenus')
