-- The places that hold each dwelling of the stock, for the territories and vintages that a method runs on: local zones,
-- priority neighbourhoods of both generations (a survey may be on the older one), residences, what a commune has outside
-- priority neighbourhoods, and the EPCI, whose mean the methods compare with.
with logements as (

    select
        faits.logement_id,
        faits.millesime,
        faits.epci_siren,
        faits.code_commune,
        faits.residence,
        faits.secteur
    from {{ ref('fct_logement') }} as faits
    inner join (
        select distinct
            epci_siren,
            millesime_rpls
        from {{ ref('int_fragilite_millesimes') }}
    ) as utiles on faits.epci_siren = utiles.epci_siren and faits.millesime = utiles.millesime_rpls
    where faits.est_dans_le_parc

)

select
    logement_id,
    millesime,
    epci_siren,
    'epci' as axe,
    epci_siren as modalite
from logements
union all
select
    logement_id,
    millesime,
    epci_siren,
    'residence' as axe,
    residence as modalite
from logements
where residence is not null
union all
select
    logement_id,
    millesime,
    epci_siren,
    'commune x secteur' as axe,
    code_commune || ' x ' || secteur as modalite
from logements
where secteur = 'hors_qpv'
union all
select distinct
    logements.logement_id,
    logements.millesime,
    logements.epci_siren,
    'zone' as axe,
    zones.zone as modalite
from logements
inner join {{ ref('int_logement_zone') }} as zones
    on logements.logement_id = zones.logement_id and logements.millesime = zones.millesime
{%- for generation in var('generations_qpv') %}
union all
select
    logements.logement_id,
    logements.millesime,
    logements.epci_siren,
    'qpv' as axe,
    dimension.code_qpv_{{ generation }} as modalite
from logements
inner join {{ ref('dim_logement') }} as dimension
    on logements.logement_id = dimension.logement_id and logements.millesime = dimension.millesime
where dimension.code_qpv_{{ generation }} is not null
{%- endfor %}
