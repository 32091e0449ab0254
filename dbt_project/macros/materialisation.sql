{#- How a table and a view are made in DuckDB. dbt's own way is made for a base that readers use meanwhile: it makes each
    relation under another name, renames it, drops the one before, and asks three times for the columns. A build works in a
    file of its own: a relation is made once, under its name, and its contract is checked on what was made. -#}

{#- A type as DuckDB writes it and as a contract does, in one spelling. -#}
{%- macro type_comparable(type) -%}
    {{ return(type | lower | replace(' ', '')) }}
{%- endmacro -%}

{#- Refuses a table whose columns are not those of its contract; puts its constraints and the comments, in one go. -#}
{%- macro finir_relation(relation) -%}
    {%- set contrat = config.get('contract').enforced and relation.is_table and model.language == 'sql' -%}
    {%- set colonnes = adapter.get_columns_in_relation(relation) -%}
    {%- set noms = colonnes | map(attribute='name') | list -%}
    {%- set ordres = [] -%}
    {%- if contrat -%}
        {%- set ecarts = [] -%}
        {%- for colonne in colonnes -%}
            {%- set declaree = model.columns.get(colonne.name) -%}
            {%- if declaree is none -%}
                {%- do ecarts.append(colonne.name ~ ' is not in the contract') -%}
            {%- elif type_comparable(declaree.data_type) != type_comparable(colonne.dtype) -%}
                {%- do ecarts.append(colonne.name ~ ' is ' ~ colonne.dtype ~ ', the contract says ' ~ declaree.data_type) -%}
            {%- endif -%}
        {%- endfor -%}
        {%- if ecarts -%}
            {{ exceptions.raise_compiler_error(ecarts | join('; ')) }}
        {%- endif -%}
        {%- for colonne in model.columns.values() if colonne.constraints | selectattr('type', 'equalto', 'not_null') | list -%}
            {%- do ordres.append('alter table ' ~ relation ~ ' alter column ' ~ adapter.quote(colonne.name) ~ ' set not null') -%}
        {%- endfor -%}
    {%- endif -%}
    {%- if config.persist_relation_docs() and model.description -%}
        {%- do ordres.append('comment on ' ~ relation.type ~ ' ' ~ relation ~ ' is ' ~ duckdb_escape_comment(model.description)) -%}
    {%- endif -%}
    {%- if config.persist_column_docs() -%}
        {%- for colonne in model.columns.values() if colonne.name in noms and colonne.description -%}
            {%- do ordres.append('comment on column ' ~ relation ~ '.' ~ adapter.quote(colonne.name) ~ ' is ' ~ duckdb_escape_comment(colonne.description)) -%}
        {%- endfor -%}
    {%- endif -%}
    {%- if ordres -%}
        {%- do run_query(ordres | join(';\n')) -%}
    {%- endif -%}
{%- endmacro -%}

{#- What a model says of its rows beside its columns, asked of the table once it is made, in one pass: `cle`, the columns that no
    two rows share, and `valeurs`, the only values of a column (besides none). Each broken rule is named. -#}
{%- macro controler_relation(relation) -%}
    {%- set cle = model.config.meta.get('cle', []) -%}
    {%- set regles = [] -%}
    {%- for colonne in model.columns.values() if colonne.meta.get('valeurs') -%}
        {%- set valeurs = colonne.meta['valeurs'] | map('string') | map('replace', "'", "''") | join("', '") -%}
        {%- do regles.append({
            'compte': "count(*) filter (" ~ adapter.quote(colonne.name) ~ " not in ('" ~ valeurs ~ "'))",
            'dit': "ligne(s) où « " ~ colonne.name ~ " » n'est pas une des valeurs admises (" ~ colonne.meta['valeurs'] | join(', ') ~ ')',
        }) -%}
    {%- endfor -%}
    {%- if cle -%}
        {#- By a short print of the key: the keys themselves, long texts, are compared only where two prints are equal. -#}
        {%- set courte -%}select count(*) from (select 1 from {{ relation }} group by hash({{ cle | join(', ') }}) having count(*) > 1){%- endset -%}
        {%- do regles.append({'compte': '(' ~ courte ~ ')', 'dit': none}) -%}
    {%- endif -%}
    {%- if regles -%}
        {%- set comptes = run_query('select count(*), ' ~ regles | map(attribute='compte') | join(', ') ~ ' from ' ~ relation).rows[0] -%}
        {%- set ecarts = [] -%}
        {%- for regle in regles -%}
            {%- set compte = comptes[loop.index] | int -%}
            {%- if compte and regle.dit -%}
                {%- do ecarts.append(compte ~ ' ' ~ regle.dit) -%}
            {%- elif compte -%}
                {%- set doubles = run_query('select count(*) from (select 1 from ' ~ relation ~ ' group by ' ~ cle | join(', ') ~ ' having count(*) > 1)').rows[0][0] | int -%}
                {%- if doubles -%}
                    {%- do ecarts.append(doubles ~ ' groupe(s) de lignes partagent une clé (' ~ cle | join(', ') ~ ')') -%}
                {%- endif -%}
            {%- endif -%}
        {%- endfor -%}
        {%- if ecarts -%}
            {{ exceptions.raise_compiler_error('[controle] ' ~ ecarts | join(' ; ') ~ ' [/controle]') }}
        {%- endif -%}
    {%- endif -%}
{%- endmacro -%}

{% materialization table, adapter="duckdb", supported_languages=['sql', 'python'] %}
    {%- set ancienne = load_cached_relation(this) -%}
    {%- set relation = this.incorporate(type='table') -%}
    {%- if ancienne is not none -%}
        {%- do adapter.drop_relation(ancienne) -%}
    {%- endif -%}
    {%- set contrat = config.get('contract').enforced and model['language'] == 'sql' -%}
    {%- set noms = model.columns | join(', ') -%}
    {%- call statement('main', language=model['language']) -%}
        {%- if contrat -%}
            {#- In the order of the contract; columns that it does not name come last, to be refused. -#}
            create table {{ relation }} as
            select {{ noms }}, * exclude ({{ noms }})
            from (
                {{ compiled_code }}
            );
        {%- else -%}
            {{ create_table_as(False, relation, compiled_code, model['language']) }}
        {%- endif -%}
    {%- endcall -%}
    {%- do finir_relation(relation) -%}
    {%- do controler_relation(relation) -%}
    {%- do adapter.commit() -%}
    {{ return({'relations': [relation]}) }}
{% endmaterialization %}

{% materialization view, adapter="duckdb" %}
    {%- set relation = this.incorporate(type='view') -%}
    {%- call statement('main') -%}
        create or replace view {{ relation }} as (
            {{ sql }}
        )
    {%- endcall -%}
    {%- do adapter.commit() -%}
    {{ return({'relations': [relation]}) }}
{% endmaterialization %}
