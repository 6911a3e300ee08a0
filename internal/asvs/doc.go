// Package asvs holds the tests that keep the security ledger true: every requirement that applies stands in it, and what is said to meet one is there.
package asvs
