-- Mentions of another brand of the same name: what people marked, what the filter hides, and what is measured of it.

-- Whose brand a mention is about, as a person says. It does not survive an edit of the text.
create table brand_marks (
    brand_id bigint not null references brands (id),
    mention_id bigint not null references mentions (id),
    about text not null, -- 'other' or 'this'
    audited bigint not null, -- 1: the filter hid it and drew it for people to look at
    marked_at bigint not null,
    primary key (brand_id, mention_id)
);

create index brand_marks_mention on brand_marks (mention_id);

create table brand_filters (
    brand_id bigint primary key references brands (id),
    marks text not null, -- which marks it learned from: their number and the time of the last
    judged_to bigint not null, -- the mention up to which it has judged
    report text not null -- JSON, store::filter::FilterReport
);

-- 0: shown, 1: a person says that it is another brand's, 2: the filter does, 3: the filter does, and it is drawn for people to look at.
alter table matches add column hidden bigint not null default 0;

-- Those are counted here, and in no other column.
alter table hours add column hidden bigint not null default 0;

create index matches_hidden on matches (brand_id, created_at, mention_id) where hidden <> 0;
