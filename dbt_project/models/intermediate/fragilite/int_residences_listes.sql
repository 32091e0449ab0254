-- When each list of priority residences is drawn up: on the last day of the first year that a method can class residences, then
-- every so many years. A territory without a method has the lists of the opinions it collected.
with annees as (

    select distinct
        epci_siren,
        methode,
        annee
    from {{ ref('int_fragilite_classes') }}
    where axe = 'residence' and classe_retenue is not null
    union
    select distinct
        avis.epci_siren,
        cast(null as {{ dbt.type_string() }}) as methode,
        cast(extract(year from avis.date_avis) as integer) - 1 as annee
    from {{ source('geographie', 'avis_residences') }} as avis
    where
        not exists (
            select 1
            from {{ ref('int_fragilite_classes') }} as classes
            where
                classes.epci_siren = avis.epci_siren
                and classes.axe = 'residence'
                and classes.classe_retenue is not null
        )

),

situees as (

    select
        *,
        min(annee) over (partition by epci_siren, methode) as premiere
    from annees

)

select
    situees.epci_siren,
    situees.methode,
    situees.annee,
    {{ dernier_jour('situees.annee') }} as date_liste,
    {{ dernier_jour('situees.annee + durees.duree_annees') }} as date_renouvellement
from situees
cross join {{ source('seeds', 'ref_listes_residences') }} as durees
where mod(situees.annee - situees.premiere, nullif(durees.duree_annees, 0)) = 0
