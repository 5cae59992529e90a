-- What people are upset about in an incident, found by the assess worker from the texts. All of it can be made again
-- from the mentions; it is kept so that pages read a few hundred rows, whatever the number of mentions.

create table themes (
    id bigint primary key,
    incident_id bigint not null references incidents (id),
    kind text not null, -- phrase, or still_broken: what is said to fail after the declared fix
    stem text not null, -- the folded phrase that it is known by
    phrase text not null, -- as people write it
    forms text not null, -- JSON, folded phrases: a mention with one of them belongs to the theme
    z double precision not null, -- how surely it separates the incident from the baseline; 0 for still_broken
    normal_per_hour double precision not null, -- unhappy mentions an hour that are normal
    people bigint not null, -- distinct unhappy authors at the last look
    rank bigint not null, -- 1: first
    first_seen bigint, -- its first mention in the incident
    found_at bigint not null,
    unique (incident_id, kind, stem)
);

-- Its concern curve.
create table theme_hours (
    theme_id bigint not null references themes (id),
    hour bigint not null,
    mentions bigint not null,
    unhappy bigint not null, -- distinct authors
    primary key (theme_id, hour)
);

create table theme_mentions (
    theme_id bigint not null references themes (id),
    mention_id bigint not null,
    author_id bigint not null,
    created_at bigint not null,
    primary key (theme_id, mention_id)
);

create index theme_mentions_time on theme_mentions (theme_id, created_at, mention_id);
create index theme_mentions_mention on theme_mentions (mention_id);

-- What the counts of an hour were when its themes were last looked up: an hour that differs is looked at again.
create table theme_marks (
    incident_id bigint not null references incidents (id),
    hour bigint not null,
    mark text not null,
    primary key (incident_id, hour)
);
