{{ config(alias='convention_zones') }}
-- The zones that each convention assimilates or follows.
select * from {{ source('conventions', 'convention_zones') }}
