package docusign

import (
	"cmp"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http/httptrace"
	"net/url"
	"os"
	"regexp"
	"strings"
	"sync/atomic"
	"syscall"

	"batchsend/internal/censor"
)

// withoutURL removes method and address from an error of net/http: the address may
// contain envelope IDs, and the message names the operation anyway.
func withoutURL(err error) error {
	if ue, ok := errors.AsType[*url.Error](err); ok {
		return ue.Err
	}
	return err
}

// withoutContextError returns err, but without wrapping a context's error. It is for
// errors that came although the caller's context has not ended: a time-out of ours, or of
// the network, must not look as if somebody had stopped the run.
func withoutContextError(err error) error {
	if errors.Is(err, context.DeadlineExceeded) || errors.Is(err, context.Canceled) {
		return errors.New(err.Error())
	}
	return err
}

// describeFailure says in an operator's words why no answer came.
func describeFailure(err error) string {
	if proxy := aboutProxy(err); proxy != nil {
		return proxy.Error()
	}
	if dns, ok := errors.AsType[*net.DNSError](err); ok {
		if dns.IsNotFound {
			return fmt.Sprintf("there is no host %q (DNS)", dns.Name)
		}
		return fmt.Sprintf("host %q could not be looked up (DNS)", dns.Name)
	}
	if op, ok := errors.AsType[*net.OpError](err); ok && op.Op == "proxyconnect" {
		return "the proxy cannot be reached: " + short(op.Err.Error())
	}
	if cert, ok := errors.AsType[x509.CertificateInvalidError](err); ok && cert.Reason == x509.Expired {
		return "the server's certificate is expired or not yet valid (TLS), or this machine's clock is wrong"
	}
	if unknown, ok := errors.AsType[x509.UnknownAuthorityError](err); ok {
		return "the server's certificate is signed by " + authority(unknown.Cert) + "an authority unknown here (TLS); if a company proxy signs it, SSL_CERT_FILE names its certificate"
	}
	if cert, ok := errors.AsType[*tls.CertificateVerificationError](err); ok {
		return "the server's certificate was not accepted (TLS): " + short(cert.Err.Error())
	}
	if _, ok := errors.AsType[tls.RecordHeaderError](err); ok {
		return "the server does not speak TLS"
	}
	switch {
	case errors.Is(err, syscall.ECONNREFUSED):
		return "the connection was refused"
	case errors.Is(err, syscall.ECONNRESET), errors.Is(err, syscall.EPIPE):
		return "the connection was reset"
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return "the connection was closed without an answer"
	case errors.Is(err, context.Canceled):
		return "interrupted"
	case errors.Is(err, context.DeadlineExceeded), os.IsTimeout(err):
		return "no answer came in time"
	}
	text := withoutURL(err).Error()
	if strings.HasPrefix(text, "invalid proxy address") { // which may hold a password
		return "the proxy's address (HTTPS_PROXY) is none"
	}
	return short(text)
}

// unknownAuthority reports whether a certificate was refused because of who has signed it.
func unknownAuthority(err error) bool {
	_, unknown := errors.AsType[x509.UnknownAuthorityError](err)
	return unknown
}

// authority names who has signed a certificate, with a comma behind it; "" if that is not
// known.
func authority(cert *x509.Certificate) string {
	name := issuer(cert)
	if name == "" {
		return ""
	}
	return fmt.Sprintf("%q, ", name)
}

// issuer names who has signed a certificate; "" if that is not known.
func issuer(cert *x509.Certificate) string {
	if cert == nil {
		return ""
	}
	name := cmp.Or(cert.Issuer.CommonName, strings.Join(cert.Issuer.Organization, " "))
	if organization := strings.Join(cert.Issuer.Organization, " "); organization != "" && organization != name {
		name += ", " + organization
	}
	return short(name)
}

// short makes a text from outside fit for a message: on one line, not long, without
// secrets and without characters that control a terminal.
func short(text string) string {
	return censor.Line(quotedCode.ReplaceAllString(text, "${1}[hidden]"), 300)
}

// quotedCode finds an access code in a message in which DocuSign repeats what was sent.
var quotedCode = regexp.MustCompile(`(?i)(access[ _]?code["']?(?:\s*[:=]\s*|\s+))(?:"[^"]*"|'[^']*')`)

// accessCode finds the access codes in a request.
var accessCode = regexp.MustCompile(`"accessCode":("(?:[^"\\]|\\.)*")`)

// withoutAccessCodes returns DocuSign's message about a request without the access codes
// that the request carried.
func withoutAccessCodes(message string, request any) string {
	payload, err := json.Marshal(request)
	if err != nil {
		return message
	}
	for _, m := range accessCode.FindAllSubmatch(payload, -1) {
		var code string
		if json.Unmarshal(m[1], &code) == nil && code != "" {
			word := regexp.MustCompile(`(^|[^\pL\pN])` + regexp.QuoteMeta(code) + `($|[^\pL\pN])`)
			message = word.ReplaceAllString(message, "${1}[hidden]${2}")
		}
	}
	return message
}

// connection observes whether http.Transport gets a connection for a request. Before it
// has one, nothing of the request can have left this machine.
type connection struct {
	requested, found atomic.Bool
}

// watch returns a context with which http.Transport reports to c.
func (c *connection) watch(ctx context.Context) context.Context {
	return httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{
		GetConn: func(string) { c.requested.Store(true) },
		GotConn: func(httptrace.GotConnInfo) { c.found.Store(true) },
	})
}

// missing reports whether there was no connection, given the error that came instead of
// an answer. If the transport does not report to c, only an error of dialling proves it.
func (c *connection) missing(err error) bool {
	if c.requested.Load() {
		return !c.found.Load()
	}
	if aboutProxy(err) != nil {
		return true
	}
	op, ok := errors.AsType[*net.OpError](err)
	return ok && op.Op == "dial"
}
