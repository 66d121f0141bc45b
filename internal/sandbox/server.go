package sandbox

import (
	"cmp"
	"crypto/rsa"
	"encoding/json"
	"net/http"
	"sync"
	"sync/atomic"
	"time"
)

// The identity of a Server that names none. All are fictional.
const (
	DefaultAccount        = "acc00000-0000-4000-8000-000000000001"
	DefaultUserID         = "05e40000-0000-4000-8000-000000000001"
	DefaultIntegrationKey = "1e700000-0000-4000-8000-000000000001"
	DefaultTemplate       = "0ffe1e77-0000-4000-8000-000000000001" // the built-in "Offer letter"
)

// Server imitates one DocuSign account with its OAuth server. The zero Server
// has one account, one user and one template (see [DefaultTemplate]), no limits
// and no faults, keeps everything in memory, and accepts the RS256 assertion of
// any key that names the default user and integration key.
//
// Methods are safe for concurrent use. Fields may be changed between requests
// but not during one. A Server must not be copied after first use.
type Server struct {
	Account        string // account ID, a GUID; "" = DefaultAccount
	UserID         string // the one user, a GUID; "" = DefaultUserID
	IntegrationKey string // the one known application, a GUID; "" = DefaultIntegrationKey

	// Key verifies assertions; nil accepts any well-formed RS256 assertion.
	Key *rsa.PublicKey
	// Audience is accepted as an assertion's aud besides the request's host,
	// with and without its port. "" = none.
	Audience string
	// BaseURI is userinfo's base_uri; "" = scheme and host of the request.
	BaseURI string
	// NoConsent makes the token endpoint answer consent_required until somebody
	// opened /oauth/auth with the scopes asked for.
	NoConsent bool
	// NoAccounts makes userinfo list no account, a known fault of the original.
	NoAccounts bool
	// OtherAccounts are accounts of the user besides Account, which is the default.
	OtherAccounts []OtherAccount
	// NoSending takes from the user the right to send envelopes.
	NoSending bool
	// RedirectURIs are registered for the application, to the letter. Empty = any.
	RedirectURIs []string
	// TokenLifetime is how long access tokens really live; 0 = 1 h, or 8 h if a
	// person has logged in. The answer promises that whatever this says.
	TokenLifetime time.Duration

	// Templates are the account's templates as REST JSON. When nil they come
	// from TemplateDir, or, without one, there is the built-in Offer letter.
	// To change them later, put another slice here.
	Templates []json.RawMessage
	// TemplateDir holds template*.json files, each one template as REST JSON,
	// read again when they change. "" = none.
	TemplateDir string

	HourlyLimit int           // calls per clock hour; 0 = unlimited, and no X-RateLimit headers
	BurstLimit  int           // calls per burst window; 0 = unlimited, and no X-BurstLimit headers
	BurstWindow time.Duration // 0 = 30 s
	Bursts      BurstKind     // where burst windows begin; zero = on multiples of BurstWindow
	LimitStatus int           // HTTP status of limit errors; 0 = 429, before 2026 it was 400
	// OtherApps tells how many calls other applications made on the account
	// since the call before, and is asked at each counted call of ours. used is
	// how many calls the hour has counted so far. It is called under a lock and
	// must not call the Server. nil = none.
	OtherApps func(now time.Time, used int) int

	Allowance      int  // envelopes that may be sent in the billing period; 0 = unlimited
	SendingBlocked bool // sending is blocked for the account
	Suspended      bool // the account is suspended, which blocks sending as well
	// AccountNotification holds the account's own reminders and expiration. The
	// zero value is DocuSign's: no reminders, expiration after 120 days.
	AccountNotification Notification
	// NoOverride forbids senders to depart from AccountNotification: account
	// values then win over template and request.
	NoOverride  bool
	AccessCodes CodeFormat // what access codes must look like; zero = anything goes
	NoSMS       bool       // nobody can be told by text message: who asks for it is refused
	Tells       Tells      // what the account tells of itself; zero = everything

	Duplicates           Duplicates          // a transaction ID used twice; zero = a second envelope
	EmptyRoles           EmptyRoles          // a placeholder nobody fills; zero = dropped, and sent without
	UnknownTabs          UnknownTabs         // a tab label the role has not; zero = ignored
	PartialNotification  PartialNotification // a request with reminders or expirations only; zero = system default for the other
	TemplateError        TemplateError       // the code for an unknown template; "" = TemplateIDInvalid
	DocumentVisibility   bool                // signers without tabs are refused instead of signing free-form
	SenderSetsVisibility bool                // with DocumentVisibility: only where the template says enforceSignerVisibility
	CheckTabValues       bool                // maxLength and validationPattern are enforced on values sent
	ShowDocumentTabs     bool                // a template's answer shows the tabs of its documents; zero = they must be asked for
	// DeletedGone makes deleted envelopes unknown by their IDs, as if the recycle bin
	// had been emptied.
	DeletedGone bool
	// IndexDelay is how long a new envelope stays hidden from searches (by
	// transaction ID, custom field or date). By its ID it is found at once.
	IndexDelay time.Duration

	NoBulk     bool // bulk sending is not allowed: the account says so, and its endpoints refuse
	NoUserBulk bool // the account allows bulk sending and this user may not: it says so, and its endpoints refuse
	BulkCopies int  // copies a bulk list may hold; 0 = 1,000
	BulkQueue  int  // copies that may wait to be sent, in the whole account; 0 = 2,000
	// BulkRate is how many copies of bulk sends are sent per second, one batch
	// after the other, on the Server's clock. It counts for what is sent later,
	// not for what waits already. 0 = 20; the original's rate is not known.
	BulkRate     float64
	DraftOnce    bool // a draft can be sent in bulk once; the default is as often as one likes
	BulkEveryTab bool // a copy's value fills every tab of its label, not only the first
	BinVoids     bool // the recycle bin voids sent envelopes, as documented for SOAP, instead of refusing them
	// FailCopy is told the e-mail addresses of each copy when a list is sent, and
	// says why this copy is to fail when its turn comes; "" = it is not to. It
	// must not call the Server. nil = none fails.
	FailCopy func(emails []string) string

	Faults   Faults       // what goes wrong, and how often; zero = nothing
	faultsMu sync.RWMutex // guards Faults once the server serves; see [Server.SetFaults]

	// Refuse is shown every OAuth and REST request before anything is done about
	// it, and may answer it with an error: a status, an error code and a message,
	// and headers of its own in h. Without a code the answer is a gateway's page.
	// Status 0 lets the request pass. It must not call the Server. nil = all pass.
	Refuse func(r *http.Request, body []byte, h http.Header) (status int, code, message string)

	// Store is a directory for envelopes.jsonl, bulk.jsonl and requests.log.
	// Envelopes, bulk lists and batches are read back from it, so that they
	// survive a restart and Servers of several processes can share them: no copy
	// is sent twice. "" = memory only.
	Store string

	// OnRequest is told of every OAuth and REST request when its answer is
	// decided and before the client can see it, in the goroutine that serves
	// it. It must not change the Exchange. nil = nobody.
	OnRequest func(Exchange)

	once      sync.Once
	broken    error // why Open failed
	offset    atomic.Int64
	mux       *http.ServeMux
	tokens    tokens
	codes     codes
	refresh   refreshTokens
	gate      gate
	dice      dice
	shelf     shelf
	envelopes store
	bulk      bulk
	proxy     proxy
	journal   journal
	logging   requestLog
}

// Open reads templates, stored envelopes and bulk sends. It happens by itself at the first
// request; call it to learn of an error before. Calling it again does nothing.
func (s *Server) Open() error {
	s.once.Do(func() {
		s.mux = s.routes()
		if s.broken = s.reloadTemplates(); s.broken != nil {
			return
		}
		if s.Store == "" {
			return
		}
		if s.broken = s.envelopes.open(s.Store); s.broken != nil {
			return
		}
		if s.broken = s.bulk.open(s.Store); s.broken != nil {
			return
		}
		s.broken = s.journal.open(s.Store)
	})
	return s.broken
}

// Close closes the files of Store. Requests that come later are not stored.
func (s *Server) Close() error {
	return cmp.Or(s.envelopes.close(), s.bulk.close(), s.journal.close())
}

// Advance moves the Server's clock forward, on top of the time that passes.
func (s *Server) Advance(d time.Duration) { s.offset.Add(int64(d)) }

// Now is the time on the Server's clock.
func (s *Server) Now() time.Time {
	return time.Now().Add(time.Duration(s.offset.Load())).UTC()
}

// Envelopes returns what was created, in that order, as it stands now. The
// slices within are shared and must not be modified.
func (s *Server) Envelopes() []Envelope {
	if s.Open() != nil {
		return nil
	}
	now := s.Now()
	_ = s.bulk.advance(s, now) // an error stops it, and the bulk endpoints say so
	all := s.envelopes.snapshot()
	out := make([]Envelope, len(all))
	for i, e := range all {
		out[i] = *e.at(now)
	}
	return out
}

// Log returns the requests seen so far, in the order they were answered.
func (s *Server) Log() []LogEntry { return s.journal.entries() }

// Refused tells how many calls were answered with a limit error.
func (s *Server) Refused() int { return s.gate.refusals() }

// ExpireTokens makes every access token given out so far invalid.
func (s *Server) ExpireTokens() { s.tokens.clear() }

func (s *Server) account() string        { return or(s.Account, DefaultAccount) }
func (s *Server) userID() string         { return or(s.UserID, DefaultUserID) }
func (s *Server) integrationKey() string { return or(s.IntegrationKey, DefaultIntegrationKey) }

// or returns v, or def when v is the zero value.
func or[T comparable](v, def T) T {
	var zero T
	if v == zero {
		return def
	}
	return v
}
