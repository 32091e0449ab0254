-- One dwelling at one vintage (situation on 1 January), placed in both generations of priority neighbourhoods. The
-- register's own geocode wins, then the polygon that holds its coordinates, then the landlord's declaration; a register
-- whose layout geocodes says "outside" by an empty code, which another layout's empty code does not.
with logements as (

    select
        lus.*,
        {{ commune_courante('lus.code_commune', 'courante') }} as code_commune_courante,
        coalesce(bailleurs.bailleur_siren, lus.siren_bailleur) as bailleur_siren,
        {%- for generation in var('generations_qpv') %}
        max(case when lus.code_qpv_{{ generation }} is not null then 1 else 0 end)
            over (partition by lus._fichier) as geocode_{{ generation }}{{ "," if not loop.last }}
        {%- endfor %}
    from {{ ref('stg_rpls__logements') }} as lus
    {{ joindre_commune('lus.code_commune', 'courante') }}
    left join {{ ref('int_bailleurs') }} as bailleurs on lus.siren_bailleur = bailleurs.siren

),

polygones as (

    select
        logement_id,
        millesime,
        {%- for generation in var('generations_qpv') %}
        max(case when generation = {{ generation }} then code_qpv end) as code_qpv_{{ generation }}
        {{- "," if not loop.last }}
        {%- endfor %}
    from {{ ref('int_logement_polygone') }}
    group by logement_id, millesime

),

connus as (

    select
        {%- for generation in var('generations_qpv') %}
        max(case when generation = {{ generation }} then 1 else 0 end) as polygones_{{ generation }}
        {{- "," if not loop.last }}
        {%- endfor %}
    from {{ source('geographie', 'qpv_polygones') }}
    where geometrie is not null

)

select
    logements.logement_id,
    logements.millesime,
    logements.ident_rep,
    logements.bailleur_siren,
    logements.code_commune as code_commune_lu,
    logements.code_commune_courante as code_commune,
    membres.epci_siren,
    logements.code_iris,
    logements.x,
    logements.y,
    logements.qpv_declare,
    {%- for generation in var('generations_qpv') %}
    coalesce(logements.code_qpv_{{ generation }}, polygones.code_qpv_{{ generation }}) as code_qpv_{{ generation }},
    case
        when logements.code_qpv_{{ generation }} is not null or logements.geocode_{{ generation }} = 1
            then 'rpls_geocode'
        when polygones.code_qpv_{{ generation }} is not null then 'polygone'
        when logements.x is not null and connus.polygones_{{ generation }} = 1 then 'polygone'
        when logements.qpv_declare is not null then 'declaration_rpls'
        else 'inconnu'
    end as methode_qpv_{{ generation }},
    case
        when logements.code_qpv_{{ generation }} is not null then true
        when logements.geocode_{{ generation }} = 1 then false
        when polygones.code_qpv_{{ generation }} is not null then true
        when logements.x is not null and connus.polygones_{{ generation }} = 1 then false
        else logements.qpv_declare
    end as en_qpv_{{ generation }},
    {%- endfor %}
    coalesce(logements.libelle_segment_patrimoine, logements.code_segment_patrimoine) as segment_patrimoine,
    logements.type_construction,
    logements.nb_pieces,
    logements.surface_habitable,
    logements.annee_construction,
    logements.annee_location,
    logements.annee_patrimoine,
    logements.origine,
    logements.financement,
    coalesce(financements.famille, 'INCONNU') as famille_financement,
    logements.conventionne,
    logements.sortie_patrimoine,
    logements.nouveau_logement,
    logements.mode,
    logements.date_bail,
    logements.date_remise_location,
    logements.loyer_principal,
    logements.loyer_accessoire,
    logements.loyer_max_apl,
    logements.dpe_energie,
    logements.dpe_serre,
    logements.contingent,
    logements.pmr,
    logements.disposition,
    logements._fichier,
    logements._ligne
from logements
left join connus on true
left join polygones
    on logements.logement_id = polygones.logement_id and logements.millesime = polygones.millesime
{{ joindre_epci('logements.millesime', 'logements.code_commune', 'membres') }}
left join {{ source('seeds', 'ref_financements') }} as financements on logements.financement = financements.code
