// Package answers asks the whole server about the make-believe world, and holds each figure and citation of its answers against that world's books.
package answers

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/jaspers-ai/jaspers/internal/sim"
)

// The models that can be asked.
const (
	Builtin   = "builtin"   // the analyst that needs no language model
	Claude    = "claude"    // the simulated Claude, which says what is true
	Adversary = "adversary" // the simulated Claude, which says in each answer one thing that is not
	Real      = "real"      // Anthropic's, or a server that answers like it
)

// options are what the command takes.
type options struct {
	models []string
	out    string // where each answer is written, as a line of JSON
	url    string // of the model's server, for Real
	some   int    // only every nth question
	reword bool   // whether the simulated Claude says everything in other words
	world  uint64 // the seed of the world that is asked about: in each one all figures are others
}

func read(args []string) (options, error) {
	var o options
	var model string
	flags := flag.NewFlagSet("answers", flag.ContinueOnError)
	flags.SetOutput(io.Discard)
	flags.StringVar(&model, "model", "all", "")
	flags.StringVar(&o.out, "out", "", "")
	flags.StringVar(&o.url, "url", "", "")
	flags.IntVar(&o.some, "every", 1, "")
	flags.BoolVar(&o.reword, "reword", false, "")
	flags.Uint64Var(&o.world, "world", firstWorld, "")
	err := flags.Parse(args)
	switch {
	case err != nil || flags.NArg() > 0 || o.some < 1:
		return o, errors.New("answers takes --model builtin, claude, adversary, real or all, --out FILE, --every N, --world SEED, --reword and, for real, --url")
	case model == "all":
		o.models = []string{Builtin, Claude, Adversary}
	case slices.Contains([]string{Builtin, Claude, Adversary, Real}, model):
		o.models = []string{model}
	default:
		return o, fmt.Errorf("there is no model %q", model)
	}
	if model == Real && os.Getenv("ANTHROPIC_API_KEY") == "" {
		return o, errors.New("--model real needs ANTHROPIC_API_KEY in the environment")
	}
	return o, nil
}

// Run asks the questions of each model and prints a table. It passes where no wrong figure is shown as borne out, at most
// one honest figure in a hundred as not borne out, no citation is invalid and no question refused.
func Run(args []string, out io.Writer) (bool, error) {
	o, err := read(args)
	if err != nil {
		return false, err
	}
	questions, err := readQuestions()
	if err != nil {
		return false, err
	}
	var some []question
	for i, q := range questions {
		if i%o.some == 0 {
			some = append(some, q)
		}
	}
	passed, lines := true, []verdict{}
	for _, model := range o.models {
		began := time.Now()
		verdicts, err := ask(model, o, some)
		if err != nil {
			return false, err
		}
		lines = append(lines, verdicts...)
		s := sum(model, verdicts)
		s.print(out, time.Since(began))
		passed = passed && s.passes()
	}
	return passed, writeVerdicts(o.out, lines)
}

// task is one asking of a question, with what the simulated Claude is to do.
type task struct {
	question
	want   []reading
	script *script
}

// ask asks a model all questions on a server of its own, several at a time.
func ask(model string, o options, questions []question) ([]verdict, error) {
	ctx, cancel := context.WithTimeout(context.Background(), longest)
	defer cancel()
	scripts := &scripts{}
	s, err := start(ctx, model, o, scripts.find)
	if err != nil {
		return nil, err
	}
	verdicts, err := s.askAll(ctx, model, o.reword, questions, scripts)
	return verdicts, errors.Join(err, s.close())
}

const (
	longest = 20 * time.Minute
	atOnce  = 4
)

func (s *site) askAll(ctx context.Context, model string, reword bool, questions []question, scripts *scripts) ([]verdict, error) {
	verdicts, failures := make([][]verdict, len(questions)), make([]error, len(questions))
	next := make(chan int)
	var workers sync.WaitGroup
	for range atOnce {
		workers.Go(func() {
			for i := range next {
				verdicts[i], failures[i] = s.askOne(ctx, model, reword, i, questions[i], scripts)
			}
		})
	}
	for i := range questions {
		next <- i
	}
	close(next)
	workers.Wait()
	return slices.Concat(verdicts...), errors.Join(failures...)
}

// askOne asks one question as often as there are scripts for it, one after the other: a script is found by the question.
func (s *site) askOne(ctx context.Context, model string, reword bool, number int, q question, scripts *scripts) ([]verdict, error) {
	tasks, err := s.tasks(model, reword, number, q)
	if err != nil {
		return nil, err
	}
	var verdicts []verdict
	for _, t := range tasks {
		if t.script != nil {
			scripts.set(q.Question, t.script.ClaudeScript)
		}
		m, err := s.ask(ctx, q.Person, q.Question)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", q.ID, err)
		}
		verdicts = append(verdicts, s.judge(model, t, m))
	}
	return verdicts, nil
}

// tasks are how a question is asked of a model: once, and of the adversary once for each thing that it says wrongly.
func (s *site) tasks(model string, reword bool, number int, q question) ([]task, error) {
	var want []reading
	for _, expression := range q.Want {
		r, err := s.worlds[q.Person].read(expression)
		if err != nil {
			return nil, fmt.Errorf("%s: %s: %w", q.ID, expression, err)
		}
		if reword {
			r = r.reworded()
		}
		want = append(want, r)
	}
	switch model {
	case Claude:
		return []task{{q, want, s.dated(q, honest(q, want, number))}}, nil
	case Adversary:
		var all []task
		for _, wrong := range adversaries(q, want, number) {
			all = append(all, task{q, want, s.dated(q, wrong)})
		}
		return all, nil
	}
	return []task{{q, want, nil}}, nil
}

// dated fills in the day on which a filing was filed.
func (s *site) dated(q question, to *script) *script {
	if f, ok := s.worlds[q.Person].filing(q.Symbol, q.Form); ok {
		to.Text = strings.ReplaceAll(to.Text, "{filed}", spoken(f.Filed))
	}
	return to
}

// scripts are what the simulated Claude is to do, by question. It may be used by many goroutines.
type scripts struct {
	mu sync.Mutex
	by map[string]sim.ClaudeScript
}

func (s *scripts) set(question string, script sim.ClaudeScript) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.by == nil {
		s.by = map[string]sim.ClaudeScript{}
	}
	s.by[question] = script
}

func (s *scripts) find(question string) (sim.ClaudeScript, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	script, ok := s.by[question]
	return script, ok
}

func writeVerdicts(file string, verdicts []verdict) error {
	if file == "" {
		return nil
	}
	f, err := os.Create(file) // #nosec G304 -- named by whoever runs this
	if err != nil {
		return err
	}
	encoder := json.NewEncoder(f)
	for _, v := range verdicts {
		err = errors.Join(err, encoder.Encode(v))
	}
	return errors.Join(err, f.Close())
}
