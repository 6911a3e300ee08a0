-- +goose Up
-- A lane's jobs have workers of their own. rest_until is until when the last try's error asked for time.
alter table jobs add column lane text not null default '';
alter table jobs add column rest_until timestamptz;
drop index jobs_due;
create index jobs_due on jobs (lane, run_at) where state in ('queued', 'running');

-- A sync is what somebody asked for; it has a line for each connection that is read for it.
create table syncs (
    id         uuid primary key,
    user_id    uuid not null references users (id) on delete cascade,
    created_at timestamptz not null
);
create index syncs_user on syncs (user_id, id);

create table sync_connections (
    sync_id       uuid not null references syncs (id) on delete cascade,
    connection_id uuid not null references brokerage_connections (id) on delete cascade,
    state         text not null,
    started_at    timestamptz,
    finished_at   timestamptz,
    error_kind    text,
    error_message text,
    positions     integer,
    transactions  integer,
    primary key (sync_id, connection_id)
);
create index sync_connections_open on sync_connections (connection_id) where finished_at is null;
create index sync_connections_connection on sync_connections (connection_id);

-- +goose Down
drop table sync_connections;
drop table syncs;
drop index jobs_due;
create index jobs_due on jobs (run_at) where state in ('queued', 'running');
alter table jobs drop column rest_until;
alter table jobs drop column lane;
