-- Demand indicators on 31 December of each year, in the common shape. A median of an even number of requests is the mean of the
-- two middle ones.
{%- set mesures = mesures_demande() %}
with cumules as (

    {% for axe in axes_demande() %}
    {%- set axe_premier = loop.first %}
    {%- for segment in segments_demande() if segment == 'tous' or axe.axe in ['epci', 'commune'] %}
    {%- if not (axe_premier and loop.first) %}
    union all
    {% endif %}
    select
        epci_siren,
        annee,
        '{{ axe.axe }}' as axe,
        {{ modalite(axe.colonnes) }} as modalite,
        '{{ segment }}' as segment_type,
        {{ "'tous'" if segment == 'tous' else "coalesce(" ~ segment ~ ", 'inconnu')" }} as segment,
        {%- for m in mesures %}
        {%- for suffixe in ['num', 'den', 'inc'] %}
        {{ somme(m ~ '_' ~ suffixe) }} as {{ m }}_{{ suffixe }},
        {%- endfor %}
        {%- endfor %}
        cast(percentile_cont(0.5) within group (order by anciennete_jours) as double) as anciennete_jours
    from {{ ref('int_demande_mesures') }}
    where {{ axe.colonnes[0] }} is not null
    group by 1, 2, 3, 4, 5, 6
    {%- endfor %}
    {%- endfor %}

)

{% for m in mesures %}
select
    epci_siren,
    'annee' as periode_type,
    cast(annee as {{ dbt.type_string() }}) as periode,
    annee,
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
union all
{% endfor %}
select
    cumules.epci_siren,
    'annee' as periode_type,
    cast(cumules.annee as {{ dbt.type_string() }}) as periode,
    cumules.annee,
    'anciennete' as indicateur,
    cumules.axe,
    cumules.modalite,
    cumules.segment_type,
    cumules.segment,
    cast(null as bigint) as numerateur,
    cumules.demandes_num as denominateur,
    cast(null as bigint) as inconnus,
    cumules.anciennete_jours * bornes.mois_par_an / nullif(bornes.jours_par_an, 0) as mesure
from cumules
inner join {{ source('seeds', 'ref_bornes_indicateurs') }} as bornes
    on
        {{ dernier_jour('cumules.annee') }} >= bornes.debut
        and {{ dernier_jour('cumules.annee') }} <= coalesce(bornes.fin, {{ dernier_jour('cumules.annee') }})
