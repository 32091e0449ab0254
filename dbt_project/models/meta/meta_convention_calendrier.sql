{{ config(alias='convention_calendrier') }}
-- The reports that each convention expects, and when.
select * from {{ ref('stg_conventions__calendrier') }}
