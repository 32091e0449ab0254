-- One dwelling of the register at one vintage: is it in the stock, let, vacant and since when, when did the last household
-- move in, what is its rent, where does it stand that day. Unknown answers stay NULL.
with situes as (

    select
        logements.*,
        residences.residence,
        residences.segment_patrimoine as segment_sans_residence,
        modes.est_loue,
        modes.est_vacant,
        modes.est_dans_le_parc as mode_dans_le_parc,
        sorties.est_dans_le_parc as sortie_dans_le_parc,
        parametres.generation_qpv as regle_generation,
        {{ premier_jour('logements.millesime') }} as date_situation,
        generations.generation,
        exists(
            select 1
            from {{ ref('int_logement_zone') }} as zones
            where
                zones.logement_id = logements.logement_id
                and zones.millesime = logements.millesime
                and zones.type_zone = 'assimile'
        ) as est_assimile
    from {{ ref('dim_logement') }} as logements
    left join {{ ref('int_parametres') }} as parametres on logements.epci_siren = parametres.epci_siren
    left join {{ ref('int_logement_residence') }} as residences
        on logements.logement_id = residences.logement_id and logements.millesime = residences.millesime
    left join {{ source('seeds', 'ref_modes_occupation') }} as modes on logements.mode = modes.code
    left join {{ source('seeds', 'ref_sorties_patrimoine') }} as sorties on logements.sortie_patrimoine = sorties.code
    {{ joindre_generation(
        'parametres.generation_qpv', premier_jour('logements.millesime'), 'logements.code_commune'
    ) }}

),

qpv as (

    select
        situes.*,
        case
            {%- for generation in var('generations_qpv') %}
            when generation = {{ generation }} then code_qpv_{{ generation }}
            {%- endfor %}
        end as code_qpv,
        case
            {%- for generation in var('generations_qpv') %}
            when generation = {{ generation }} then en_qpv_{{ generation }}
            {%- endfor %}
            else qpv_declare
        end as en_qpv,
        case
            {%- for generation in var('generations_qpv') %}
            when generation = {{ generation }} then methode_qpv_{{ generation }}
            {%- endfor %}
            else 'declaration_rpls'
        end as methode_qpv
    from situes

)

select
    qpv.logement_id,
    qpv.millesime,
    qpv.ident_rep,
    qpv.epci_siren,
    qpv.code_commune,
    communes.departement,
    qpv.bailleur_siren,
    qpv.residence,
    qpv.segment_sans_residence,
    qpv.generation as generation_qpv,
    qpv.code_qpv,
    qpv.methode_qpv,
    qpv.est_assimile,
    case
        when qpv.est_assimile or qpv.en_qpv then 'qpv'
        when not qpv.en_qpv then 'hors_qpv'
        else 'inconnu'
    end as secteur,
    coalesce(qpv.mode_dans_le_parc, true)
    and (qpv.sortie_patrimoine is null or coalesce(qpv.sortie_dans_le_parc, false)) as est_dans_le_parc,
    qpv.mode,
    qpv.est_loue,
    qpv.est_vacant,
    qpv.date_bail,
    qpv.date_remise_location,
    case
        when qpv.est_vacant and qpv.date_remise_location is not null
            then
                qpv.date_remise_location
                < {{ ajouter_mois('qpv.date_situation', '-cast(bornes.mois_vacance_longue as integer)') }}
        when qpv.est_loue then false
    end as est_vacant_3_mois,
    qpv.annee_location < qpv.millesime - 1 as est_en_service_avant,
    case
        when qpv.est_loue and qpv.date_bail is not null
            then qpv.date_bail >= {{ premier_jour('qpv.millesime - 1') }}
        when qpv.est_vacant then false
    end as est_emmenagement_recent,
    case when qpv.loyer_principal > 0 and qpv.surface_habitable > 0 then qpv.loyer_principal end as loyer_principal,
    case when qpv.loyer_principal > 0 and qpv.surface_habitable > 0 then qpv.surface_habitable end as surface_louee,
    qpv.surface_habitable,
    qpv.nb_pieces,
    'T' || cast({{ plus_petit('qpv.nb_pieces', 'bornes.pieces_max') }} as {{ dbt.type_string() }}) as typologie,
    qpv.type_construction,
    qpv.famille_financement,
    periodes.code as periode_construction,
    qpv.annee_construction,
    qpv.annee_location,
    qpv.nouveau_logement,
    qpv.dpe_energie,
    qpv.contingent,
    qpv._fichier,
    qpv._ligne
from qpv
inner join {{ source('seeds', 'ref_bornes_indicateurs') }} as bornes
    on
        qpv.date_situation >= bornes.debut
        and qpv.date_situation <= coalesce(bornes.fin, qpv.date_situation)
left join {{ ref('dim_commune') }} as communes on qpv.code_commune = communes.code_commune
left join {{ source('seeds', 'ref_periodes_construction') }} as periodes
    on
        qpv.annee_construction >= coalesce(periodes.annee_min, qpv.annee_construction)
        and qpv.annee_construction <= coalesce(periodes.annee_max, qpv.annee_construction)
