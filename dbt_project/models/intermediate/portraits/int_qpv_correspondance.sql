-- What each priority neighbourhood became from one generation to the next: the official correspondence of the landing folder,
-- else the shipped one. `relation` is read from the pairs: a neighbourhood may be split, merged, new or gone; one that has a
-- single counterpart kept its outline only when the list says so.
with paires as (

    select
        code_qpv_2024 as code_apres,
        code_qpv_2015 as code_avant,
        lower(statut) as statut
    from {{ source('geographie', 'qpv_correspondance') }}
    union
    select
        livrees.code_qpv_2024 as code_apres,
        livrees.code_qpv_2015 as code_avant,
        livrees.statut
    from {{ source('seeds', 'ref_qpv_correspondance') }} as livrees
    where not exists (select 1 from {{ source('geographie', 'qpv_correspondance') }})

),

comptees as (

    select
        *,
        case when code_avant is not null and code_apres is not null then 1 else 0 end as est_paire,
        count(code_avant) over (partition by code_apres) as nb_avant,
        count(code_apres) over (partition by code_avant) as nb_apres
    from paires

),

relations as (

    select
        code_avant,
        code_apres,
        case
            when code_avant is null then 'nouveau'
            when code_apres is null then 'sorti'
            when nb_apres > 1 and nb_avant > 1 then 'recompose'
            when nb_apres > 1 then 'scission'
            when nb_avant > 1 then 'fusion'
            when statut like 'ident%' then 'identique'
            else 'modifie'
        end as relation
    from comptees

)

select
    code_apres as code_qpv,
    min(relation) as relation,
    {{ liste_de_textes('code_avant', ',') }} as codes_avant,
    cast(null as {{ dbt.type_string() }}) as codes_apres
from relations
where code_apres is not null
group by code_apres
union all
select
    code_avant as code_qpv,
    min(relation) as relation,
    cast(null as {{ dbt.type_string() }}) as codes_avant,
    {{ liste_de_textes('code_apres', ',') }} as codes_apres
from relations
where code_avant is not null
group by code_avant
