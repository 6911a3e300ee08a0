package main

import (
	"bufio"
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"strings"
	"text/tabwriter"
	"time"

	"golang.org/x/term"

	"github.com/jaspers-ai/jaspers/internal/app"
	"github.com/jaspers-ai/jaspers/internal/fault"
	"github.com/jaspers-ai/jaspers/internal/telemetry"
	"github.com/jaspers-ai/jaspers/internal/vault"
)

const userUsage = `Usage: jaspers user ACTION [flags] [EMAIL]
  list                  everybody: role, when they came and signed in last, who is disabled
  add EMAIL             add a person; the first one is the admin, in a new installation where there is none yet
  reset-password EMAIL  give a person a new password; end their sessions, revoke their API keys
  disable EMAIL         shut a person out at once, ending the same
  enable EMAIL          let them in again
  make-admin EMAIL      make a person an admin
  remove-totp EMAIL     take away the second factor of a person who lost their phone and codes
add and reset-password read the password from the terminal, or a line of standard input; -generate makes one and prints it.
`

// userAction is one word behind "jaspers user".
type userAction struct {
	takesEmail, takesPassword bool
	installs                  bool // makes the installation where there is none
	run                       func(ctx context.Context, a *app.App, email, password string) (said string, err error)
}

func userActions(out io.Writer) map[string]userAction {
	// done makes an action of one that says nothing itself.
	done := func(act func(a *app.App) func(context.Context, string) error, said string) userAction {
		return userAction{takesEmail: true, run: func(ctx context.Context, a *app.App, email, _ string) (string, error) {
			return said, act(a)(ctx, email)
		}}
	}
	return map[string]userAction{
		"list": {run: func(ctx context.Context, a *app.App, _, _ string) (string, error) { return "", listUsers(ctx, a, out) }},
		"add": {takesEmail: true, takesPassword: true, installs: true, run: func(ctx context.Context, a *app.App, email, password string) (string, error) {
			u, err := a.Auth.AddUser(ctx, email, password)
			return fmt.Sprintf("added %s (%s)", u.Email, u.Role), err
		}},
		"reset-password": {takesEmail: true, takesPassword: true, run: func(ctx context.Context, a *app.App, email, password string) (string, error) {
			return "the password is set, every session ended and every API key revoked", a.Auth.SetPassword(ctx, email, password)
		}},
		"disable":     done(func(a *app.App) func(context.Context, string) error { return a.Auth.Disable }, "disabled, every session ended and every API key revoked"),
		"enable":      done(func(a *app.App) func(context.Context, string) error { return a.Auth.Enable }, "enabled"),
		"make-admin":  done(func(a *app.App) func(context.Context, string) error { return a.Auth.MakeAdmin }, "an admin now"),
		"remove-totp": done(func(a *app.App) func(context.Context, string) error { return a.Auth.RemoveSecondFactor }, "no code is asked for any more"),
	}
}

// manageUsers is "jaspers user". It works on the database, so the server may run meanwhile or not.
func manageUsers(ctx context.Context, p process) error {
	generate := p.flags.Bool("generate", false, "make a password and print it once")
	p.flags.Usage = func() { _, _ = io.WriteString(p.errOut, userUsage) }
	words, err := p.words()
	if err != nil {
		return err
	}
	var action userAction
	known := false
	if len(words) > 0 {
		action, known = userActions(p.out)[words[0]]
	}
	want := 1
	if action.takesEmail {
		want = 2
	}
	if !known || len(words) != want || *generate && !action.takesPassword {
		p.flags.Usage()
		return errUsage
	}
	password := ""
	if action.takesPassword {
		if password, err = p.password(*generate); err != nil {
			return err
		}
	}
	email := ""
	if action.takesEmail {
		email = words[1]
	}
	said := ""
	err = p.withApp(ctx, action.installs, func(ctx context.Context, a *app.App) (err error) {
		said, err = action.run(ctx, a, email, password)
		return err
	})
	if err != nil {
		return plainly(err)
	}
	if said != "" {
		_, err = fmt.Fprintln(p.out, said)
	}
	if *generate && err == nil {
		_, err = fmt.Fprintln(p.out, "password: "+password)
	}
	return err
}

// words are the arguments that are no flags; flags may stand before, between and behind them.
func (p process) words() ([]string, error) {
	var words []string
	for rest := p.args; ; rest = p.flags.Args()[1:] {
		if err := p.flags.Parse(rest); err != nil {
			if errors.Is(err, flag.ErrHelp) {
				return nil, err
			}
			return nil, errUsage
		}
		if p.flags.NArg() == 0 {
			return words, nil
		}
		words = append(words, p.flags.Arg(0))
	}
}

// withApp does something with the server's parts, whether the server itself runs or not. Where there is no installation it
// makes one only if it is told to, and says so.
func (p process) withApp(ctx context.Context, install bool, do func(context.Context, *app.App) error) error {
	cfg, err := p.settings()
	if err != nil {
		return err
	}
	log, err := telemetry.NewLog(p.errOut, cfg.Log.Level, cfg.Log.Format)
	if err != nil {
		return err
	}
	opts := app.Options{Log: log, Now: time.Now}
	err = app.Operate(ctx, cfg, opts, do)
	if !install || !errors.Is(err, app.ErrNotInstalled) {
		return err
	}
	where, err := app.Install(ctx, cfg, opts, do)
	if where != "" {
		_, _ = fmt.Fprintln(p.out, "made a new installation at "+where)
	}
	return err
}

// maxTyped is more than any password has.
const maxTyped = 4096

// password makes a password or asks for one. It is never an argument: those can be seen by everybody on the machine.
func (p process) password(generate bool) (string, error) {
	if generate {
		return vault.Token()[:24], nil // 144 random bits
	}
	if fd := int(os.Stdin.Fd()); term.IsTerminal(fd) {
		return p.typed(fd)
	}
	line, err := bufio.NewReader(io.LimitReader(os.Stdin, maxTyped)).ReadString('\n')
	if err != nil && !errors.Is(err, io.EOF) {
		return "", fmt.Errorf("read the password: %w", err)
	}
	line = strings.TrimRight(line, "\r\n")
	if line == "" {
		return "", errors.New("no password on standard input; give it one line, or use -generate")
	}
	return line, nil
}

// typed asks twice, showing nothing.
func (p process) typed(fd int) (string, error) {
	var entries [2]string
	for i, prompt := range []string{"Password: ", "Once more: "} {
		_, _ = io.WriteString(p.errOut, prompt)
		entry, err := term.ReadPassword(fd)
		_, _ = io.WriteString(p.errOut, "\n")
		if err != nil {
			return "", fmt.Errorf("read the password: %w", err)
		}
		entries[i] = string(entry)
	}
	if entries[0] != entries[1] {
		return "", errors.New("the two were not the same; nothing was changed")
	}
	return entries[0], nil
}

// plainly words a fault for somebody at a terminal.
func plainly(err error) error {
	f, ok := errors.AsType[*fault.Error](err)
	if !ok || f.Kind == fault.Internal {
		return err
	}
	if len(f.Fields) == 0 {
		return errors.New(f.Message)
	}
	var wrong []string
	for _, field := range f.Fields {
		wrong = append(wrong, "the "+field.Path+" "+field.Message)
	}
	return errors.New(strings.Join(wrong, "; "))
}

func listUsers(ctx context.Context, a *app.App, out io.Writer) error {
	all, err := a.Users.List(ctx)
	if err != nil {
		return err
	}
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	_, _ = fmt.Fprintln(w, "EMAIL\tROLE\tCREATED\tLAST LOGIN\tDISABLED") // what goes wrong shows in Flush
	for _, u := range all {
		_, _ = fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\n", u.Email, u.Role, day(&u.CreatedAt), day(u.LastLoginAt), day(u.DisabledAt))
	}
	return w.Flush()
}

func day(t *time.Time) string {
	if t == nil {
		return "-"
	}
	return t.UTC().Format("2006-01-02 15:04")
}
