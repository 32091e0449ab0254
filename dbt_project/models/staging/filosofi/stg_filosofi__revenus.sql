select * from {{ source('filosofi', 'filosofi') }}
