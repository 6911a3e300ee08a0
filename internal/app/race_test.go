//go:build race

package app_test

// slow tells that the race detector is watching: it is there for what happens at once, so that less of the same will do.
const slow = true
