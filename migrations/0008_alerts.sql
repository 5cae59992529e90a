-- What people were told, and the outbox from which they are told.

create table alerts (
    id bigint primary key,
    key text not null unique, -- names what happened: noticed twice, it is kept once
    kind text not null,
    alert text not null, -- JSON, domain::alert::Alert; no text and no name of an author
    created_at bigint not null
);

create table outbox (
    id bigint primary key, -- the other side knows the message by it, at each attempt
    channel text not null,
    route text not null, -- empty: past all routes
    subject text not null,
    state text not null,
    sealed bigint not null, -- 1 once it was claimed: nothing is added any more, so that a repeat says the same
    due_at bigint not null,
    created_at bigint not null,
    first_try_at bigint,
    last_try_at bigint,
    attempts bigint not null,
    unsure bigint not null, -- 1: an attempt broke off without an answer
    lease_until bigint not null, -- 0: free
    leased_by text not null,
    sent_at bigint,
    last_error text
);

create index outbox_due on outbox (state, due_at);
create index outbox_subject on outbox (route, channel, subject, due_at);

create table outbox_alerts (
    outbox_id bigint not null references outbox (id),
    alert_id bigint not null references alerts (id),
    primary key (outbox_id, alert_id)
);

create index outbox_alerts_alert on outbox_alerts (alert_id);

-- The configured channels, so that the pages of another process can show them.
create table channels (
    name text primary key,
    kind text not null,
    place text not null, -- a host; never an address that is a secret
    position bigint not null
);

-- Moments that must survive a restart, by name.
create table marks (
    name text primary key,
    at bigint not null
);
