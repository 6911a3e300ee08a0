-- +goose Up
-- stop_requested asks whichever process writes an answer to stop. superseded_by is the answer that was written in one's
-- place; both go with their session, so that no constraint has to look for the other.
alter table chat_messages add column stop_requested boolean not null default false;
alter table chat_messages add column superseded_by uuid;

-- +goose Down
alter table chat_messages drop column superseded_by;
alter table chat_messages drop column stop_requested;
