// Command jaspers is a self-hosted server that joins an investor's ledger with market research under one analyst.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/signal"
	"runtime/debug"
	"syscall"
	"time"

	"github.com/jaspers-ai/jaspers/internal/api"
	"github.com/jaspers-ai/jaspers/internal/app"
	"github.com/jaspers-ai/jaspers/internal/telemetry"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop) // a second signal ends the process at once
	os.Exit(run(ctx, os.Args[1:], os.Environ(), os.Stdout, os.Stderr))
}

// command is one word behind "jaspers".
type command struct {
	name, summary string
	run           func(ctx context.Context, p process) error
}

// process is what a command has of the world.
type process struct {
	flags   *flag.FlagSet
	args    []string
	environ []string
	out     io.Writer
	errOut  io.Writer
}

func commands() []command {
	return []command{
		{"demo", "try everything with simulated brokerages, market and model", demo},
		{"serve", "run the server", serve},
		{"worker", "do the background work alone, beside servers that need do none", work},
		{"sim", "run the simulated services alone", simulate},
		{"migrate", "up | down | status: change or show the database schema", migrate},
		{"user", "list | add | reset-password | disable | enable | make-admin | remove-totp: the people", manageUsers},
		{"audit", "verify: tell whether the audit log is as it was written", auditLog},
		{"backup", "FILE: write a copy of the database while the server runs", backup},
		{"restore", "FILE: put a backup in the place of the database", restore},
		{"keys", "status | rotate: show or renew the key that seals credentials, second factors and kept answers", keys},
		{"config", "show the settings in force, with secrets hidden", config},
		{"health", "ask the server on this machine whether it lives", health},
		{"openapi", "print the API's description", openapi},
		{"version", "print the version", version},
	}
}

// errUsage says that the usage was printed already.
var errUsage = errors.New("usage")

// run is the program; its result is the exit code.
func run(ctx context.Context, args, environ []string, out, errOut io.Writer) int {
	if len(args) > 0 {
		for _, c := range commands() {
			if c.name != args[0] {
				continue
			}
			flags := flag.NewFlagSet("jaspers "+c.name, flag.ContinueOnError)
			flags.SetOutput(errOut)
			err := c.run(ctx, process{flags, args[1:], environ, out, errOut})
			switch {
			case err == nil, errors.Is(err, flag.ErrHelp):
				return 0
			case errors.Is(err, errUsage):
				return 2
			}
			_, _ = fmt.Fprintln(errOut, "jaspers:", err)
			return 1
		}
	}
	_, _ = fmt.Fprintln(errOut, "Usage: jaspers COMMAND [flags]")
	for _, c := range commands() {
		_, _ = fmt.Fprintf(errOut, "  %-9s %s\n", c.name, c.summary)
	}
	return 2
}

// parse reads a command's flags and says that it takes n words behind them.
func (p process) parse(n int) error {
	if err := p.flags.Parse(p.args); err != nil {
		if errors.Is(err, flag.ErrHelp) {
			return err
		}
		return errUsage
	}
	if p.flags.NArg() != n {
		_, _ = fmt.Fprintf(p.errOut, "%s takes %d arguments behind its flags, not %d\n", p.flags.Name(), n, p.flags.NArg())
		return errUsage
	}
	return nil
}

// settings reads the environment, and .env in the present folder.
func (p process) settings() (app.Config, error) { return app.LoadConfig(p.environ, ".env") }

func serve(ctx context.Context, p process) error { return p.serve(ctx, app.Serve) }

func work(ctx context.Context, p process) error { return p.serve(ctx, app.Work) }

// serve runs the server, or a part of it, by the settings.
func (p process) serve(ctx context.Context, run func(context.Context, app.Config, app.Options, func(context.Context, *app.App) error) error) error {
	if err := p.parse(0); err != nil {
		return err
	}
	cfg, err := p.settings()
	if err != nil {
		return err
	}
	log, err := telemetry.NewLog(p.errOut, cfg.Log.Level, cfg.Log.Format)
	if err != nil {
		return err
	}
	log = telemetry.Thin(log, cfg.Log.Alike)
	return run(ctx, cfg, app.Options{Log: log, Now: time.Now}, func(context.Context, *app.App) error {
		log.Info("ready", "address", cfg.HTTP.PublicURL)
		return nil
	})
}

func demo(ctx context.Context, p process) error {
	addr := p.flags.String("addr", "127.0.0.1:3000", "where to listen")
	dir := p.flags.String("dir", "./jaspers-demo", "where the demo's data is kept")
	fresh := p.flags.Bool("fresh", false, "throw away the data of an earlier demo")
	verbose := p.flags.Bool("v", false, "log every request")
	if err := p.parse(0); err != nil {
		return err
	}
	level := slog.LevelWarn
	if *verbose {
		level = slog.LevelDebug
	}
	log, err := telemetry.NewLog(p.errOut, level, "text")
	if err != nil {
		return err
	}
	return app.Demo(ctx, p.environ, app.DemoOptions{Addr: *addr, Dir: *dir, Fresh: *fresh, Out: p.out, Log: log})
}

func simulate(ctx context.Context, p process) error {
	addr := p.flags.String("addr", "127.0.0.1:3100", "where to listen")
	redirect := p.flags.String("redirect", "http://127.0.0.1:3000/api/brokerages/callback", "the redirect address registered at the simulated Alpaca")
	if err := p.parse(0); err != nil {
		return err
	}
	return app.Simulate(ctx, *addr, *redirect, p.out)
}

func migrate(ctx context.Context, p process) error {
	if err := p.parse(1); err != nil {
		return err
	}
	cfg, err := p.settings()
	if err != nil {
		return err
	}
	return app.Migrate(ctx, cfg, p.flags.Arg(0), p.out)
}

func config(_ context.Context, p process) error {
	example := p.flags.Bool("example", false, "print .env.example instead")
	if err := p.parse(0); err != nil {
		return err
	}
	if *example {
		return app.WriteExample(p.out)
	}
	cfg, err := p.settings()
	if err != nil {
		return err
	}
	return cfg.Print(p.out)
}

func openapi(_ context.Context, p process) error {
	if err := p.parse(0); err != nil {
		return err
	}
	document, err := api.Document()
	if err != nil {
		return err
	}
	_, err = p.out.Write(document)
	return err
}

func version(_ context.Context, p process) error {
	if err := p.parse(0); err != nil {
		return err
	}
	info, _ := debug.ReadBuildInfo() // there is always one in what go build makes
	_, err := fmt.Fprintln(p.out, describe(info))
	return err
}

// describe says which version this is, and of which commit, as far as whoever built it let go build know.
func describe(info *debug.BuildInfo) string {
	known := map[string]string{}
	for _, s := range info.Settings {
		known[s.Key] = s.Value
	}
	commit := "unknown commit"
	if revision := known["vcs.revision"]; revision != "" {
		commit = "commit " + revision
		if known["vcs.modified"] == "true" {
			commit += ", with changes"
		}
		commit += ", " + known["vcs.time"]
	}
	return fmt.Sprintf("jaspers %s (%s, %s %s/%s)", api.Version, commit, info.GoVersion, known["GOOS"], known["GOARCH"])
}
