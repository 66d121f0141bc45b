package job

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"batchsend/envelope"
	"batchsend/internal/ledger"
	"batchsend/internal/templatefile"
	"batchsend/internal/usage"
	"batchsend/reminders"
	"batchsend/throttle"
)

// Offline is what a dry run has that checks against template files alone.
type Offline struct {
	// Site calls nobody and reads no ledger. Operator and Log are left to be added.
	Site
	files []*templatefile.File
}

// OpenOffline reads the template files at paths; it returns nil if there are none. wanted is
// the template for rows that name none; "" is that of the only file. The error is a
// usage error if the files do not go together, else that of a file.
func OpenOffline(paths []string, wanted string) (*Offline, error) {
	if len(paths) == 0 {
		return nil, nil
	}
	var files []*templatefile.File
	for _, path := range paths {
		f, err := templatefile.Open(path)
		if err != nil {
			return nil, err
		}
		files = append(files, f)
	}
	return offline(files, wanted)
}

// offline is [OpenOffline] once the files are read.
func offline(files []*templatefile.File, wanted string) (*Offline, error) {
	known := templateFiles{}
	for _, f := range files {
		if other, again := known[f.Template.ID]; again {
			return nil, usage.Errorf("%s and %s hold the same template: give one of them", other.Path, f.Path)
		}
		if first := files[0]; !strings.EqualFold(first.Account.ID, f.Account.ID) {
			return nil, usage.Errorf("%s and %s are of different accounts: check their rows in two runs", first.Path, f.Path)
		}
		known[f.Template.ID] = f
	}
	id := strings.ToLower(strings.Trim(wanted, "{}"))
	switch {
	case id == "" && len(files) == 1:
		id = files[0].Template.ID
	case id != "" && known[id] == nil:
		return nil, usage.Errorf("template %q is in none of the template files, which hold %s", wanted, known.held())
	}
	limiter := &throttle.Limiter{Hour: throttle.Quota{Limit: throttle.AssumedHourly}, Burst: throttle.Quota{Limit: throttle.AssumedBurst}}
	return &Offline{files: files, Site: Site{
		Account: files[0].Account.ID, DocuSign: nobody{account: &files[0].Account}, Limits: limiter.State,
		Template:  func(context.Context) (string, error) { return id, nil },
		Templates: known,
		Ledger:    ledger.Empty(), Mode: &DryRun{},
	}}, nil
}

// templateFiles are templates from files, by ID.
type templateFiles map[string]*templatefile.File

var _ Sources = templateFiles(nil)

// held lists the templates.
func (t templateFiles) held() string {
	var all []string
	for id, f := range t {
		all = append(all, fmt.Sprintf("%s (%s)", id, f.Path))
	}
	slices.Sort(all)
	return strings.Join(all, ", ")
}

// Source implements [Sources].
func (t templateFiles) Source(_ context.Context, id string, _ reminders.Stored) (*envelope.Source, error) {
	if f := t[strings.ToLower(id)]; f != nil {
		return &envelope.Source{Template: f.Template, Base: f.Base}, nil
	}
	return &envelope.Source{Err: fmt.Errorf("template %q is not in the template files of this run, which hold %s: add --template-file for it, or check without --template-file", id, t.held())}, nil
}

// String says what the check cannot find out.
func (o *Offline) String() string {
	var all []string
	for _, f := range o.files {
		all = append(all, fmt.Sprintf("%s (template %q of account %q, read on %s)", f.Path, f.Template.Name, f.Account.Name, f.Pulled.In(time.Local).Format("2006-01-02 15:04")))
	}
	return fmt.Sprintf("checked against %s alone. Not known here: what was sent before, the account's allowance and call limits, and what has changed in the template since", strings.Join(all, ", "))
}
