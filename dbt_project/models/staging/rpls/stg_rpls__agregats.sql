select * from {{ source('rpls', 'rpls_agregats') }}
