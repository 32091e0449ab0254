-- Every figure with its value, before targets. The value of a rate is a ratio of two sums, computed here and nowhere else.
-- The catalogue only gives the nature of the indicator here: the rest of it is joined once, where figures are kept. A figure
-- whose unknowns, among the cases that it is about, exceed the bound of its year is not available: what is known of some is
-- not known of all. Unknowns that an official method keeps in the base do not count against it.
with calculees as (

    select *, cast(null as {{ dbt.type_string() }}) as statut_source from {{ ref('int_indicateurs_attribution') }}
    union all
    select *, cast(null as {{ dbt.type_string() }}) as statut_source from {{ ref('int_indicateurs_delai') }}
    union all
    select *, cast(null as {{ dbt.type_string() }}) as statut_source from {{ ref('int_indicateurs_demande') }}
    union all
    select *, cast(null as {{ dbt.type_string() }}) as statut_source from {{ ref('int_indicateurs_parc') }}
    union all
    select * from {{ ref('int_indicateurs_parc_publie') }}
    union all
    select *, cast(null as {{ dbt.type_string() }}) as statut_source
    from {{ ref('int_indicateurs_mutation_parc') }}
    union all
    select * from {{ ref('int_indicateurs_occupation') }}
    union all
    select * from {{ ref('int_indicateurs_revenus') }}
    union all
    select * from {{ ref('int_indicateurs_fragilite') }}
    union all
    select * from {{ ref('int_indicateurs_secteurs_fragiles') }}
    union all
    select * from {{ ref('int_indicateurs_accessibilite') }}
    union all
    select * from {{ ref('int_indicateurs_offre') }}
    union all
    select * from {{ ref('int_indicateurs_menages') }}
    union all
    select * from {{ ref('int_indicateurs_reperes') }}

),

-- What every territory is told each year: a figure, or why there is none.
attendues as (

    select
        territoires.epci_siren,
        annees.annee,
        indicateurs.indicateur,
        case
            when indicateurs.domaine in ('attributions', 'demande', 'qualite', 'fragilite') then 'annee'
            when indicateurs.indicateur = 'part_demandes_mutation_parc' then 'annee'
            else 'millesime'
        end as periode_type
    from {{ ref('dim_territoire') }} as territoires
    inner join {{ ref('int_annees_publiees') }} as annees on territoires.epci_siren = annees.epci_siren
    cross join {{ source('seeds', 'ref_indicateurs') }} as indicateurs

),

manquantes as (

    select
        attendues.epci_siren,
        attendues.periode_type,
        attendues.annee,
        attendues.indicateur
    from attendues
    left join (
        select distinct
            epci_siren,
            indicateur,
            periode_type,
            -- The stock, the survey and incomes are looked for in any vintage: each has its own rhythm.
            case when periode_type = 'annee' then annee end as annee
        from calculees
        -- A place is scored by a method, never the territory as a whole.
        where axe = 'epci' or indicateur like 'fragilite%'
    ) as connues
        on
            attendues.epci_siren = connues.epci_siren
            and attendues.indicateur = connues.indicateur
            and attendues.periode_type = connues.periode_type
            and (connues.annee is null or attendues.annee = connues.annee)
    where connues.epci_siren is null

),

-- Every figure computed from the data, before targets, in one shape; figures that a missing source leaves out are added
-- with their status, so that what is not available is said and never looks like 0.
toutes as (

    select
        epci_siren,
        periode_type,
        periode,
        annee,
        indicateur,
        axe,
        modalite,
        segment_type,
        segment,
        numerateur,
        denominateur,
        inconnus,
        mesure,
        statut_source
    from calculees
    union all
    select
        epci_siren,
        periode_type,
        cast(annee as {{ dbt.type_string() }}) as periode,
        annee,
        indicateur,
        'epci' as axe,
        epci_siren as modalite,
        'tous' as segment_type,
        'tous' as segment,
        cast(null as bigint) as numerateur,
        cast(null as bigint) as denominateur,
        cast(null as bigint) as inconnus,
        cast(null as double) as mesure,
        case
            when
                indicateur like 'fragilite%'
                and epci_siren not in (
                    select methodes.epci_siren from {{ source('conventions', 'convention_methodes') }} as methodes
                    where methodes.role = 'fragilite'
                )
                then 'sans_objet'
            else 'indisponible'
        end as statut_source
    from manquantes

),

figures as (

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
                then {{ nombre_de_cas('figures', 'parametres.inconnus_au_denominateur') }}
        end as nb_cas
    from toutes as figures
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
                and {{ trop_d_inconnus('figures.inconnus', 'figures.nb_cas', 'bornes') }}
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
