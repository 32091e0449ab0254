{{ config(alias='axes') }}
-- The columns that make each axis of each family of figures, from the declarations that the models themselves use.
{%- set acteurs = [] %}
{%- for axe in axes_parc() if axe.axe in ['epci', 'commune', 'bailleur'] %}
{%- do acteurs.append(axe) %}
{%- endfor %}
{%- set zone = [{'axe': 'zone', 'colonnes': ['zone']}] %}
{%- set familles = {
    'attributions': axes_attribution() + zone, 'demande': axes_demande(), 'parc': axes_parc() + zone,
    'offre': axes_parc(), 'accessibilite': axes_parc() + zone,
    'relogements': acteurs, 'origine_mutations': acteurs, 'origine_demande': acteurs,
    'profils_baux': axes_parc()[:1], 'profils_demandes': axes_parc()[:1],
} %}
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
