-- +goose Up
create table users (
    id            uuid primary key,
    email         text not null unique,
    password_hash text not null,
    first_name    text,
    last_name     text,
    created_at    timestamptz not null,
    updated_at    timestamptz not null,
    last_login_at timestamptz
);

-- A session is one sign-in: a chain of refresh tokens of which the newest is alive.
create table auth_sessions (
    id           uuid primary key,
    user_id      uuid not null references users (id) on delete cascade,
    created_at   timestamptz not null,
    last_used_at timestamptz not null,
    expires_at   timestamptz not null,
    ended_at     timestamptz,
    end_reason   text
);
create index auth_sessions_user on auth_sessions (user_id);

create table refresh_tokens (
    token_hash text primary key,
    session_id uuid not null references auth_sessions (id) on delete cascade,
    created_at timestamptz not null,
    expires_at timestamptz not null,
    used_at    timestamptz
);
create index refresh_tokens_session on refresh_tokens (session_id);

-- +goose Down
drop table refresh_tokens;
drop table auth_sessions;
drop table users;
