-- Who was ranked with whom: the candidates of one committee on one dwelling. With a dwelling number, those of that number. Without
-- one, those of one landlord and day whose descriptions of the dwelling (commune, size, surface, rent, residence) agree where
-- they are given; a description that could be two dwellings stays alone. Where ranks repeat, or do not start at the first, it
-- cannot be told who stood before whom.
{%- set descripteurs = ['code_commune', 'typologie', 'surface', 'loyer', 'residence'] %}
with candidats as (

    select
        attributions.attribution_id,
        attributions.date_decision,
        attributions.rang,
        attributions.num_rpls,
        attributions.date_signature_bail,
        issues.est_prononcee,
        issues.est_retrait,
        coalesce(
            bailleurs.bailleur_siren, attributions.bailleur_siren, {{ nom_normalise('attributions.bailleur_nom') }}, ''
        ) as bailleur,
        {{ commune_courante('attributions.code_commune_logement', 'courante') }} as code_commune,
        attributions.typologie,
        attributions.surface,
        attributions.loyer,
        {{ residence_normalisee('attributions.residence') }} as residence
    from {{ ref('stg_sne__attributions') }} as attributions
    left join {{ source('seeds', 'ref_issues') }} as issues on attributions.issue = issues.issue
    left join {{ ref('int_bailleurs') }} as bailleurs on attributions.bailleur_siren = bailleurs.siren
    {{ joindre_commune('attributions.code_commune_logement', 'courante') }}

),

decrits as (

    select
        candidats.*,
        {{ empreinte_ligne(['bailleur', 'date_decision'] + descripteurs) }} as description
    from candidats

),

descriptions as (

    select distinct
        description,
        bailleur,
        date_decision,
        {{ descripteurs | join(', ') }}
    from decrits
    where num_rpls is null

),

accords as (

    select
        unes.description,
        autres.description as autre
    from descriptions as unes
    inner join descriptions as autres on unes.bailleur = autres.bailleur and unes.date_decision = autres.date_decision
    where
        unes.description <> autres.description
        {%- for d in descripteurs %}
        and (unes.{{ d }} is null or autres.{{ d }} is null or unes.{{ d }} = autres.{{ d }})
        {%- endfor %}

),

-- A description that agrees with two others that do not agree with one another.
doubles as (

    select distinct uns.description
    from accords as uns
    inner join accords as autres on uns.description = autres.description and uns.autre < autres.autre
    left join accords as entre_eux on uns.autre = entre_eux.description and autres.autre = entre_eux.autre
    where entre_eux.description is null

),

logements as (

    select
        descriptions.description,
        min(case when doubles.description is null then accords.autre end) as premiere_autre,
        max(case when propres.description is null then 0 else 1 end) as est_double
    from descriptions
    left join accords on descriptions.description = accords.description
    left join doubles on accords.autre = doubles.description
    left join doubles as propres on descriptions.description = propres.description
    group by descriptions.description

),

reunis as (

    select
        decrits.*,
        coalesce(
            decrits.num_rpls,
            case
                when logements.est_double = 0 and logements.premiere_autre < decrits.description
                    then logements.premiere_autre
                else decrits.description
            end
        ) || '|' || coalesce(cast(decrits.date_decision as {{ dbt.type_string() }}), '') as cle_commission
    from decrits
    left join logements on decrits.num_rpls is null and decrits.description = logements.description

),

groupes as (

    select
        cle_commission,
        count(*) as nb_candidats,
        count(rang) as nb_rangs,
        count(distinct rang) as nb_rangs_distincts,
        min(rang) as premier_rang,
        count(date_signature_bail) as nb_baux
    from reunis
    group by cle_commission

)

select
    reunis.attribution_id,
    reunis.cle_commission,
    groupes.nb_baux,
    case
        when reunis.num_rpls is not null then true
        when groupes.nb_candidats = 1 and reunis.rang is null then true
        else groupes.nb_rangs_distincts = groupes.nb_candidats and groupes.premier_rang = 1
    end as est_distincte,
    -- A candidate stands before another when the committee ranked it earlier and it did not withdraw: those of earlier ranks,
    -- not of the same one.
    sum(case when reunis.est_prononcee and not reunis.est_retrait then 1 else 0 end)
        over (partition by reunis.cle_commission order by reunis.rang nulls last)
    - sum(case when reunis.est_prononcee and not reunis.est_retrait then 1 else 0 end)
        over (partition by reunis.cle_commission, reunis.rang) as nb_restants_avant
from reunis
inner join groupes on reunis.cle_commission = groupes.cle_commission
