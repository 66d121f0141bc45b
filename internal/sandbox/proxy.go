package sandbox

import (
	"bytes"
	"net/http"
	"path"
	"regexp"
	"sync"
)

// proxy is one between client and Server that mixes answers up. It keeps the first
// good answer to each kind of POST.
type proxy struct {
	mu   sync.Mutex
	kept map[string][]byte // bodies, by the last part of the path
}

// keep keeps an answer, if it is the first of its kind.
func (p *proxy) keep(r *http.Request, a *answer) {
	if r.Method != http.MethodPost || !isREST(r) || a.code() != http.StatusCreated {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	kind := path.Base(r.URL.Path)
	if p.kept == nil {
		p.kept = make(map[string][]byte)
	}
	if p.kept[kind] == nil {
		p.kept[kind] = bytes.Clone(a.out.Bytes())
	}
}

// replay answers with what was kept, if something was.
func (p *proxy) replay(r *http.Request, a *answer) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	body := p.kept[path.Base(r.URL.Path)]
	if r.Method != http.MethodPost || body == nil {
		return false
	}
	a.status = http.StatusCreated
	a.header.Set("Content-Type", "application/json; charset=utf-8")
	a.out.Reset()
	a.out.Write(body)
	return true
}

var envelopeIDs = regexp.MustCompile(`"envelopeId":"[^"]*"`)

// nameNoID puts what is no ID in the place of envelope IDs.
func (a *answer) nameNoID() {
	text := envelopeIDs.ReplaceAll(a.out.Bytes(), []byte(`"envelopeId":"17"`))
	a.out.Reset()
	a.out.Write(text)
}
