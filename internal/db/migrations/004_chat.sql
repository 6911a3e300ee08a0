-- +goose Up
create table chat_sessions (
    id         uuid primary key,
    user_id    uuid not null references users (id) on delete cascade,
    title      text not null,
    pinned     boolean not null,
    archived   boolean not null,
    created_at timestamptz not null,
    updated_at timestamptz not null
);
create index chat_sessions_user on chat_sessions (user_id, updated_at);

-- lease_until is renewed while an answer is being written; one that ran out was left behind by a process that died.
create table chat_messages (
    id                 uuid primary key,
    session_id         uuid not null references chat_sessions (id) on delete cascade,
    role               text not null,
    status             text not null,
    content            text not null,
    citations          text not null,
    model              text,
    stop_reason        text,
    error_kind         text,
    error_message      text,
    input_tokens       bigint not null,
    output_tokens      bigint not null,
    cache_read_tokens  bigint not null,
    cache_write_tokens bigint not null,
    cost_usd           numeric not null,
    created_at         timestamptz not null,
    finished_at        timestamptz,
    lease_until        timestamptz
);
create index chat_messages_session on chat_messages (session_id, id);
create unique index chat_messages_running on chat_messages (session_id) where status = 'running';

create table message_tool_calls (
    id          uuid primary key,
    message_id  uuid not null references chat_messages (id) on delete cascade,
    handle      text not null,
    round       integer not null,
    name        text not null,
    input       text not null,
    output      text not null,
    error_kind  text,
    started_at  timestamptz not null,
    duration_ms bigint not null,
    unique (message_id, handle)
);

-- Everything an answer's stream said, numbered from 1, so that what had arrived survives its process.
create table chat_run_events (
    message_id uuid not null references chat_messages (id) on delete cascade,
    seq        bigint not null,
    type       text not null,
    data       text not null,
    created_at timestamptz not null,
    primary key (message_id, seq)
);

-- +goose Down
drop table chat_run_events;
drop table message_tool_calls;
drop table chat_messages;
drop table chat_sessions;
