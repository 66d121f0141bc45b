package main

import (
	"crypto/x509"
	"testing"
)

// TestRootCertificates holds the program to having certificates of its own, for systems
// without any: the library takes them once and refuses others.
func TestRootCertificates(t *testing.T) {
	t.Parallel()
	defer func() {
		if recover() == nil {
			t.Error("there are no root certificates in the program")
		}
	}()
	x509.SetFallbackRoots(x509.NewCertPool())
}
