{{ config(alias='convention_objectifs') }}
-- The objectives of each convention, with their dates.
select * from {{ ref('stg_conventions__objectifs') }}
