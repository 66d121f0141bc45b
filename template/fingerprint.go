package template

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"strings"
	"time"
)

// Fingerprint tells this state of the template from others: when it was saved,
// and a digest of what it asks for (roles, routing orders, recipients, labels,
// custom fields). It is compared with [Changed].
func (t *Template) Fingerprint() string {
	h := sha256.New()
	for i := range t.Roles {
		r := &t.Roles[i]
		fmt.Fprintf(h, "role %q %d %s %q %v %v\n", r.Name, r.RoutingOrder, r.Kind, r.Person, r.Locked, r.NeedsAccessCode)
		for _, tab := range r.Tabs {
			fmt.Fprintf(h, "tab %q %s %q\n", tab.Label, tab.Type, tab.Options)
			if tab.SenderRequired && !tab.Filled {
				fmt.Fprintln(h, "wanted")
			}
		}
	}
	if t.NoDocument {
		fmt.Fprintln(h, "no document")
	}
	for i := range t.Documents {
		for _, tab := range t.Documents[i].Unfilled() {
			fmt.Fprintf(h, "prefill %q\n", tab.Label)
		}
	}
	for _, f := range t.Fields {
		fmt.Fprintf(h, "field %q %v %q\n", f.Name, f.Required, f.Options)
	}
	return t.Modified.UTC().Format(time.RFC3339) + " " + hex.EncodeToString(h.Sum(nil)[:8])
}

// Changed says what differs between two fingerprints of a template, in words
// that follow its name; "" if nothing does.
func Changed(before, now string) string {
	if before == now {
		return ""
	}
	_, asked, _ := strings.Cut(before, " ")
	saved, asks, _ := strings.Cut(now, " ")
	if asked != asks {
		return "asks for other roles, recipients or fields than before (saved " + saved + ")"
	}
	return "was saved anew on " + saved + "; its roles and fields are the same, but texts or documents may differ"
}
