-- The communes of each priority neighbourhood, of both generations; a generation given in the landing folder replaces
-- the shipped one, because a list is whole or it is nothing.
with lus as (

    select
        qpv.generation,
        qpv.code_qpv,
        qpv.libelle,
        {{ commune_courante('qpv.code_commune', 'courante') }} as code_commune
    from {{ source('geographie', 'qpv_communes') }} as qpv
    {{ joindre_commune('qpv.code_commune', 'courante') }}

),

livres as (

    select
        qpv.generation,
        qpv.code_qpv,
        qpv.libelle,
        {{ commune_courante('qpv.code_commune', 'courante') }} as code_commune
    from {{ source('livres', 'livre_qpv') }} as qpv
    {{ joindre_commune('qpv.code_commune', 'courante') }}
    where qpv.generation not in (select lus.generation from lus)

)

select
    generation,
    code_qpv,
    code_commune,
    min(libelle) as libelle
from (
    select * from lus
    union all
    select * from livres
) as tous
group by generation, code_qpv, code_commune
