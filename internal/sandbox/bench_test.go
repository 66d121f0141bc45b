package sandbox_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"batchsend/internal/sandbox"
)

// What the Server costs per envelope: it must stay small beside the client that
// is measured against it.
func BenchmarkCreate(b *testing.B) {
	for _, dir := range []string{"", b.TempDir()} {
		name := "memory"
		if dir != "" {
			name = "store"
		}
		b.Run(name, func(b *testing.B) {
			s := &sandbox.Server{Store: dir, HourlyLimit: 1 << 30, BurstLimit: 1 << 30}
			defer s.Close()
			h := s.Handler()
			post := func(target, kind, token, body string) *httptest.ResponseRecorder {
				r := httptest.NewRequest(http.MethodPost, target, strings.NewReader(body))
				r.Header.Set("Content-Type", kind)
				r.Header.Set("Authorization", "Bearer "+token)
				w := httptest.NewRecorder()
				h.ServeHTTP(w, r)
				return w
			}
			_, token, _ := strings.Cut(post(root+"/oauth/token", "application/x-www-form-urlencoded", "", form(sign(b, claims(s.Now())))).Body.String(), `"access_token":"`)
			token, _, _ = strings.Cut(token, `"`)
			for b.Loop() {
				if w := post(rest+"/envelopes", "application/json", token, offer); w.Code != http.StatusCreated {
					b.Fatal(w.Body)
				}
			}
		})
	}
}
