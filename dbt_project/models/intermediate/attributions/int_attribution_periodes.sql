-- Sums of every allocation measure over each period, on each axis and segment. What is kept by the year is there already, one
-- row per year: only what is kept by the half-year or the month has anything left to sum.
{%- set mesures = mesures_attribution() %}
with
-- Sums of every allocation measure, on each axis and segment, by the finest period that the axis keeps. The landlords'
-- priority publics are counted on the base that the convention gives them (their own share by default).
cumul as (

    {% for axe in axes_attribution() %}
    {%- if not loop.first %}
    union all
    {%- endif %}
    select
        epci_siren,
        '{{ axe.axe }}' as axe,
        {{ modalite(axe.colonnes) }} as modalite,
        'tous' as segment_type,
        'tous' as segment,
        {{ axe.niveau }} as niveau,
        {{ mois_de_niveau('mois', axe.niveau) }} as mois,
        {{- sommes_attribution(axe.axe) }}
    from {{ ref('int_attribution_mesures') }}
    {%- if 'code_qpv' in axe.colonnes %}
    where secteur = 'qpv'
    {%- endif %}
    group by 1, 2, 3, 4, 5, 6, 7
    {% endfor %}
    union all
    select
        mesures.epci_siren,
        'zone' as axe,
        zones.zone as modalite,
        'tous' as segment_type,
        'tous' as segment,
        4 as niveau,
        mesures.mois,
        {{- sommes_attribution('zone') }}
    from {{ ref('int_attribution_mesures') }} as mesures
    inner join {{ ref('int_attribution_zone') }} as zones
        on
            mesures.attribution_id = zones.attribution_id
            and mesures.date_evenement >= coalesce(zones.debut, mesures.date_evenement)
            and mesures.date_evenement <= coalesce(zones.fin, mesures.date_evenement)
    group by 1, 2, 3, 4, 5, 6, 7
    {% for segment in segments_attribution() %}
    {%- for axe in axes_attribution() if axe.axe in segment.axes %}
    union all
    select
        epci_siren,
        '{{ axe.axe }}' as axe,
        {{ modalite(axe.colonnes) }} as modalite,
        '{{ segment.segment_type }}' as segment_type,
        coalesce({{ segment.segment_type }}, 'inconnu') as segment,
        {{ segment.niveau }} as niveau,
        {{ mois_de_niveau('mois', segment.niveau) }} as mois,
        {{- sommes_attribution(axe.axe) }}
    from {{ ref('int_attribution_mesures') }}
    {%- if 'code_qpv' in axe.colonnes %}
    where secteur = 'qpv'
    {%- endif %}
    group by 1, 2, 3, 4, 5, 6, 7
    {% endfor %}
    {%- endfor %}

),

periodes as (

    {{ mois_des_periodes() | indent(4) }}

)

{%- for est_annuel in [true, false] %}
{%- if not loop.first %}
union all
{%- endif %}
select
    cumul.epci_siren,
    periodes.periode_type,
    periodes.periode,
    periodes.annee,
    cumul.axe,
    cumul.modalite,
    cumul.segment_type,
    cumul.segment,
    {%- for m in mesures %}
    {%- set derniere = loop.last %}
    {%- for suffixe in ['num', 'den', 'inc'] %}
    {%- set colonne = 'cumul.' ~ m.mesure ~ '_' ~ suffixe %}
    {{ colonne if est_annuel else somme(colonne) }} as {{ m.mesure }}_{{ suffixe }}{{ "," if not (derniere and loop.last) }}
    {%- endfor %}
    {%- endfor %}
from cumul
inner join periodes
    on cumul.epci_siren = periodes.epci_siren and cumul.mois = periodes.mois and periodes.niveau <= cumul.niveau
{%- if est_annuel %}
where cumul.niveau = 1
{%- else %}
where cumul.niveau > 1
group by 1, 2, 3, 4, 5, 6, 7, 8
{%- endif %}
{%- endfor %}
