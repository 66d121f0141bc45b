package sandbox

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"al.essio.dev/pkg/shellescape"
)

// Kit is what a directory holds to practise with: a key pair, templates, and
// whatever the Server stores.
type Kit struct {
	Dir     string // absolute
	KeyFile string // path of the client's private key
	Key     *rsa.PrivateKey
}

// Prepare makes a directory ready for a sandbox, or finds it so. It writes, only
// where they are absent, private.pem (an RSA key of 2048 bits, PKCS#1, mode
// 0600) and template.json (the built-in template); the directory gets mode 0700
// if it is made here.
func Prepare(dir string) (*Kit, error) {
	dir, err := filepath.Abs(dir)
	if err != nil {
		return nil, err
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, err
	}
	kit := &Kit{Dir: dir, KeyFile: filepath.Join(dir, "private.pem")}
	if kit.Key, err = keyPair(kit.KeyFile); err != nil {
		return nil, err
	}
	template := filepath.Join(dir, "template.json")
	if _, err := os.Stat(template); errors.Is(err, fs.ErrNotExist) {
		if err := writeFile(template, offerLetter); err != nil {
			return nil, err
		}
	}
	return kit, nil
}

// Server returns a Server with the directory's key, templates and store, and
// the default identity.
func (k *Kit) Server() *Server {
	return &Server{
		Account: DefaultAccount, UserID: DefaultUserID, IntegrationKey: DefaultIntegrationKey,
		Key: &k.Key.PublicKey, TemplateDir: k.Dir, Store: k.Dir,
	}
}

// In returns a Server that lives in a directory with the limits of a real account, not
// yet opened, and the key to sign in with. The directory is made ready; see [Prepare].
func In(dir string) (*Server, *rsa.PrivateKey, error) {
	kit, err := Prepare(dir)
	if err != nil {
		return nil, nil, fmt.Errorf("the sandbox's directory: %w", err)
	}
	s := kit.Server()
	s.HourlyLimit, s.BurstLimit = UsualHourly, UsualBurst
	return s, kit.Key, nil
}

// keyPair reads the private key at path, or makes one.
func keyPair(path string) (*rsa.PrivateKey, error) {
	raw, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return newKeyPair(path)
	}
	if err != nil {
		return nil, err
	}
	key, err := parseKey(raw)
	if err != nil {
		return nil, fmt.Errorf("%s: %v: delete the file and a new key will be made", path, err)
	}
	// Clients refuse a key that others can read.
	return key, os.Chmod(path, 0o600)
}

func parseKey(raw []byte) (*rsa.PrivateKey, error) {
	block, _ := pem.Decode(raw)
	if block == nil {
		return nil, errors.New("it is not a PEM file")
	}
	if key, err := x509.ParsePKCS1PrivateKey(block.Bytes); err == nil {
		return key, nil
	}
	parsed, err := x509.ParsePKCS8PrivateKey(block.Bytes)
	if err != nil {
		return nil, errors.New("it holds no RSA private key")
	}
	key, ok := parsed.(*rsa.PrivateKey)
	if !ok {
		return nil, errors.New("it holds a key that is not RSA")
	}
	return key, nil
}

func newKeyPair(path string) (*rsa.PrivateKey, error) {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		return nil, err
	}
	block := &pem.Block{Type: "RSA PRIVATE KEY", Bytes: x509.MarshalPKCS1PrivateKey(key)}
	return key, writeFile(path, pem.EncodeToMemory(block))
}

// WriteEnv writes DIR/.env, to be read by a shell: what a client must know to
// use s, which serves at baseURL and was made from the directory's Kit. The
// template is the built-in one if it is there, else the first by name. It
// returns the file's path.
func WriteEnv(dir, baseURL string, s *Server) (string, error) {
	dir, err := filepath.Abs(dir)
	if err != nil {
		return "", err
	}
	template := DefaultTemplate
	if list := s.templates(); len(list) > 0 {
		if _, err := s.template(DefaultTemplate); err != nil {
			template = list[0].id
		}
	}
	var b strings.Builder
	for _, v := range [][2]string{
		{"DOCUSIGN_AUTH_SERVER", strings.TrimRight(baseURL, "/")},
		{"DOCUSIGN_INTEGRATION_KEY", s.integrationKey()},
		{"DOCUSIGN_USER_ID", s.userID()},
		{"DOCUSIGN_PRIVATE_KEY", filepath.Join(dir, "private.pem")},
		{"DOCUSIGN_ACCOUNT_ID", s.account()},
		{"BATCHSEND_TEMPLATE", template},
		{"BATCHSEND_LEDGER", filepath.Join(dir, "ledger.db")},
	} {
		fmt.Fprintf(&b, "export %s=%s\n", v[0], shellescape.Quote(v[1]))
	}
	path := filepath.Join(dir, ".env")
	return path, writeFile(path, []byte(b.String()))
}

// Announce tells a person on w that s serves at baseURL, and writes the .env file; see
// [WriteEnv]. next is the command to begin with in another terminal.
func (s *Server) Announce(w io.Writer, dir, baseURL, next string) error {
	env, err := WriteEnv(dir, baseURL, s)
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(w, `sandbox: %s (open it in a browser to see what was "mailed")
template: %s
next, in another terminal:
  . %s
  %s
Ctrl-C ends the sandbox; its records stay in %s
`, baseURL, filepath.Join(dir, "template.json"), shellescape.Quote(env), next, dir)
	return err
}

// writeFile writes a file whole or not at all, for nobody but its owner.
func writeFile(path string, data []byte) error {
	temp, err := os.CreateTemp(filepath.Dir(path), ".new-*") // mode 0600
	if err != nil {
		return err
	}
	defer os.Remove(temp.Name()) // fails when all went well
	_, err = temp.Write(data)
	if e := temp.Close(); err == nil {
		err = e
	}
	if err != nil {
		return err
	}
	return os.Rename(temp.Name(), path)
}

// Files returns where the files of a sandbox stand that would be lost with their content:
// key, template and records.
func Files(dir string) (paths []string) {
	for _, name := range []string{"private.pem", "template.json", "envelopes.jsonl", "bulk.jsonl", "requests.log"} {
		paths = append(paths, filepath.Join(dir, name))
	}
	return paths
}
