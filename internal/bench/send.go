package main

import (
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"batchsend/internal/sandbox"
)

// measureSending prints what the program takes to send so many envelopes singly,
// with its durable ledger, and ten times as many, beside a plain net/http loop that
// posts as many bodies to the same server; and how fast it is at 1, 8 and 32 at once,
// beside DocuSign's SDK if that is installed, and when each answer takes 50 ms.
func measureSending(program string, envelopes, runs int, seed uint64, sdk string) error {
	self, dir, err := prepare()
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	var latency atomic.Int64
	server, env, err := serve(dir, &latency)
	if err != nil {
		return err
	}
	defer server.Close()
	ledger := filepath.Join(dir, "ledger.db")
	fresh := func() {
		for _, suffix := range []string{"", "-wal", "-shm", ".lock", ".runs"} {
			os.Remove(ledger + suffix)
		}
	}
	send := func(n, at int) (command, error) {
		path := filepath.Join(dir, fmt.Sprintf("offers-%d.csv", n))
		_, err := os.Stat(path)
		if err != nil {
			err = generate(path, seed, 2*n)
		}
		return command{[]string{program, "send", "--quiet", "--via", "single", "--ledger", ledger, "--concurrency", fmt.Sprint(at), path}, env, fresh}, err
	}
	post := func(n, at int) command {
		return command{args: []string{self, "-post", server.URL, "-send", fmt.Sprint(n), "-at", fmt.Sprint(at)}}
	}
	fmt.Printf("envelopes of two recipients, sent singly over loopback; median of %d runs\n", runs)
	for _, n := range []int{envelopes, 10 * envelopes} {
		program, err := send(n, 8)
		if err != nil {
			return err
		}
		all, err := median(dir, runs, post(n, 8), program)
		if err != nil {
			return err
		}
		for i, name := range []string{"net/http loop", "batchsend"} {
			u := all[i]
			fmt.Printf("%-13s %6d at 8: %6.0f a second = %4.2f   CPU %5.0f us each = %4.2f   peak %3d MiB\n",
				name, n, float64(n)/u.wall.Seconds(), ratio(all[0].wall, u.wall), float64(u.cpu.Microseconds())/float64(n), ratio(u.cpu, all[0].cpu), u.peak>>20)
		}
	}
	for _, at := range []int{1, 8, 32} {
		program, err := send(envelopes, at)
		if err != nil {
			return err
		}
		commands := []command{program}
		if sdk != "" {
			script := filepath.Join(dir, "sdk.cjs")
			if err := os.WriteFile(script, []byte(sdkLoop), 0o600); err != nil {
				return err
			}
			commands = append(commands, command{args: []string{"node", script, sdk, server.URL, fmt.Sprint(envelopes), fmt.Sprint(at)}})
		}
		all, err := median(dir, runs, commands...)
		if err != nil {
			return err
		}
		fmt.Printf("batchsend %6d at %2d: %6.0f a second", envelopes, at, float64(envelopes)/all[0].wall.Seconds())
		if sdk != "" {
			fmt.Printf(" = %.2f times the SDK's %.0f", ratio(all[1].wall, all[0].wall), float64(envelopes)/all[1].wall.Seconds())
		}
		fmt.Println()
	}
	const slow = 50 * time.Millisecond
	latency.Store(int64(slow))
	for _, at := range []int{8, 32} {
		n := 200 * at // 10 s
		program, err := send(n, at)
		if err != nil {
			return err
		}
		all, err := median(dir, runs, program)
		if err != nil {
			return err
		}
		fmt.Printf("batchsend %6d at %2d, answers after %v: %6.0f a second = %4.2f of what %d connections can\n",
			n, at, slow, float64(n)/all[0].wall.Seconds(), float64(n/at)*slow.Seconds()/all[0].wall.Seconds(), at)
	}
	return nil
}

// serve starts a server that creates envelopes without looking at them, and answers
// all else as the sandbox does. env are the settings with which the program uses it,
// latency is how many nanoseconds the server waits before it creates one.
func serve(dir string, latency *atomic.Int64) (server *httptest.Server, env []string, err error) {
	kit, err := sandbox.Prepare(dir)
	if err != nil {
		return nil, nil, err
	}
	const many = 1 << 30
	rest := (&sandbox.Server{Key: &kit.Key.PublicKey, HourlyLimit: many, BurstLimit: many}).Handler()
	random := rand.New(rand.NewPCG(1, 2))
	var mu sync.Mutex
	server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodPost || !strings.HasSuffix(r.URL.Path, "/envelopes") {
			rest.ServeHTTP(w, r)
			return
		}
		io.Copy(io.Discard, r.Body)
		time.Sleep(time.Duration(latency.Load()))
		w.Header().Set("Content-Type", "application/json")
		w.Header().Set("X-RateLimit-Limit", fmt.Sprint(many))
		w.Header().Set("X-RateLimit-Remaining", fmt.Sprint(many))
		w.Header().Set("X-RateLimit-Reset", fmt.Sprint(time.Now().Add(time.Hour).Unix()))
		w.WriteHeader(http.StatusCreated)
		mu.Lock()
		a, b := random.Uint64(), random.Uint64() // as evenly spread as DocuSign's
		mu.Unlock()
		fmt.Fprintf(w, `{"envelopeId":"%08x-%04x-4%03x-8%03x-%012x","uri":"/envelopes","statusDateTime":"%s","status":"sent"}`,
			a>>32, a>>16&0xffff, a>>4&0xfff, b>>52, b&(1<<48-1), time.Now().UTC().Format(time.RFC3339))
	}))
	return server, []string{
		"DOCUSIGN_AUTH_SERVER=" + server.URL, "DOCUSIGN_PRIVATE_KEY=" + kit.KeyFile,
		"DOCUSIGN_INTEGRATION_KEY=" + sandbox.DefaultIntegrationKey, "DOCUSIGN_USER_ID=" + sandbox.DefaultUserID,
		"BATCHSEND_TEMPLATE=" + sandbox.DefaultTemplate,
	}, nil
}

// body is about what the program posts of an envelope.
const body = `{"templateId":"0ffe1e77-0000-4000-8000-000000000001","status":"sent","transactionId":"6f3c1a52-8d0e-5b7f-9a44-2f6f0c1b7e10","emailSubject":"Your offer",` +
	`"templateRoles":[{"roleName":"Employee","name":"Ann Ek","email":"ann.ek@example.test","tabs":{"textTabs":[{"tabLabel":"Salary","value":"40000"}]}},{"roleName":"Manager","name":"Bo Lind","email":"bo.lind@example.test"}],` +
	`"customFields":{"textCustomFields":[{"name":"batchsend","value":"6f3c1a52-8d0e-5b7f-9a44-2f6f0c1b7e10","show":"false"},{"name":"batchsendBatch","value":"6f3c1a52-8d0e-5b7f-9a44-2f6f0c1b7e10","show":"false"}]}}`

// postAll posts so many bodies, so many at once, and reads the answers.
func postAll(url string, n, at int) error {
	client := &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: at}}
	var next atomic.Int64
	errs := make(chan error, at)
	var wg sync.WaitGroup
	for range at {
		wg.Go(func() {
			for next.Add(1) <= int64(n) {
				req, err := http.NewRequest(http.MethodPost, url+"/restapi/v2.1/accounts/1/envelopes", strings.NewReader(body))
				if err != nil {
					errs <- err
					return
				}
				req.Header.Set("Authorization", "Bearer token")
				req.Header.Set("Content-Type", "application/json")
				resp, err := client.Do(req)
				if err == nil {
					_, err = io.Copy(io.Discard, resp.Body)
					resp.Body.Close()
				}
				if err != nil {
					errs <- err
					return
				}
			}
		})
	}
	wg.Wait()
	close(errs)
	return <-errs
}

// sdkLoop creates envelopes with DocuSign's Node SDK: node sdk.cjs DIR URL N AT.
const sdkLoop = `
const [dir, url, n, at] = process.argv.slice(2);
const docusign = require(require('path').resolve(dir, 'node_modules', 'docusign-esign'));
const client = new docusign.ApiClient();
client.setBasePath(url + '/restapi');
client.addDefaultHeader('Authorization', 'Bearer token');
const api = new docusign.EnvelopesApi(client);
let left = Number(n);
async function work() {
  while (left-- > 0) {
    const made = await api.createEnvelope('1', { envelopeDefinition: JSON.parse(body) });
    if (!made.envelopeId) throw new Error('no envelope');
  }
}
const body = ` + "`" + body + "`" + `;
Promise.all(Array.from({ length: Number(at) }, work)).catch((e) => { console.error(e); process.exit(1); });
`
