-- Membership of each commune for each covered year: the landing folder's list of that year, else the latest earlier
-- one, else the earliest later one; communes it does not hold come from the shipped list.
with lus as (

    select
        membres.millesime as millesime_liste,
        {{ commune_courante('membres.code_commune', 'courante') }} as code_commune,
        min(membres.epci_siren) as epci_siren,
        min(membres.epci_nom) as epci_nom
    from {{ ref('stg_geographie__epci_membres') }} as membres
    {{ joindre_commune('membres.code_commune', 'courante') }}
    group by 1, 2

),

millesimes as (

    select distinct millesime_liste from lus

),

annees as (

    select annee from {{ ref('int_annees') }}
    union
    select distinct cast(extract(year from date_signature_bail) as integer) as annee
    from {{ ref('stg_sne__attributions') }}
    where date_signature_bail is not null
    union
    select distinct cast(extract(year from date_decision) as integer) as annee
    from {{ ref('stg_sne__attributions') }}
    where date_decision is not null
    union
    select distinct millesime as annee from {{ ref('stg_rpls__logements') }}
    union
    select distinct millesime - 1 as annee from {{ ref('stg_rpls__logements') }}
    union
    select distinct millesime as annee from {{ ref('stg_filosofi__revenus') }}
    union
    select distinct millesime as annee from {{ ref('stg_ops__occupation') }}

),

choix as (

    select
        annees.annee,
        coalesce(
            max(case when millesimes.millesime_liste <= annees.annee then millesimes.millesime_liste end),
            min(millesimes.millesime_liste)
        ) as millesime_liste
    from annees
    left join millesimes on true
    group by annees.annee

),

livres as (

    select
        annees.annee,
        {{ commune_courante('membres.code_commune', 'courante') }} as code_commune,
        min(membres.epci_siren) as epci_siren,
        min(membres.epci_nom) as epci_nom
    from annees
    inner join {{ ref('ref_epci_membres') }} as membres
        on
            annees.annee >= coalesce(extract(year from membres.debut), annees.annee)
            and annees.annee <= coalesce(extract(year from membres.fin), annees.annee)
    {{ joindre_commune('membres.code_commune', 'courante') }}
    group by 1, 2

)

select
    choix.annee,
    lus.code_commune,
    lus.epci_siren,
    lus.epci_nom,
    lus.millesime_liste,
    'dossier' as origine
from choix
inner join lus on choix.millesime_liste = lus.millesime_liste
union all
select
    livres.annee,
    livres.code_commune,
    livres.epci_siren,
    livres.epci_nom,
    cast(null as integer) as millesime_liste,
    'livre' as origine
from livres
where not exists (
    select 1
    from choix
    inner join lus on choix.millesime_liste = lus.millesime_liste
    where choix.annee = livres.annee and lus.code_commune = livres.code_commune
)
