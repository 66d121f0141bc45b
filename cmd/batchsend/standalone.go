package main

// These packages let the program run where there is nothing beside it, such as in
// an empty container. Each is used only if the system has none of its own.
import (
	_ "time/tzdata" // time zones

	_ "golang.org/x/crypto/x509roots/fallback" // the root certificates that Mozilla trusts
)
