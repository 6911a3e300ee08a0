package fault

import (
	"fmt"
	"runtime"
)

// Panic is a panic of ours that was made an error, so that the process lives on. It is Internal.
type Panic struct {
	what  string
	value any
	stack []uintptr
}

// maxStack is how many calls of a panic are kept.
const maxStack = 48

// Recovered makes an error of what recover() gave; what says what panicked. It is called in the deferred function itself.
func Recovered(what string, value any) *Panic {
	stack := make([]uintptr, maxStack)
	return &Panic{what, value, stack[:runtime.Callers(3, stack)]} // without Callers, Recovered and the deferred function
}

func (p *Panic) Error() string { return fmt.Sprintf("%s panicked: %v", p.what, p.value) }

// Stack are the calls that led to the panic, the innermost first.
func (p *Panic) Stack() *runtime.Frames { return runtime.CallersFrames(p.stack) }
