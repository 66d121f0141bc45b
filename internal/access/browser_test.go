package access_test

import (
	"context"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"batchsend/internal/access"
	"batchsend/internal/sandbox"
	"batchsend/internal/signin"
)

// TestRealBrowser: a person logs in with a real browser and a real click. The page at the
// end can be read by everybody: it has a language, a title and one heading, and it
// fits a narrow window.
func TestRealBrowser(t *testing.T) {
	t.Parallel()
	var program string
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome"} {
		if path, err := exec.LookPath(name); err == nil {
			program = path
			break
		}
	}
	if program == "" {
		t.Skip("NO LOGIN WAS TRIED WITH A REAL BROWSER: chromium is not installed (apt-get install chromium)")
	}
	options := append(chromedp.DefaultExecAllocatorOptions[:], chromedp.ExecPath(program), chromedp.NoSandbox, chromedp.UserDataDir(t.TempDir()), chromedp.WindowSize(380, 700))
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	ctx, stop := chromedp.NewExecAllocator(ctx, options...)
	defer stop()
	ctx, close := chromedp.NewContext(ctx)
	defer close()
	if err := chromedp.Do(ctx); err != nil { // starts it
		t.Fatal(err)
	}

	auth := serve(t, &sandbox.Server{})
	type view struct {
		Title, Language, Text string
		Headings              int
		Wide                  bool // wider than the window
	}
	look := chromedp.Evaluate[view](`({
		Title: document.title, Language: document.documentElement.lang, Text: document.body.innerText,
		Headings: document.querySelectorAll('h1').length,
		Wide: document.documentElement.scrollWidth > document.documentElement.clientWidth,
	})`)
	for decision, want := range map[string]string{"allow": "You are signed in", "deny": "Not signed in"} {
		l := access.LogIn{
			Client: loginClient(auth), Server: auth.URL(""), Store: &signin.Store{Dir: filepath.Join(t.TempDir(), "logins")},
			RedirectURI: "http://localhost:0/callback", Wait: time.Minute,
		}
		var seen view
		browsed := make(chan error, 1)
		l.Open = func(address string) {
			go func() {
				failed := chromedp.Do(ctx,
					chromedp.Navigate(address),
					chromedp.Click(chromedp.CSS("button[value="+decision+"]")),
					chromedp.WaitVisible(chromedp.CSS("html:not(:has(form)) h1")),
				)
				if failed == nil {
					seen, failed = chromedp.Run(ctx, look)
				}
				browsed <- failed
			}()
		}
		_, err := l.Run(t.Context())
		if failed := <-browsed; failed != nil {
			t.Fatalf("%s: the browser: %v", decision, failed)
		}
		if (err == nil) != (decision == "allow") {
			t.Errorf("%s: %v", decision, err)
		}
		if seen.Title != want+" · batchsend" || seen.Language != "en" || seen.Headings != 1 || seen.Wide || !strings.Contains(seen.Text, "You can close this window") {
			t.Errorf("%s: the browser shows %+v", decision, seen)
		}
	}
}
