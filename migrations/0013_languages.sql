-- Counts an hour by language, beside those by source. The language is that of the mention, '' when it is not known.
-- It stands in `matches` again, so that a tombstone, which loses it, goes on counting where it did.
alter table matches add column lang text not null default '';

create table language_hours (
    brand_id bigint not null,
    lang text not null,
    hour bigint not null,
    mentions bigint not null,
    copies bigint not null,
    deleted bigint not null,
    negative bigint not null,
    neutral bigint not null,
    positive bigint not null,
    hidden bigint not null,
    unhappy bigint not null, -- distinct authors; equals the rows of author_language_hours
    severity bigint not null, -- the sum of their worst
    primary key (brand_id, lang, hour)
);

create table author_language_hours (
    brand_id bigint not null,
    lang text not null,
    hour bigint not null,
    author_id bigint not null,
    negative bigint not null, -- never 0: the row goes then
    worst bigint not null, -- severity in millionths
    primary key (brand_id, lang, hour, author_id)
);

update matches set lang = coalesce((select m.lang from mentions m where m.id = matches.mention_id), '');

insert into author_language_hours (brand_id, lang, hour, author_id, negative, worst)
select
    x.brand_id,
    x.lang,
    x.created_at - x.created_at % 3600000,
    x.author_id,
    cast(count(*) as bigint),
    cast(round(max(x.severity) * 1000000) as bigint)
from matches x
where x.counted in ('o-', 'od-')
group by 1, 2, 3, 4;

insert into language_hours (
    brand_id, lang, hour, mentions, copies, deleted, negative, neutral, positive, hidden, unhappy, severity
)
select
    x.brand_id,
    x.lang,
    x.created_at - x.created_at % 3600000,
    cast(sum(case when x.counted like 'h%' then 0 else 1 end) as bigint),
    cast(sum(case when x.counted like 'c%' then 1 else 0 end) as bigint),
    cast(sum(case when x.counted like 'od%' or x.counted like 'cd%' then 1 else 0 end) as bigint),
    cast(sum(case when x.counted in ('o-', 'od-') then 1 else 0 end) as bigint),
    cast(sum(case when x.counted in ('o0', 'od0') then 1 else 0 end) as bigint),
    cast(sum(case when x.counted in ('o+', 'od+') then 1 else 0 end) as bigint),
    cast(sum(case when x.counted like 'h%' then 1 else 0 end) as bigint),
    0,
    0
from matches x
where x.counted <> ''
group by 1, 2, 3;

update language_hours set
    unhappy = (
        select count(*)
        from author_language_hours a
        where a.brand_id = language_hours.brand_id
            and a.lang = language_hours.lang
            and a.hour = language_hours.hour
    ),
    severity = coalesce((
        select cast(sum(a.worst) as bigint)
        from author_language_hours a
        where a.brand_id = language_hours.brand_id
            and a.lang = language_hours.lang
            and a.hour = language_hours.hour
    ), 0);
