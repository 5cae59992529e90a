-- Near copies: originals by the bands of their text (domain::near). A band has a bounded number of places, so that
-- looking into one costs the same however many mentions there are; when it is full, the oldest leaves.
create table near_bands (
    band bigint not null,
    place bigint not null,
    mention_id bigint not null,
    primary key (band, place)
);
