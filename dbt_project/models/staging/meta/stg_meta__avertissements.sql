select * from {{ source('account', 'avertissements') }}
