{#- Whether a count of households is too small to be repeated to anybody; 0 is nobody, and can be said. Unknown is no count. -#}
{%- macro petit_effectif(nombre, seuil) -%}
    coalesce({{ nombre }} > 0 and {{ nombre }} < {{ seuil }}, false)
{%- endmacro -%}
