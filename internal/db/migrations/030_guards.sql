-- +goose Up
-- What was kept of requests could be worked out by anybody who guesses them. It is made with a key from now on; a request
-- from before that is sent again is refused rather than carried out twice.
update idempotency_keys set request_hash = '';

-- In which session or with which API key an attempt to connect was begun: it ends with it. Those under way have neither.
alter table brokerage_authorizations add column session_id uuid references auth_sessions (id) on delete cascade;
alter table brokerage_authorizations add column api_key_id uuid references api_keys (id) on delete cascade;
create index brokerage_authorizations_session on brokerage_authorizations (session_id);
create index brokerage_authorizations_api_key_id on brokerage_authorizations (api_key_id);

-- +goose Down
drop index brokerage_authorizations_api_key_id;
drop index brokerage_authorizations_session;
alter table brokerage_authorizations drop column api_key_id;
alter table brokerage_authorizations drop column session_id;
update idempotency_keys set request_hash = '';
