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
{%- for s in segments_parc() + [{'segment_type': 'tranche_loyer', 'colonne': 'tranche_loyer'}] %}
{%- do lignes.append(('offre', s.segment_type, s.colonne)) %}
{%- endfor %}
{%- for s in segments_parc() if s.segment_type in ['typologie', 'secteur', 'financement'] %}
{%- do lignes.append(('accessibilite', s.segment_type, s.colonne)) %}
{%- endfor %}
{%- do lignes.append(('attributions', 'type_mutation', 'type_mutation')) %}
{%- for public in ['baux', 'demandes'] %}
{%- for s in segments_profils() %}
{%- do lignes.append(('profils_' ~ public, s, s)) %}
{%- endfor %}
{%- endfor %}
{%- for s in ['secteur', 'typologie', 'financement', 'disponibilite'] %}
{%- do lignes.append(('accessibilite', 'taux_effort x ' ~ s, 'taux_effort x ' ~ s)) %}
{%- endfor %}
{%- for s in ['disponibilite', 'taux_effort'] %}
{%- do lignes.append(('accessibilite', s, s)) %}
{%- endfor %}
{%- for s in ['relogement', 'secteur'] %}
{%- do lignes.append(('relogements', s, s)) %}
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
