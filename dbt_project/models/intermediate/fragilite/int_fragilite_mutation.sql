-- Requests for mutation active on 31 December that come from the dwellings of each place, over its occupied dwellings, for
-- each pair of a year of requests and a vintage of the register that a method runs on. A year whose requests name no
-- dwelling of the territory gives no row: it is unknown, not zero.
with paires as (

    select distinct
        epci_siren,
        annee_sne,
        millesime_rpls
    from {{ ref('int_fragilite_millesimes') }}
    where millesime_rpls is not null

),

demandes as (

    select
        annee,
        num_rpls_origine as ident_rep,
        count(*) as nb
    from {{ ref('fct_demande') }}
    where est_mutation and num_rpls_origine is not null
    group by annee, num_rpls_origine

),

cumules as (

    select
        lieux.epci_siren,
        paires.annee_sne,
        lieux.millesime,
        lieux.axe,
        lieux.modalite,
        {{ somme('coalesce(demandes.nb, 0)') }} as numerateur,
        {{ somme(compte('logements.est_loue')) }} as denominateur
    from {{ ref('int_fragilite_logement_lieu') }} as lieux
    inner join paires on lieux.epci_siren = paires.epci_siren and lieux.millesime = paires.millesime_rpls
    inner join {{ ref('fct_logement') }} as logements
        on lieux.logement_id = logements.logement_id and lieux.millesime = logements.millesime
    left join demandes on paires.annee_sne = demandes.annee and logements.ident_rep = demandes.ident_rep
    group by lieux.epci_siren, paires.annee_sne, lieux.millesime, lieux.axe, lieux.modalite

)

select cumules.*
from cumules
inner join cumules as territoires
    on
        cumules.epci_siren = territoires.epci_siren
        and cumules.annee_sne = territoires.annee_sne
        and cumules.millesime = territoires.millesime
        and territoires.axe = 'epci'
        and territoires.numerateur > 0
