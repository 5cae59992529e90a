-- The file of one author in one incident. The queue of people stays `flags`: a flag points to the case that it is worked
-- on in, and both change in one transaction.
create table cases (
    id bigint primary key,
    brand_id bigint not null references brands (id),
    incident_id bigint not null references incidents (id),
    author_id bigint not null references authors (id),
    flag_id bigint not null,
    state text not null,
    owner text not null,
    due_at bigint,
    priority double precision not null, -- 0..=1
    reasons text not null, -- JSON, list of domain::case::CaseReason
    since_at bigint not null, -- what they wrote after this says how they took the last step
    sent_at bigint, -- when we last wrote to them
    proposal text not null, -- JSON, domain::case::Proposal; empty: none
    opened_at bigint not null,
    updated_at bigint not null,
    version bigint not null,
    unique (incident_id, author_id)
);

create index cases_brand on cases (brand_id, id);
create index cases_author on cases (author_id, opened_at);

-- Every change of a case; nothing here is ever changed.
create table case_events (
    id bigint primary key,
    case_id bigint not null references cases (id),
    at bigint not null, -- when it happened
    kept_at bigint not null, -- when it was written down
    who text not null, -- the name that was typed; empty: Ebb itself, or nobody gave a name
    kind text not null,
    from_state text not null,
    to_state text not null,
    text text not null,
    via text not null -- how something was sent; empty otherwise
);

create index case_events_case on case_events (case_id, id);

alter table flags add column case_id bigint;

-- Accounts of one person, as a person said.
create table account_links (
    author_id bigint primary key references authors (id),
    person_id bigint not null, -- any number that they share
    linked_by text not null,
    linked_at bigint not null
);

create index account_links_person on account_links (person_id);

-- An imported list of customers.
create table customers (
    id bigint primary key,
    platform text not null,
    handle_key text not null, -- lower case, without a leading @
    handle text not null,
    name text not null,
    reference text not null,
    imported_at bigint not null,
    unique (platform, handle_key)
);

-- Replies that people changed or added. What is not here reads as the program brings it along.
create table reply_templates (
    lang text not null,
    name text not null,
    text text not null,
    changed_by text not null,
    changed_at bigint not null,
    version bigint not null,
    primary key (lang, name)
);
