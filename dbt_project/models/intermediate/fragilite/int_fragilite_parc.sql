-- Sums of the stock measures of each place: the rule of each measure stays in int_logement_mesures.
select
    lieux.epci_siren,
    lieux.millesime,
    lieux.axe,
    lieux.modalite,
    count(*) as nb_logements,
    {%- for m in mesures_fragilite_parc() %}
    {{ somme('mesures.' ~ m ~ '_num') }} as {{ m }}_num,
    {{ somme('mesures.' ~ m ~ '_den') }} as {{ m }}_den{{ "," if not loop.last }}
    {%- endfor %}
from {{ ref('int_fragilite_logement_lieu') }} as lieux
inner join {{ ref('int_logement_mesures') }} as mesures
    on lieux.logement_id = mesures.logement_id and lieux.millesime = mesures.millesime
group by lieux.epci_siren, lieux.millesime, lieux.axe, lieux.modalite
