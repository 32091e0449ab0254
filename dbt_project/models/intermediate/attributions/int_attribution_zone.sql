-- The local zones that hold the dwelling of an allocation, with the dates between which each zone says so. One
-- dwelling may be in several zones of different types.
with emplacements as (

    select
        attribution_id,
        epci_siren,
        critere,
        valeur
    from (
        select
            attribution_id,
            epci_siren,
            'commune' as critere,
            code_commune as valeur
        from {{ ref('fct_attribution') }}
        union all
        select
            attribution_id,
            epci_siren,
            'residence' as critere,
            {{ residence_normalisee('residence') }} as valeur
        from {{ ref('fct_attribution') }}
        union all
        select
            attribution_id,
            epci_siren,
            'residence' as critere,
            {{ residence_normalisee('residence_lue') }} as valeur
        from {{ ref('fct_attribution') }}
        union all
        select
            attribution_id,
            epci_siren,
            'num_rpls' as critere,
            num_rpls as valeur
        from {{ ref('fct_attribution') }}
        union all
        select
            attribution_id,
            epci_siren,
            'iris' as critere,
            code_iris as valeur
        from {{ ref('fct_attribution') }}
        {%- for generation in var('generations_qpv') %}
        union all
        select
            attribution_id,
            epci_siren,
            'qpv' as critere,
            code_qpv_{{ generation }} as valeur
        from {{ ref('fct_attribution') }}
        {%- endfor %}
    ) as criteres
    where valeur is not null

)

select distinct
    emplacements.attribution_id,
    zones.zone,
    zones.type_zone,
    zones.nom,
    zones.debut,
    zones.fin
from emplacements
inner join {{ ref('int_zones') }} as zones
    on
        emplacements.epci_siren = zones.epci_siren
        and emplacements.critere = zones.critere
        and emplacements.valeur
        = case when zones.critere = 'residence' then {{ residence_normalisee('zones.valeur') }} else zones.valeur end
