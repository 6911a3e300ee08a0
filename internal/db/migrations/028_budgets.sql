-- +goose Up
-- What a language model took in a month by UTC, written as 2026-11: of the whole installation, and of each person. What
-- people took who left stays in the installation's row, which says nothing of anybody.
create table model_months (
    month  text primary key,
    usd    numeric not null,
    tokens bigint not null
);

create table model_spending (
    user_id uuid not null references users (id) on delete cascade,
    month   text not null,
    usd     numeric not null,
    tokens  bigint not null,
    primary key (user_id, month)
);

-- What a call of the model that has not come back can take at most. It counts for its month until it is settled, whoever
-- asked for it: of somebody who left it is nobody's.
create table model_reservations (
    id      uuid primary key,
    user_id uuid references users (id) on delete set null,
    month   text not null,
    usd     numeric not null,
    tokens  bigint not null,
    made_at timestamptz not null
);
create index model_reservations_month on model_reservations (month);
create index model_reservations_user on model_reservations (user_id);
create index model_reservations_made on model_reservations (made_at);

-- +goose Down
drop table model_reservations;
drop table model_spending;
drop table model_months;
