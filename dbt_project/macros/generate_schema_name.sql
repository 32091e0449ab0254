{# A model's schema is the one its folder names (`marts`, `entrepot`), without the target's prefix: readers rely on it. #}
{% macro generate_schema_name(custom_schema_name, node) -%}
    {{ target.schema if custom_schema_name is none else custom_schema_name | trim }}
{%- endmacro %}
