{{ config(alias='diffusion') }}
-- When each vintage of a product is expected: read by the alerts of the operations.
select * from {{ source('seeds', 'ref_diffusion') }}
