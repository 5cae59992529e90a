-- What the brand says itself, by its id at the platform. Kept with or without an incident; update_id is its row on a timeline.
create table statements (
    id bigint primary key,
    brand_id bigint not null references brands (id),
    source_id bigint not null references sources (id), -- that brought it first
    platform text not null,
    instance text not null,
    native_id text not null,
    at bigint not null,
    kind text not null,
    text text not null,
    url text,
    update_id bigint, -- null while no incident's time covers it
    unique (brand_id, platform, instance, native_id)
);

create index statements_time on statements (brand_id, at);

-- What a source cost in a UTC day. Demand is what it would have cost without sampling.
create table spending (
    source_id bigint not null references sources (id),
    day bigint not null,
    requests bigint not null,
    micros bigint not null, -- millionths of a dollar
    demand_requests bigint not null,
    demand_micros bigint not null,
    primary key (source_id, day)
);

-- Hours in which a source was read as a sample: what it brought then stands for one_in times as much.
create table sampling (
    source_id bigint not null references sources (id),
    hour bigint not null,
    one_in bigint not null, -- the thinnest sample of the hour, 2 or more
    primary key (source_id, hour)
);

alter table sources add column one_in bigint not null default 1; -- as it is read now

alter table sources add column sampled_since bigint; -- null while it is read in full

alter table mentions add column expired_at bigint; -- words and names went after the platform's time; label and counts stay

create index mentions_expiry on mentions (platform, fetched_at)
where expired_at is null
    and deleted_at is null
    and platform in ('linkedin', 'youtube');
