{{ config(alias='convention_zones') }}
-- The zones that each convention assimilates or follows.
select * from {{ ref('stg_conventions__zones') }}
