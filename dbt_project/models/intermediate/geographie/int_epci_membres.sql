-- The EPCI of each commune for each covered year, looked up by the code that a source writes and before any merger is followed:
-- a commune belongs to the EPCI it had that year, whoever absorbed it since. The list is the landing folder's of that
-- year, else the latest earlier one, else the earliest later one; an EPCI that this list does not have comes from the shipped
-- one, whole, and so does every one where a shipped list is of the year, or of a nearer one before it. A code that the year's
-- list does not hold is that of the communes of the list that are the same commune today; where these are of several EPCI, it is
-- read in the nearest list that holds it. Of the shipped list, only what the communes of the covered territories were in is looked at. The communes of a territory inside an EPCI (an EPT of the Métropole du Grand
-- Paris, Paris itself) are its own when it is covered, whatever the lists say, which name the EPCI.
with livres_courants as (

    select
        livres.epci_siren,
        livres.epci_nom,
        livres.epci_liste,
        livres.code_commune as code_lu,
        livres.debut,
        livres.fin,
        {{ commune_courante('livres.code_commune', 'courante') }} as code_commune,
        territoires.epci_siren is not null as est_couvert
    from {{ source('livres', 'livre_epci_membres') }} as livres
    left join {{ source('conventions', 'territoires') }} as territoires on livres.epci_siren = territoires.epci_siren
    {{ joindre_commune('livres.code_commune', 'courante') }}

),

-- What the lists say of the communes of a covered territory that is inside an EPCI.
masques as (

    select distinct
        epci_liste as epci_siren,
        code_commune
    from livres_courants
    where est_couvert and epci_liste is not null

),

membres_lus as (

    select
        membres.millesime,
        membres.code_commune as code_lu,
        membres.epci_siren,
        membres.epci_nom,
        {{ commune_courante('membres.code_commune', 'courante') }} as code_commune
    from {{ source('geographie', 'geo_epci_membres') }} as membres
    {{ joindre_commune('membres.code_commune', 'courante') }}

),

listes as (

    select
        membres_lus.millesime as millesime_liste,
        membres_lus.code_lu,
        membres_lus.code_commune,
        min(membres_lus.epci_siren) as epci_siren,
        min(membres_lus.epci_nom) as epci_nom
    from membres_lus
    left join masques
        on membres_lus.epci_siren = masques.epci_siren and membres_lus.code_commune = masques.code_commune
    where masques.epci_siren is null
    group by 1, 2, 3

),

couvertes as (

    select code_commune from livres_courants
    where est_couvert
    union
    select listes.code_commune
    from listes
    inner join {{ source('conventions', 'territoires') }} as territoires on listes.epci_siren = territoires.epci_siren

),

millesimes as (

    select distinct millesime_liste from listes

),

annees as (

    select cast(valeur as integer) as annee
    from {{ source('conventions', 'parametres') }}
    where parametre = 'annee'
    union
    select distinct cast(extract(year from date_extraction) as integer) as annee
    from {{ source('sne', 'sne_demandes') }}
    where date_extraction is not null
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
    select distinct millesime as annee from {{ source('rpls', 'rpls_agregats') }}
    union
    select distinct millesime as annee from {{ source('sne', 'sne_agregats') }}
    union
    select distinct millesime as annee from {{ source('filosofi', 'filosofi') }}
    union
    select distinct millesime as annee from {{ source('ops', 'ops_occupation') }}

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

-- The years of which the latest list, up to then, is a shipped one.
mieux_livrees as (

    select
        choix.annee,
        choix.millesime_liste
    from choix
    inner join {{ source('seeds', 'ref_listes_epci') }} as livrees on choix.annee >= livrees.millesime
    group by choix.annee, choix.millesime_liste
    having max(livrees.millesime) > choix.millesime_liste or choix.millesime_liste > choix.annee

),

livres as (

    select
        annees.annee,
        membres.code_lu,
        membres.code_commune,
        min(membres.epci_siren) as epci_siren,
        min(membres.epci_nom) as epci_nom
    from annees
    inner join livres_courants as membres
        on
            annees.annee >= coalesce(extract(year from membres.debut), annees.annee)
            and annees.annee <= coalesce(extract(year from membres.fin), annees.annee)
    inner join couvertes on membres.code_commune = couvertes.code_commune
    left join masques on membres.epci_siren = masques.epci_siren and membres.code_commune = masques.code_commune
    where masques.epci_siren is null and (membres.epci_liste is null or membres.est_couvert)
    group by 1, 2, 3

),

deposes as (

    select
        choix.annee,
        listes.code_lu,
        listes.code_commune,
        listes.epci_siren,
        listes.epci_nom,
        listes.millesime_liste
    from choix
    inner join listes on choix.millesime_liste = listes.millesime_liste
    left join mieux_livrees on choix.annee = mieux_livrees.annee
    left join livres as communes on choix.annee = communes.annee and listes.code_lu = communes.code_lu
    left join (select distinct annee, epci_siren from livres) as territoires
        on choix.annee = territoires.annee and listes.epci_siren = territoires.epci_siren
    where mieux_livrees.annee is null or (communes.code_lu is null and territoires.epci_siren is null)

),

membres as (

    select
        deposes.*,
        'dossier' as origine
    from deposes
    union all
    select
        livres.annee,
        livres.code_lu,
        livres.code_commune,
        livres.epci_siren,
        livres.epci_nom,
        cast(null as integer) as millesime_liste,
        'livre' as origine
    from livres
    left join deposes as communes on livres.annee = communes.annee and livres.code_lu = communes.code_lu
    left join (select distinct annee, epci_siren from deposes) as territoires
        on livres.annee = territoires.annee and livres.epci_siren = territoires.epci_siren
    where communes.code_lu is null and territoires.epci_siren is null

),

-- The codes that a source may write, and the commune that each is today.
codes as (

    select
        code_lu,
        code_commune
    from {{ ref('int_commune_courante') }}
    union
    select
        code_commune as code_lu,
        code_commune
    from membres

),

communes as (

    select
        annee,
        code_commune,
        case when min(epci_siren) = max(epci_siren) then min(epci_siren) end as epci_siren,
        min(epci_nom) as epci_nom,
        min(millesime_liste) as millesime_liste,
        min(origine) as origine
    from membres
    group by annee, code_commune

),

absents as (

    select
        communes.*,
        codes.code_lu
    from communes
    inner join codes on communes.code_commune = codes.code_commune
    left join membres on communes.annee = membres.annee and codes.code_lu = membres.code_lu
    where membres.code_lu is null

),

partages as (

    select
        absents.annee,
        absents.code_lu,
        absents.code_commune,
        listes.epci_siren,
        listes.epci_nom,
        listes.millesime_liste,
        row_number() over (
            partition by absents.annee, absents.code_lu
            order by abs(listes.millesime_liste - absents.annee) nulls last, listes.millesime_liste nulls last
        ) as rang
    from absents
    inner join listes on absents.code_lu = listes.code_lu
    where absents.epci_siren is null

)

select
    annee,
    code_lu,
    code_commune,
    epci_siren,
    epci_nom,
    millesime_liste,
    origine,
    true as est_listee
from membres
union all
select
    annee,
    code_lu,
    code_commune,
    epci_siren,
    epci_nom,
    millesime_liste,
    origine,
    false as est_listee
from absents
where epci_siren is not null
union all
select
    annee,
    code_lu,
    code_commune,
    epci_siren,
    epci_nom,
    millesime_liste,
    'dossier' as origine,
    false as est_listee
from partages
where rang = 1
