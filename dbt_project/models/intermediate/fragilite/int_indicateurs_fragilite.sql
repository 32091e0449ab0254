-- Fragility figures in the common shape. `denominateur` is not shown for points and classes: it carries the least count of
-- households that publishing them would tell (their base, or the only count that a band of points can hold), which is
-- what the small-cell rule needs.
with menages as (

    select
        points.epci_siren,
        points.annee,
        points.methode,
        points.axe,
        points.modalite,
        max(points.denominateur) as nb_menages
    from {{ ref('int_fragilite_points') }} as points
    inner join {{ ref('int_fragilite_millesimes') }} as millesimes
        on
            points.epci_siren = millesimes.epci_siren
            and points.annee = millesimes.annee
            and points.methode = millesimes.methode
    where
        points.bloc = 'stock'
        and points.indicateur in ('part_isoles', 'part_monoparentales')
        and millesimes.poids = 'menages'
    group by points.epci_siren, points.annee, points.methode, points.axe, points.modalite

),

poids_menages as (

    select
        classes.epci_siren,
        classes.annee,
        classes.methode,
        classes.type_lieu,
        classes.classe_retenue as classe,
        {{ somme('menages.nb_menages') }} as nb_menages
    from {{ ref('int_fragilite_classes') }} as classes
    inner join menages
        on
            classes.epci_siren = menages.epci_siren
            and classes.annee = menages.annee
            and classes.methode = menages.methode
            and classes.axe = menages.axe
            and classes.modalite = menages.modalite
    where classes.classe_retenue is not null and menages.nb_menages > 0
    group by classes.epci_siren, classes.annee, classes.methode, classes.type_lieu, classes.classe_retenue

),

-- The same shares weighed by the households of the survey, for the methods that ask for it: households of the places of the
-- class over those of the places that are classed.
fragilite_parts_menages as (

    select
        epci_siren,
        annee,
        methode,
        type_lieu,
        classe,
        nb_menages,
        sum(nb_menages) over (partition by epci_siren, annee, methode, type_lieu) as nb_classes,
        min(nb_menages) over (partition by epci_siren, annee, methode, type_lieu) as nb_menages_min
    from poids_menages

),

contenants as (

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

),

-- What each class weighs, among the places of one kind: dwellings of the places of the class over dwellings of the places
-- that are classed, and the dwellings of those that are not. For residences, inside each priority neighbourhood, local
-- zone and commune too. Sums of dwellings, never means of rates.
fragilite_parts as (

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

),

figures as (

    select
        epci_siren,
        annee,
        'fragilite_points' as indicateur,
        axe,
        modalite,
        'methode x critere' as segment_type,
        methode || ' x ' || bloc || ' x ' || indicateur as segment,
        cast(points as double) as mesure,
        {{ plus_petit('coalesce(compte_revele, base_menages)', 'base_menages') }} as denominateur,
        case when points is null then case when etat = 'secret' then 'secret' else 'indisponible' end end
            as statut_source
    from {{ ref('int_fragilite_points') }}
    union all
    {%- for bloc in ['stock', 'flux'] %}
    {%- for mesure, base in [('points', 'compte_revele'), ('classe', 'base_menages')] %}
    select
        epci_siren,
        annee,
        'fragilite_{{ mesure }}_{{ bloc }}' as indicateur,
        axe,
        modalite,
        'methode' as segment_type,
        methode as segment,
        cast({{ mesure }}_{{ bloc }} as double) as mesure,
        {{ base }}_{{ bloc }} as denominateur,
        case
            when {{ mesure }}_{{ bloc }} is null
                then case when motif_{{ bloc }} = 'secret' then 'secret' else 'indisponible' end
        end as statut_source
    from {{ ref('int_fragilite_classes') }}
    where a_{{ bloc }}
    union all
    {%- endfor %}
    {%- endfor %}
    select
        epci_siren,
        annee,
        'fragilite_classe' as indicateur,
        axe,
        modalite,
        'methode' as segment_type,
        methode as segment,
        cast(classe as double) as mesure,
        base_menages as denominateur,
        case
            when not a_matrice then 'sans_objet'
            when classe is null
                then
                    case
                        when coalesce(motif_stock, motif_flux) = 'secret' then 'secret'
                        else 'indisponible'
                    end
        end as statut_source
    from {{ ref('int_fragilite_classes') }}
    union all
    select
        epci_siren,
        annee,
        'fragilite_part_menages' as indicateur,
        'epci' as axe,
        epci_siren as modalite,
        'methode x type_lieu x classe' as segment_type,
        methode || ' x ' || type_lieu || ' x ' || cast(classe as {{ dbt.type_string() }}) as segment,
        100 * cast(nb_menages as double) / nullif(nb_classes, 0) as mesure,
        cast(nb_menages_min as bigint) as denominateur,
        cast(null as {{ dbt.type_string() }}) as statut_source
    from fragilite_parts_menages

)

select
    epci_siren,
    'annee' as periode_type,
    cast(annee as {{ dbt.type_string() }}) as periode,
    annee,
    indicateur,
    axe,
    modalite,
    segment_type,
    segment,
    cast(null as bigint) as numerateur,
    case when statut_source is null then cast(denominateur as bigint) end as denominateur,
    cast(null as bigint) as inconnus,
    mesure,
    statut_source
from figures
union all
select
    epci_siren,
    'annee' as periode_type,
    cast(annee as {{ dbt.type_string() }}) as periode,
    annee,
    'fragilite_part_parc' as indicateur,
    axe,
    modalite,
    'methode x type_lieu x classe' as segment_type,
    methode || ' x ' || type_lieu || ' x ' || cast(classe as {{ dbt.type_string() }}) as segment,
    nb_logements as numerateur,
    nb_classes as denominateur,
    nb_non_classes as inconnus,
    cast(null as double) as mesure,
    cast(null as {{ dbt.type_string() }}) as statut_source
from fragilite_parts
union all
-- A method that weighs by dwellings has no share of households: said, not left out.
select
    epci_siren,
    'annee' as periode_type,
    cast(annee as {{ dbt.type_string() }}) as periode,
    annee,
    'fragilite_part_menages' as indicateur,
    'epci' as axe,
    epci_siren as modalite,
    'methode' as segment_type,
    methode as segment,
    cast(null as bigint) as numerateur,
    cast(null as bigint) as denominateur,
    cast(null as bigint) as inconnus,
    cast(null as double) as mesure,
    'sans_objet' as statut_source
from {{ ref('int_fragilite_millesimes') }}
where poids <> 'menages'
