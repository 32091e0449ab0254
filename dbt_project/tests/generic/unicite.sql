{#- Fails when several rows share the values of the columns that make the grain. -#}
{% test unicite(model, colonnes) %}
select
    {{ colonnes | join(', ') }},
    count(*) as nb
from {{ model }}
group by {{ colonnes | join(', ') }}
having count(*) > 1
{% endtest %}
