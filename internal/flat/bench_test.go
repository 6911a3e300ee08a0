package flat_test

import (
	"testing"

	"github.com/jaspers-ai/jaspers/internal/flat"
	"github.com/jaspers-ai/jaspers/internal/flat/flattest"
	"github.com/jaspers-ai/jaspers/internal/items"
)

// BenchmarkFlattenAndCut reads a 10-K of 10 MB and finds its items.
func BenchmarkFlattenAndCut(b *testing.B) {
	raw := flattest.AnnualReport(10 << 20)
	b.SetBytes(int64(len(raw)))
	b.ReportAllocs()
	for b.Loop() {
		doc, err := flat.Flatten(raw)
		if err != nil {
			b.Fatal(err)
		}
		if found := items.Find("10-K", doc); len(found) != flattest.Items {
			b.Fatalf("got %d items, want %d", len(found), flattest.Items)
		}
	}
}
