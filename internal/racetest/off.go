//go:build !race

package racetest

// Enabled is On for what runs before any test.
const Enabled = false
