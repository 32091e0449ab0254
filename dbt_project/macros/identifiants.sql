{#- Stable identifiers of rows, made of their content: a file renamed or moved gives the same identifier. -#}

{%- macro empreinte_ligne(colonnes) -%}
    md5(
        {%- for colonne in colonnes %}
        coalesce(cast({{ colonne }} as {{ dbt.type_string() }}), '')
        {%- if not loop.last %} || '|' || {% endif %}
        {%- endfor %}
    )
{%- endmacro -%}

{%- macro cle_croisee(colonnes) -%}
    {%- for colonne in colonnes -%}
        {{ colonne }}{% if not loop.last %} || ' x ' || {% endif %}
    {%- endfor -%}
{%- endmacro -%}

{#- A written name without accents, case, punctuation nor spaces. -#}
{%- macro nom_normalise(colonne) -%}
    nullif(regexp_replace(lower(strip_accents({{ colonne }})), '[^a-z0-9]', '', 'g'), '')
{%- endmacro -%}
