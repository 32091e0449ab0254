-- The residence of a dwelling, as the allocations made on it name it (the register does not name residences); the latest
-- name wins.
with noms as (

    select
        num_rpls,
        residence,
        row_number() over (
            partition by num_rpls order by date_decision desc nulls last, residence asc nulls last
        ) as rang
    from {{ ref('stg_sne__attributions') }}
    where num_rpls is not null and residence is not null

)

select
    num_rpls as ident_rep,
    residence
from noms
where rang = 1
