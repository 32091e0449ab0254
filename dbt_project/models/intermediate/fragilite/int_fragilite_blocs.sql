-- Sum (or mean of indices) and class of each block at each place. A block is scored when all its criteria are. `motif` says
-- why it is not: the worst of what its criteria lack.
with sommes as (

    select
        points.epci_siren,
        points.annee,
        points.methode,
        points.axe,
        points.modalite,
        points.type_lieu,
        points.bloc,
        count(*) as nb_criteres,
        count(points.points) as nb_notes,
        cast(sum(points.points) as decimal(18, 4)) as somme,
        max(case when points.etat = 'absent' then 1 else 0 end) as a_absent,
        max(case when points.etat = 'secret' then 1 else 0 end) as a_secret,
        max(case when points.etat = 'petit' then 1 else 0 end) as a_petit,
        max(case when points.etat = 'vide' and not points.est_note_vide then 1 else 0 end) as a_vide,
        min(nullif(points.base_menages, 0)) as base_menages,
        min(points.compte_revele) as compte_revele
    from {{ ref('int_fragilite_points') }} as points
    group by
        points.epci_siren, points.annee, points.methode, points.axe, points.modalite, points.type_lieu, points.bloc

),

totaux as (

    select
        sommes.*,
        millesimes.agregation,
        case
            when sommes.nb_notes < sommes.nb_criteres then null
            when millesimes.agregation = 'moyenne_indices'
                then {{ en_decimal('cast(sommes.somme as double) / nullif(sommes.nb_criteres, 0)', 18, 4) }}
            else sommes.somme
        end as points
    from sommes
    inner join {{ ref('int_fragilite_millesimes') }} as millesimes
        on
            sommes.epci_siren = millesimes.epci_siren
            and sommes.annee = millesimes.annee
            and sommes.methode = millesimes.methode

)

select
    totaux.epci_siren,
    totaux.annee,
    totaux.methode,
    totaux.axe,
    totaux.modalite,
    totaux.type_lieu,
    totaux.bloc,
    totaux.points,
    classes.classe,
    totaux.base_menages,
    {{ plus_petit('coalesce(totaux.compte_revele, totaux.base_menages)', 'totaux.base_menages') }} as compte_revele,
    case
        when totaux.points is not null then null
        when totaux.a_absent = 1 then 'absent'
        when totaux.a_secret = 1 then 'secret'
        when totaux.a_vide = 1 then 'vide'
        else 'petit'
    end as motif
from totaux
left join {{ source('conventions', 'methodes_fragilite_classes') }} as classes
    on
        totaux.methode = classes.methode
        and totaux.bloc = classes.bloc
        and (
            classes.borne_inf is null
            or totaux.points > classes.borne_inf
            or (classes.borne_inf_incluse and totaux.points = classes.borne_inf)
        )
        and (
            classes.borne_sup is null
            or totaux.points < classes.borne_sup
            or (classes.borne_sup_incluse and totaux.points = classes.borne_sup)
        )
        and totaux.points is not null
