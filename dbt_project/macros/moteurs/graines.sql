{#- Seeds on Spark. dbt-spark binds the values of a seed as the text of Python's values: no value becomes 'None', and an
    apostrophe ends the text. Here each value is a literal, and no value is null. -#}

{%- macro texte_litteral(valeur) -%}
    {%- if valeur is none -%}
        null
    {%- else -%}
        '{{ valeur | string | replace("\\", "\\\\") | replace("'", "\\'") }}'
    {%- endif -%}
{%- endmacro -%}

{%- macro types_de_graine(model, agate_table) -%}
    {%- set declares = model['config'].get('column_types', {}) -%}
    {%- set types = [] -%}
    {%- for colonne in agate_table.column_names -%}
        {%- do types.append(type_du_moteur(declares.get(colonne, adapter.convert_type(agate_table, loop.index0)))) -%}
    {%- endfor -%}
    {{ return(types) }}
{%- endmacro -%}

{%- macro spark__create_csv_table(model, agate_table) -%}
    {%- set types = types_de_graine(model, agate_table) -%}
    {%- set sql -%}
        create table {{ this.render() }} (
            {%- for colonne in agate_table.column_names %}
            {{ adapter.quote(colonne) }} {{ types[loop.index0] }}{{ "," if not loop.last }}
            {%- endfor %}
        )
        {{ file_format_clause() }}
        {{ location_clause() }}
        {{ comment_clause() }}
    {%- endset -%}
    {%- call statement('_') -%}
        {{ sql }}
    {%- endcall -%}
    {{ return(sql) }}
{%- endmacro -%}

{%- macro spark__load_csv_rows(model, agate_table) -%}
    {%- set types = types_de_graine(model, agate_table) -%}
    {%- set ordres = [] -%}
    {%- for lot in agate_table.rows | batch(get_batch_size()) -%}
        {%- set sql -%}
            insert into {{ this.render() }} values
            {%- for ligne in lot %}
            (
                {%- for valeur in ligne -%}
                cast({{ texte_litteral(valeur) }} as {{ types[loop.index0] }}){{ ", " if not loop.last }}
                {%- endfor -%}
            ){{ "," if not loop.last }}
            {%- endfor %}
        {%- endset -%}
        {%- do adapter.add_query(sql, abridge_sql_log=True) -%}
        {%- do ordres.append(sql) -%}
    {%- endfor -%}
    {{ return(ordres[0]) }}
{%- endmacro -%}
