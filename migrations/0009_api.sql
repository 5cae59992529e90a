-- Who may use the API, and what was answered to writes that may come twice.

create table tokens (
    id bigint primary key,
    name text not null unique,
    hash text not null unique, -- SHA-256 of the token, hexadecimal; the token itself is shown once and kept nowhere
    scopes text not null, -- words with commas between them
    created_at bigint not null,
    expires_at bigint, -- null: never
    revoked_at bigint,
    used_at bigint -- to the minute
);

create table idempotency (
    token_id bigint not null,
    key text not null,
    request text not null, -- SHA-256 of method, path and body, hexadecimal
    status bigint not null, -- 0: under way
    body text not null,
    location text not null,
    created_at bigint not null,
    primary key (token_id, key)
);

create index idempotency_age on idempotency (created_at);
