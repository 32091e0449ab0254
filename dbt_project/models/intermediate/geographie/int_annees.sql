-- The years that the sources cover. A year in which leases were signed without a single decision nor an extraction of
-- its own (the January leases of December's decisions) is not covered: a rate of it would be misleading.
with lues as (

    select distinct millesime as annee from {{ ref('stg_sne__attributions') }}
    union
    select distinct extract(year from date_decision) as annee from {{ ref('stg_sne__attributions') }}
    union
    select distinct millesime as annee from {{ ref('stg_sne__demandes') }}

),

demandees as (

    select cast(valeur as integer) as annee
    from {{ ref('stg_conventions__execution') }}
    where parametre = 'annee'

)

select
    cast(lues.annee as integer) as annee,
    not exists (select 1 from demandees)
    or lues.annee in (select demandees.annee from demandees) as est_demandee
from lues
where lues.annee is not null
