-- Median months from the first request to the signed lease, the mean of the two middle ones when they are even in number: a
-- median is computed from the rows of each figure, never from other medians. By size and by applicant, the year only.
{%- set coupes = [] %}
{%- for axe in axes_attribution() if axe.axe in ['epci', 'commune', 'bailleur', 'reservataire', 'departement'] %}
{%- do coupes.append({'axe': axe, 'niveau': axe.niveau}) %}
{%- for s in segments_attribution() if s.segment_type in ['typologie', 'demandeur'] and axe.axe in s.axes %}
{%- do coupes.append({'axe': axe, 'niveau': s.niveau, 'segment_type': s.segment_type}) %}
{%- endfor %}
{%- endfor %}
with periodes as (

    {{ mois_des_periodes() | indent(4) }}

)

{% for coupe in coupes %}
{%- if not loop.first %}
union all
{% endif -%}
select
    mesures.epci_siren,
    periodes.periode_type,
    periodes.periode,
    periodes.annee,
    'delai_median' as indicateur,
    '{{ coupe.axe.axe }}' as axe,
    {{ modalite(coupe.axe.colonnes, 'mesures') }} as modalite,
    '{{ coupe.segment_type | default('tous') }}' as segment_type,
    {% if coupe.segment_type is defined %}coalesce(mesures.{{ coupe.segment_type }}, 'inconnu'){% else %}'tous'{% endif %} as segment,
    cast(null as bigint) as numerateur,
    count(mesures.delai_jours) as denominateur,
    count(*) - count(mesures.delai_jours) as inconnus,
    cast(percentile_cont(0.5) within group (order by mesures.delai_jours) as double)
    * max(bornes.mois_par_an) / nullif(max(bornes.jours_par_an), 0) as mesure
from {{ ref('int_attribution_mesures') }} as mesures
inner join periodes
    on mesures.epci_siren = periodes.epci_siren and mesures.mois = periodes.mois and periodes.niveau <= {{ coupe.niveau }}
inner join {{ source('seeds', 'ref_bornes_indicateurs') }} as bornes
    on
        mesures.date_evenement >= bornes.debut
        and mesures.date_evenement <= coalesce(bornes.fin, mesures.date_evenement)
where mesures.evenement = 'bail_signe'
group by 1, 2, 3, 4, 5, 6, 7, 8, 9
{% endfor %}
