-- What an allocation's own code of a priority neighbourhood is worth: believed where the list of its generation has it in the
-- commune of the dwelling; not where it has no such code, or has it elsewhere. A list is relied on where it was given, or where
-- the shipped one knows the territory: elsewhere nothing contradicts the code.
with lus as (

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

)

select
    lus.attribution_id,
    lus.generation,
    lus.code_qpv,
    case
        when couverts.generation is null and deposees.generation is null then 'sans_liste'
        when connus.code_qpv is null then 'inexistant'
        when ici.code_qpv is null and lus.code_commune is not null then 'autre_commune'
        else 'admis'
    end as statut
from lus
left join couverts on lus.generation = couverts.generation and lus.epci_siren = couverts.epci_siren
left join (select distinct generation from {{ source('geographie', 'qpv_communes') }}) as deposees
    on lus.generation = deposees.generation
left join (
    select distinct
        generation,
        code_qpv
    from {{ ref('int_qpv') }}
) as connus
    on lus.generation = connus.generation and lus.code_qpv = connus.code_qpv
left join {{ ref('int_qpv') }} as ici
    on lus.generation = ici.generation and lus.code_qpv = ici.code_qpv and lus.code_commune = ici.code_commune
