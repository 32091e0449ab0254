select * from {{ source('account', 'verrou') }}
