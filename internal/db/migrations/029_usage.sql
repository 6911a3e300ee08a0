-- +goose Up
-- What was asked of other companies, and what language models took: a row for each attempt (kind 'call'), and one for each
-- turn of a model ('turn'). Days are those of UTC. latency is the duration's place in the histogram of internal/usage. What
-- was done for somebody who left is nobody's.
create table api_usage_logs (
    id                 uuid primary key,
    at                 timestamptz not null,
    day                text not null,
    kind               text not null,
    user_id            uuid references users (id) on delete set null,
    correlation_id     text,
    provider           text not null,
    endpoint           text not null,
    model              text not null,
    status             bigint not null,
    failure            text not null,
    duration_us        bigint not null,
    latency            bigint not null,
    input_tokens       bigint not null,
    output_tokens      bigint not null,
    cache_read_tokens  bigint not null,
    cache_write_tokens bigint not null,
    cost_usd           numeric not null
);
create index api_usage_logs_user on api_usage_logs (user_id, day);
create index api_usage_logs_day on api_usage_logs (day);

-- The same, rolled up: rows of one day that agree in kind, person, provider, endpoint, model, status and failure may stand
-- as one. latency is the histogram of their durations, {"place":calls} as JSON.
create table api_usage_days (
    id                 uuid primary key,
    day                text not null,
    kind               text not null,
    user_id            uuid references users (id) on delete set null,
    provider           text not null,
    endpoint           text not null,
    model              text not null,
    status             bigint not null,
    failure            text not null,
    latency            text not null,
    calls              bigint not null,
    input_tokens       bigint not null,
    output_tokens      bigint not null,
    cache_read_tokens  bigint not null,
    cache_write_tokens bigint not null,
    cost_usd           numeric not null
);
create index api_usage_days_user on api_usage_days (user_id, day);
create index api_usage_days_day on api_usage_days (day);

-- How many rows could not be stored, since nothing took them for too long.
create table api_usage_lost (
    id   uuid primary key,
    day  text not null,
    lost bigint not null
);
create index api_usage_lost_day on api_usage_lost (day);

-- +goose Down
drop table api_usage_lost;
drop table api_usage_days;
drop table api_usage_logs;
