// Package structure holds the tests that keep the map in ARCHITECTURE.md true: who imports whom, which modules, how long.
package structure
