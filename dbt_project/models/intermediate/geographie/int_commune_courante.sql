-- Every commune code ever read → the code it has today, arrondissements of Paris, Lyon and Marseille included.
with passage as (

    select
        code_commune_historique,
        min(code_commune) as code_commune
    from {{ source('geographie', 'geo_passage') }}
    group by code_commune_historique
    union all
    select
        code_commune_historique,
        code_commune
    from {{ source('livres', 'livre_passage') }}
    where
        code_commune_historique not in (
            select lus.code_commune_historique from {{ source('geographie', 'geo_passage') }} as lus
        )

),

arrondissements as (

    select
        code_arrondissement,
        code_commune
    from {{ source('geographie', 'geo_plm') }}
    union
    select
        code_arrondissement,
        code_commune
    from {{ source('seeds', 'ref_plm') }}

),

tous as (

    select
        passage.code_commune_historique as code_lu,
        coalesce(arrondissements.code_commune, passage.code_commune) as code_commune,
        arrondissements.code_commune is not null as est_arrondissement
    from passage
    left join arrondissements on passage.code_commune = arrondissements.code_arrondissement
    union
    select
        code_arrondissement as code_lu,
        code_commune,
        true as est_arrondissement
    from arrondissements

)

select
    code_lu,
    min(code_commune) as code_commune,
    bool_or(est_arrondissement) as est_arrondissement
from tous
group by code_lu
