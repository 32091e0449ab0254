-- Rehousing in the common shape: how many, by operation, and how the rent changed (the sum of the new rents against the sum of
-- the rents left, for the households of which both are known). Shares off site, out of priority neighbourhoods and in new
-- dwellings are measures of allocations.
with cumules as (

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
        sum(relogements_evolution_loyer_den) as nb_compares,
        sum(case when relogements_evolution_loyer_den = 1 then loyer end) as loyer,
        sum(case when relogements_evolution_loyer_den = 1 then loyer_quitte end) as loyer_quitte
    from {{ ref('int_relogements') }}
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
