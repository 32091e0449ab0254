-- One row per candidate ranked by a committee on one dwelling, with the four events that must never be mixed:
-- decided (prononcée), effective, followed by a signed lease, moved in. What depends on the date of an event (quartile,
-- generation of priority neighbourhoods) is in fct_evenement_attribution.
with codes_lus as (

    select
        attributions.attribution_id,
        attributions.code_qpv,
        generations.generation,
        {{ commune_courante('attributions.code_commune_logement', 'courante') }} as code_commune,
        membres.epci_siren
    from {{ ref('stg_sne__attributions') }} as attributions
    inner join {{ source('seeds', 'ref_qpv_generations') }} as generations
        on substr(attributions.code_qpv, 1, 2) = generations.prefixe
    {{ joindre_commune('attributions.code_commune_logement', 'courante') }}
    {{ joindre_epci(
        'extract(year from coalesce(attributions.date_signature_bail, attributions.date_decision))',
        'attributions.code_commune_logement', 'membres'
    ) }}

),

couverts as (

    select distinct
        qpv.generation,
        membres.epci_siren
    from {{ ref('int_qpv') }} as qpv
    inner join {{ ref('int_epci_membres') }} as membres on qpv.code_commune = membres.code_lu

),

-- What an allocation's own code of a priority neighbourhood is worth: believed where the list of its generation has it in the
-- commune of the dwelling; not where it has no such code, or has it elsewhere. A list is relied on where it was given, or where
-- the shipped one knows the territory: elsewhere nothing contradicts the code.
codes_juges as (

    select
        codes_lus.attribution_id,
        codes_lus.generation,
        case
            when couverts.generation is null and deposees.generation is null then 'sans_liste'
            when connus.code_qpv is null then 'inexistant'
            when ici.code_qpv is null and codes_lus.code_commune is not null then 'autre_commune'
            else 'admis'
        end as statut
    from codes_lus
    left join couverts on codes_lus.generation = couverts.generation and codes_lus.epci_siren = couverts.epci_siren
    left join (select distinct generation from {{ source('geographie', 'qpv_communes') }}) as deposees
        on codes_lus.generation = deposees.generation
    left join (
        select distinct
            generation,
            code_qpv
        from {{ ref('int_qpv') }}
    ) as connus
        on codes_lus.generation = connus.generation and codes_lus.code_qpv = connus.code_qpv
    left join {{ ref('int_qpv') }} as ici
        on codes_lus.generation = ici.generation and codes_lus.code_qpv = ici.code_qpv and codes_lus.code_commune = ici.code_commune

),

codes_qpv as (

    select
        attribution_id,
        statut,
        case when statut in ('admis', 'sans_liste') then generation end as generation_admise
    from codes_juges

),

lues as (

    select
        attributions.*,
        issues.est_attribuee,
        issues.est_prononcee,
        issues.est_retrait,
        coalesce(attributions.date_signature_bail, attributions.date_decision) as date_reference,
        {{ commune_courante('attributions.code_commune_logement', 'courante') }} as code_commune,
        {{ commune_courante('attributions.code_commune_origine', 'origine') }} as code_commune_origine_courante
    from {{ ref('stg_sne__attributions') }} as attributions
    left join {{ source('seeds', 'ref_issues') }} as issues on attributions.issue = issues.issue
    {{ joindre_commune('attributions.code_commune_logement', 'courante') }}
    {{ joindre_commune('attributions.code_commune_origine', 'origine') }}

),

lieux as (

    select
        lues.attribution_id,
        membres.epci_siren
    from lues
    {{ joindre_epci('extract(year from lues.date_reference)', 'lues.code_commune_logement', 'membres') }}

),

-- The landlord of the dwelling, and that of the dwelling left in a mutation, mergers followed: by its number, else by its
-- name, which is read as the convention of the place reads it.
bailleurs as (

    select
        lues.attribution_id,
        coalesce(
            signataires.bailleur_siren,
            lues.bailleur_siren,
            case when propres.nom_normalise is null then communs.bailleur_siren else propres.bailleur_siren end
        ) as bailleur_siren,
        coalesce(origines.bailleur_siren, lues.bailleur_origine_siren) as bailleur_origine_siren
    from lues
    inner join lieux on lues.attribution_id = lieux.attribution_id
    left join {{ ref('int_bailleurs') }} as signataires on lues.bailleur_siren = signataires.siren
    left join {{ ref('int_bailleurs') }} as origines on lues.bailleur_origine_siren = origines.siren
    left join {{ ref('int_bailleurs_noms') }} as communs
        on {{ nom_normalise('lues.bailleur_nom') }} = communs.nom_normalise and communs.epci_siren is null
    left join {{ ref('int_bailleurs_noms') }} as propres
        on {{ nom_normalise('lues.bailleur_nom') }} = propres.nom_normalise and lieux.epci_siren = propres.epci_siren

),

-- The dwelling's row in the register: the vintage that pairs with the year of the event, else the nearest.
logements as (

    select
        lues.attribution_id,
        logements.logement_id,
        logements.millesime,
        logements.code_iris,
        logements.annee_construction,
        logements.annee_location,
        logements.surface_habitable,
        logements.loyer_principal,
        {%- for generation in var('generations_qpv') %}
        logements.code_qpv_{{ generation }},
        logements.en_qpv_{{ generation }},
        logements.methode_qpv_{{ generation }},
        {%- endfor %}
        row_number() over (
            partition by lues.attribution_id
            order by
                abs(logements.millesime - extract(year from lues.date_reference) - 1) nulls last,
                logements.millesime desc nulls last
        ) as rang
    from lues
    inner join {{ ref('dim_logement') }} as logements on lues.num_rpls = logements.ident_rep

),

menages as (

    select
        lues.attribution_id,
        {{ unites_consommation('lues', 'echelle') }} as nb_uc,
        {{ ressources_annuelles_retenues(
            'lues', unites_consommation('lues', 'echelle'), 'douteuses', 'parametres.ressources_douteuses'
        ) }} as ressources_annuelles,
        {{ rang_categorie('lues') }} as rang_categorie
    from lues
    inner join lieux on lues.attribution_id = lieux.attribution_id
    left join {{ ref('int_parametres') }} as parametres on lieux.epci_siren = parametres.epci_siren
    left join {{ source('seeds', 'ref_unites_consommation') }} as echelle
        on
            lues.date_reference >= echelle.debut
            and lues.date_reference <= coalesce(echelle.fin, lues.date_reference)
    {{ joindre_ressources_douteuses('lues.date_reference', 'douteuses') }}

),

plafonds as (

    select
        lues.attribution_id,
        {{ plafond_du_menage('PLUS', 'menages.rang_categorie') }} as plafond_plus,
        {{ plafond_du_menage('PLAI', 'menages.rang_categorie') }} as plafond_plai
    from lues
    inner join menages on lues.attribution_id = menages.attribution_id
    left join {{ ref('dim_commune') }} as communes on lues.code_commune = communes.code_commune
    {{ joindre_plafonds(
        ['PLUS', 'PLAI'], 'lues.code_commune', 'communes.departement', 'lues.date_decision', 'menages.rang_categorie'
    ) }}

)

select
    lues.attribution_id,
    lues.millesime,
    lues.demandeur_id,
    lues.date_premier_depot,
    lues.date_decision,
    lues.rang,
    lues.issue,
    coalesce(lues.est_prononcee, false) as est_prononcee,
    -- A signed lease makes its candidate effective, and no other of the same dwelling. Where it cannot be told who stood before
    -- whom, whether a later rank became effective is unknown.
    case
        when lues.date_signature_bail is not null then true
        when not coalesce(lues.est_attribuee, false) then false
        when commissions.est_distincte then commissions.nb_baux = 0 and commissions.nb_restants_avant = 0
        when lues.rang = 1 then true
    end as est_effective,
    case when not {{ champ_absent('lues', 'date_signature_bail') }} then lues.date_signature_bail is not null end
        as est_bail_signe,
    lues.date_signature_bail,
    case when not {{ champ_absent('lues', 'date_entree') }} then lues.date_entree is not null end as est_entree,
    lues.date_entree,
    commissions.cle_commission,
    lues.num_rpls,
    logements.logement_id,
    logements.millesime as millesime_logement,
    -- Its dwelling's in the register, else the register's of that name, landlord and commune, else as the source writes it.
    coalesce(registre.residence, nommees.residence, lues.residence) as residence,
    lues.residence as residence_lue,
    lues.code_commune_logement as code_commune_lu,
    lues.code_commune,
    communes.departement,
    lieux.epci_siren,
    bailleurs.bailleur_siren,
    lues.reservataire,
    logements.code_iris,
    codes_qpv.statut as statut_code_qpv,
    -- Where the dwelling stands: the allocation's own code where it is believed, else the dwelling's in the register, else the
    -- declared flag.
    {%- for generation in var('generations_qpv') %}
    case
        when codes_qpv.generation_admise = {{ generation }} then lues.code_qpv
        else logements.code_qpv_{{ generation }}
    end as code_qpv_{{ generation }},
    case
        when codes_qpv.generation_admise = {{ generation }} then true
        when logements.methode_qpv_{{ generation }} in ('rpls_geocode', 'polygone')
            then logements.en_qpv_{{ generation }}
        when lues.qpv_declare is not null then lues.qpv_declare
        else logements.en_qpv_{{ generation }}
    end as en_qpv_{{ generation }},
    case
        when codes_qpv.generation_admise = {{ generation }} then 'code_attribution'
        when logements.methode_qpv_{{ generation }} in ('rpls_geocode', 'polygone')
            then logements.methode_qpv_{{ generation }}
        when lues.qpv_declare is not null then 'declaration_attribution'
        else coalesce(logements.methode_qpv_{{ generation }}, 'inconnu')
    end as methode_qpv_{{ generation }},
    {%- endfor %}
    lues.typologie,
    lues.financement,
    lues.surface,
    lues.loyer,
    lues.neuf as est_neuf,
    coalesce(logements.annee_location, logements.annee_construction) as annee_mise_en_service,
    menages.ressources_annuelles,
    menages.nb_uc,
    {{ en_decimal('cast(menages.ressources_annuelles as double) / nullif(cast(menages.nb_uc as double), 0)', 14, 2) }}
        as ressources_uc,
    lues.rfr,
    plafonds.plafond_plus,
    -- Percentage of the PLUS ceiling: the declared one wins, else fiscal income over the ceiling of zone, category and date.
    coalesce(
        lues.pct_plafond_plus,
        {{ en_decimal('cast(100 * lues.rfr as double) / nullif(cast(plafonds.plafond_plus as double), 0)', 9, 2) }}
    ) as pct_plafond_plus,
    plafonds.plafond_plai,
    -- The ceiling compares the fiscal income, and is itself within reach.
    lues.rfr <= plafonds.plafond_plai as est_sous_plafond_plai,
    lues.composition,
    lues.nb_personnes,
    lues.nb_moins_14,
    lues.nb_enfants,
    lues.age,
    lues.situation_pro,
    lues.situation_logement,
    lues.code_commune_origine as code_commune_origine_lu,
    lues.code_commune_origine_courante as code_commune_origine,
    lues.mutation as est_mutation,
    case
        when not lues.mutation then 'primo'
        when lues.mutation and bailleurs.bailleur_origine_siren = bailleurs.bailleur_siren then 'interne'
        when lues.mutation and bailleurs.bailleur_origine_siren <> bailleurs.bailleur_siren then 'inter_bailleurs'
        when lues.mutation then 'mutation_bailleur_inconnu'
    end as type_mutation,
    lues.dalo as est_dalo,
    lues.pdalhpd as est_pdalhpd,
    lues.priorite_l441_1 as est_priorite_l441_1,
    -- A union of grounds: unknown as soon as one of them is in none of the files of the record, even if another says yes. In a
    -- file that has them all, an empty list of grounds is none.
    case
        when
            {{ champ_absent('lues', 'dalo') }}
            or {{ champ_absent('lues', 'pdalhpd') }}
            or {{ champ_absent('lues', 'priorite_l441_1') }}
            then null
        when lues.dalo or lues.pdalhpd or lues.priorite_l441_1 then true
        when lues.dalo is null and lues.pdalhpd is null then null
        else false
    end as est_prioritaire,
    lues.relogement,
    coalesce(relogements.est_releve, false) as est_relogement_objectif,
    lues.relogement is not null as est_relogement,
    lues.travailleur_essentiel as est_travailleur_essentiel,
    contingents.est_mal_loges,
    lues._fichier,
    lues._ligne
from lues
inner join {{ ref('int_commissions') }} as commissions on lues.attribution_id = commissions.attribution_id
inner join menages on lues.attribution_id = menages.attribution_id
inner join lieux on lues.attribution_id = lieux.attribution_id
inner join bailleurs on lues.attribution_id = bailleurs.attribution_id
left join logements on lues.attribution_id = logements.attribution_id and logements.rang = 1
left join {{ ref('int_logement_residence') }} as registre
    on logements.logement_id = registre.logement_id and logements.millesime = registre.millesime
left join {{ ref('int_residences_noms') }} as nommees
    on
        lieux.epci_siren = nommees.epci_siren
        and bailleurs.bailleur_siren = nommees.bailleur_siren
        and lues.code_commune = nommees.code_commune
        and {{ residence_normalisee('lues.residence') }} = nommees.cle
left join plafonds on lues.attribution_id = plafonds.attribution_id
left join codes_qpv on lues.attribution_id = codes_qpv.attribution_id
left join {{ ref('dim_commune') }} as communes on lues.code_commune = communes.code_commune
left join {{ source('seeds', 'ref_relogements') }} as relogements on lues.relogement = relogements.relogement
left join {{ source('seeds', 'ref_reservataires_mal_loges') }} as contingents on lues.reservataire = contingents.code
