{#- Fails when several rows share the values of the columns that make the grain. Rows are counted by a short print of their
    key first: the keys themselves, long texts, are compared only where two prints are equal. -#}
{% test unicite(model, colonnes) %}
with suspectes as (

    select {{ cle_courte(colonnes) }} as cle
    from {{ model }}
    group by {{ cle_courte(colonnes) }}
    having count(*) > 1

)

select
    {{ colonnes | join(', ') }},
    count(*) as nb
from {{ model }}
where {{ cle_courte(colonnes) }} in (select suspectes.cle from suspectes)
group by {{ colonnes | join(', ') }}
having count(*) > 1
{% endtest %}
