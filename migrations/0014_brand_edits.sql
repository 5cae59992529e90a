-- Mentions with new words, of brands that have a filter: it judges them again, although it has been past them.
create table brand_edits (
    brand_id bigint not null references brands (id),
    mention_id bigint not null references mentions (id),
    edited_at bigint not null, -- grows with each edit: what was judged is taken off only if it is still that
    primary key (brand_id, mention_id)
);

create index brand_edits_mention on brand_edits (mention_id);
