-- +goose Up
-- run_at is when a queued job may start and when the lease of a running one ends, so one index finds both.
create table jobs (
    id           uuid primary key,
    kind         text not null,
    args         text not null,
    unique_key   text,
    state        text not null,
    run_at       timestamptz not null,
    attempt      integer not null,
    max_attempts integer not null,
    last_error   text,
    created_at   timestamptz not null,
    finished_at  timestamptz
);
create index jobs_due on jobs (run_at) where state in ('queued', 'running');
create unique index jobs_unique on jobs (kind, unique_key) where state in ('queued', 'running');

-- One row for each time a periodic job was due: the key lets one process in.
create table job_slots (
    name text not null,
    slot timestamptz not null,
    primary key (name, slot)
);

-- +goose Down
drop table job_slots;
drop table jobs;
