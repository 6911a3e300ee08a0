-- +goose Up
-- Rows are only ever added. They name people by id and refer to nothing, so that they outlast what they tell of.
create table audit_logs (
    id             uuid primary key,
    at             timestamptz not null,
    action         text not null,
    outcome        text not null,
    user_id        uuid,
    actor          text not null,
    actor_id       uuid,
    target         text,
    correlation_id text not null,
    address        text,
    user_agent     text,
    details        text,
    personal_mac   text not null,
    mac            text not null
);
create index audit_logs_user on audit_logs (user_id, id);
create index audit_logs_actor on audit_logs (actor_id);

-- +goose Down
drop table audit_logs;
