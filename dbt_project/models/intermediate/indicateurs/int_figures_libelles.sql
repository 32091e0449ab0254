-- The name of every modality that a figure uses, crossed axes included; made once per modality, not once per figure.
with modalites as (

    select distinct
        epci_siren,
        axe,
        modalite
    from {{ ref('int_figures_valeurs') }}

),

parties as (

    select
        epci_siren,
        axe,
        modalite,
        1 as rang,
        split_part(axe, ' x ', 1) as axe_partie,
        case when position(' x ' in axe) > 0 then split_part(modalite, ' x ', 1) else modalite end as modalite_partie
    from modalites
    union all
    select
        epci_siren,
        axe,
        modalite,
        2 as rang,
        split_part(axe, ' x ', 2) as axe_partie,
        split_part(modalite, ' x ', 2) as modalite_partie
    from modalites
    where position(' x ' in axe) > 0

),

-- A local zone is named inside its territory, everything else for the whole country.
noms as (

    select
        parties.epci_siren,
        parties.axe,
        parties.modalite,
        parties.rang,
        coalesce(
            locaux.libelle,
            nationaux.libelle,
            case when parties.modalite_partie = 'inconnu' then 'Non renseigné' else parties.modalite_partie end
        ) as libelle
    from parties
    left join {{ ref('int_modalites') }} as locaux
        on
            parties.axe_partie = locaux.axe
            and parties.modalite_partie = locaux.modalite
            and parties.epci_siren = locaux.epci_siren
    left join (select * from {{ ref('int_modalites') }} where epci_siren is null) as nationaux
        on parties.axe_partie = nationaux.axe and parties.modalite_partie = nationaux.modalite

)

select
    epci_siren,
    axe,
    modalite,
    {{ liste_de_textes('libelle', ' × ', 'rang nulls last') }} as modalite_libelle
from noms
group by epci_siren, axe, modalite
