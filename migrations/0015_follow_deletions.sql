-- Platforms that ask for deletions to be followed whatever the age of a post: those that were not asked about any more have their
-- turn again.
update mentions set
    recheck_at = 0
where platform in ('reddit', 'x')
    and recheck_at is null
    and deleted_at is null
    and expired_at is null;
