-- The numerator of a rate is a part of its denominator, and no count is negative. A rate between two sources or two years may
-- exceed 100: a_plus_de_cent.sql warns of it.
select
    epci_siren,
    periode,
    indicateur,
    axe,
    modalite,
    segment,
    numerateur,
    denominateur,
    inconnus,
    'Figure impossible : ' || indicateur || ' de ' || epci_siren || ', ' || periode || ', ' || axe || ' ' || modalite || ', segment '
    || segment || ' (numérateur ' || coalesce(cast(numerateur as {{ dbt.type_string() }}), '?') || ', dénominateur '
    || coalesce(cast(denominateur as {{ dbt.type_string() }}), '?') || '), source ' || source
    || '. Corriger les lignes de ce lieu dans le fichier de cette source, puis reconstruire.' as message
from {{ ref('indicateurs') }}
where
    (
        indicateur in (select indicateur from {{ source('seeds', 'ref_indicateurs') }} where nature = 'taux')
        and numerateur > denominateur
        and indicateur not in ('{{ rapports_entre_sources() | join("', '") }}')
    )
    or numerateur < 0
    or denominateur < 0
    or inconnus < 0
