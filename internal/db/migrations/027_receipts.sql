-- +goose Up
-- What an answer was about and what bears its figures out, as JSON, and under which prompt it was written. receipt holds
-- sealed fingerprints of all that the answer rests on; without them for a person's message and for older answers.
alter table chat_messages add column intent text;
alter table chat_messages add column figures text not null default '[]';
alter table chat_messages add column verified bigint not null default 0;
alter table chat_messages add column derived bigint not null default 0;
alter table chat_messages add column unverified bigint not null default 0;
alter table chat_messages add column invented bigint not null default 0;
alter table chat_messages add column prompt_version text;
alter table chat_messages add column receipt text;

-- +goose Down
alter table chat_messages drop column receipt;
alter table chat_messages drop column prompt_version;
alter table chat_messages drop column invented;
alter table chat_messages drop column unverified;
alter table chat_messages drop column derived;
alter table chat_messages drop column verified;
alter table chat_messages drop column figures;
alter table chat_messages drop column intent;
