package main

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/rsa"
	"encoding/json"
	"errors"
	"flag"
	"io"
	"log/slog"
	"net/http"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"batchsend/envelope"
	"batchsend/internal/apispec"
	"batchsend/internal/batch"
	"batchsend/internal/docusign"
	"batchsend/internal/job"
	"batchsend/internal/ledger"
	"batchsend/internal/remote"
	"batchsend/internal/sandbox"
	"batchsend/throttle"
)

// ownPolicy are the codes with which the program rejects what DocuSign takes as
// it stands, and why; when says in which stories, nil: in all.
var ownPolicy = []struct {
	code   envelope.Code
	when   func(*promiseStory) bool
	reason string
}{
	{envelope.EmailInvalid, nil, "DocuSign takes addresses to which no mail can go, and the mail bounces"},
	{envelope.NameMissing, nil, "DocuSign takes a name that nobody can see"},
	{envelope.TextInvalid, nil, "control characters, invisible subjects and merge fields that name nothing are taken and mailed as they are"},
	{envelope.TabValue, nil, "patterns, lengths and kinds of values are often not looked at before somebody signs, and then nobody can"},
	{envelope.AccessCodeInvalid, nil, "a code with a line break is taken, and nobody can type it"},
	{envelope.ReminderInvalid, nil, "reminders that can never be sent are taken"},
	{envelope.ExpirationInvalid, nil, "warnings that can never be sent are taken"},
	{envelope.DuplicateRecipient, nil, "one person is mailed twice: most often a slip, and --allow-same-person lets it pass"},
	{envelope.DuplicateEnvelope, nil, "the same envelope twice is two envelopes for DocuSign"},
	{envelope.FieldUnknown, nil, "a custom field that the template lacks is added, and no report looks for it"},
	{envelope.RoleKind, nil, "what becomes of an in-person signer, witness or seal without all that they need is not known"},
	{envelope.PhoneInvalid, nil, "no number of that form exists, and no message would arrive"},
	{envelope.RoleFixed, func(s *promiseStory) bool {
		return slices.ContainsFunc(s.template.roles, func(r roleStory) bool { return r.locked && r.fixed == "" })
	}, "whether a locked role may be given somebody is not known for every form"},
	{envelope.RoutingMismatch, (*promiseStory).sharesRoles, "of several roles of one name DocuSign fills the first, whoever was meant"},
	{envelope.RoleMissing, (*promiseStory).sharesRoles, "two roles of one name at one routing order cannot be told apart"},
	{envelope.TabUnknown, func(s *promiseStory) bool { return s.account.unknownTabs == sandbox.UnknownTabsAdd }, "whether a tab that the role lacks is added is not known"},
}

// sharesRoles tells whether several roles of the template bear one name.
func (s *promiseStory) sharesRoles() bool {
	return slices.ContainsFunc(s.template.roles, func(r roleStory) bool { return s.template.shared(r.name) })
}

// isPolicy tells whether the program may reject for this reason alone.
func (s *promiseStory) isPolicy(code envelope.Code) bool {
	for _, p := range ownPolicy {
		if p.code == code && (p.when == nil || p.when(s)) {
			return true
		}
	}
	return false
}

// tally counts what the stories were about, to see that they prove something.
type tally struct {
	mu     sync.Mutex
	counts map[string]int
}

func (n *tally) add(what string) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.counts == nil {
		n.counts = map[string]int{}
	}
	n.counts[what]++
}

// TestPromise holds the dry run and DocuSign against each other (DESIGN 5): what
// is accepted makes exactly the recipients, values and days that the rows say,
// one by one, in two steps and in bulk; what is rejected DocuSign refuses, or
// makes something else of, or it is our own policy. By hand:
//
//	go test ./cmd/batchsend -run TestPromise -rapid.checks=50000
func TestPromise(t *testing.T) {
	t.Parallel()
	db, err := ledger.OpenReadOnly(t.Context(), filepath.Join(t.TempDir(), "none.db"))
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	var n tally
	rounds := 1
	if checks := flag.Lookup("rapid.checks"); checks.Value.String() == checks.DefValue {
		rounds = 3
	}
	for range rounds {
		rapid.Check(t, func(rt *rapid.T) {
			p := &promise{T: rt, story: rapid.Custom(drawStory).Draw(rt, "story"), tally: &n, db: db}
			p.keep(t.Context())
		})
	}
	t.Logf("%v", n.counts)
	for _, what := range []string{"accepted", "rejected", "in bulk", "refused", "made otherwise", "blocked", "bulk forbidden"} {
		if n.counts[what] == 0 && !t.Failed() {
			t.Errorf("no story was %s: the draw proves little", what)
		}
	}
}

// promise is one story put to the test.
type promise struct {
	*rapid.T
	story  *promiseStory
	tally  *tally
	db     *ledger.DB
	server *sandbox.Server
	client *docusign.Client
	token  string // that the client used last
}

// RoundTrip carries the client's calls to the sandbox and keeps its token.
func (p *promise) RoundTrip(req *http.Request) (*http.Response, error) {
	if strings.Contains(req.URL.Path, "/restapi") {
		p.token = req.Header.Get("Authorization")
	}
	return p.server.Transport().RoundTrip(req)
}

// keep does what a dry run does and then sees whether it was right.
func (p *promise) keep(ctx context.Context) {
	p.server = p.story.server()
	checked, err := p.dryRun(ctx)
	if p.story.account.blocked != "" {
		if _, blocked := errors.AsType[*docusign.BlockedError](err); !blocked {
			p.Fatalf("the account is %s and the dry run goes on: %v", p.story.account.blocked, err)
		}
		for _, e := range p.story.envelopes {
			if env, taken := p.postPlainly(e); taken {
				p.Fatalf("DocuSign takes an envelope although the account is %s: %+v", p.story.account.blocked, env)
			}
		}
		p.tally.add("blocked")
		return
	}
	if err != nil {
		p.Fatalf("the dry run fails: %v", err)
	}
	var accepted []*envelope.Envelope
	defer checked.Close()
	for n := range checked.Len() {
		entry, err := checked.Entry(n)
		if err != nil {
			p.Fatal(err)
		}
		e := p.story.envelopes[slices.IndexFunc(p.story.envelopes, func(e *envelopeStory) bool { return e.label == entry.Draft.Label })]
		if entry.Outcome.Status == envelope.Rejected {
			p.rejected(e, entry.Problems)
			continue
		}
		env, err := checked.Read(ctx, n)
		if err != nil {
			p.Fatal(err)
		}
		p.tally.add("accepted")
		accepted = append(accepted, env)
		p.singly(ctx, &checked, e, env)
	}
	p.inBulk(ctx, &checked, accepted)
}

// dryRun is a dry run of the program over the story's file, as far as the
// templates' and account's part goes.
func (p *promise) dryRun(ctx context.Context) (job.Checked, error) {
	quiet := slog.New(slog.DiscardHandler)
	p.client = &docusign.Client{
		IntegrationKey: sandbox.DefaultIntegrationKey, UserID: sandbox.DefaultUserID, Key: storyKey(), Transport: judgedTransport(p),
	}
	login, err := p.client.Connect(ctx)
	if err != nil {
		p.Fatal(err)
	}
	in, err := job.Open(job.Files{Paths: []string{"-"}, Stdin: strings.NewReader(p.story.file()), Batch: "story"})
	if err != nil {
		p.Fatalf("the file cannot be read: %v", err)
	}
	once := throttle.Policy{Tries: 1}
	return job.Check(ctx, job.Options{
		Via: batch.Auto, AllowSamePerson: p.story.samePerson, Concurrency: 1, Defaults: p.story.flags(),
	}, job.Site{
		Account: login.AccountID, DocuSign: p.client, Retry: once, Ledger: p.db, Mode: &job.DryRun{}, Log: quiet, Operator: unwatched{},
		Template:  func(context.Context) (string, error) { return storyTemplate, nil },
		Templates: &job.Templates{DocuSign: p.client, Retry: once, Account: login.AccountName, Log: quiet},
	}, in)
}

// unwatched is an operator who sees nothing of a dry run.
type unwatched struct{ job.Operator }

func (unwatched) Reading(func() int) (end func()) { return func() {} }

// singly sends an accepted envelope at once, and again in two steps.
func (p *promise) singly(ctx context.Context, c *job.Checked, e *envelopeStory, env *envelope.Envelope) {
	id, err := p.client.Send(ctx, env, nil)
	if err != nil {
		p.Fatalf("%s is accepted and DocuSign refuses it: %v", e.label, err)
	}
	p.compare("at once", c, e, env, p.record(id))
	if id, err = p.client.Draft(ctx, env, nil); err == nil {
		err = p.client.SendDraft(ctx, id, nil)
	}
	if err != nil {
		p.Fatalf("%s is accepted and DocuSign refuses its draft: %v", e.label, err)
	}
	p.compare("in two steps", c, e, env, p.record(id))
}

// record is what the sandbox has of an envelope.
func (p *promise) record(id envelope.ID) sandbox.Envelope {
	all := p.server.Envelopes()
	i := slices.IndexFunc(all, func(e sandbox.Envelope) bool { return strings.EqualFold(e.ID, string(id)) })
	if i < 0 {
		p.Fatalf("the sandbox has no envelope %s", id)
	}
	return all[i]
}

// compare holds what the sandbox made against what the rows say.
func (p *promise) compare(how string, c *job.Checked, e *envelopeStory, env *envelope.Envelope, got sandbox.Envelope) {
	if diff := cmp.Diff(p.story.wants(e), p.story.made(e, got)); diff != "" {
		p.Fatalf("%s, sent %s, is not what its rows say (-rows +DocuSign):\n%s", e.label, how, diff)
	}
	want, plan := p.story.days(e), notesStory{delay: env.Applies.Delay, frequency: env.Applies.Frequency, expire: env.Applies.Expire, warn: env.Applies.Warn}
	if want != plan.String() {
		p.Fatalf("%s: the plan shows %v, the rows say %s", e.label, plan, want)
	}
	if p.story.account.noOverride {
		// DocuSign may apply the account's: then the dry run has said so.
		if _, warned := c.Overruled(); warned {
			return
		}
	}
	if days := madeDays(got.Notification); days != want {
		p.Fatalf("%s, sent %s: DocuSign applies %s, the rows say %s", e.label, how, days, want)
	}
}

// inBulk sends what the planner would put into lists.
func (p *promise) inBulk(ctx context.Context, c *job.Checked, accepted []*envelope.Envelope) {
	var numbers batch.Groups
	groups := make([]int32, len(accepted))
	for i, env := range accepted {
		groups[i], _ = numbers.Of(env)
	}
	plan := batch.Choose(groups, batch.Terms{Via: batch.InBulk, Forbidden: c.Info.BulkForbidden, Untold: !c.Info.BulkTold, Now: time.Now()})
	inLots := map[int32][]*envelope.Envelope{}
	for i, env := range accepted {
		if g := groups[i]; g >= 0 && int(g) < len(plan.InLots) && len(inLots[g]) < int(plan.InLots[g]) {
			inLots[g] = append(inLots[g], env)
		}
	}
	for _, envs := range inLots {
		lot := &remote.Lot{ID: remote.NewLotID(envs, time.Now())}
		var err error
		if lot.Draft, err = p.client.LotDraft(ctx, envs[0], lot.TransactionID()); err != nil {
			p.Fatalf("DocuSign refuses the draft of a list: %v", err)
		}
		lot.List, err = p.client.CreateList(ctx, lot, envs)
		if e, ok := errors.AsType[*docusign.Error](err); ok && e.BulkForbidden() && !c.Info.BulkTold {
			p.tally.add("bulk forbidden")
			continue // which nobody could know: they go one by one
		}
		if err == nil {
			err = p.client.TestList(ctx, lot.List, lot.Draft)
		}
		if err == nil {
			lot.BulkBatch, err = p.client.SendList(ctx, lot, nil)
		}
		if err != nil {
			p.Fatalf("DocuSign refuses a list of accepted envelopes: %v", err)
		}
		p.server.Advance(time.Minute)
		status, err := p.client.LotStatus(ctx, lot.BulkBatch)
		if err != nil || len(status.Errors) > 0 {
			p.Fatalf("DocuSign cannot make the copies of accepted envelopes: %+v, %v", status, err)
		}
		for _, env := range envs {
			p.tally.add("in bulk")
			e := p.story.envelopes[slices.IndexFunc(p.story.envelopes, func(e *envelopeStory) bool { return e.label == env.Label })]
			p.compare("in bulk", c, e, env, p.copyOf(lot, env))
		}
	}
}

// copyOf finds what the sandbox has made of env from a list.
func (p *promise) copyOf(lot *remote.Lot, env *envelope.Envelope) sandbox.Envelope {
	has := func(e *sandbox.Envelope, name, value string) bool {
		return slices.ContainsFunc(e.CustomFields, func(f sandbox.CustomField) bool { return f.Name == name && f.Value == value })
	}
	for _, e := range p.server.Envelopes() {
		if has(&e, docusign.LotField, lot.ID) && has(&e, docusign.IdentityField, env.TransactionID.String()) {
			return e
		}
	}
	p.Fatalf("no copy was made of %s", env.Label)
	panic("unreachable")
}

// rejected sees what DocuSign would have made of an envelope that was rejected.
func (p *promise) rejected(e *envelopeStory, problems []envelope.Problem) {
	p.tally.add("rejected")
	for _, problem := range problems {
		p.tally.add(string(problem.Code))
	}
	env, taken := p.postPlainly(e)
	if !taken {
		p.tally.add("refused")
		return
	}
	wants, made := p.story.wants(e), p.story.made(e, env)
	if !slices.Equal(wants, made) || p.story.days(e) != madeDays(env.Notification) {
		p.tally.add("made otherwise")
		return
	}
	for _, problem := range problems {
		if p.story.isPolicy(problem.Code) {
			p.tally.add("own policy")
			return
		}
	}
	p.Fatalf("%s is rejected, and DocuSign makes just what its rows say: %v\n%s", e.label, problems, abbreviated(strings.Join(made, "\n")))
}

// postPlainly has DocuSign make an envelope as its rows say, without any checks.
func (p *promise) postPlainly(e *envelopeStory) (env sandbox.Envelope, taken bool) {
	request, can := p.story.plainly(e)
	if !can {
		return env, false
	}
	body, err := json.Marshal(request)
	if err != nil {
		p.Fatal(err)
	}
	req, err := http.NewRequest(http.MethodPost, "https://demo.example.test/restapi/v2.1/accounts/"+sandbox.DefaultAccount+"/envelopes", bytes.NewReader(body))
	if err != nil {
		p.Fatal(err)
	}
	req.Header.Set("Authorization", p.token)
	req.Header.Set("Content-Type", "application/json")
	resp, err := p.server.Transport().RoundTrip(req)
	if err != nil {
		p.Fatal(err)
	}
	defer resp.Body.Close()
	answer, err := io.ReadAll(resp.Body)
	if err != nil {
		p.Fatal(err)
	}
	var got struct {
		ID string `json:"envelopeId"`
	}
	switch {
	case resp.StatusCode != http.StatusCreated:
		return env, false
	case json.Unmarshal(answer, &got) != nil || got.ID == "":
		p.Fatalf("an answer that names no envelope: %s", answer)
	}
	return p.record(envelope.ID(got.ID)), true
}

// judgedTransport holds every message against the official description, where
// that is at hand.
func judgedTransport(p *promise) http.RoundTripper {
	j, _ := apispec.FromEnv()
	return j.Transport(p, func(err error) { p.Error(err) })
}

// storyKey signs in for all stories.
var storyKey = sync.OnceValue(func() *rsa.PrivateKey {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		panic(err)
	}
	return key
})
