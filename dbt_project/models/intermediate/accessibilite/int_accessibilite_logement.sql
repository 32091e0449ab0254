-- What each dwelling of the stock would cost the household of the first quartile whose size fits it, and whether its rent is
-- under the PLAI ceiling. Without a rent, an area, a size, a threshold or a zone, the answer is unknown, never "no".
select
    logements.millesime,
    logements.logement_id,
    logements.epci_siren,
    logements.secteur,
    logements.est_loue or logements.est_vacant as est_a_louer,
    logements.loyer_principal as loyer,
    logements.surface_louee as surface,
    menages.menage,
    {{ en_decimal(aide_logement('logements.loyer_principal', 'menages'), 9, 2) }} as aide_logement,
    {{ taux_effort('logements.loyer_principal', 'logements.surface_louee', 'menages') }} as taux_effort,
    case
        when logements.loyer_principal is not null and plafonds.plafond_eur_m2 is not null
            then logements.loyer_principal <= plafonds.plafond_eur_m2 * logements.surface_louee
    end as est_sous_plafond_plai,
    -- Freed in the year: let again since 1 January of the year before, in a dwelling already in service then, or vacant.
    case
        when logements.est_vacant then true
        when logements.est_loue then logements.est_emmenagement_recent and logements.est_en_service_avant
    end as est_libere,
    logements.annee_location >= logements.millesime - 1 as est_neuf,
    communes.zone_apl_approchee as zone_approchee
from {{ ref('fct_logement') }} as logements
inner join {{ ref('int_parametres') }} as parametres on logements.epci_siren = parametres.epci_siren
left join {{ ref('dim_commune') }} as communes on logements.code_commune = communes.code_commune
left join {{ source('seeds', 'ref_menages_typologies') }} as tailles
    on logements.typologie = tailles.typologie and tailles.est_reference
left join {{ ref('int_accessibilite_menages') }} as menages
    on
        logements.epci_siren = menages.epci_siren
        and logements.millesime = menages.millesime
        and communes.zone_apl = menages.zone_apl
        and tailles.menage = menages.menage
left join (
    select
        zone_loyer,
        debut,
        plafond_eur_m2,
        lead(debut) over (partition by zone_loyer order by debut nulls last) - 1 as fin
    from {{ source('seeds', 'ref_plafonds_loyer_plai') }}
) as plafonds
    on
        communes.zone_loyer = plafonds.zone_loyer
        and {{ premier_jour('logements.millesime') }} >= plafonds.debut
        and {{ premier_jour('logements.millesime') }} <= coalesce(plafonds.fin, {{ premier_jour('logements.millesime') }})
where logements.est_dans_le_parc
