-- A territory listed without its threshold (« NC ») has none: the one of before, or the shipped one, stays.
select * from {{ source('referentiels', 'ref_seuils_q1') }}
where seuil is not null
