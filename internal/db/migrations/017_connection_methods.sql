-- +goose Up
-- How the customer let us in; those there are came by consent.
alter table brokerage_connections add column method text not null default 'oauth';

-- The connection that an authorization renews, when it was begun for one.
alter table brokerage_authorizations add column connection_id uuid references brokerage_connections (id) on delete cascade;
create index brokerage_authorizations_connection on brokerage_authorizations (connection_id);

-- +goose Down
drop index brokerage_authorizations_connection;
alter table brokerage_authorizations drop column connection_id;
alter table brokerage_connections drop column method;
