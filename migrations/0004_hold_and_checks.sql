-- Whether campaigns of a brand should wait, as people decided it. Without a decision the open incidents decide.
create table holds (
    id bigint primary key,
    brand_id bigint not null references brands (id),
    decision text not null, -- hold or lift
    reason text not null,
    decided_by text not null,
    at bigint not null,
    until bigint not null, -- it ends by itself
    ended_at bigint -- taken back by a person
);

create index holds_brand on holds (brand_id, at);

-- What the brand's own accounts posted. No mentions: they count nowhere.
create table brand_posts (
    id bigint primary key,
    brand_id bigint not null references brands (id),
    platform text not null,
    instance text not null,
    native_id text not null,
    source_id bigint not null,
    at bigint not null,
    text text not null, -- its beginning
    url text,
    promotional text not null, -- why it was taken for advertising; empty: it was not
    unique (brand_id, platform, instance, native_id)
);

create index brand_posts_time on brand_posts (brand_id, at);

-- A random sample of an incident's mentions, and what people say they are.
create table checks (
    incident_id bigint not null references incidents (id),
    mention_id bigint not null,
    place bigint not null, -- the order in which they were drawn
    predicted text not null, -- the model's label when it was drawn
    answer text not null, -- empty until somebody looked; negative, neutral, positive, not_us
    drawn_at bigint not null,
    answered_at bigint,
    primary key (incident_id, mention_id)
);

create index checks_order on checks (incident_id, place);
