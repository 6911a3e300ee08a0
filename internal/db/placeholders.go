package db

import (
	"fmt"
	"strings"
)

// Placeholders are n of them, numbered from the first on, as "$3, $4".
func Placeholders(first, n int) string {
	all := make([]string, n)
	for i := range all {
		all[i] = fmt.Sprintf("$%d", first+i)
	}
	return strings.Join(all, ", ")
}
