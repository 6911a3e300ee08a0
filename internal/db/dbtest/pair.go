package dbtest

import (
	"context"
	"database/sql"
	"errors"
	"net"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strconv"
	"syscall"
	"testing"
	"time"

	"github.com/jaspers-ai/jaspers/internal/db"
	"github.com/jaspers-ai/jaspers/internal/sharedtest"
)

// Pair is a PostgreSQL of the test's own and a standby that follows it. Both are gone with the test.
type Pair struct {
	Primary, Standby *Server
}

// Server is one of them. Its database is empty.
type Server struct {
	Address string
	t       testing.TB
	dir     string // of its data
	port    string
	as      *syscall.SysProcAttr
}

// NewPair starts both, which takes some seconds: one pair is enough for a package.
func NewPair(t testing.TB) *Pair {
	t.Helper()
	dir, as := home(t)
	primary, standby := newServer(t, dir, "primary", as), newServer(t, dir, "standby", as)
	primary.run("initdb", "-D", primary.dir, "-U", "postgres", "-A", "trust", "-E", "UTF8", "--locale=C", "--wal-segsize=1", "--no-sync")
	primary.Start()
	standby.run("pg_basebackup", "-D", standby.dir, "-h", "127.0.0.1", "-p", primary.port, "-U", "postgres", "-R", "-X", "stream",
		"--checkpoint=fast", "--no-sync")
	standby.Start()
	return &Pair{primary, standby}
}

// Open opens the primary, migrated, with the standby as its replica, which is asked by then.
func (p *Pair) Open(t testing.TB) *db.DB {
	t.Helper()
	d := open(t, p.Primary.Address)
	if err := errors.Join(d.Migrate(t.Context()), d.AddReplica(p.Standby.Address)); err != nil {
		t.Fatal(err)
	}
	for end := time.Now().Add(30 * time.Second); ; time.Sleep(20 * time.Millisecond) {
		switch s, _ := d.Replica(); {
		case s.Current():
			return d
		case time.Now().After(end):
			t.Fatalf("the replica is not asked: %+v", s)
		}
	}
}

// find is the path of one of PostgreSQL's own programs: on the PATH or, as Debian has them, beside it.
func find(t testing.TB, program string) string {
	t.Helper()
	if path, err := exec.LookPath(program); err == nil {
		return path
	}
	all, _ := filepath.Glob("/usr/lib/postgresql/*/bin/" + program)
	if len(all) == 0 {
		sharedtest.Missing(t, "postgres", "there is no "+program+" here to make a PostgreSQL of the test's own")
	}
	return all[len(all)-1]
}

// home is a folder for data, and whose it is: PostgreSQL does not run as root.
func home(t testing.TB) (string, *syscall.SysProcAttr) {
	t.Helper()
	dir := t.TempDir()
	if os.Getuid() != 0 {
		return dir, nil
	}
	who, err := user.Lookup("postgres")
	if err != nil {
		who, err = user.Lookup("nobody")
	}
	if err != nil {
		sharedtest.Missing(t, "postgres", "there is nobody here but root to run a PostgreSQL of the test's own")
	}
	uid, _ := strconv.Atoi(who.Uid)
	gid, _ := strconv.Atoi(who.Gid)
	if err := os.Chown(dir, uid, gid); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(filepath.Dir(dir), 0o711); err != nil { // #nosec G302 -- the way to it
		t.Fatal(err)
	}
	return dir, &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}} // #nosec G115 -- the system's own
}

func newServer(t testing.TB, dir, name string, as *syscall.SysProcAttr) *Server {
	t.Helper()
	address := sharedtest.Address(t)
	_, port, _ := net.SplitHostPort(address)
	return &Server{Address: "postgres://postgres@" + address + "/postgres?sslmode=disable", t: t, dir: filepath.Join(dir, name), port: port, as: as}
}

func (s *Server) run(program string, args ...string) {
	s.t.Helper()
	cmd := exec.Command(find(s.t, program), args...) // #nosec G204 -- PostgreSQL's own
	cmd.Dir, cmd.SysProcAttr = filepath.Dir(s.dir), s.as
	if said, err := cmd.CombinedOutput(); err != nil {
		log, _ := os.ReadFile(s.dir + ".log")
		s.t.Fatalf("%s: %v\n%s\n%s", program, err, said, log)
	}
}

// Start starts the server, and returns when it answers.
func (s *Server) Start() {
	s.t.Helper()
	s.run("pg_ctl", "start", "-w", "-D", s.dir, "-l", s.dir+".log", "-o", "-p "+s.port+" -c listen_addresses=127.0.0.1 -c unix_socket_directories='' "+
		"-c fsync=off -c shared_buffers=16MB -c max_connections=60 -c max_standby_streaming_delay=100ms -c wal_retrieve_retry_interval=200ms")
	s.t.Cleanup(s.Stop)
}

// Stop ends it as a power cut would, where it runs.
func (s *Server) Stop() {
	s.t.Helper()
	if _, err := os.Stat(filepath.Join(s.dir, "postmaster.pid")); err == nil {
		s.run("pg_ctl", "stop", "-w", "-m", "immediate", "-D", s.dir)
	}
}

// Exec runs a statement on the server, as its superuser.
func (s *Server) Exec(statement string) {
	s.t.Helper()
	direct, err := sql.Open("pgx", s.Address)
	if err != nil {
		s.t.Fatal(err)
	}
	defer func() { _ = direct.Close() }()
	if _, err := direct.ExecContext(context.WithoutCancel(s.t.Context()), statement); err != nil {
		s.t.Fatalf("%s: %v", statement, err)
	}
}

// Pause has a standby take in what its primary writes and not show it, until Resume.
func (s *Server) Pause() {
	s.t.Helper()
	s.Exec("select pg_wal_replay_pause()")
}

// Resume has it show everything again.
func (s *Server) Resume() {
	s.t.Helper()
	s.Exec("select pg_wal_replay_resume()")
}
