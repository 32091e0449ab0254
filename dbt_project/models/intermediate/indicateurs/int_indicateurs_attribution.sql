-- Allocation indicators in the common shape: sums over each period, one row per figure. A figure that no row of its base
-- reaches is not written here.
{%- set mesures = mesures_attribution() %}
with cumules as (

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
        sum(cumul.{{ m.mesure }}_{{ suffixe }}) as {{ m.mesure }}_{{ suffixe }}{{ "," if not (derniere and loop.last) }}
        {%- endfor %}
        {%- endfor %}
    from {{ ref('int_attribution_cumul') }} as cumul
    inner join {{ ref('int_periode_mois') }} as periodes
        on cumul.mois = periodes.mois and periodes.niveau <= cumul.niveau
    group by 1, 2, 3, 4, 5, 6, 7, 8

)

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
    cast({{ m.mesure }}_num as bigint) as numerateur,
    cast({{ m.mesure }}_den as bigint) as denominateur,
    cast({{ m.mesure }}_inc as bigint) as inconnus,
    cast(null as double) as mesure
from cumules
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
    {%- endif %}
{% endfor %}
