-- Allocation indicators in the common shape, one row per figure. A figure that no row of its base reaches is not written
-- here, but for a count of the territory that was made and found nothing: it is 0. A view: each indicator reads three columns
-- of a table that compresses well, and is written once, with its value.
{{ config(materialized='view') }}
{%- set mesures = mesures_attribution() %}
{% for m in mesures %}
{%- if not loop.first %}
union all
{% endif -%}
select
    epci_siren,
    periode_type,
    periode,
    annee,
    '{{ m.indicateur | default(m.mesure) }}' as indicateur,
    axe,
    modalite,
    {%- if m.segment is defined %}
    '{{ m.segment_type }}' as segment_type,
    '{{ m.segment }}' as segment,
    {%- else %}
    segment_type,
    segment,
    {%- endif %}
    {{ m.mesure }}_num as numerateur,
    {{ m.mesure }}_den as denominateur,
    {{ m.mesure }}_inc as inconnus,
    cast(null as double) as mesure
from {{ ref('int_attribution_periodes') }}
where
    {{ m.mesure }}_num + {{ m.mesure }}_den + {{ m.mesure }}_inc > 0
    {%- if m.segment is defined or m.axes is defined %}
    and segment_type = 'tous'
    {%- endif %}
    {%- if m.axes is defined %}
    and axe in ({% for axe in m.axes %}'{{ axe }}'{{ ", " if not loop.last }}{% endfor %})
    {%- elif not m.fin %}
    and axe <> 'residence'
    and position(' x ' in axe) = 0
    and (segment_type = 'tous' or axe = 'epci')
    {%- elif m.mesure != 'baux' %}
    and not (axe = 'commune' and segment_type in ('{{ segments_comptes() | join("', '") }}'))
    {%- endif %}
{% endfor %}
{%- for m in mesures %}
{%- for compte in comptes_evenements() if compte.mesure == m.mesure %}
union all
select
    {{ figure_nulle('comptes', denominateur=0) }}
from {{ ref('int_comptes_faits') }} as comptes
left join {{ ref('int_attribution_periodes') }} as periodes
    on
        comptes.epci_siren = periodes.epci_siren
        and comptes.annee = periodes.annee
        and periodes.periode_type = 'annee'
        and periodes.axe = 'epci'
        and periodes.segment_type = 'tous'
where
    comptes.indicateur = '{{ compte.indicateur }}'
    and comptes.segment = '{{ compte.segment }}'
    and coalesce(periodes.{{ m.mesure }}_num + periodes.{{ m.mesure }}_inc, 0) = 0
{% endfor %}
{%- endfor %}
