-- +goose Up
-- Documents of filings that were divided into passages. They are everybody's: no row is a person's. splitter is the
-- version of the rules they were divided by, sha256 that of the whole text.
create table passage_documents (
    number     bigint primary key,
    accession  text not null,
    document   text not null,
    cik        bigint not null,
    form       text not null,
    period_end text,
    filed_on   text not null,
    splitter   bigint not null,
    sha256     text not null,
    indexed_at timestamptz not null,
    unique (accession, document)
);

create index passage_documents_by_filer on passage_documents (cik, filed_on);

-- Offsets are into the document's flat text: bytes, and characters for those who count these. id is the document's
-- number times 65536, and the ordinal.
create table passages (
    id         bigint primary key,
    document   bigint not null references passage_documents (number) on delete cascade,
    ordinal    bigint not null,
    section    text not null,
    also       text not null,
    title      text not null,
    heading    text not null,
    start_byte bigint not null,
    end_byte   bigint not null,
    start_char bigint not null,
    end_char   bigint not null,
    text       text not null
);

create index passages_by_document on passages (document);

-- The words of each passage by its id, for looking them up: only where which word is, and nothing of the text.
create virtual table passage_words using fts5 (
    words, content = '', contentless_delete = 1, detail = none, tokenize = 'ascii'
);

-- +goose Down
drop table passage_words;
drop table passages;
drop table passage_documents;
