select * from {{ source('ops', 'ops_occupation') }}
