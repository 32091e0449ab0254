-- Mutations in the common shape: leases by kind of mutation (with the same landlord or between landlords), and under- and
-- over-occupation of the dwelling that the household asks to leave, or left.
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
    inner join {{ ref('int_annees') }} as annees on evenements.epci_siren = annees.epci_siren and evenements.annee = annees.annee and annees.est_demandee
    where evenements.evenement = 'bail_signe'
    group by 1, 2, 3, 4, 5
    {%- endfor %}

),

figures as (

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

)

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
from figures
