-- +goose Up
create table api_keys (
    id           uuid primary key,
    user_id      uuid not null references users (id) on delete cascade,
    name         text not null,
    key_hash     text not null unique,
    scopes       text not null,
    created_at   timestamptz not null,
    expires_at   timestamptz not null,
    last_used_at timestamptz
);
create index api_keys_user on api_keys (user_id);

-- +goose Down
drop table api_keys;
