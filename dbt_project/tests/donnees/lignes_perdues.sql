-- No row is lost nor doubled between a source and its fact: what joins add, they add beside.
with comptes as (

    select
        'fct_attribution' as fait,
        (select count(*) from {{ ref('stg_sne__attributions') }}) as lues,
        (select count(*) from {{ ref('fct_attribution') }}) as gardees
    union all
    select
        'fct_logement' as fait,
        (select count(*) from {{ ref('stg_rpls__logements') }}) as lues,
        (select count(*) from {{ ref('fct_logement') }}) as gardees
    union all
    select
        'dim_logement' as fait,
        (select count(*) from {{ ref('stg_rpls__logements') }}) as lues,
        (select count(*) from {{ ref('dim_logement') }}) as gardees
    union all
    select
        'fct_occupation' as fait,
        (select count(*) from {{ source('ops', 'ops_occupation') }}) as lues,
        (select count(*) from {{ ref('fct_occupation') }}) as gardees
    union all
    select
        'fct_demande' as fait,
        (select count(*) from {{ ref('int_demande_active') }}) as lues,
        (select count(*) from {{ ref('fct_demande') }}) as gardees

)

select
    fait,
    lues,
    gardees
from comptes
where lues <> gardees
