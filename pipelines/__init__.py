"""How Observatoire runs, and the logic that needs no orchestrator.

`ingestion`, `conventions`, `publication`, `bilan` and `demo` hold logic and know nothing of Dagster or dbt;
`definitions`, `jobs`, `schedules`, `sensors`, `resources` and `cli` run it. Business rules belong in
`dbt_project/` and `territoires/`, not here.
"""
