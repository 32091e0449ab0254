{#- Dates of a calendar year. -#}

{%- macro premier_jour(annee) -%}
    make_date(cast({{ annee }} as integer), 1, 1)
{%- endmacro -%}

{%- macro dernier_jour(annee) -%}
    make_date(cast({{ annee }} as integer), 12, 31)
{%- endmacro -%}

{#- First day of the month that is `n` months after (before, when negative) the month of a date. -#}
{%- macro ajouter_mois(date, n) -%}
    cast(date_trunc('month', {{ date }}) + interval '1 month' * ({{ n }}) as date)
{%- endmacro -%}
