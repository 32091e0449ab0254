{{ config(alias='diffusion') }}
-- When each vintage of a product is expected: read by the alerts of the operations.
select * from {{ ref('ref_diffusion') }}
