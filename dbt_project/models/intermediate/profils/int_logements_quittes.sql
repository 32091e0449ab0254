-- The dwelling that a household left by a lease, as its request says it: in the last extraction on or before 31 December of the
-- lease's year that names one, since what is dated later never changes a year; with none, in the first one after, where a
-- request that the lease struck off is found.
with baux as (

    select distinct
        attributions.demandeur_id,
        evenements.annee
    from {{ ref('fct_evenement_attribution') }} as evenements
    inner join {{ ref('fct_attribution') }} as attributions
        on evenements.attribution_id = attributions.attribution_id
    where evenements.evenement = 'bail_signe'

),

dits as (

    select
        baux.demandeur_id,
        baux.annee,
        demandes.num_rpls_origine as ident_rep,
        row_number() over (
            partition by baux.demandeur_id, baux.annee
            order by
                case when demandes.date_extraction <= {{ dernier_jour('baux.annee') }} then 0 else 1 end,
                abs({{ jours_entre('demandes.date_extraction', dernier_jour('baux.annee')) }}) nulls last,
                demandes.num_rpls_origine nulls last
        ) as rang
    from baux
    inner join {{ source('sne', 'sne_demandes') }} as demandes on baux.demandeur_id = demandes.demandeur_id
    where demandes.num_rpls_origine is not null

)

select
    demandeur_id,
    annee,
    ident_rep
from dits
where rang = 1
