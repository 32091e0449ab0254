{{ config(alias='convention_objectifs') }}
-- The objectives of each convention, with their dates.
select * from {{ source('conventions', 'convention_objectifs') }}
