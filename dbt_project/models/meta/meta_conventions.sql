{{ config(alias='conventions') }}
-- The convention of each published territory, its version and the fingerprint of its file.
select * from {{ source('conventions', 'conventions') }}
