select * from {{ source('referentiels', 'ref_bailleurs') }}
