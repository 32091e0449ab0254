-- An event is dated in the year of its figure, and each allocation has each event once, on its own date.
select
    evenements.attribution_id,
    evenements.evenement,
    evenements.annee,
    evenements.date_evenement
from {{ ref('fct_evenement_attribution') }} as evenements
inner join {{ ref('fct_attribution') }} as attributions
    on evenements.attribution_id = attributions.attribution_id
where
    evenements.annee <> extract(year from evenements.date_evenement)
    or evenements.date_evenement <> case evenements.evenement
        when 'bail_signe' then attributions.date_signature_bail
        when 'entree' then attributions.date_entree
        else attributions.date_decision
    end
