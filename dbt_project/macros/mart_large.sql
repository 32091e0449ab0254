{#- A wide mart: the published figures of some indicators, one column each, with the counts behind and the status. Built on
    marts.indicateurs, so that one small-cell rule serves all. -#}
{%- macro mart_large(indicateurs, comptes=true) -%}
select
    epci_siren,
    periode_type,
    periode,
    axe,
    modalite,
    min(modalite_libelle) as modalite_libelle,
    segment_type,
    segment,
    {%- for i in indicateurs %}
    max(case when indicateur = '{{ i }}' then valeur end) as {{ i }},
    {%- if comptes %}
    max(case when indicateur = '{{ i }}' then numerateur end) as {{ i }}_numerateur,
    max(case when indicateur = '{{ i }}' then denominateur end) as {{ i }}_denominateur,
    max(case when indicateur = '{{ i }}' then inconnus end) as {{ i }}_inconnus,
    {%- endif %}
    max(case when indicateur = '{{ i }}' then statut end) as {{ i }}_statut,
    {%- endfor %}
    bool_or(petit_effectif) as petit_effectif,
    min(source) as source
from {{ ref('indicateurs') }}
where indicateur in ({% for i in indicateurs %}'{{ i }}'{{ ", " if not loop.last }}{% endfor %})
group by epci_siren, periode_type, periode, axe, modalite, segment_type, segment
{%- endmacro -%}
