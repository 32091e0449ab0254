-- Sums of every allocation measure over each period, on each axis and segment. What is kept by the year is there already, one
-- row per year: only what is kept by the half-year or the month has anything left to sum.
{%- set mesures = mesures_attribution() %}
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
from {{ ref('int_attribution_cumul') }} as cumul
inner join {{ ref('int_periode_mois') }} as periodes
    on cumul.epci_siren = periodes.epci_siren and cumul.mois = periodes.mois and periodes.niveau <= cumul.niveau
{%- if est_annuel %}
where cumul.niveau = 1
{%- else %}
where cumul.niveau > 1
group by 1, 2, 3, 4, 5, 6, 7, 8
{%- endif %}
{%- endfor %}
