-- +goose Up
-- What was kept of requests could be worked out by anybody who guesses them. It is made with a key from now on; a request
-- from before that is sent again is refused rather than carried out twice.
update idempotency_keys set request_hash = '';

-- +goose Down
update idempotency_keys set request_hash = '';
