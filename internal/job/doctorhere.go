package job

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"batchsend/internal/docusign"
	"batchsend/internal/report"
)

// What a [Doctor] looks at on this machine.

func examineSettings(_ context.Context, d Doctor, k *known) []finding {
	s, err := d.Settings()
	k.nowhere = s.Environment == ""
	var found []finding
	switch {
	case err != nil:
		found = failed(err)
	case s.File == "":
		found = ok("%s; no configuration file", s.Environment)
	case s.Profile == "":
		found = ok("%s; %s", s.Environment, s.File)
	default:
		found = ok("%s; %s, profile %s", s.Environment, s.File, s.Profile)
	}
	for _, doubt := range s.Doubts {
		found = append(found, warning("", "%s", doubt)...)
	}
	return found
}

func examineKey(_ context.Context, d Doctor, k *known) []finding {
	if k.nowhere {
		k.keyless = true
		return nil
	}
	description, err := d.Key()
	if err == nil {
		return ok("%s", description)
	}
	k.keyless = true
	if _, bad := errors.AsType[*docusign.KeyError](err); bad {
		return failed(err)
	}
	k.told = true
	return ofStep("sign-in", failed(err))
}

func examineProxy(_ context.Context, d Doctor, k *known) []finding {
	if k.nowhere {
		return nil
	}
	p, err := d.Proxy()
	k.cut = err != nil
	switch {
	case err != nil:
		return failed(err)
	case p.Variable == "":
		return ok("none")
	case p.Bypassed:
		return ok("none: NO_PROXY leaves the one in %s out", p.Variable)
	case p.Login:
		return ok("%s, with a login (%s)", p.Address, p.Variable)
	}
	return ok("%s (%s)", p.Address, p.Variable)
}

func examineLedger(ctx context.Context, d Doctor, _ *known) []finding {
	// It is done even if ctx has ended because a wait for DocuSign was given up.
	path, probed, err := d.Ledger(context.WithoutCancel(ctx))
	if err != nil {
		return failed(err)
	}
	about := path
	switch {
	case !probed.There:
		about += " is not there yet: the first run makes it"
	case probed.Older:
		about += ", of an earlier release: the next run brings it up to date"
	}
	found := ok("%s", about)
	if probed.Free >= 0 {
		found = append(found, ofStep("disk", examineDisk(probed.Free))...)
	}
	return found
}

// leastFree is how much room the ledger's disk should have, in bytes: an envelope
// takes about one KiB. With less than fewFree a person should make room soon.
const (
	leastFree = 4 << 20
	fewFree   = 100 << 20
)

// DiskError says that the disk of the ledger is nearly full.
type DiskError struct {
	Free int64 // bytes
}

func (e *DiskError) Error() string {
	return fmt.Sprintf("%s KiB are left on the disk of the ledger, of which an envelope takes about one", report.Number(int(e.Free>>10)))
}

// Hint says what to do about it.
func (e *DiskError) Hint() string {
	return "make room before you send: nothing is sent that cannot be recorded"
}

// examineDisk checks the room on the ledger's disk, in bytes.
func examineDisk(free int64) []finding {
	switch {
	case free < leastFree:
		return failed(&DiskError{free})
	case free < fewFree:
		return warning("make room: an envelope takes about one KiB of the ledger", "only %s MiB free beside the ledger", report.Number(int(free>>20)))
	}
	return ok("%s MiB free beside the ledger", report.Number(int(free>>20)))
}

// CheckGUID fails if a setting that must be a GUID is none. name is what people call it.
func CheckGUID(name, place, value string) error {
	if value == "" || IsTemplateID(strings.Trim(value, "{}")) {
		return nil
	}
	return &GUIDError{name, place, value}
}

// CheckUserID is [CheckGUID] for the ID of the user to send as. That an e-mail address is
// none, others tell.
func CheckUserID(place, value string) error {
	if strings.Contains(value, "@") {
		return nil
	}
	return CheckGUID("user ID", place, value)
}

// GUIDError says that a setting is no GUID.
type GUIDError struct{ name, place, value string }

func (e *GUIDError) Error() string {
	return fmt.Sprintf("%s is %q: the %s must be a GUID such as 1b2c3d4e-0000-4000-8000-000000000001", e.place, e.value, e.name)
}

// Hint says where it is found.
func (e *GUIDError) Hint() string {
	return "copy the " + e.name + " from the page Apps and Keys in DocuSign's settings, whole"
}
