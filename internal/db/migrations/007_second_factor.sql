-- +goose Up
-- The sealed secret counts once it is confirmed. A code is good only for a later step than the last one that was used.
alter table users add column totp text;
alter table users add column totp_confirmed_at timestamptz;
alter table users add column totp_last_step bigint not null default 0;

create table recovery_codes (
    user_id   uuid not null references users (id) on delete cascade,
    code_hash text not null,
    used_at   timestamptz,
    primary key (user_id, code_hash)
);

-- Each wrong code of the last minutes.
create table second_factor_failures (
    id      uuid primary key,
    user_id uuid not null references users (id) on delete cascade,
    at      timestamptz not null
);
create index second_factor_failures_user on second_factor_failures (user_id, at);

alter table auth_sessions add column address text;
alter table auth_sessions add column user_agent text;

-- +goose Down
alter table auth_sessions drop column user_agent;
alter table auth_sessions drop column address;
drop table second_factor_failures;
drop table recovery_codes;
alter table users drop column totp_last_step;
alter table users drop column totp_confirmed_at;
alter table users drop column totp;
