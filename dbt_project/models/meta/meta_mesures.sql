{{ config(alias='mesures') }}
-- The columns that count each figure in the models of measures: the prefix of a part, a base and unknown answers, or the column
-- whose values a median and a mean are made of; and the segment that a measure makes by itself. A column of yes and no counts by
-- itself (role `reponse`): yes in the part, both in the base, neither among the unknown.
{%- set lignes = [] %}
{%- for m in mesures_attribution() %}
{%- do lignes.append({'famille': 'attributions', 'indicateur': m.indicateur | default(m.mesure), 'mesure': m.mesure, 'segment_type': m.segment_type, 'segment': m.segment}) %}
{%- endfor %}
{%- do lignes.append({'famille': 'attributions', 'indicateur': 'prioritaires', 'mesure': 'prioritaires_bailleur', 'axe': 'bailleur'}) %}
{%- do lignes.append({'famille': 'attributions', 'indicateur': 'delai_median', 'mesure': 'baux', 'valeur': 'delai_jours'}) %}
{%- do lignes.append({'famille': 'attributions', 'indicateur': 'tension', 'mesure': 'baux', 'role': 'denominateur'}) %}
{%- for m in mesures_demande() %}
{%- do lignes.append({'famille': 'demande', 'indicateur': m, 'mesure': m}) %}
{%- endfor %}
{%- do lignes.append({'famille': 'demande', 'indicateur': 'tension', 'mesure': 'demandes'}) %}
{%- do lignes.append({'famille': 'demande', 'indicateur': 'anciennete', 'mesure': 'demandes', 'valeur': 'anciennete_jours'}) %}
{%- for m in mesures_parc() %}
{%- do lignes.append({'famille': 'parc', 'indicateur': m, 'mesure': m}) %}
{%- endfor %}
{%- for famille, mesures in [('offre', mesures_offre()), ('accessibilite', mesures_accessibilite())] %}
{%- for m in mesures %}
{%- do lignes.append({'famille': famille, 'indicateur': m, 'mesure': m}) %}
{%- endfor %}
{%- endfor %}
{%- do lignes.append({'famille': 'attributions', 'indicateur': 'accessible_q1_attribues', 'mesure': 'accessible_q1_attribues'}) %}
{%- for m in ['relogements', 'relogements_evolution_loyer'] %}
{%- do lignes.append({'famille': 'relogements', 'indicateur': m, 'mesure': m}) %}
{%- endfor %}
{%- for public in ['mutations', 'demande'] %}
{%- for sens in ['sous', 'sur'] %}
{%- do lignes.append({'famille': 'origine_' ~ public, 'indicateur': sens ~ '_occupation_' ~ public, 'mesure': 'est_' ~ sens ~ '_occupe', 'role': 'reponse'}) %}
{%- endfor %}
{%- endfor %}
{%- for public in ['baux', 'demandes'] %}
{%- for s in segments_profils() %}
{%- do lignes.append({'famille': 'profils_' ~ public, 'indicateur': public, 'mesure': 'menages', 'segment_type': s}) %}
{%- endfor %}
{%- endfor %}
{%- do lignes.append({'famille': 'profils_demandes', 'indicateur': 'part_anciennete_5ans', 'mesure': 'part_anciennete_5ans'}) %}
{%- do lignes.append({'famille': 'offre', 'indicateur': 'logements', 'mesure': 'logements', 'segment_type': 'tranche_loyer'}) %}
{%- do lignes.append({'famille': 'parc', 'indicateur': 'loyer_m2', 'mesure': 'loyer', 'valeur': 'surface'}) %}
select
    famille,
    indicateur,
    axe,
    segment_type,
    segment,
    mesure,
    valeur,
    role
from (
    values
    {%- for l in lignes %}
    (
        '{{ l.famille }}',
        '{{ l.indicateur }}',
        '{{ l.axe or "" }}',
        '{{ l.segment_type or "" }}',
        '{{ l.segment or "" }}',
        '{{ l.mesure }}',
        '{{ l.valeur or "" }}',
        '{{ l.role or "" }}'
    ){{ "," if not loop.last }}
    {%- endfor %}
) as mesures (famille, indicateur, axe, segment_type, segment, mesure, valeur, role)
