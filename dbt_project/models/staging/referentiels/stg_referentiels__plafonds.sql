select * from {{ source('referentiels', 'ref_plafonds') }}
