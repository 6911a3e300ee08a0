# Thin: what a line does, its command says.

.PHONY: run test lint openapi env ci

run:
	go run . demo

test:
	go test ./...

lint:
	.ci/run lint

openapi:
	go test ./internal/api -run Document -update

env:
	go run . config -example > .env.example

ci:
	.ci/run
