-- The years that the sources cover: those that have an extraction, and those that the run asks for by name. A year known
-- only by what an extraction of another year holds of it (the January leases of December's decisions) is not covered: a
-- rate of it would be misleading.
with demandees as (

    select cast(valeur as integer) as annee
    from {{ ref('stg_conventions__execution') }}
    where parametre = 'annee'

),

lues as (

    select distinct millesime as annee from {{ ref('stg_sne__attributions') }}
    union
    select distinct millesime as annee from {{ ref('stg_sne__demandes') }}
    union
    select annee from demandees

)

select
    cast(lues.annee as integer) as annee,
    not exists (select 1 from demandees)
    or lues.annee in (select demandees.annee from demandees) as est_demandee
from lues
where lues.annee is not null
