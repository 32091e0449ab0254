-- What households are and what their moves are, in the common shape: the requests and leases of the year by characteristic of the
-- household, mutations, rehousing.
with occupations as (

    {%- for axe in [
        {'axe': 'epci', 'colonne': 'epci_siren'}, {'axe': 'commune', 'colonne': 'code_commune'},
        {'axe': 'bailleur', 'colonne': 'bailleur_siren'},
    ] %}
    {%- if not loop.first %}
    union all
    {%- endif %}
    select
        epci_siren,
        annee,
        public,
        '{{ axe.axe }}' as axe,
        {{ axe.colonne }} as modalite,
        {%- for m in ['sous', 'sur'] %}
        {{ somme(compte('est_' ~ m ~ '_occupe')) }} as {{ m }}_num,
        count(est_{{ m }}_occupe) as {{ m }}_den,
        count(*) - count(est_{{ m }}_occupe) as {{ m }}_inc{{ "," if not loop.last }}
        {%- endfor %}
    from {{ ref('int_mutations_origine') }}
    where {{ axe.colonne }} is not null
    group by 1, 2, 3, 4, 5
    {%- endfor %}

),

types as (

    {%- for axe in [
        {'axe': 'epci', 'colonne': 'epci_siren'}, {'axe': 'bailleur', 'colonne': 'bailleur_siren'},
    ] %}
    {%- if not loop.first %}
    union all
    {%- endif %}
    select
        evenements.epci_siren,
        evenements.annee,
        '{{ axe.axe }}' as axe,
        coalesce({{ 'evenements' if axe.axe == 'epci' else 'attributions' }}.{{ axe.colonne }}, 'inconnu') as modalite,
        coalesce(attributions.type_mutation, 'inconnu') as segment,
        count(*) as nb
    from {{ ref('fct_evenement_attribution') }} as evenements
    inner join {{ ref('fct_attribution') }} as attributions
        on evenements.attribution_id = attributions.attribution_id
    {{ joindre_annees_demandees('evenements') }}
    where evenements.evenement = 'bail_signe'
    group by 1, 2, 3, 4, 5
    {%- endfor %}

),

comptes_mutations as (

    {%- for m in ['sous', 'sur'] %}
    select
        epci_siren,
        annee,
        '{{ m }}_occupation_' || public as indicateur,
        axe,
        modalite,
        'tous' as segment_type,
        'tous' as segment,
        {{ m }}_num as numerateur,
        {{ m }}_den as denominateur,
        {{ m }}_inc as inconnus
    from occupations
    union all
    {%- endfor %}
    select
        epci_siren,
        annee,
        'baux' as indicateur,
        axe,
        modalite,
        'type_mutation' as segment_type,
        segment,
        nb as numerateur,
        cast(null as bigint) as denominateur,
        cast(0 as bigint) as inconnus
    from types

),

-- Mutations in the common shape: leases by kind of mutation (with the same landlord or between landlords), and under- and
-- over-occupation of the dwelling that the household asks to leave, or left.
mutations as (

    select
        epci_siren,
        'annee' as periode_type,
        cast(annee as {{ dbt.type_string() }}) as periode,
        annee,
        indicateur,
        axe,
        modalite,
        segment_type,
        segment,
        cast(numerateur as bigint) as numerateur,
        cast(denominateur as bigint) as denominateur,
        cast(inconnus as bigint) as inconnus,
        cast(null as double) as mesure,
        cast(null as {{ dbt.type_string() }}) as statut_source
    from comptes_mutations

),

relogements_cumules as (

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

),

-- Rehousing in the common shape: how many, by operation, and how the rent changed (the sum of the new rents against the sum of
-- the rents left, for the households of which both are known). Shares off site, out of priority neighbourhoods and in new
-- dwellings are measures of allocations.
relogements as (

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
    from relogements_cumules
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
    from relogements_cumules
    union all
    -- A year whose leases were read and say who was rehoused, and none was.
    select
        {{ figure_nulle('comptes') }},
        cast(null as {{ dbt.type_string() }}) as statut_source
    from {{ ref('int_comptes_faits') }} as comptes
    left join (select distinct epci_siren, annee from relogements_cumules) as comptees
        on comptes.epci_siren = comptees.epci_siren and comptes.annee = comptees.annee
    where comptes.indicateur = 'relogements' and comptees.epci_siren is null

),

-- Active requests and leases of the year by what their households are, in the common shape; requests of five years and more.
-- By territory only: communes are too small for these splits, and every split that is published has to be protected.
-- Sizes, quartiles, household types and mutations are in int_indicateurs_demande and int_indicateurs_attribution.
profils as (

    {%- for segment in segments_profils() %}
    select
        epci_siren,
        'annee' as periode_type,
        cast(annee as {{ dbt.type_string() }}) as periode,
        annee,
        indicateur,
        'epci' as axe,
        epci_siren as modalite,
        '{{ segment }}' as segment_type,
        {{ segment }} as segment,
        cast(count(*) as bigint) as numerateur,
        cast(null as bigint) as denominateur,
        cast(0 as bigint) as inconnus,
        cast(null as double) as mesure,
        cast(null as {{ dbt.type_string() }}) as statut_source
    from {{ ref('int_profils') }}
    group by 1, 2, 3, 4, 5, 6, 7, 8, 9
    union all
    {% endfor %}
    select
        profils.epci_siren,
        'annee' as periode_type,
        cast(profils.annee as {{ dbt.type_string() }}) as periode,
        profils.annee,
        'part_anciennete_5ans' as indicateur,
        'epci' as axe,
        profils.epci_siren as modalite,
        'tous' as segment_type,
        'tous' as segment,
        {{ somme('case when tranches.mois_max is null then 1 else 0 end') }} as numerateur,
        cast(count(tranches.code) as bigint) as denominateur,
        cast(count(*) - count(tranches.code) as bigint) as inconnus,
        cast(null as double) as mesure,
        cast(null as {{ dbt.type_string() }}) as statut_source
    from {{ ref('int_profils') }} as profils
    left join {{ source('seeds', 'ref_tranches_anciennete') }} as tranches on profils.tranche_anciennete = tranches.code
    where profils.indicateur = 'demandes'
    group by 1, 2, 3, 4, 5, 6, 7, 8, 9

)

select * from mutations
union all
select * from relogements
union all
select * from profils
