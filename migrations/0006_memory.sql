-- What stood against closing at the moment when an incident was closed, and why it was closed all the same.
create table closings (
    id bigint primary key,
    incident_id bigint not null references incidents (id),
    at bigint not null,
    who text not null,
    reason text not null, -- empty when nothing blocked
    blockers text not null -- JSON, list of domain::verdict::Reason
);

create index closings_incident on closings (incident_id, at);

-- What people keep of an incident.
create table memories (
    incident_id bigint primary key references incidents (id),
    solution text not null,
    learned text not null,
    changed_at bigint not null,
    version bigint not null
);

-- Copies only: `counted` of a copy starts with a c. See store::loud.
create index matches_copied on matches (brand_id, created_at) where counted >= 'c' and counted < 'd';
