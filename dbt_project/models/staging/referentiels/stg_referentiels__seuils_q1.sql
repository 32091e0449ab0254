select * from {{ source('referentiels', 'ref_seuils_q1') }}
