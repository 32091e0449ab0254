-- Stock indicators by vintage, in the common shape. The rent per square metre is a sum over a sum, never a mean of ratios.
{%- set mesures = mesures_parc() %}

with cumules as (

    {% for axe in axes_parc() %}
    {%- if not loop.first %}
    union all
    {% endif %}
    select
        epci_siren,
        millesime,
        '{{ axe.axe }}' as axe,
        {{ modalite(axe.colonnes) }} as modalite,
        'tous' as segment_type,
        'tous' as segment,
        {{- sommes_parc(mesures) }}
    from {{ ref('int_logement_mesures') }}
    {%- if axe.axe == 'qpv' %}
    where secteur = 'qpv'
    {%- elif axe.axe == 'residence' %}
    where residence is not null
    {%- endif %}
    group by 1, 2, 3, 4, 5, 6
    {%- endfor %}
    union all
    select
        mesures.epci_siren,
        mesures.millesime,
        'zone' as axe,
        zones.zone as modalite,
        'tous' as segment_type,
        'tous' as segment,
        {{- sommes_parc(mesures) }}
    from {{ ref('int_logement_mesures') }} as mesures
    inner join {{ ref('int_logement_zone') }} as zones
        on mesures.logement_id = zones.logement_id and mesures.millesime = zones.millesime
    group by 1, 2, 3, 4, 5, 6
    {%- for segment in segments_parc() %}
    {%- set axes_segment = ['epci', 'commune'] + (['bailleur'] if segment.segment_type == 'secteur' else []) %}
    {%- for axe in axes_parc() if axe.axe in axes_segment %}
    union all
    select
        epci_siren,
        millesime,
        '{{ axe.axe }}' as axe,
        {{ modalite(axe.colonnes) }} as modalite,
        '{{ segment.segment_type }}' as segment_type,
        coalesce({{ segment.colonne }}, 'inconnu') as segment,
        {{- sommes_parc(mesures) }}
    from {{ ref('int_logement_mesures') }}
    group by 1, 2, 3, 4, 5, 6
    {%- endfor %}
    {%- endfor %}

)

{#- A segment of patrimony is no residence: its figures are said to be missing. #}
{% for m in mesures + ['loyer_m2'] %}
select distinct
    epci_siren,
    'millesime' as periode_type,
    cast(millesime as {{ dbt.type_string() }}) as periode,
    millesime as annee,
    '{{ m }}' as indicateur,
    'residence' as axe,
    segment_sans_residence as modalite,
    'tous' as segment_type,
    'tous' as segment,
    cast(null as bigint) as numerateur,
    cast(null as bigint) as denominateur,
    cast(null as bigint) as inconnus,
    cast(null as double) as mesure
from {{ ref('int_logement_mesures') }} as mesures
where
    segment_sans_residence is not null
    -- Not the name of a residence of another landlord.
    and not exists (
        select 1
        from cumules
        where
            cumules.axe = 'residence'
            and cumules.epci_siren = mesures.epci_siren
            and cumules.millesime = mesures.millesime
            and cumules.modalite = mesures.segment_sans_residence
    )
union all
{% endfor %}
{% for m in mesures %}
select
    epci_siren,
    'millesime' as periode_type,
    cast(millesime as {{ dbt.type_string() }}) as periode,
    millesime as annee,
    '{{ m }}' as indicateur,
    axe,
    modalite,
    segment_type,
    segment,
    {{ m }}_num as numerateur,
    {{ m }}_den as denominateur,
    {{ m }}_inc as inconnus,
    cast(null as double) as mesure
from cumules
where {{ m }}_num + {{ m }}_den + {{ m }}_inc > 0
union all
{% endfor %}
select
    epci_siren,
    'millesime' as periode_type,
    cast(millesime as {{ dbt.type_string() }}) as periode,
    millesime as annee,
    'loyer_m2' as indicateur,
    axe,
    modalite,
    segment_type,
    segment,
    cast(null as bigint) as numerateur,
    cast(null as bigint) as denominateur,
    loyer_inc as inconnus,
    cast(loyer as double) / nullif(cast(surface as double), 0) as mesure
from cumules
where surface > 0
