{{ config(alias='axes') }}
-- The columns that make each axis of each family of figures, from the declarations that the models themselves use.
{%- set familles = {'attributions': axes_attribution(), 'demande': axes_demande(), 'parc': axes_parc()} %}
select
    famille,
    axe,
    rang,
    colonne
from (
    values
    {%- for famille, axes in familles.items() %}
    {%- set derniere_famille = loop.last %}
    {%- for axe in axes %}
    {%- set dernier_axe = loop.last %}
    {%- for colonne in axe.colonnes %}
    ('{{ famille }}', '{{ axe.axe }}', {{ loop.index }}, '{{ colonne }}')
    {{- "," if not (derniere_famille and dernier_axe and loop.last) }}
    {%- endfor %}
    {%- endfor %}
    {%- endfor %}
) as axes (famille, axe, rang, colonne)
