-- What each class weighs, among the places of one kind: dwellings of the places of the class over dwellings of the places
-- that are classed, and the dwellings of those that are not. For residences, inside each priority neighbourhood, local
-- zone and commune too. Sums of dwellings, never means of rates.
with contenants as (

    select
        logement_id,
        millesime,
        axe,
        modalite
    from {{ ref('int_fragilite_logement_lieu') }}
    where axe in ('epci', 'qpv', 'zone')
    union all
    select
        logement_id,
        millesime,
        'commune' as axe,
        code_commune as modalite
    from {{ ref('fct_logement') }}

),

poids as (

    select
        classes.epci_siren,
        classes.annee,
        classes.methode,
        classes.type_lieu,
        contenants.axe,
        contenants.modalite,
        classes.classe_retenue as classe,
        count(*) as nb_logements
    from {{ ref('int_fragilite_classes') }} as classes
    inner join {{ ref('int_fragilite_millesimes') }} as millesimes
        on
            classes.epci_siren = millesimes.epci_siren
            and classes.annee = millesimes.annee
            and classes.methode = millesimes.methode
    inner join {{ ref('int_fragilite_logement_lieu') }} as lieux
        on
            classes.epci_siren = lieux.epci_siren
            and millesimes.millesime_rpls = lieux.millesime
            and classes.axe = lieux.axe
            and classes.modalite = lieux.modalite
    inner join contenants
        on
            lieux.logement_id = contenants.logement_id
            and lieux.millesime = contenants.millesime
            and (contenants.axe = 'epci' or classes.axe = 'residence')
    group by 1, 2, 3, 4, 5, 6, 7

),

-- Every class is shown where one at least is, so that a class without dwelling is 0 and not silence.
possibles as (

    select distinct
        methode,
        classe
    from {{ source('conventions', 'methodes_fragilite_matrice') }}
    union
    select distinct
        methode,
        classe
    from {{ source('conventions', 'methodes_fragilite_classes') }}
    where
        bloc = 'stock'
        and methode not in (select matrice.methode from {{ source('conventions', 'methodes_fragilite_matrice') }} as matrice)

),

totaux as (

    select
        epci_siren,
        annee,
        methode,
        type_lieu,
        axe,
        modalite,
        {{ somme('case when classe is not null then nb_logements else 0 end') }} as nb_classes,
        {{ somme('case when classe is null then nb_logements else 0 end') }} as nb_non_classes
    from poids
    group by epci_siren, annee, methode, type_lieu, axe, modalite

)

select
    totaux.epci_siren,
    totaux.annee,
    totaux.methode,
    totaux.type_lieu,
    totaux.axe,
    totaux.modalite,
    possibles.classe,
    cast(coalesce(poids.nb_logements, 0) as bigint) as nb_logements,
    totaux.nb_classes,
    totaux.nb_non_classes
from totaux
inner join possibles on totaux.methode = possibles.methode
left join poids
    on
        totaux.epci_siren = poids.epci_siren
        and totaux.annee = poids.annee
        and totaux.methode = poids.methode
        and totaux.type_lieu = poids.type_lieu
        and totaux.axe = poids.axe
        and totaux.modalite = poids.modalite
        and possibles.classe = poids.classe
