{#- The code that a commune has today, from a code of any year; the join is written by `joindre_commune`. -#}

{%- macro joindre_commune(colonne, alias) -%}
    left join {{ ref('int_commune_courante') }} as {{ alias }} on {{ colonne }} = {{ alias }}.code_lu
{%- endmacro -%}

{%- macro commune_courante(colonne, alias) -%}
    coalesce({{ alias }}.code_commune, {{ colonne }})
{%- endmacro -%}
