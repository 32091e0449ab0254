-- Leases of rehoused households, with the rent before and after: that of the dwelling left is the register's of the latest
-- vintage not after the lease's year, else of the earliest. The rents are compared where both are known.
with loges as (

    select
        evenements.epci_siren,
        evenements.annee,
        evenements.secteur,
        attributions.attribution_id,
        attributions.demandeur_id,
        attributions.code_commune,
        attributions.bailleur_siren,
        attributions.relogement,
        coalesce(attributions.loyer, nouveaux.loyer_principal) as loyer
    from {{ ref('fct_evenement_attribution') }} as evenements
    inner join {{ ref('fct_attribution') }} as attributions
        on evenements.attribution_id = attributions.attribution_id
    {{ joindre_annees_demandees('evenements') }}
    left join {{ ref('fct_logement') }} as nouveaux
        on
            attributions.logement_id = nouveaux.logement_id
            and attributions.millesime_logement = nouveaux.millesime
    where evenements.evenement = 'bail_signe' and attributions.est_relogement

),

origines as (

    select
        loges.attribution_id,
        logements.loyer_principal as loyer_quitte,
        row_number() over (
            partition by loges.attribution_id
            order by
                case when logements.millesime <= loges.annee then 0 else 1 end,
                abs(logements.millesime - loges.annee) nulls last,
                logements.logement_id nulls last
        ) as rang
    from loges
    inner join {{ ref('int_logements_quittes') }} as quittes
        on loges.demandeur_id = quittes.demandeur_id and loges.annee = quittes.annee
    inner join {{ ref('fct_logement') }} as logements on quittes.ident_rep = logements.ident_rep
    where logements.loyer_principal is not null

)

select
    loges.epci_siren,
    loges.annee,
    loges.secteur,
    loges.attribution_id,
    loges.code_commune,
    loges.bailleur_siren,
    loges.relogement,
    loges.loyer,
    origines.loyer_quitte,
    {{ effectif('relogements', 'true') }},
    0 as relogements_evolution_loyer_num,
    {{ compte('loges.loyer > 0 and origines.loyer_quitte > 0') }} as relogements_evolution_loyer_den,
    1 - {{ compte('loges.loyer > 0 and origines.loyer_quitte > 0') }} as relogements_evolution_loyer_inc
from loges
left join origines on loges.attribution_id = origines.attribution_id and origines.rang = 1
