-- +goose Up
-- What is null is at its default, which the program knows. amounts_tightened_at is when a person last showed the model
-- less than before: what was said until then is not shown to it again.
create table user_settings (
    user_id              uuid primary key references users (id) on delete cascade,
    base_currency        text,
    time_zone            text,
    locale               text,
    benchmark_symbol     text,
    cost_basis_method    text,
    risk_free_rate       numeric,
    amounts_to_model     text,
    amounts_tightened_at timestamptz,
    notifications        text,
    updated_at           timestamptz not null
);

-- +goose Down
drop table user_settings;
