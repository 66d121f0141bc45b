package job

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"sync"
	"testing"

	"batchsend/envelope"
)

// people returns a file of that many envelopes with two rows each, which stand
// together, or in two halves of the file.
func people(envelopes int, together bool) string {
	var halves [2]strings.Builder
	second := 1
	if together {
		second = 0
	}
	for i := range envelopes {
		fmt.Fprintf(&halves[0], "E%05d,Employee,Ann Ek,ann%05d@example.test,Lund\n", i, i)
		fmt.Fprintf(&halves[second], "E%05d,Manager,Bo Ek,bo%05d@example.test,\n", i, i)
	}
	return "envelope,roleName,name,email,tab:City\n" + halves[0].String() + halves[1].String()
}

// TestFileChanges: an envelope whose rows no longer say what was checked is not sent.
func TestFileChanges(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]func(text string) string{
		"another address":  func(text string) string { return strings.Replace(text, "bo00500@", "di00500@", 1) },
		"another name":     func(text string) string { return strings.ReplaceAll(text, "Ann Ek", "Ann Ok") },
		"another label":    func(text string) string { return strings.ReplaceAll(text, "E00500", "F00500") },
		"another role":     func(text string) string { return strings.ReplaceAll(text, "Manager", "manages") },
		"a malformed row":  func(text string) string { return strings.ReplaceAll(text, "Ek,bo", "Ek;bo") },
		"a row that moved": func(text string) string { return strings.Replace(text, "E00001", "", 1) + "      " },
		"shorter":          func(text string) string { return text[:200] },
		"empty":            func(string) string { return "" },
	} {
		for _, together := range []bool{true, false} {
			t.Run(fmt.Sprintf("%s, rows together %v", name, together), func(t *testing.T) {
				t.Parallel()
				text := people(1000, together)
				x, _ := indexed(t, t.TempDir(), "", twoTemplates(), text)
				defer x.Close()
				if x.Len() != 1000 || x.Rejected() {
					t.Fatalf("%v", x.Counts())
				}
				if _, err := x.Read(context.Background(), 500); err != nil {
					t.Fatal(err)
				}
				if _, err := x.Read(context.Background(), 0); err != nil { // so that nothing of it is in memory
					t.Fatal(err)
				}
				if err := os.WriteFile(x.position(0).File, []byte(change(text)), 0o600); err != nil {
					t.Fatal(err)
				}
				env, err := x.Read(context.Background(), 500)
				changed, ok := errors.AsType[*FileChangedError](err)
				if !ok || env != nil || !strings.Contains(changed.Error(), "Nothing further is sent") {
					t.Errorf("Read = %v, %v", env, err)
				}
			})
		}
	}
}

// TestEntriesOfAnotherFile: rows that are not where they were are no entries.
func TestEntriesOfAnotherFile(t *testing.T) {
	t.Parallel()
	text := people(100, true)
	for name, now := range map[string]string{
		"an envelope less":  blanked(text, "E00050"),
		"the last one less": blanked(text, "E00099"),
		"a row less":        blanked(text, "E00050,Manager"),
		"a row joined":      strings.Replace(text, "E00050", "E00049", 1),
		"a row apart":       strings.Replace(text, "E00050", "E00077", 1),
	} {
		x, _ := indexed(t, t.TempDir(), "", twoTemplates(), text)
		defer x.Close()
		if err := os.WriteFile(x.position(0).File, []byte(now), 0o600); err != nil {
			t.Fatal(err)
		}
		var err error
		for _, err = range x.Entries() {
			if err != nil {
				break
			}
		}
		if _, ok := errors.AsType[*FileChangedError](err); !ok {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// blanked returns a file of the same length with empty lines where a label stood.
func blanked(text, label string) string {
	var b strings.Builder
	for line := range strings.Lines(text) {
		if strings.HasPrefix(line, label) {
			line = strings.Repeat("\n", len(line))
		}
		b.WriteString(line)
	}
	return b.String()
}

// TestEntry reads each envelope again by its number, also where a row that cannot be
// split is so long that it comes in parts.
func TestEntry(t *testing.T) {
	t.Parallel()
	torn := "F,Employee,\"" + strings.Repeat("Ann,A,b,c\n", 260_000) // its quote is never closed
	for name, text := range map[string]string{
		"rows together":                   people(20, true),
		"rows apart":                      people(20, false),
		"a torn row":                      people(3, false) + torn,
		"a torn row and a row before":     people(3, false) + "F,Manager,Bo,bo@example.test,\n" + torn,
		"a torn row of an envelope above": people(1, false) + "F,Manager,Bo,bo@example.test,\n" + people(1, false)[len("envelope,roleName,name,email,tab:City\n"):] + torn,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			x, _ := indexed(t, t.TempDir(), "", twoTemplates(), text)
			defer x.Close()
			rests := 0
			for n := range x.Len() {
				e, err := x.Entry(n)
				if err != nil {
					t.Fatalf("envelope %d of %d at %v: %v", n, x.Len(), x.position(n), err)
				}
				if e.Draft.Position() != x.position(n) || e.Draft.Label != x.label(n) {
					t.Errorf("envelope %d: %v %q, want %v %q", n, e.Draft.Position(), e.Draft.Label, x.position(n), x.label(n))
				}
				if e.Draft.Rows[0].Rest {
					rests++
				}
			}
			if (rests > 1) != strings.Contains(text, "F,Employee") {
				t.Errorf("%d envelopes are the rest of a torn row", rests)
			}
			for range x.Entries() { // nobody need read on
				break
			}
		})
	}
}

// TestReadAtOnce: several goroutines read envelopes while outcomes are written down.
func TestReadAtOnce(t *testing.T) {
	t.Parallel()
	c := twoTemplates()
	x, _ := indexed(t, t.TempDir(), "", c, people(200, true), people(200, false))
	defer x.Close()
	var wg sync.WaitGroup
	var settling sync.Mutex
	for g := range 4 {
		wg.Go(func() {
			for n := g; n < x.Len(); n += 4 {
				env, err := x.Read(context.Background(), n)
				if err != nil || env.Label != x.label(n) || env.Position != x.position(n) || env.Identity != x.identity(n) {
					t.Errorf("envelope %d: %+v, %v", n, env, err)
					return
				}
				settling.Lock() // as the observer of a run does
				err = x.settle(n, envelope.Outcome{Status: envelope.Failed, Message: env.Recipients[0].Email})
				settling.Unlock()
				if err != nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
	for n := range x.Len() {
		if out := outcomeOf(t, x, n); out.Message != fmt.Sprintf("ann%s@example.test", strings.TrimPrefix(x.label(n), "E")) {
			t.Errorf("envelope %d: %+v", n, out)
		}
	}
}
