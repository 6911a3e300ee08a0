-- +goose Up
-- A link sent by mail, good for one use. The token in it is made from the id and a key when the mail is written; of the
-- token only the SHA-256 is kept. email is the address the link was made for: it proves nothing of another one.
create table account_links (
    id         uuid primary key,
    user_id    uuid not null references users (id) on delete cascade,
    purpose    text not null,
    token_hash text not null unique,
    email      text not null,
    created_at timestamptz not null,
    expires_at timestamptz not null,
    used_at    timestamptz
);
create index account_links_user on account_links (user_id, purpose, created_at);

-- +goose Down
drop table account_links;
