{{ config(alias='convention_parametres') }}
-- The value of each parameter of each convention.
select * from {{ ref('stg_conventions__parametres') }}
