package builtin_test

import (
	"fmt"
	"os"
	"strings"
	"testing"
)

func TestExplore(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		data, _ := os.ReadFile("/tmp/questions.txt")
		for _, q := range strings.Split(strings.TrimSpace(string(data)), "\n") {
			a := w.ask(q)
			fmt.Printf("##### %s\n  type=%s sym=%v topics=%v own=%v from=%v to=%v fiscal=%v forms=%v sectors=%v movers=%q\n", q, a.about.Type, a.about.Symbols, a.about.Topics, a.about.Holdings, a.about.From, a.about.To, a.about.Fiscal, a.about.Forms, a.about.Sectors, a.about.Movers)
			for _, c := range a.calls {
				fmt.Printf("  > %s %s\n", c.Tool, c.Input)
			}
			fmt.Println(a.text)
			w.check(t, q, a)
		}
	})
}
