{{ config(alias='convention_parametres') }}
-- The value of each parameter of each convention.
select * from {{ source('conventions', 'convention_parametres') }}
