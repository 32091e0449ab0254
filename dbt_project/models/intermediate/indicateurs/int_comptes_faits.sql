-- The counts of events of a territory and a year that were made, whether they found anything or not: where they found nothing,
-- the figure is 0 and not missing. An event is counted when the allocations of the year were read and each of its records tells
-- whether it took place.
with annees as (

    select
        epci_siren,
        annee
    from {{ ref('int_annees') }}
    where est_demandee and sont_lues_les_attributions

),

-- A record is of the year of its decision and of that of its lease.
enregistrements as (

    {%- for jour in ['date_decision', 'date_signature_bail'] %}
    select
        attribution_id,
        epci_siren,
        cast(extract(year from {{ jour }}) as integer) as annee,
        est_effective
    from {{ ref('fct_attribution') }}
    {%- if not loop.last %}
    union
    {%- endif %}
    {%- endfor %}

),

muets as (

    select
        enregistrements.epci_siren,
        enregistrements.annee,
        {%- for compte in comptes_evenements() %}
        max(
            case
                when
                    {%- for champ in compte.champs %}
                    {{ champ_absent('lues', champ) }}{{ " or" if not loop.last }}
                    {%- endfor %}
                    {%- for colonne in compte.remplis | default([]) %}
                    or {{ colonne }} is null
                    {%- endfor %}
                    then 1
                else 0
            end
        ) as {{ compte.indicateur }}_{{ compte.segment }}{{ "," if not loop.last }}
        {%- endfor %}
    from enregistrements
    inner join {{ ref('stg_sne__attributions') }} as lues on enregistrements.attribution_id = lues.attribution_id
    group by enregistrements.epci_siren, enregistrements.annee

)

{% for compte in comptes_evenements() %}
select
    annees.epci_siren,
    annees.annee,
    '{{ compte.indicateur }}' as indicateur,
    '{{ compte.segment_type }}' as segment_type,
    '{{ compte.segment }}' as segment
from annees
inner join muets on annees.epci_siren = muets.epci_siren and annees.annee = muets.annee
where muets.{{ compte.indicateur }}_{{ compte.segment }} = 0
{%- if not loop.last %}
union all
{% endif -%}
{% endfor %}
