-- Under the readings that the convention chose, the counts and the rate are the published ones.
select
    retenues.epci_siren,
    retenues.annee,
    retenues.indicateur,
    retenues.segment,
    retenues.parametre,
    retenues.lecture,
    retenues.numerateur,
    publiees.numerateur as numerateur_publie,
    retenues.denominateur,
    publiees.denominateur as denominateur_publie,
    retenues.inconnus,
    publiees.inconnus as inconnus_publies,
    retenues.valeur,
    publiees.valeur as valeur_publiee
from {{ ref('sensibilite') }} as retenues
inner join {{ ref('indicateurs') }} as publiees
    on
        publiees.periode_type = 'annee'
        and publiees.axe = 'epci'
        and retenues.epci_siren = publiees.epci_siren
        and cast(retenues.annee as {{ dbt.type_string() }}) = publiees.periode
        and retenues.indicateur = publiees.indicateur
        and retenues.segment_type = publiees.segment_type
        and retenues.segment = publiees.segment
where
    retenues.est_retenue
    and (
        retenues.numerateur <> publiees.numerateur
        or retenues.denominateur <> publiees.denominateur
        or retenues.inconnus <> publiees.inconnus
        or coalesce(retenues.valeur, -1) <> coalesce(publiees.valeur, -1)
    )
