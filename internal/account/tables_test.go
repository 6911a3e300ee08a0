package account

import (
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/jaspers-ai/jaspers/internal/db"
	"github.com/jaspers-ai/jaspers/internal/db/dbtest"
)

// schemaTable is a table as the engine describes it.
type schemaTable struct {
	columns []string
	refers  []string // the tables it refers to
}

func schemaOf(t *testing.T, d *db.DB) map[string]schemaTable {
	t.Helper()
	columns := `select m.name, c.name, '' from sqlite_master m join pragma_table_info(m.name) c where m.type = 'table'`
	references := `select m.name, f."table", '' from sqlite_master m join pragma_foreign_key_list(m.name) f where m.type = 'table'`
	if d.Engine == db.Postgres {
		columns = `select table_name, column_name, '' from information_schema.columns where table_schema = 'public'`
		references = `select c.relname, r.relname, '' from pg_constraint k join pg_class c on c.oid = k.conrelid join pg_class r on r.oid = k.confrelid where k.contype = 'f'`
	}
	all := map[string]schemaTable{}
	read := func(query string, take func(*schemaTable, string)) {
		rows, err := d.Read().QueryContext(t.Context(), query)
		pairs, err := db.Collect(rows, err, func(scan func(...any) error) (p [3]string, err error) { return p, scan(&p[0], &p[1], &p[2]) })
		if err != nil {
			t.Fatal(err)
		}
		for _, p := range pairs {
			one := all[p[0]]
			take(&one, p[1])
			all[p[0]] = one
		}
	}
	read(columns, func(s *schemaTable, name string) { s.columns = append(s.columns, name) })
	read(references, func(s *schemaTable, name string) { s.refers = append(s.refers, name) })
	return all
}

// personal are the tables that are about people: those that refer to users, by whatever way, or name one.
func personal(schema map[string]schemaTable) []string {
	found := map[string]bool{"users": true}
	for before := 0; before != len(found); {
		before = len(found)
		for name, s := range schema {
			refers := func(to string) bool { return found[to] }
			if slices.Contains(s.columns, "user_id") || slices.ContainsFunc(s.refers, refers) {
				found[name] = true
			}
		}
	}
	return slices.Sorted(maps.Keys(found))
}

func TestEveryTableAboutPeopleIsExportedOrLeftOutForAReason(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		schema := schemaOf(t, d)
		want := personal(schema)
		var got []string
		for _, entry := range tables {
			got = append(got, entry.name)
			if entry.about == "" || entry.where == "" {
				t.Errorf("%s says nothing of what it is, or of whose rows are whose", entry.name)
			}
			if entry.file != "" {
				checkColumns(t, entry, schema[entry.name].columns)
			}
		}
		if slices.Sort(got); !slices.Equal(got, want) {
			t.Errorf("got the tables %v, want %v: what is new takes a line in tables.go", got, want)
		}
		if len(want) < 12 {
			t.Errorf("got %v, want all tables that are about people found", want)
		}
	})
}

func checkColumns(t *testing.T, entry table, columns []string) {
	t.Helper()
	var listed []string
	for _, c := range entry.columns() {
		listed = append(listed, c.name)
		if c.kind != "" && c.kind != "json" && c.kind != "number" {
			t.Errorf("%s of %s is of the kind %q, which there is not", c.name, entry.name, c.kind)
		}
	}
	for name, reason := range entry.left {
		listed = append(listed, name)
		if strings.TrimSpace(reason) == "" {
			t.Errorf("%s of %s is left out without a reason", name, entry.name)
		}
	}
	for _, name := range columns {
		if n := strings.Count(" "+strings.Join(listed, " ")+" ", " "+name+" "); n != 1 {
			t.Errorf("%s of %s is listed %d times, want it kept or left: see tables.go", name, entry.name, n)
		}
	}
	if len(listed) != len(columns) {
		t.Errorf("%s: got %v, want the columns %v", entry.name, listed, columns)
	}
}

func TestNothingThatOpensAnythingIsExported(t *testing.T) {
	for _, entry := range tables {
		for _, c := range entry.columns() {
			for _, word := range []string{"password", "hash", "secret", "token_", "credential", "sealed", "verifier", "mac", "seed", "code"} {
				if strings.Contains(c.name, word) {
					t.Errorf("%s of %s is exported, and its name speaks of a secret: leave it out", c.name, entry.name)
				}
			}
		}
	}
}
