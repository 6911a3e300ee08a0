-- +goose Up
-- A request that was sent under a key: running until lease_until, then done with its sealed answer.
create table idempotency_keys (
    id           uuid primary key,
    user_id      uuid not null references users (id) on delete cascade,
    key_hash     text not null,
    request_hash text not null,
    operation    text not null,
    state        text not null,
    response     text,
    created_at   timestamptz not null,
    lease_until  timestamptz,
    unique (user_id, key_hash)
);
create index idempotency_keys_created on idempotency_keys (created_at);

-- +goose Down
drop table idempotency_keys;
