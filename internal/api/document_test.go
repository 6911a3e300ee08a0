package api_test

import (
	"flag"
	"os"
	"testing"

	"github.com/jaspers-ai/jaspers/internal/api"
)

var update = flag.Bool("update", false, "write openapi.yaml anew")

func TestTheDocumentInTheRepositoryIsTheAPIs(t *testing.T) {
	const path = "../../openapi.yaml"
	got, err := api.Document()
	if err != nil {
		t.Fatal(err)
	}
	if *update {
		if err := os.WriteFile(path, got, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil || string(want) != string(got) {
		t.Errorf("openapi.yaml is stale (%v): run go test ./internal/api -run Document -update", err)
	}
}
