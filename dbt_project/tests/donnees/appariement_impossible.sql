-- A control of matching that is at zero where it cannot be: figures would be made of rows that meet nothing. `message` is
-- what the user reads.
select
    controles.epci_siren,
    controles.annee,
    controles.controle,
    coalesce(territoires.nom || ', ', '')
    || cast(controles.annee as {{ dbt.type_string() }})
    || ' : ' || controles.libelle || ' : ' || cast(controles.nombre as {{ dbt.type_string() }})
    || ' sur ' || cast(controles.total as {{ dbt.type_string() }})
    || coalesce(
        ' (par exemple ' || comptes.fichier || ', ligne '
        || cast(comptes.premiere_ligne as {{ dbt.type_string() }}) || ')', ''
    )
    || '. En cause : ' || controles.figures || '. ' || controles.a_faire as message
from {{ ref('meta_appariements') }} as controles
inner join {{ ref('int_appariements') }} as comptes
    on
        controles.controle = comptes.controle
        and controles.annee = comptes.annee
        and coalesce(controles.epci_siren, '') = coalesce(comptes.epci_siren, '')
left join {{ ref('dim_territoire') }} as territoires on controles.epci_siren = territoires.epci_siren
where controles.etat = 'bloquant'
