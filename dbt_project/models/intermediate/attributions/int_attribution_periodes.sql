-- Sums of every allocation measure over each period, on each axis and segment. What is kept by the year is there already, one
-- row per year: only what is kept by the half-year or the month has anything left to sum.
{%- set mesures = mesures_attribution() %}
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
    cumul.{{ m.mesure }}_{{ suffixe }}{{ "," if not (derniere and loop.last) }}
    {%- endfor %}
    {%- endfor %}
from {{ ref('int_attribution_cumul') }} as cumul
inner join {{ ref('int_periode_mois') }} as periodes on cumul.mois = periodes.mois
where cumul.niveau = 1 and periodes.niveau = 1
union all
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
    cast(sum(cumul.{{ m.mesure }}_{{ suffixe }}) as bigint) as {{ m.mesure }}_{{ suffixe }}{{ "," if not (derniere and loop.last) }}
    {%- endfor %}
    {%- endfor %}
from {{ ref('int_attribution_cumul') }} as cumul
inner join {{ ref('int_periode_mois') }} as periodes
    on cumul.mois = periodes.mois and periodes.niveau <= cumul.niveau
where cumul.niveau > 1
group by 1, 2, 3, 4, 5, 6, 7, 8
