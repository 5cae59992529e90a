-- Incidents that were proposed, and what became of them.
create table proposals (
    id bigint primary key,
    brand_id bigint not null references brands (id),
    state text not null,
    signal text not null, -- JSON, domain::proposal::Signal: the newest while it is open
    spoken_at bigint not null,
    seen_at bigint not null, -- of the newest signal
    reason text not null, -- why it was dismissed; empty otherwise
    quiet_until bigint not null, -- no new proposal before; 0: no wish
    decided_at bigint,
    incident_id bigint references incidents (id),
    version bigint not null -- moves when the state does
);

create index proposals_brand on proposals (brand_id, id);

-- The worst severity of each unhappy author in an hour, in millionths: whole numbers, so that sums stay exact.
alter table author_hours add column worst bigint not null default 0;
alter table hours add column severity bigint not null default 0;

update author_hours set worst = coalesce((
    select cast(round(max(x.severity) * 1000000) as bigint)
    from matches x
    where x.brand_id = author_hours.brand_id
        and x.author_id = author_hours.author_id
        and x.created_at >= author_hours.hour
        and x.created_at < author_hours.hour + 3600000
        and (author_hours.source_id = 0 or x.source_id = author_hours.source_id)
        and x.counted in ('o-', 'od-')
), 0);

update hours set severity = coalesce((
    select cast(sum(a.worst) as bigint)
    from author_hours a
    where a.brand_id = hours.brand_id
        and a.source_id = hours.source_id
        and a.hour = hours.hour
), 0);
