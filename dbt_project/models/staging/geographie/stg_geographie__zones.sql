select * from {{ source('geographie', 'zones_locales') }}
