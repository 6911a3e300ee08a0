package fault_test

import (
	"context"
	"errors"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"net/http"
	"regexp"
	"strconv"
	"testing"

	"github.com/jaspers-ai/jaspers/internal/fault"
)

// kinds reads every constant of type Kind from the source, so that none can be forgotten.
func kinds(t *testing.T) []fault.Kind {
	t.Helper()
	file, err := parser.ParseFile(token.NewFileSet(), "fault.go", nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	var all []fault.Kind
	ast.Inspect(file, func(n ast.Node) bool {
		spec, ok := n.(*ast.ValueSpec)
		if !ok {
			return true
		}
		if kind, ok := spec.Type.(*ast.Ident); ok && kind.Name == "Kind" {
			text, err := strconv.Unquote(spec.Values[0].(*ast.BasicLit).Value)
			if err != nil {
				t.Fatal(err)
			}
			all = append(all, fault.Kind(text))
		}
		return true
	})
	if len(all) < 20 {
		t.Fatalf("got %d kinds, want all of them", len(all))
	}
	return all
}

func TestEveryKindHasAStatusAndOnlyOursIs500(t *testing.T) {
	code := regexp.MustCompile(`^[a-z]+(_[a-z]+)*$`)
	for _, kind := range kinds(t) {
		status := kind.Status()
		if (status == http.StatusInternalServerError) != (kind == fault.Internal) {
			t.Errorf("%s: got status %d", kind, status)
		}
		if !code.MatchString(string(kind)) {
			t.Errorf("%s is not lower_snake", kind)
		}
	}
	if got := fault.Kind("never heard of").Status(); got != http.StatusInternalServerError {
		t.Errorf("got status %d for an unknown kind, want 500", got)
	}
}

func TestTheKindSurvivesWrappingAndTheCauseCanBeFound(t *testing.T) {
	cause := errors.New("connection refused")
	err := fmt.Errorf("sync 7: %w", fault.Wrap(fault.UpstreamDown, cause, "the broker is down"))
	if got := fault.KindOf(err); got != fault.UpstreamDown || !fault.Is(err, fault.UpstreamDown) || fault.Is(err, fault.NotFound) {
		t.Errorf("got %s, want %s", got, fault.UpstreamDown)
	}
	if !errors.Is(err, cause) {
		t.Error("the cause is lost")
	}
}

func TestAnErrorWithoutAKindTellsNobodyWhatItSays(t *testing.T) {
	for err, want := range map[error]fault.Kind{
		errors.New("select failed: password"):            fault.Internal,
		context.Canceled:                                 fault.Canceled,
		fmt.Errorf("read: %w", context.DeadlineExceeded): fault.UpstreamTimeout,
	} {
		f := fault.From(err)
		if f.Kind != want || f.Message == err.Error() {
			t.Errorf("%v: got %s %q, want %s", err, f.Kind, f.Message, want)
		}
	}
	if fault.Is(nil, fault.Internal) {
		t.Error("no error is an internal error")
	}
}
