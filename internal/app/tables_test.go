package app_test

import (
	"crypto/sha256"
	"database/sql"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/jaspers-ai/jaspers/internal/db"
)

// reference is a column that holds the key of another table's rows.
type reference struct{ column, table, key string }

// table is one of the database's, as the engine itself describes it.
type table struct {
	name       string
	columns    []string
	references []reference
}

// internalTables are those of the migration tool.
const internalTables = "goose_"

// tables lists those of the real schema, by name.
func (s *site) tables() map[string]*table {
	s.t.Helper()
	columns := `select m.name, c.name from sqlite_master m join pragma_table_info(m.name) c where m.type = 'table' order by 1, c.cid`
	references := `select m.name, f."from", f."table", f."to" from sqlite_master m join pragma_foreign_key_list(m.name) f where m.type = 'table'`
	if s.db.Engine == db.Postgres {
		columns = `select table_name, column_name from information_schema.columns where table_schema = 'public' order by 1, ordinal_position`
		references = `
			select c.conrelid::regclass::text, a.attname, c.confrelid::regclass::text, k.attname from pg_constraint c
			join pg_attribute a on a.attrelid = c.conrelid and a.attnum = c.conkey[1]
			join pg_attribute k on k.attrelid = c.confrelid and k.attnum = c.confkey[1]
			where c.contype = 'f'`
	}
	all := map[string]*table{}
	for _, row := range s.query(columns) {
		if name := row[0]; !strings.HasPrefix(name, internalTables) && !strings.HasPrefix(name, "sqlite_") {
			if all[name] == nil {
				all[name] = &table{name: name}
			}
			all[name].columns = append(all[name].columns, row[1])
		}
	}
	for _, row := range s.query(references) {
		all[row[0]].references = append(all[row[0]].references, reference{row[1], row[2], row[3]})
	}
	if len(all) < 15 {
		s.t.Fatalf("got the tables %v, want the whole schema", slices.Sorted(maps.Keys(all)))
	}
	return all
}

// query reads every value of every row as text; null is empty.
func (s *site) query(query string, args ...any) [][]string {
	s.t.Helper()
	rows, err := s.db.Read().QueryContext(s.t.Context(), query, args...)
	if err != nil {
		s.t.Fatalf("%s: %v", query, err)
	}
	defer func() { _ = rows.Close() }()
	names, err := rows.Columns()
	if err != nil {
		s.t.Fatal(err)
	}
	var all [][]string
	for rows.Next() {
		values, row := make([]any, len(names)), make([]string, len(names))
		for i := range values {
			values[i] = new(sql.NullString)
		}
		if err := rows.Scan(values...); err != nil {
			s.t.Fatal(err)
		}
		for i, value := range values {
			row[i] = value.(*sql.NullString).String
		}
		all = append(all, row)
	}
	if err := rows.Err(); err != nil {
		s.t.Fatal(err)
	}
	return all
}

// ofUser is the condition under which a row of the table is a person's ($1): by its user_id, or by the row it belongs to.
// It is empty for tables that are nobody's.
func ofUser(tables map[string]*table, t *table, above ...string) string {
	if t.name == "users" {
		return "id = $1"
	}
	if slices.Contains(t.columns, "user_id") {
		return "user_id = $1"
	}
	for _, r := range t.references {
		if slices.Contains(above, r.table) || r.table == t.name {
			continue
		}
		if owner := ofUser(tables, tables[r.table], append(above, t.name)...); owner != "" {
			return fmt.Sprintf("%s in (select %s from %s where %s)", r.column, r.key, r.table, owner)
		}
	}
	return ""
}

// belongings are all rows of a person, by table. Each table that has rows of people is in it.
func (s *site) belongings(user string) map[string][][]string {
	s.t.Helper()
	tables, all := s.tables(), map[string][][]string{}
	for name, t := range tables {
		if owner := ofUser(tables, t); owner != "" {
			all[name] = s.query(fmt.Sprintf("select %s from %s where %s", strings.Join(quoted(t.columns), ", "), name, owner), user)
		}
	}
	return all
}

// quoted writes columns' names so that no keyword is in the way.
func quoted(columns []string) []string {
	var all []string
	for _, c := range columns {
		all = append(all, `"`+c+`"`)
	}
	return all
}

// checksums are those of a person's rows, by table, whatever their order.
func (s *site) checksums(user string) map[string]string {
	s.t.Helper()
	sums := map[string]string{}
	for name, rows := range s.belongings(user) {
		var lines []string
		for _, row := range rows {
			lines = append(lines, fmt.Sprintf("%q", row))
		}
		slices.Sort(lines)
		sums[name] = fmt.Sprintf("%d rows %x", len(lines), sha256.Sum256([]byte(strings.Join(lines, "\n"))))
	}
	return sums
}
