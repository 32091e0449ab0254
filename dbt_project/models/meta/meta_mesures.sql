{{ config(alias='mesures') }}
-- The column prefix that counts each figure in the models of measures, and the segment it makes by itself.
select
    indicateur,
    segment_type,
    segment,
    mesure
from (
    values
    {%- for m in mesures_attribution() %}
    (
        '{{ m.indicateur | default(m.mesure) }}',
        '{{ m.segment_type | default("") }}',
        '{{ m.segment | default("") }}',
        '{{ m.mesure }}'
    ){{ "," if not loop.last }}
    {%- endfor %}
) as mesures (indicateur, segment_type, segment, mesure)
