{{ config(alias='segments') }}
-- The column that makes each segment of each family of figures, from the declarations that the models themselves use.
{%- set lignes = [] %}
{%- for s in segments_attribution() %}
{%- do lignes.append(('attributions', s.segment_type, s.segment_type)) %}
{%- endfor %}
{%- for s in segments_demande() if s != 'tous' %}
{%- do lignes.append(('demande', s, s)) %}
{%- endfor %}
{%- for s in segments_parc() %}
{%- do lignes.append(('parc', s.segment_type, s.colonne)) %}
{%- endfor %}
select
    famille,
    segment_type,
    colonne
from (
    values
    {%- for famille, segment_type, colonne in lignes %}
    ('{{ famille }}', '{{ segment_type }}', '{{ colonne }}'){{ "," if not loop.last }}
    {%- endfor %}
) as segments (famille, segment_type, colonne)
