{{ config(alias='convention_calendrier') }}
-- The reports that each convention expects, and when.
select * from {{ source('conventions', 'convention_calendrier') }}
