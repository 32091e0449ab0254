-- From the key of a figure of marts.indicateurs to the rows that count in it, and to the file and line of each: one query, in
-- the warehouse alone. Which columns count what, and make which axis and segment, are rows of meta.mesures, meta.axes and
-- meta.segments; a row of measures is read as JSON, so that a name found there says what to read. A figure made of figures, of
-- zones or of residences' scores has no rows here.
create or replace macro meta.provenance(
    le_siren,
    la_periode,
    l_indicateur,
    axe := 'epci',
    modalite := null,
    segment_type := 'tous',
    segment := 'tous',
    periode_type := null
) as table
with figure as (
    select
        f.epci_siren,
        f.periode_type,
        f.periode,
        f.indicateur,
        f.axe,
        f.modalite,
        f.segment_type,
        f.segment,
        i.famille
    from marts.indicateurs as f
    inner join meta.indicateurs as i on f.indicateur = i.indicateur
    where
        f.epci_siren = le_siren
        and f.periode = la_periode
        and f.indicateur = l_indicateur
        and f.axe = axe
        and f.modalite = coalesce(modalite, le_siren)
        and f.segment_type = segment_type
        and f.segment = segment
        and f.periode_type = coalesce(periode_type, f.periode_type)
    -- A month ends a window of six months and one of twelve.
    order by f.periode_type
    limit 1
),

demandes as (
    select
        f.epci_siren,
        f.periode_type,
        f.periode,
        f.modalite,
        m.famille,
        m.mesure,
        m.valeur,
        m.role,
        -- What the measure makes by itself is not looked for in the row.
        case when m.segment_type = '' then f.segment else 'tous' end as segment,
        s.colonne as colonne_segment,
        a.colonnes
    from figure as f
    inner join meta.mesures as m
        on
            f.indicateur = m.indicateur
            and (m.segment_type = '' or (f.segment_type = m.segment_type and f.segment = m.segment))
    inner join (
        select
            x.famille,
            x.axe,
            list(x.colonne order by x.rang) as colonnes
        from meta.axes as x
        group by x.famille, x.axe
    ) as a
        on m.famille = a.famille and f.axe = a.axe
    left join meta.segments as s on m.famille = s.famille and f.segment_type = s.segment_type
    where
        (f.segment_type = 'tous' or m.segment_type <> '' or s.colonne is not null)
        and (
            m.axe = f.axe
            or (
                m.axe = ''
                and not exists (
                    select 1 from meta.mesures as p where p.indicateur = f.indicateur and p.axe = f.axe
                )
            )
        )
),

mesurees as (
    select
        d.*,
        'entrepot.fct_attribution' as fait,
        m.attribution_id as identifiant,
        m.date_evenement as jour,
        to_json(m) as ligne
    from demandes as d
    inner join entrepot.dim_periode as p
        on d.epci_siren = p.epci_siren and d.periode_type = p.periode_type and d.periode = p.periode
    inner join intermediate.int_attribution_mesures as m
        on d.epci_siren = m.epci_siren and m.date_evenement >= p.debut and m.date_evenement <= p.fin
    where d.famille = 'attributions'
    union all
    select
        d.*,
        'entrepot.fct_demande' as fait,
        m.demandeur_id as identifiant,
        null as jour,
        to_json(m) as ligne
    from demandes as d
    inner join intermediate.int_demande_mesures as m
        on d.epci_siren = m.epci_siren and try_cast(d.periode as integer) = m.annee
    where d.famille = 'demande'
    union all
    select
        d.*,
        'entrepot.fct_logement' as fait,
        m.logement_id as identifiant,
        null as jour,
        to_json(m) as ligne
    from demandes as d
    inner join intermediate.int_logement_mesures as m
        on d.epci_siren = m.epci_siren and try_cast(d.periode as integer) = m.millesime
    where d.famille = 'parc'
),

comptees as (
    select
        m.*,
        cast(m.ligne ->> (m.mesure || '_num') as integer) as num,
        coalesce(cast(m.ligne ->> (m.mesure || '_den') as integer), 0) as den,
        coalesce(cast(m.ligne ->> (m.mesure || '_inc') as integer), 0) as inc,
        m.valeur = '' or (m.ligne ->> m.valeur) is not null as est_connue
    from mesurees as m
    where
        array_to_string(list_transform(m.colonnes, lambda c : coalesce(m.ligne ->> c, 'inconnu')), ' x ') = m.modalite
        and (m.segment = 'tous' or coalesce(m.ligne ->> m.colonne_segment, 'inconnu') = m.segment)
        and (not list_contains(m.colonnes, 'code_qpv') or (m.ligne ->> 'secteur') = 'qpv')
),

jugees as (
    select
        c.*,
        c.valeur = '' and c.role = '' and coalesce(c.num, 0) > 0 as est_num,
        case
            when c.role = 'denominateur' then c.num > 0
            when c.valeur = '' then c.den > 0
            else coalesce(c.num, 1) > 0 and c.est_connue
        end as est_den,
        c.role = '' and (c.inc > 0 or (coalesce(c.num, 0) > 0 and not c.est_connue)) as est_inc
    from comptees as c
),

lignes as (
    select
        j.est_num,
        j.est_den,
        j.est_inc,
        j.fait,
        j.identifiant,
        j.jour,
        concat_ws(
            ', ', (j.ligne ->> 'evenement'), (j.ligne ->> 'secteur'), (j.ligne ->> 'typologie'),
            'quartile ' || coalesce(j.ligne ->> 'quartile', 'inconnu'), (j.ligne ->> 'demandeur'),
            case when f.est_relogement_objectif then 'relogé' end, case when f.est_prioritaire then 'prioritaire' end
        ) as detail,
        f._fichier as fichier,
        f._ligne as numero
    from jugees as j
    inner join entrepot.fct_attribution as f on j.identifiant = f.attribution_id
    where j.famille = 'attributions'
    union all
    select
        j.est_num,
        j.est_den,
        j.est_inc,
        j.fait,
        j.identifiant,
        f.date_premier_depot,
        concat_ws(
            ', ', (j.ligne ->> 'demandeur'), (j.ligne ->> 'typologie'),
            'quartile ' || coalesce(j.ligne ->> 'quartile', 'inconnu')
        ),
        f._fichier,
        f._ligne
    from jugees as j
    inner join entrepot.fct_demande as f
        on j.identifiant = f.demandeur_id and cast(j.ligne ->> 'annee' as integer) = f.annee
    where j.famille = 'demande'
    union all
    select
        j.est_num,
        j.est_den,
        j.est_inc,
        j.fait,
        j.identifiant,
        f.date_bail,
        concat_ws(
            ', ', 'mode ' || f.mode, f.typologie, (j.ligne ->> 'secteur'), 'loyer ' || (j.ligne ->> 'loyer'),
            'surface ' || (j.ligne ->> 'surface')
        ),
        f._fichier,
        f._ligne
    from jugees as j
    inner join entrepot.fct_logement as f
        on j.identifiant = f.logement_id and cast(j.ligne ->> 'millesime' as integer) = f.millesime
    where j.famille = 'parc'
    union all
    -- The survey and the incomes are published tables already: a row is an aggregate.
    select
        true,
        true,
        false,
        'entrepot.fct_occupation',
        concat_ws(' ', o.bailleur_siren, o.code, o.zone),
        null,
        concat_ws(
            ', ', o.theme, o.modalite, o.population,
            coalesce(cast(o.effectif as varchar), o.statut) || ' sur ' || coalesce(cast(o.base as varchar), o.statut)
        ),
        o._fichier,
        o._ligne
    from figure as f
    inner join seeds.ref_indicateurs_occupation as c on f.indicateur = c.indicateur
    inner join entrepot.fct_occupation as o
        on
            c.theme = o.theme
            and c.modalite = o.modalite
            and f.epci_siren = o.epci_siren
            and try_cast(f.periode as integer) = o.millesime
            and o.population = case when f.segment_type = 'population' then upper(f.segment) else 'ENSEMBLE' end
            and o.niveau = case when f.axe in ('epci', 'bailleur') then 'commune' else f.axe end
            and f.modalite = case f.axe when 'epci' then o.epci_siren when 'bailleur' then o.bailleur_siren else o.code end
    where f.segment_type in ('tous', 'population')
    union all
    select
        true,
        false,
        false,
        'entrepot.fct_revenu',
        r.code,
        null,
        concat_ws(', ', r.mesure, r.concept, coalesce(cast(r.valeur as varchar), r.statut)),
        r._fichier,
        r._ligne
    from figure as f
    inner join entrepot.fct_revenu as r
        on
            f.indicateur = r.mesure
            and try_cast(f.periode as integer) = r.millesime
            and f.axe = r.niveau
            and f.modalite = r.code
            and f.segment = r.concept
)

select
    concat_ws(
        ' et ', case when l.est_num then 'numérateur' end, case when l.est_den then 'dénominateur' end,
        case when l.est_inc then 'inconnu' end
    ) as role,
    l.fait,
    l.identifiant,
    l.jour as date,
    l.detail,
    l.fichier,
    l.numero as ligne
from lignes as l
where l.est_num or l.est_den or l.est_inc
order by l.fichier, l.numero, l.identifiant
