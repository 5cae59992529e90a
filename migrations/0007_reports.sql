-- Sealed reports keep their numbers. Posts and authors stand in them as ids only: what was deleted stays deleted.
create table sealed_reports (
    id bigint primary key,
    incident_id bigint not null references incidents (id),
    data_at bigint not null, -- the state of the data that it tells of
    sealed_at bigint not null,
    sha256 text not null, -- of `facts`, hexadecimal
    facts text not null, -- JSON, report::facts::Facts
    unique (incident_id, data_at)
);

-- Links that show one sealed report to whoever has them. The token itself is not kept.
create table report_shares (
    id bigint primary key,
    report_id bigint not null references sealed_reports (id),
    incident_id bigint not null references incidents (id),
    token_sha256 text not null unique,
    lang text not null,
    created_at bigint not null,
    expires_at bigint not null,
    revoked_at bigint
);

create index report_shares_incident on report_shares (incident_id, created_at);
