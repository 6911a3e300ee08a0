-- +goose Up
-- Rows that wait for their place in the chain: whoever writes one waits for nobody.
create table audit_outbox (
    log_id uuid primary key
);

-- The place of each row. A link is computed from the one before with a key that is not in the database.
create table audit_chain (
    seq    bigint primary key,
    log_id uuid not null unique,
    link   text not null
);

-- The one row that says where the chain ends, so that an end which was cut off is missed. Who seals holds it.
create table audit_head (
    id   integer primary key,
    seq  bigint not null,
    link text not null,
    mac  text not null
);
insert into audit_head (id, seq, link, mac) values (1, 0, '', '');
insert into audit_outbox (log_id) select id from audit_logs;

-- Set while somebody waits for a sync they asked for, whose outcome is then recorded.
alter table brokerage_connections add column sync_requested_at timestamptz;

-- +goose Down
alter table brokerage_connections drop column sync_requested_at;
drop table audit_head;
drop table audit_chain;
drop table audit_outbox;
