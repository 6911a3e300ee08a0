-- +goose Up
-- A conversation branches where a question is asked in the place of an earlier one, and where it is answered once more.
-- parent_id is the message that one follows; of the first it is the session, which is why it is no foreign key. Messages
-- go with their session only. Null is what a version wrote that knew no branches: it follows the message before it.
-- head_id is the last message of the branch that is shown. findable says that search knows the text.
alter table chat_messages add column parent_id uuid;
alter table chat_messages add column findable boolean not null default false;
alter table chat_sessions add column head_id uuid;
alter table chat_sessions add column title_source text not null default 'manual';
alter table chat_sessions add column findable boolean not null default false;

update chat_sessions set title_source = 'auto' where title = 'New conversation';
update chat_sessions set findable = true where title = 'New conversation';
update chat_sessions set head_id = (
    select m.id from chat_messages m where m.session_id = chat_sessions.id order by m.id desc limit 1);
update chat_messages set parent_id = coalesce((
    select p.id from chat_messages p where p.session_id = chat_messages.session_id and p.id < chat_messages.id order by p.id desc limit 1), session_id);

create index chat_messages_parent on chat_messages (parent_id, id);
create index chat_messages_unplaced on chat_messages (session_id) where parent_id is null;
create index chat_messages_unfindable on chat_messages (id) where not findable;
create index chat_sessions_unfindable on chat_sessions (id) where not findable;

-- What search finds: messages that are whole, and titles, which have no message. at is when they were written.
create table chat_texts (
    number     bigint primary key,
    session_id uuid not null references chat_sessions (id) on delete cascade,
    message_id uuid unique references chat_messages (id) on delete cascade,
    at         timestamptz not null
);
create index chat_texts_session on chat_texts (session_id) where message_id is null;

-- Their words by number, with the person whose they are. It knows no foreign keys, so a trigger takes along what goes, and
-- what is deleted is to be out of the index at once, not only when parts of it are merged.
create virtual table chat_words using fts5 (
    words, user_id unindexed, detail = none, columnsize = 0, prefix = '2 3', tokenize = 'ascii'
);
insert into chat_words (chat_words, rank) values ('secure-delete', 1);

-- +goose StatementBegin
create trigger chat_texts_deleted after delete on chat_texts begin
    delete from chat_words where rowid = old.number;
end;
-- +goose StatementEnd

-- +goose Down
drop trigger chat_texts_deleted;
drop table chat_words;
drop table chat_texts;
drop index chat_sessions_unfindable;
drop index chat_messages_unfindable;
drop index chat_messages_unplaced;
drop index chat_messages_parent;
alter table chat_sessions drop column findable;
alter table chat_sessions drop column title_source;
alter table chat_sessions drop column head_id;
alter table chat_messages drop column findable;
alter table chat_messages drop column parent_id;
