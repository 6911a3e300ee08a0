-- +goose Up
-- missing_since is since when a brokerage lists an account no more that it did before; null while it does. What is known of
-- the account stays: a list that leaves it out is no word that it was closed.
alter table brokerage_accounts add column missing_since timestamptz;

-- +goose Down
alter table brokerage_accounts drop column missing_since;
