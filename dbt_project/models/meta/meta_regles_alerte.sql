{{ config(alias='regles_alerte') }}
-- The rules of the alerts, each with its severity, its threshold and the dates when it holds.
select * from {{ source('seeds', 'ref_alertes') }}
