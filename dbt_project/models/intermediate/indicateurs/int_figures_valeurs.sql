-- Every figure with its value, before targets. The value of a rate is a ratio of two sums, computed here and nowhere else.
-- The catalogue only gives the nature of the indicator here: the rest of it is joined once, where figures are kept.
select
    figures.epci_siren,
    figures.periode_type,
    figures.periode,
    figures.annee,
    figures.indicateur,
    figures.axe,
    figures.modalite,
    figures.segment_type,
    figures.segment,
    figures.numerateur,
    figures.denominateur,
    figures.inconnus,
    figures.statut_source,
    case
        when figures.statut_source is not null then null
        when catalogue.nature = 'taux'
            then 100 * cast(figures.numerateur as double) / nullif(cast(figures.denominateur as double), 0)
        when catalogue.nature = 'ratio'
            then cast(figures.numerateur as double) / nullif(cast(figures.denominateur as double), 0)
        when catalogue.nature = 'effectif' then cast(figures.numerateur as double)
        else figures.mesure
    end as valeur,
    case
        when figures.periode_type = 'millesime' then {{ premier_jour('figures.annee') }}
        when figures.periode_type = 'annee' then {{ dernier_jour('figures.annee') }}
        else periodes.fin
    end as date_fin
from {{ ref('int_figures') }} as figures
inner join {{ ref('ref_indicateurs') }} as catalogue on figures.indicateur = catalogue.indicateur
left join {{ ref('dim_periode') }} as periodes
    on figures.periode_type = periodes.periode_type and figures.periode = periodes.periode
