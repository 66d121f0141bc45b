package sandbox

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"
)

// refreshLife is how long a refresh token is good for.
const refreshLife = 30 * 24 * time.Hour

// refreshToken is what is known of a refresh token, but for itself.
type refreshToken struct {
	Scopes []string  `json:"scopes"`
	End    time.Time `json:"end"`
}

// refreshTokens are the refresh tokens that can still be used. If the Server has a
// Store they are files there, one each, which all Servers of the directory share: who
// removes the file has used the token. The files' names are digests of the tokens.
type refreshTokens struct {
	mu     sync.Mutex
	memory map[string]refreshToken
}

const refreshDirectory = "refresh"

func refreshName(token string) string {
	sum := sha256.Sum256([]byte(token))
	return hex.EncodeToString(sum[:16]) + ".json"
}

// put makes a new refresh token.
func (t *refreshTokens) put(store string, r refreshToken) (string, error) {
	token := randomToken()
	if store == "" {
		t.mu.Lock()
		defer t.mu.Unlock()
		if t.memory == nil {
			t.memory = make(map[string]refreshToken)
		}
		t.memory[refreshName(token)] = r
		return token, nil
	}
	dir := filepath.Join(store, refreshDirectory)
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return "", err
	}
	text, err := json.Marshal(r)
	if err != nil {
		return "", err
	}
	return token, writeFile(filepath.Join(dir, refreshName(token)), text)
}

// take returns what is known of a refresh token, which cannot be used again.
func (t *refreshTokens) take(store, token string, now time.Time) (r refreshToken, ok bool) {
	name := refreshName(token)
	if store == "" {
		t.mu.Lock()
		defer t.mu.Unlock()
		r, ok = t.memory[name]
		delete(t.memory, name)
		return r, ok && now.Before(r.End)
	}
	path := filepath.Join(store, refreshDirectory, name)
	text, err := os.ReadFile(path)
	if err != nil || json.Unmarshal(text, &r) != nil || os.Remove(path) != nil {
		return refreshToken{}, false
	}
	return r, now.Before(r.End)
}

// clear forgets all of them.
func (t *refreshTokens) clear(store string) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	clear(t.memory)
	if store == "" {
		return nil
	}
	return os.RemoveAll(filepath.Join(store, refreshDirectory))
}

// RevokeLogins makes every refresh token given out so far invalid, as the user does who
// withdraws consent. Access tokens stay valid, as they do at DocuSign.
func (s *Server) RevokeLogins() error { return s.refresh.clear(s.Store) }

// serveLogin answers a token request of a person who has logged in: with a code, or
// with the refresh token that an earlier answer had. Each answer has a new one. With
// the scope extended that is good for 30 days from now, else as long as the first.
func (s *Server) serveLogin(w http.ResponseWriter, r *http.Request) {
	now := s.Now()
	var granted refreshToken
	if r.PostForm.Get("grant_type") == "authorization_code" {
		a, refused := s.exchangeCode(r)
		if refused != nil {
			writeJSON(w, http.StatusBadRequest, refused)
			return
		}
		granted = refreshToken{Scopes: a.scopes, End: now.Add(refreshLife)}
	} else {
		if _, refused := s.checkClient(r); refused != nil {
			writeJSON(w, http.StatusBadRequest, refused)
			return
		}
		var ok bool
		if granted, ok = s.refresh.take(s.Store, r.PostForm.Get("refresh_token"), now); !ok {
			writeJSON(w, http.StatusBadRequest, invalidGrant(""))
			return
		}
		if slices.Contains(granted.Scopes, "extended") {
			granted.End = now.Add(refreshLife)
		}
	}
	token, err := s.refresh.put(s.Store, granted)
	if err != nil {
		writeJSON(w, http.StatusInternalServerError, &oauthError{Code: "internal_server_error", Description: err.Error()})
		return
	}
	life := or(s.TokenLifetime, codeTokenLife)
	writeJSON(w, http.StatusOK, map[string]any{
		"access_token": s.tokens.issue(now, life), "token_type": "Bearer", "expires_in": int(codeTokenLife / time.Second),
		"refresh_token": token, "scope": strings.Join(granted.Scopes, " "),
	})
}
