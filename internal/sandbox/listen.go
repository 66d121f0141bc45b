package sandbox

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"log"
	"math/big"
	"net"
	"net/http"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// grace is how long a stopping listener waits for answers under way.
const grace = 5 * time.Second

// ListenAndServe serves http on a loopback address such as "127.0.0.1:0" until
// ctx ends, and then returns nil once the answers under way are given. ready is
// called, before the first request is taken, with the address as a URL; its error
// ends the serving.
func (s *Server) ListenAndServe(ctx context.Context, addr string, ready func(url string) error) error {
	return s.listen(ctx, addr, nil, ready)
}

// ListenAndServeTLS is ListenAndServe with https: the official SDKs do OAuth
// with nothing else. Its self-signed certificate, for 127.0.0.1, ::1 and
// localhost, is made anew each time and written to DIR/ca.pem, so that clients
// can be told to trust it; its key stays in memory.
func (s *Server) ListenAndServeTLS(ctx context.Context, addr, dir string, ready func(url string) error) error {
	cert, err := selfSigned(time.Now())
	if err != nil {
		return err
	}
	block := &pem.Block{Type: "CERTIFICATE", Bytes: cert.Certificate[0]}
	if err := writeFile(filepath.Join(dir, "ca.pem"), pem.EncodeToMemory(block)); err != nil {
		return err
	}
	return s.listen(ctx, addr, &tls.Config{Certificates: []tls.Certificate{cert}}, ready)
}

// Start serves http on a free loopback port until stop is called or ctx ends. It returns
// the address as a URL.
func (s *Server) Start(ctx context.Context) (url string, stop func() error, err error) {
	ctx, cancel := context.WithCancel(ctx)
	urls, ended := make(chan string, 1), make(chan error, 1)
	go func() {
		ended <- s.ListenAndServe(ctx, "127.0.0.1:0", func(url string) error { urls <- url; return nil })
	}()
	select {
	case url := <-urls:
		return url, func() error { cancel(); return <-ended }, nil
	case err := <-ended:
		cancel()
		return "", nil, err
	}
}

func (s *Server) listen(ctx context.Context, addr string, config *tls.Config, ready func(url string) error) error {
	if err := CheckAddr(addr); err != nil {
		return err
	}
	if err := s.Open(); err != nil {
		return err
	}
	l, err := net.Listen("tcp", addr)
	if err != nil {
		return err
	}
	url := "http://" + l.Addr().String()
	if config != nil {
		l, url = tls.NewListener(l, config), "https://"+l.Addr().String()
	}
	// Requests outlive ctx by their grace, except those that hang on purpose.
	base := context.WithValue(context.WithoutCancel(ctx), stopping{}, ctx.Done())
	server := &http.Server{
		Handler:           onlyLoopback(s.Handler()),
		BaseContext:       func(net.Listener) context.Context { return base },
		ReadHeaderTimeout: 10 * time.Second,
		ReadTimeout:       2 * time.Minute,
		IdleTimeout:       2 * time.Minute,
		MaxHeaderBytes:    64 << 10,
		ErrorLog:          log.New(io.Discard, "", 0), // clients that leave are everyday here
	}
	if ready != nil {
		if err := ready(url); err != nil {
			return errors.Join(err, l.Close())
		}
	}
	failed := make(chan error, 1)
	go func() { failed <- server.Serve(l) }()
	select {
	case err := <-failed:
		return err
	case <-ctx.Done():
	}
	end, cancel := context.WithTimeout(context.WithoutCancel(ctx), grace)
	defer cancel()
	if err := server.Shutdown(end); errors.Is(err, context.DeadlineExceeded) {
		server.Close()
	}
	<-failed
	return s.Close()
}

// CheckAddr refuses what is no address, and one that other machines could reach: anybody's
// key opens a sandbox.
func CheckAddr(addr string) error {
	host, port, err := net.SplitHostPort(addr)
	if err == nil {
		_, err = strconv.ParseUint(port, 10, 16)
	}
	if err != nil {
		return fmt.Errorf("address %q: give host and port, such as 127.0.0.1:8400", addr)
	}
	if isLoopback(host) {
		return nil
	}
	return fmt.Errorf("address %q: the sandbox serves this machine only: use 127.0.0.1 or localhost", addr)
}

// onlyLoopback answers only requests that name this machine as their host: a
// page from elsewhere, whose name was made to point here, must not read what the
// sandbox recorded.
func onlyLoopback(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		host := r.Host
		if h, _, err := net.SplitHostPort(host); err == nil {
			host = h
		}
		if !isLoopback(strings.Trim(host, "[]")) {
			http.Error(w, "the sandbox answers to 127.0.0.1 and localhost only", http.StatusMisdirectedRequest)
			return
		}
		next.ServeHTTP(w, r)
	})
}

func isLoopback(host string) bool {
	ip := net.ParseIP(host)
	return strings.EqualFold(host, "localhost") || ip != nil && ip.IsLoopback()
}

func selfSigned(now time.Time) (tls.Certificate, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return tls.Certificate{}, err
	}
	serial, err := rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 120))
	if err != nil {
		return tls.Certificate{}, err
	}
	template := &x509.Certificate{
		SerialNumber: serial,
		Subject:      pkix.Name{CommonName: "localhost", Organization: []string{"batchsend sandbox"}},
		NotBefore:    now.Add(-time.Hour), NotAfter: now.AddDate(0, 1, 0),
		KeyUsage:    x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign,
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
		IsCA:        true, BasicConstraintsValid: true,
		DNSNames: []string{"localhost"}, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1), net.IPv6loopback},
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}, err
}
