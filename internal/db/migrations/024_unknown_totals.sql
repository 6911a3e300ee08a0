-- +goose Up
-- What a portfolio was worth may not be known, as in a currency to which there is no rate. Such totals were kept as 0.
alter table portfolio_snapshots alter column total_value drop not null;
alter table portfolio_snapshots alter column cash drop not null;
alter table portfolio_snapshots alter column market_value drop not null;
alter table portfolio_snapshots alter column confirmed_value drop not null;

update portfolio_snapshots set total_value = null, cash = null, market_value = null, confirmed_value = null
    where total_value = 0 and cash = 0 and market_value = 0 and status <> 'confirmed'
    and (reasons like '%no exchange rate to%' or reasons like '%no market value%' or reasons like '%reports no cash%'
        or reasons like '%left out: there is no%');

-- +goose Down
update portfolio_snapshots set total_value = coalesce(total_value, 0), cash = coalesce(cash, 0),
    market_value = coalesce(market_value, 0), confirmed_value = coalesce(confirmed_value, 0);
alter table portfolio_snapshots alter column total_value set not null;
alter table portfolio_snapshots alter column cash set not null;
alter table portfolio_snapshots alter column market_value set not null;
alter table portfolio_snapshots alter column confirmed_value set not null;
