-- One schema for SQLite and PostgreSQL: text, bigint and double precision only, times as UTC milliseconds,
-- ids made in Rust. Zero or an empty text stands for "none" only where a comment says so.

create table brands (
    id bigint primary key,
    name text not null unique,
    terms text not null, -- JSON, domain::brand::BrandTerms
    created_at bigint not null
);

create table sources (
    id bigint primary key,
    name text not null unique,
    kind text not null,
    brand_id bigint not null references brands (id),
    take text not null,
    every_ms bigint not null,
    settings text not null, -- JSON; never a secret
    enabled bigint not null, -- 1 while it stands in the configuration
    cursor text not null, -- moves only in the transaction that keeps the posts
    next_poll_at bigint not null,
    lease_until bigint not null, -- 0: free
    leased_by text not null, -- worker and a number of its own for each claim
    last_poll_at bigint,
    last_success_at bigint,
    newest_post_at bigint,
    covered_from bigint, -- the newest stretch that is fully read, without a gap
    covered_to bigint,
    failures bigint not null, -- in a row
    last_error text,
    mentions bigint not null, -- kept from it, a running count
    created_at bigint not null
);

create index sources_due on sources (enabled, next_poll_at);

-- One row a source and hour: what was asked, what was answered, how much of the hour has been read.
create table coverage (
    source_id bigint not null references sources (id),
    hour bigint not null,
    asked bigint not null,
    answered bigint not null,
    items bigint not null,
    covered_ms bigint not null, -- 0..=3600000
    primary key (source_id, hour)
);

create table authors (
    id bigint primary key,
    platform text not null,
    instance text not null,
    native_id text not null, -- replaced by 'gone:<id>' when nothing of theirs is left
    handle text not null,
    name text not null,
    url text,
    followers bigint,
    bot bigint not null,
    updated_at bigint not null,
    unique (platform, instance, native_id)
);

create table mentions (
    id bigint primary key,
    platform text not null,
    instance text not null,
    native_id text not null,
    source_id bigint not null references sources (id), -- that found it first
    author_id bigint not null references authors (id),
    created_at bigint not null,
    fetched_at bigint not null,
    edited_at bigint,
    deleted_at bigint, -- a tombstone: text, link and names are gone
    text text not null,
    url text,
    reply_to text,
    lang text,
    likes bigint not null,
    reposts bigint not null,
    replies bigint not null,
    repost bigint not null, -- 1: a repost, a copy whatever its text
    fingerprint text not null, -- of the normalised text; empty for short and deleted ones
    copy_of bigint, -- the mention with the same fingerprint that was kept first
    misses bigint not null, -- re-reads in a row that did not find it
    missed_at bigint, -- when it was first missed
    recheck_at bigint, -- when to read it again; null: never
    unique (platform, instance, native_id)
);

create index mentions_fingerprint on mentions (fingerprint, created_at);
create index mentions_author on mentions (author_id, created_at);
create index mentions_recheck on mentions (source_id, recheck_at);
create index mentions_copies on mentions (copy_of);

-- A mention of a brand: one post can name several. Time, label and severity stand here again, so that
-- a filtered page of one brand is one index walk.
create table matches (
    brand_id bigint not null references brands (id),
    mention_id bigint not null references mentions (id),
    author_id bigint not null,
    source_id bigint not null,
    created_at bigint not null,
    why text not null,
    label text not null, -- the one that counts: a person's, else the model's; empty while it waits
    severity double precision not null, -- 0 while it waits
    counted text not null, -- what the rollups hold of it: see store::rollup; empty: nothing
    primary key (brand_id, mention_id)
);

create index matches_time on matches (brand_id, created_at, mention_id);
create index matches_label on matches (brand_id, label, created_at, mention_id);
create index matches_author on matches (brand_id, author_id, created_at, mention_id);
create index matches_mention on matches (mention_id);

-- What a model said of the text as it is now.
create table scores (
    mention_id bigint primary key references mentions (id),
    model text not null,
    label text not null,
    negative double precision not null,
    neutral double precision not null,
    positive double precision not null,
    severity double precision not null,
    lang text not null,
    scored_at bigint not null
);

-- A person's correction. It survives scoring again, not an edit of the text.
create table corrections (
    mention_id bigint primary key references mentions (id),
    label text not null,
    corrected_at bigint not null
);

-- Mentions that wait for the model, newest first. A lease that ran out is free again.
create table scoring (
    mention_id bigint primary key references mentions (id),
    created_at bigint not null,
    lease_until bigint not null, -- 0: free
    leased_by text not null,
    attempts bigint not null, -- times it was claimed: a text that kills its worker each time is left alone at last
    failures bigint not null, -- times a worker gave it back
    last_error text
);

create index scoring_order on scoring (created_at, mention_id);

-- Counts an hour, kept in the transaction that changes what they count. source_id 0: all sources together.
create table hours (
    brand_id bigint not null,
    source_id bigint not null,
    hour bigint not null,
    mentions bigint not null,
    copies bigint not null,
    deleted bigint not null,
    negative bigint not null,
    neutral bigint not null,
    positive bigint not null,
    unhappy bigint not null, -- distinct authors; equals the rows of author_hours
    primary key (brand_id, source_id, hour)
);

-- Who was unhappy in an hour: makes `hours.unhappy` exact under late items, edits and deletions.
create table author_hours (
    brand_id bigint not null,
    source_id bigint not null,
    hour bigint not null,
    author_id bigint not null,
    negative bigint not null, -- never 0: the row goes then
    primary key (brand_id, source_id, hour, author_id)
);

create table incidents (
    id bigint primary key,
    brand_id bigint not null references brands (id),
    title text not null,
    kind text not null,
    severity text not null,
    commander text not null,
    war_room text,
    started_at bigint not null,
    fixed_at bigint,
    closed_at bigint,
    close_reason text not null,
    baseline text not null, -- JSON, frozen; empty until it is made
    version bigint not null,
    created_at bigint not null
);

create index incidents_brand on incidents (brand_id, started_at);

create table updates (
    id bigint primary key,
    incident_id bigint not null references incidents (id),
    at bigint not null,
    kind text not null,
    text text not null,
    url text
);

create index updates_incident on updates (incident_id, at);

create table verdicts (
    id bigint primary key,
    incident_id bigint not null references incidents (id),
    at bigint not null,
    verdict text not null,
    assessment text not null -- JSON, domain::verdict::Assessment
);

create index verdicts_incident on verdicts (incident_id, at);

-- Where an assessment is kept at each tick: the newest one only.
create table standing (
    incident_id bigint primary key references incidents (id),
    at bigint not null,
    assessment text not null
);

create table flags (
    id bigint primary key,
    brand_id bigint not null references brands (id),
    author_id bigint not null references authors (id),
    state text not null,
    owner text not null,
    note text not null,
    reason text not null,
    priority double precision not null,
    worst_severity double precision not null,
    worst_id bigint not null,
    very_negative bigint not null,
    latest_at bigint not null,
    created_at bigint not null,
    updated_at bigint not null,
    version bigint not null,
    unique (brand_id, author_id)
);

create index flags_queue on flags (brand_id, state, priority);
create index flags_updated on flags (updated_at);
