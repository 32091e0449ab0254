{#- The small-cell rule, as the models say it; what has to be masked with a small count is decided by `entrepot.secret`. -#}

{#- Figures about what the files do not say: they are masked when small, and protect nothing else. Those of a residence are not
    published, except the points and classes of fragility, which follow the rule by their base. -#}
{%- macro hors_secret(alias='') -%}
    {%- set t = alias ~ '.' if alias else '' -%}
    (({{ t }}axe = 'residence' and {{ t }}domaine <> 'fragilite') or {{ t }}segment = 'inconnu' or {{ t }}modalite = 'inconnu')
{%- endmacro -%}

{#- A count of households that is too small to be published; 0 is nobody, and can be said. -#}
{%- macro petit_effectif(nombre, seuil) -%}
    ({{ nombre }} > 0 and {{ nombre }} < {{ seuil }})
{%- endmacro -%}
