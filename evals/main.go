// Command evals runs data of others through the code that answers here: published examples of calculations,
// filings whose items are marked, questions on filings and answers to them, questions of investors.
package main

import (
	"fmt"
	"io"
	"os"

	"github.com/jaspers-ai/jaspers/evals/answers"
)

// suite is one word behind "evals". It tells whether everything was as it should be.
type suite struct {
	name, about string
	run         func(args []string, out io.Writer) (passed bool, err error)
}

func suites() []suite {
	return []suite{
		{"answers", "[--model builtin|claude|adversary|real|all] [--out FILE] [--every N] [--url URL]  ask the whole server about the make-believe world, and hold its answers against that world's books", answers.Run},
		{"calc", "DIR  run each vector of each *.json in DIR, laid out as evals/calc/dev", calc},
		{"grounding", "DIR --out FILE  hold each answer in DIR, laid out as evals/grounding, against the pages it should rest on, and work out the derivations there", grounding},
		{"intent", "FILE --universe DIR --out PRED  read each question of FILE, laid out as evals/questions/dev.jsonl, among the companies of DIR, laid out as evals/universe", intents},
		{"retrieval", "DIR --out FILE [--shared]  rank the pages of filings for each question in DIR, laid out as evals/retrieval", retrieval},
		{"sections", "DIR -out FOLDER  cut each *.htm.gz and *.txt.gz below DIR, laid out as evals/edgar/dev, into its items", sections},
	}
}

func main() { os.Exit(run(os.Args[1:], os.Stdout, os.Stderr)) }

// run is the program; its result is the exit code: 1 when something was not as expected or could not be run.
func run(args []string, out, errOut io.Writer) int {
	for _, s := range suites() {
		if len(args) == 0 || s.name != args[0] {
			continue
		}
		passed, err := s.run(args[1:], out)
		switch {
		case err != nil:
			_, _ = fmt.Fprintln(errOut, "evals:", err)
			return 1
		case !passed:
			_, _ = fmt.Fprintln(out, "FAILED")
			return 1
		}
		_, _ = fmt.Fprintln(out, "passed")
		return 0
	}
	_, _ = fmt.Fprintln(errOut, "Usage: go run ./evals SUITE ARGUMENTS")
	for _, s := range suites() {
		_, _ = fmt.Fprintf(errOut, "  %s %s\n", s.name, s.about)
	}
	return 2
}
