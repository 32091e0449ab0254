{{ config(severity='warn') }}
-- Communes that the shipped list gives to a published territory and that the landing folder's list of the year leaves out: what
-- happens there is in no figure of the territory. A commune that was absorbed is looked for under its name of today.
select distinct
    territoires.epci_siren,
    {{ commune_courante('livres.code_commune', 'courante') }} as code_commune,
    deposes.millesime_liste
from {{ source('livres', 'livre_epci_membres') }} as livres
{{ joindre_commune('livres.code_commune', 'courante') }}
inner join {{ ref('dim_territoire') }} as territoires on livres.epci_siren = territoires.epci_siren
inner join {{ ref('int_epci_membres') }} as deposes
    on
        livres.epci_siren = deposes.epci_siren
        and deposes.origine = 'dossier'
        and deposes.annee >= coalesce(extract(year from livres.debut), deposes.annee)
        and deposes.annee <= coalesce(extract(year from livres.fin), deposes.annee)
left join {{ ref('int_epci_membres') }} as connues
    on
        deposes.annee = connues.annee
        and {{ commune_courante('livres.code_commune', 'courante') }} = connues.code_commune
where connues.code_lu is null
