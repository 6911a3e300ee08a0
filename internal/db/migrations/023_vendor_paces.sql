-- +goose Up
-- When requests to a vendor leave, of all processes that share its limits: the newest moments in leaves, eight bytes each,
-- and until when the vendor wants to be left alone. Both are microseconds of the database's clock, the one that all
-- processes have in common.
create table vendor_paces (
    key         text primary key,
    leaves      bytea not null,
    alone_until bigint not null
);

-- +goose Down
drop table vendor_paces;
