-- +goose Up
-- stop_requested asks whichever process writes an answer to stop.
alter table chat_messages add column stop_requested boolean not null default false;

-- +goose Down
alter table chat_messages drop column stop_requested;
