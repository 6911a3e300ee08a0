// Package sim is a make-believe world: one seeded market, its people's accounts, and the outside services that speak of them.
package sim
