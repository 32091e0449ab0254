{#- Contracts on Spark. DuckDB checks at every build that a model gives the types of its contract; Spark infers other
    widths for the same values (a year is an `int` there, a `bigint` here), so there each column is cast to its
    contract, and a value that does not fit is an error; so is a null in a column that has none, which a Parquet table
    cannot refuse by itself. -#}

{#- The name that Spark gives a declared type: `varchar` needs a length there. -#}
{%- macro type_du_moteur(type) -%}
    {{ dbt.type_string() if type | lower in ('varchar', 'text') else type }}
{%- endmacro -%}

{%- macro spark__get_assert_columns_equivalent(sql) -%}
{%- endmacro -%}

{%- macro spark__get_column_names() -%}
    {%- for colonne in model['columns'].values() %}
    {%- set type = type_du_moteur(colonne.data_type) %}
    {%- set requise = colonne.constraints | selectattr('type', 'equalto', 'not_null') | list %}
    {% if requise -%}
    coalesce(cast({{ colonne.name }} as {{ type }}), cast(raise_error('{{ colonne.name }} : valeur absente') as {{ type }}))
    {%- else -%}
    cast({{ colonne.name }} as {{ type }})
    {%- endif %} as {{ colonne.name }}{{ "," if not loop.last }}
    {%- endfor %}
{%- endmacro -%}

{%- macro spark__persist_constraints(relation, model) -%}
{%- endmacro -%}
