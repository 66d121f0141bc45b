package signin

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const (
	demo    = "https://account-d.docusign.com"
	testKey = "1E700000-0000-4000-8000-000000000001"
)

// ring is a keyring in memory. Its contract is that of the system's.
type ring struct {
	mu      sync.Mutex
	secrets map[string]string
	locked  error
}

func (r *ring) Set(name, secret string) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.locked == nil {
		r.secrets[name] = secret
	}
	return r.locked
}

func (r *ring) Get(name string) (string, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	secret, ok := r.secrets[name]
	if !ok {
		return "", errors.New("not there")
	}
	return secret, r.locked
}

func (r *ring) Delete(name string) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.locked == nil {
		delete(r.secrets, name)
	}
	return r.locked
}

func entry() Entry {
	now := time.Now().UTC().Truncate(time.Second)
	return Entry{
		Server: demo, IntegrationKey: testKey, UserID: "u1", UserName: "Ann Ek", UserEmail: "ann@example.test",
		Since: now, Renewed: now, RefreshToken: "token-1",
	}
}

func save(t *testing.T, s *Store, inFile bool) *Stored {
	t.Helper()
	stored, reason, err := s.Save(t.Context(), entry(), inFile)
	if err != nil || reason != nil {
		t.Fatalf("Save: %v, %v", reason, err)
	}
	return stored
}

// files returns the text of all files of a directory.
func files(t *testing.T, dir string) string {
	t.Helper()
	var all strings.Builder
	found, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range found {
		text, err := os.ReadFile(filepath.Join(dir, f.Name()))
		info, err2 := f.Info()
		if err := errors.Join(err, err2); err != nil {
			t.Fatal(err)
		}
		if runtime.GOOS != "windows" && info.Mode().Perm() != 0o600 {
			t.Errorf("%s has mode %04o", f.Name(), info.Mode().Perm())
		}
		fmt.Fprintf(&all, "%s: %s\n", f.Name(), text)
	}
	return all.String()
}

// TestStore: a login is kept and found, in a file or in the keyring, renewed there, and
// removed. Only the file of one that is not in the keyring has the token.
func TestStore(t *testing.T) {
	for _, inKeyring := range []bool{false, true} {
		t.Run(fmt.Sprintf("keyring=%t", inKeyring), func(t *testing.T) {
			keys := &ring{secrets: map[string]string{}}
			s := &Store{Dir: filepath.Join(t.TempDir(), "state", "logins")}
			if inKeyring {
				s.Keyring = keys
			}
			if found, err := s.Find(demo, testKey); found != nil || err != nil {
				t.Fatalf("before: %v, %v", found, err)
			}
			save(t, s, false)
			for i := range 3 { // each in a process of its own
				again := &Store{Dir: s.Dir, Keyring: s.Keyring}
				found, err := again.Find(demo, strings.ToLower(testKey))
				if err != nil || found == nil || found.Entry.UserEmail != "ann@example.test" || found.Entry.RefreshToken != "" || found.Entry.InKeyring != inKeyring {
					t.Fatalf("Find = %+v, %v", found, err)
				}
				err = found.Renew(t.Context(), func(token string) (string, error) {
					if want := fmt.Sprintf("token-%d", i+1); token != want {
						t.Errorf("token %q, want %q", token, want)
					}
					return fmt.Sprintf("token-%d", i+2), nil
				})
				if err != nil {
					t.Fatal(err)
				}
			}
			if has := strings.Contains(files(t, s.Dir), "token-"); has == inKeyring || len(keys.secrets) == 1 != inKeyring {
				t.Errorf("keyring %v, files:\n%s", keys.secrets, files(t, s.Dir))
			}
			for _, other := range [][2]string{{"https://account.docusign.com", testKey}, {"http://account-d.docusign.com", testKey}, {demo, "another"}} {
				if found, err := s.Find(other[0], other[1]); found != nil || err != nil {
					t.Errorf("at %v: %v, %v", other, found, err)
				}
			}
			failed := errors.New("refused")
			found, _ := s.Find(demo, testKey)
			if err := found.Renew(t.Context(), func(string) (string, error) { return "", failed }); err != failed {
				t.Errorf("a refusal: %v", err)
			}
			removed, err := s.Remove(t.Context(), demo, testKey)
			if err != nil || removed == nil || removed.Entry.UserName != "Ann Ek" || len(keys.secrets) != 0 || strings.Contains(files(t, s.Dir), "token-") {
				t.Errorf("Remove = %v, %v; left %v %s", removed, err, keys.secrets, files(t, s.Dir))
			}
			if removed, err := s.Remove(t.Context(), demo, testKey); removed != nil || err != nil {
				t.Errorf("again: %v, %v", removed, err)
			}
			if err := found.Renew(t.Context(), func(string) (string, error) { t.Error("asked"); return "", nil }); err == nil || !strings.Contains(err.Error(), "logged out") {
				t.Errorf("after logging out: %v", err)
			}
		})
	}
}

// TestKeyringAway: where the keyring does not take the login it is kept in a file, and
// where it cannot be reached later the error says so.
func TestKeyringAway(t *testing.T) {
	keys := &ring{secrets: map[string]string{}, locked: errors.New("it is locked")}
	s := &Store{Dir: t.TempDir(), Keyring: keys}
	stored, reason, err := s.Save(t.Context(), entry(), false)
	if err != nil || reason != keys.locked || stored.Entry.InKeyring || stored.Where() != stored.path || !strings.Contains(files(t, s.Dir), "token-1") {
		t.Errorf("locked: %+v, %v, %v", stored, reason, err)
	}
	keys.locked = nil
	if stored := save(t, s, false); !stored.Entry.InKeyring || strings.Contains(files(t, s.Dir), "token-1") {
		t.Errorf("unlocked: %+v", stored)
	}
	cron := &Store{Dir: s.Dir}
	found, err := cron.Find(demo, testKey)
	if err != nil || found == nil {
		t.Fatal(found, err)
	}
	if err := found.Renew(t.Context(), nil); err == nil || !strings.Contains(err.Error(), "cannot be reached from here") {
		t.Errorf("without a keyring: %v", err)
	}
	if stored := save(t, s, true); stored.Entry.InKeyring || len(keys.secrets) != 0 {
		t.Errorf("in a file: %+v, keyring %v", stored, keys.secrets)
	}
}

// TestBadFiles: a file that others can read is refused with the cure, a damaged one is
// said, and both can be removed.
func TestBadFiles(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("modes say nothing here")
	}
	s := &Store{Dir: t.TempDir()}
	for _, tt := range []struct {
		spoil func(path string) error
		says  string
		cure  string
	}{
		{func(path string) error { return os.Chmod(path, 0o644) }, "others may read the file (mode 0644)", "chmod 600 "},
		{func(path string) error { return os.WriteFile(path, []byte("{"), 0o600) }, "damaged", "`batchsend login`"},
	} {
		stored := save(t, s, true)
		if err := tt.spoil(stored.path); err != nil {
			t.Fatal(err)
		}
		_, err := s.Find(demo, testKey)
		e, ok := errors.AsType[*Error](err)
		if !ok || !strings.Contains(e.Text, tt.says) || !strings.Contains(e.Hint(), tt.cure) {
			t.Errorf("Find: %v, want %q, %q", err, tt.says, tt.cure)
		}
		if removed, err := s.Remove(t.Context(), demo, testKey); err != nil || removed == nil {
			t.Errorf("Remove = %v, %v", removed, err)
		}
	}
}

// TestOneAtATime: however many renew at once, each uses the token that the one before it
// was given.
func TestOneAtATime(t *testing.T) {
	dir := t.TempDir()
	save(t, &Store{Dir: dir}, true)
	var used sync.Map
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			found, err := (&Store{Dir: dir}).Find(demo, testKey)
			if err != nil {
				t.Error(err)
				return
			}
			err = found.Renew(t.Context(), func(token string) (string, error) {
				if _, twice := used.LoadOrStore(token, true); twice {
					t.Errorf("%s was used twice", token)
				}
				var n int
				fmt.Sscanf(token, "token-%d", &n)
				return fmt.Sprintf("token-%d", n+1), nil
			})
			if err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	if text := files(t, dir); !strings.Contains(text, `"token-9"`) {
		t.Errorf("after eight renewals:\n%s", text)
	}
}

// TestHidden: no format shows the token.
func TestHidden(t *testing.T) {
	for _, format := range []string{"%v", "%+v", "%#v", "%s"} {
		if got := fmt.Sprintf(format, entry()); strings.Contains(got, "token-1") {
			t.Errorf("%s: %s", format, got)
		}
	}
}
