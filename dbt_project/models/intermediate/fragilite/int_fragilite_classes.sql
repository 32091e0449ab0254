-- The classes of each place by each method: the stock, the recent movers, and the general class that the method's matrix
-- gives (none when no matrix was published). `classe_retenue` is the general class, else the stock's: what the shares of
-- the stock and the priority residences are read from.
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

),

-- Sum (or mean of indices) and class of each block at each place. A block is scored when all its criteria are. `motif` says
-- why it is not: the worst of what its criteria lack.
par_bloc as (

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

),

blocs as (

    select
        epci_siren,
        annee,
        methode,
        axe,
        modalite,
        type_lieu,
        {%- for bloc in ['stock', 'flux'] %}
        {%- for c in ['points', 'classe', 'motif', 'base_menages', 'compte_revele'] %}
        max(case when bloc = '{{ bloc }}' then {{ c }} end) as {{ c }}_{{ bloc }},
        {%- endfor %}
        max(case when bloc = '{{ bloc }}' then 1 else 0 end) as a_{{ bloc }},
        {%- endfor %}
        min(base_menages) as base_menages
    from par_bloc
    group by epci_siren, annee, methode, axe, modalite, type_lieu

),

avec_matrice as (

    select
        methode,
        max(classe) as classe_max
    from {{ source('conventions', 'methodes_fragilite_matrice') }}
    group by methode

),

plus_fragiles as (

    select
        methode,
        max(classe) as classe_max
    from {{ source('conventions', 'methodes_fragilite_classes') }}
    where bloc = 'stock'
    group by methode

)

select
    blocs.epci_siren,
    blocs.annee,
    blocs.methode,
    blocs.axe,
    blocs.modalite,
    blocs.type_lieu,
    {%- for bloc in ['stock', 'flux'] %}
    {%- for c in ['points', 'classe', 'motif', 'base_menages', 'compte_revele'] %}
    blocs.{{ c }}_{{ bloc }},
    {%- endfor %}
    blocs.a_{{ bloc }} = 1 as a_{{ bloc }},
    {%- endfor %}
    avec_matrice.methode is not null as a_matrice,
    matrice.classe,
    case when avec_matrice.methode is not null then matrice.classe else blocs.classe_stock end as classe_retenue,
    case
        when avec_matrice.methode is not null then matrice.classe = avec_matrice.classe_max
        else blocs.classe_stock = plus_fragiles.classe_max
    end as est_plus_fragile,
    blocs.base_menages
from blocs
left join avec_matrice on blocs.methode = avec_matrice.methode
left join plus_fragiles on blocs.methode = plus_fragiles.methode
left join {{ source('conventions', 'methodes_fragilite_matrice') }} as matrice
    on
        blocs.methode = matrice.methode
        and blocs.classe_stock = matrice.classe_stock
        and (blocs.classe_flux = matrice.classe_flux or (blocs.a_flux = 0 and matrice.classe_flux is null))
