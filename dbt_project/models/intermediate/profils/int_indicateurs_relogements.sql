-- Rehousing in the common shape: how many, by operation, and how the rent changed (the sum of the new rents against the sum of
-- the rents left, for the households of which both are known). Shares off site, out of priority neighbourhoods and in new
-- dwellings are measures of allocations.
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
    inner join {{ ref('int_annees') }} as annees on evenements.epci_siren = annees.epci_siren and evenements.annee = annees.annee and annees.est_demandee
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

),

compares as (

    select
        loges.*,
        origines.loyer_quitte,
        case when loges.loyer > 0 and origines.loyer_quitte > 0 then 1 else 0 end as est_compare
    from loges
    left join origines on loges.attribution_id = origines.attribution_id and origines.rang = 1

),

cumules as (

    {%- for axe in [
        {'axe': 'epci', 'colonne': 'epci_siren'}, {'axe': 'commune', 'colonne': 'code_commune'},
        {'axe': 'bailleur', 'colonne': 'bailleur_siren'},
    ] %}
    {%- for segment in ['tous', 'relogement', 'secteur'] if segment == 'tous' or axe.axe == 'epci' %}
    select
        epci_siren,
        annee,
        '{{ axe.axe }}' as axe,
        coalesce({{ axe.colonne }}, 'inconnu') as modalite,
        '{{ segment }}' as segment_type,
        {{ "'tous'" if segment == 'tous' else "coalesce(" ~ segment ~ ", 'inconnu')" }} as segment,
        count(*) as nb,
        sum(est_compare) as nb_compares,
        sum(case when est_compare = 1 then loyer end) as loyer,
        sum(case when est_compare = 1 then loyer_quitte end) as loyer_quitte
    from compares
    group by 1, 2, 3, 4, 5, 6
    {%- if not (axe.axe == 'bailleur') %}
    union all
    {%- endif %}
    {%- endfor %}
    {%- endfor %}

)

select
    epci_siren,
    'annee' as periode_type,
    cast(annee as {{ dbt.type_string() }}) as periode,
    annee,
    'relogements' as indicateur,
    axe,
    modalite,
    segment_type,
    segment,
    cast(nb as bigint) as numerateur,
    cast(null as bigint) as denominateur,
    cast(0 as bigint) as inconnus,
    cast(null as double) as mesure,
    cast(null as {{ dbt.type_string() }}) as statut_source
from cumules
union all
select
    epci_siren,
    'annee' as periode_type,
    cast(annee as {{ dbt.type_string() }}) as periode,
    annee,
    'relogements_evolution_loyer' as indicateur,
    axe,
    modalite,
    segment_type,
    segment,
    cast(null as bigint) as numerateur,
    cast(nb_compares as bigint) as denominateur,
    cast(nb - nb_compares as bigint) as inconnus,
    100 * (cast(loyer as double) / nullif(cast(loyer_quitte as double), 0) - 1) as mesure,
    cast(null as {{ dbt.type_string() }}) as statut_source
from cumules
union all
-- A year whose leases were read and say who was rehoused, and none was.
select
    {{ figure_nulle('comptes') }},
    cast(null as {{ dbt.type_string() }}) as statut_source
from {{ ref('int_comptes_faits') }} as comptes
left join (select distinct epci_siren, annee from cumules) as comptees
    on comptes.epci_siren = comptees.epci_siren and comptes.annee = comptees.annee
where comptes.indicateur = 'relogements' and comptees.epci_siren is null
