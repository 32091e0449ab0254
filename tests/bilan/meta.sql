-- Supporting tables of a published warehouse, as `pipelines.bilan` may rely on them.
create table meta.indicateurs (
    indicateur VARCHAR,
    libelle VARCHAR,
    definition VARCHAR,
    formule VARCHAR,
    unite VARCHAR,
    article VARCHAR,
    additif BOOLEAN,
    source VARCHAR,
    famille VARCHAR,
    ordre INTEGER,
    version_methode VARCHAR,
    rupture VARCHAR
);

create table meta.verrou (
    fichier VARCHAR,
    source VARCHAR,
    produit VARCHAR,
    millesime INTEGER,
    taille BIGINT,
    sha256 VARCHAR,
    lecteur VARCHAR,
    correspondance VARCHAR,
    version_declaration VARCHAR,
    lignes_lues BIGINT,
    lignes_gardees BIGINT,
    lignes_quarantaine BIGINT,
    lignes_doublons BIGINT,
    corrections BIGINT
);

create table meta.conventions (
    epci_siren VARCHAR,
    nom VARCHAR,
    slug VARCHAR,
    version VARCHAR,
    empreinte VARCHAR,
    fichier VARCHAR,
    debut DATE,
    fin DATE
);

create table meta.convention_parametres (
    epci_siren VARCHAR,
    parametre VARCHAR,
    valeur VARCHAR
);

create table meta.convention_objectifs (
    epci_siren VARCHAR,
    objectif VARCHAR,
    indicateur VARCHAR,
    axe VARCHAR,
    modalite VARCHAR,
    operateur VARCHAR,
    cible DOUBLE,
    cible_indicateur VARCHAR,
    evenement VARCHAR,
    debut DATE,
    fin DATE,
    article VARCHAR,
    statut VARCHAR,
    libelle VARCHAR,
    segment_type VARCHAR DEFAULT 'tous',
    segment VARCHAR DEFAULT 'tous'
);

create table meta.avertissements (
    source VARCHAR,
    produit VARCHAR,
    fichier VARCHAR,
    regle VARCHAR,
    message VARCHAR,
    nombre BIGINT,
    total BIGINT
);

create table meta.empreinte (
    empreinte VARCHAR,
    version_methodes VARCHAR
);

create table meta.millesimes (
    epci_siren VARCHAR,
    annee INTEGER,
    source VARCHAR,
    millesime VARCHAR
);

create table meta.dictionnaire (
    "schema" VARCHAR,
    "table" VARCHAR,
    colonne VARCHAR,
    "type" VARCHAR,
    description VARCHAR
);

create table marts.contours (
    epci_siren VARCHAR,
    niveau VARCHAR,
    code VARCHAR,
    libelle VARCHAR,
    geometrie VARCHAR
);

insert into meta.dictionnaire values
('marts','indicateurs','valeur','DOUBLE','Valeur du chiffre, dans son unité ; vide quand elle n’est pas publiée'),
('marts','indicateurs','epci_siren','VARCHAR','SIREN de l’intercommunalité'),
('sources','rpls_logements','ident_rep','VARCHAR','Identifiant du logement');

create table meta.appariements (
    epci_siren VARCHAR,
    source VARCHAR,
    annee INTEGER,
    controle VARCHAR,
    sens VARCHAR,
    libelle VARCHAR,
    nombre BIGINT,
    total BIGINT,
    valeur DOUBLE,
    borne_alerte DECIMAL(9, 2),
    borne_bloquante DECIMAL(9, 2),
    etat VARCHAR,
    figures VARCHAR,
    a_faire VARCHAR
);

create table meta.seuils_q1 (
    epci_siren VARCHAR,
    annee INTEGER,
    statut VARCHAR,
    message VARCHAR
);
