-- Every figure with its value, before targets. The value of a rate is a ratio of two sums, computed here and nowhere else.
-- The catalogue only gives the nature of the indicator here: the rest of it is joined once, where figures are kept. A figure
-- whose unknowns, among the cases that it is about, exceed the bound of its year is not available: what is known of some is
-- not known of all. Unknowns that an official method keeps in the base do not count against it.
with figures as (

    select
        figures.*,
        catalogue.nature,
        case
            when figures.periode_type = 'millesime' then {{ premier_jour('figures.annee') }}
            when figures.periode_type = 'annee' then {{ dernier_jour('figures.annee') }}
            else periodes.fin
        end as date_fin,
        cast(extract(year from coalesce(periodes.debut, {{ premier_jour('figures.annee') }})) as integer) as annee_debut,
        case
            when figures.inconnus is null or figures.denominateur is null then null
            when catalogue.inconnus_base = 'hors' then figures.denominateur + figures.inconnus
            when catalogue.inconnus_base = 'convention'
                then
                    figures.denominateur
                    + case when parametres.inconnus_au_denominateur = 'inclus' then 0 else figures.inconnus end
        end as nb_cas
    from {{ ref('int_figures') }} as figures
    inner join {{ source('seeds', 'ref_indicateurs') }} as catalogue on figures.indicateur = catalogue.indicateur
    left join {{ ref('int_parametres') }} as parametres on figures.epci_siren = parametres.epci_siren
    left join {{ ref('dim_periode') }} as periodes
        on
            figures.epci_siren = periodes.epci_siren
            and figures.periode_type = periodes.periode_type
            and figures.periode = periodes.periode

),

jugees as (

    select
        figures.*,
        case
            when
                figures.statut_source is null
                and 100 * figures.inconnus > bornes.inconnus_pct_max * figures.nb_cas
                then 'indisponible'
            else figures.statut_source
        end as statut_retenu
    from figures
    left join {{ source('seeds', 'ref_bornes_indicateurs') }} as bornes
        on figures.date_fin >= bornes.debut and figures.date_fin <= coalesce(bornes.fin, figures.date_fin)

)

select
    epci_siren,
    periode_type,
    periode,
    annee,
    annee_debut,
    indicateur,
    axe,
    modalite,
    segment_type,
    segment,
    numerateur,
    denominateur,
    inconnus,
    statut_retenu as statut_source,
    case
        when statut_retenu is not null then null
        -- A rate that a producer publishes has no counts.
        when nature = 'taux'
            then coalesce(100 * cast(numerateur as double) / nullif(cast(denominateur as double), 0), mesure)
        when nature = 'ratio' then cast(numerateur as double) / nullif(cast(denominateur as double), 0)
        when nature = 'effectif' then cast(numerateur as double)
        else mesure
    end as valeur,
    date_fin
from jugees
