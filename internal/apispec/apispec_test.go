package apispec

import (
	"bytes"
	"cmp"
	"compress/gzip"
	"net/http"
	"net/url"
	"os"
	"strings"
	"sync"
	"testing"

	gocmp "github.com/google/go-cmp/cmp"
)

const (
	letters  = "/restapi/v2.1/accounts/a1/letters"
	template = "/v2.1/accounts/{accountId}/letters"
)

var (
	jsonType = http.Header{"Content-Type": {"application/json; charset=utf-8"}}
	htmlType = http.Header{"Content-Type": {"text/html"}}
)

func small(t testing.TB) *Judge {
	t.Helper()
	j, err := Load("testdata/letters.swagger.json")
	if err != nil {
		t.Fatal(err)
	}
	return j
}

// official loads DocuSign's own description, or skips the test.
func official(t testing.TB) *Judge {
	t.Helper()
	path := os.Getenv(EnvDescription)
	if path == "" {
		t.Skipf("NOT HELD AGAINST DOCUSIGN'S DESCRIPTION: set %s to the absolute path of esignature.rest.swagger-v2.1.json", EnvDescription)
	}
	j, err := Load(path)
	if err != nil {
		t.Fatal(err)
	}
	return j
}

// call is an exchange that a test describes by what is unusual about it.
type call struct {
	method, target, body string
	header               http.Header // nil = JSON
	status               int
	answer               string
	answerHeader         http.Header // nil = JSON
}

func (c call) judgedBy(t testing.TB, j *Judge) []string {
	t.Helper()
	u, err := url.Parse(c.target)
	if err != nil {
		t.Fatal(err)
	}
	header, answerHeader := jsonType, jsonType
	if c.header != nil {
		header = c.header
	}
	if c.answerHeader != nil {
		answerHeader = c.answerHeader
	}
	var out []string
	for _, f := range j.Exchange(c.method, u, header, []byte(c.body), c.status, answerHeader, []byte(c.answer)) {
		out = append(out, f.Error())
	}
	return out
}

func TestRequest(t *testing.T) {
	post := "POST " + template + ": request: "
	for _, test := range []struct {
		name         string
		method, path string // "" = POST to letters
		body         string
		header       http.Header
		want         []string
	}{
		{name: "good", body: `{"subject":"Offer","pages":2,"weight":1.5e1,"urgent":true,"stamps":["a"],
			"reply":{"reply":{"copies":[{},{"subject":""}]}},"marks":{"any":"x"},"anything":{"x":[1,null,{}]},"a/b~c":""}`},
		{name: "unknown property", body: `{"topic":""}`, want: []string{post + `unknown property "topic" of letter`}},
		{name: "unknown property deep inside", body: `{"reply":{"copies":[{},{"Subject":{"a":[{}]},"pages":1}]},"stamps":[]}`, want: []string{
			post + `/reply/copies/1: unknown property "Subject" of letter (is it "subject"?)`,
		}},
		{name: "number for string", body: `{"reply":{"subject":1}}`, want: []string{post + "/reply/subject: number, want string"}},
		{name: "boolean for string", body: `{"subject":true}`, want: []string{post + "/subject: boolean, want string"}},
		{name: "string for number", body: `{"pages":"2","weight":"1"}`, want: []string{
			post + "/pages: string, want integer", post + "/weight: string, want number",
		}},
		{name: "string for boolean", body: `{"urgent":"true"}`, want: []string{post + "/urgent: string, want boolean"}},
		{name: "fraction for integer", body: `{"pages":1.5}`, want: []string{post + "/pages: number, want integer of 32 bits"}},
		{name: "integer too large", body: `{"pages":2147483648}`, want: []string{post + "/pages: number, want integer of 32 bits"}},
		{name: "object for string, and on it goes", body: `{"subject":{"a":[1,{"b":2}]},"pages":""}`, want: []string{
			post + "/subject: object, want string", post + "/pages: string, want integer",
		}},
		{name: "object for array", body: `{"copies":{"subject":""}}`, want: []string{post + "/copies: object, want array"}},
		{name: "wrong item", body: `{"stamps":["a",2]}`, want: []string{post + "/stamps/1: number, want string"}},
		{name: "wrong free property", body: `{"marks":{"a":1}}`, want: []string{post + "/marks/a: number, want string"}},
		{name: "pointer is escaped", body: `{"a/b~c":1}`, want: []string{post + "/a~1b~0c: number, want string"}},
		{name: "null", body: `{"subject":null,"stamps":[null]}`, want: []string{
			post + "/subject: null, want string", post + "/stamps/0: null, want string",
		}},
		{name: "null for all", body: `null`, want: []string{post + "null, want object"}},
		{name: "array for all", body: `[]`, want: []string{post + "array, want object"}},
		{name: "property twice", body: `{"subject":"a","subject":"b"}`, want: []string{post + `property "subject" is given twice`}},
		{name: "malformed", body: `{"subject":"a",}`, want: []string{post + "not JSON: invalid character '}' looking for beginning of object key string (byte 16)"}},
		{name: "truncated", body: `{"subject":"a`, want: []string{post + "not JSON: unexpected end of JSON input (byte 13)"}},
		{name: "two values", body: `{} {}`, want: []string{post + "not JSON: invalid character '{' after top-level value (byte 4)"}},
		{name: "not UTF-8", body: "{\"subject\":\"\xff\"}", want: []string{post + "not UTF-8"}},
		{name: "no body", body: "", want: []string{post + "has no body, where letter is described"}},
		{name: "form", body: "a=b", header: http.Header{"Content-Type": {"application/x-www-form-urlencoded"}}, want: []string{
			post + `Content-Type is "application/x-www-form-urlencoded", want application/json`,
		}},
		{name: "no type", body: "{}", header: http.Header{}, want: []string{post + "Content-Type is missing, want application/json"}},

		{name: "good query", method: "GET", path: letters + "?count=1&from_date=2026-01-01&label=a&label=b"},
		{name: "bad query", method: "GET", path: letters + "?count=1&count=2&Count=1&%zz", want: []string{
			"GET " + template + ": request: query is malformed",
			"GET " + template + `: request: unknown query parameter "Count"`,
			"GET " + template + `: request: query parameter "count" is given 2 times`,
			"GET " + template + `: request: query parameter "from_date" is missing`,
		}},
		{name: "body of GET", method: "GET", path: letters + "/1", body: `{"a":1}`, want: []string{
			"GET " + template + "/{letterId}: request: has a body, and none is described",
		}},
		{name: "empty object of DELETE", method: "DELETE", path: letters + "/1", body: `{}`},
		{name: "escaped slash", method: "DELETE", path: letters + "/1%2F2"},
		{name: "wrong method", method: "PATCH", path: letters, body: `{}`, want: []string{
			"PATCH " + template + ": request: method is not described; GET, POST would be",
		}},
		{name: "literal before parameter", method: "GET", path: letters + "/status", want: []string{
			"GET " + template + "/status: request: method is not described; PUT would be",
		}},
		{name: "unknown path", method: "GET", path: letters + "/1/2/3", want: []string{
			"GET " + letters + "/1/2/3: request: path is not described",
		}},
		{name: "empty parameter", method: "GET", path: letters + "/", want: []string{
			"GET " + letters + "/: request: path is not described",
		}},
		{name: "no base path", method: "GET", path: template, want: []string{
			"GET " + template + ": request: path is not below /restapi",
		}},
		{name: "OAuth", method: "POST", path: "/oauth/token", body: "a=b"},
		{name: "sandbox", method: "GET", path: "/sandbox/mails"},
		{name: "page", method: "GET", path: "/"},
	} {
		t.Run(test.name, func(t *testing.T) {
			c := call{method: cmp.Or(test.method, "POST"), target: "https://demo.example.test" + cmp.Or(test.path, letters), body: test.body, header: test.header}
			if diff := gocmp.Diff(test.want, c.judgedBy(t, small(t))); diff != "" {
				t.Errorf("faults (-want +got):\n%s", diff)
			}
		})
	}
}

func TestAnswer(t *testing.T) {
	post := "POST " + template + ": answer "
	for _, test := range []struct {
		name         string
		method, path string // "" = POST to letters
		status       int
		body         string
		header       http.Header
		want         []string
		skipped      int
	}{
		{name: "good", status: 201, body: `{"subject":"a","reply":null,"copies":[null]}`},
		{name: "good array", method: "GET", path: letters + "?from_date=x", status: 200, body: `[{"pages":1}]`},
		{name: "unknown property", status: 201, body: `{"copies":[{"id":"1"}]}`, want: []string{post + `201: /copies/0: unknown property "id" of letter`}},
		{name: "number for string", status: 201, body: `{"subject":7}`, want: []string{post + "201: /subject: number, want string"}},
		{name: "null for all", status: 201, body: `null`, want: []string{post + "201: null, want object"}},
		{name: "malformed", status: 201, body: `{`, want: []string{post + "201: not JSON: unexpected end of JSON input (byte 1)"}},
		{name: "empty", status: 201, want: []string{post + "201: has no body, where letter is described"}},
		{name: "HTML", status: 201, body: "<p>", header: htmlType, want: []string{post + `201: Content-Type is "text/html", want application/json`}},
		{name: "wrong success", status: 200, body: `{}`, want: []string{post + "200: status is not described; 201, 400 would be"}},
		{name: "redirect", status: 302, want: []string{post + "302: status is not described; 201, 400 would be"}},
		{name: "error", status: 400, body: `{"errorCode":"NO","message":"no"}`},
		{name: "error of another status", status: 429, body: `{"errorCode":"NO","message":"no"}`},
		{name: "wrong error", status: 503, body: `{"error":"no","errorCode":1}`, want: []string{
			post + `503: unknown property "error" of errorDetails`, post + "503: /errorCode: number, want string",
		}},
		{name: "plain text error", status: 404, body: "404 page not found", header: http.Header{"Content-Type": {"text/plain"}}, want: []string{
			post + `404: Content-Type is "text/plain", want application/json`,
		}},
		{name: "default error", method: "PUT", path: letters + "/status", status: 500, body: `{}`, want: []string{
			"PUT " + template + `/status: answer 500: property "why" is missing`,
		}},
		{name: "gateway's HTML", status: 502, body: "<html>", header: htmlType, skipped: 1},
		{name: "gateway's nothing", status: 504, skipped: 1},
		{name: "file", method: "GET", path: letters + "/1/scan", status: 200, body: "%PDF", header: http.Header{"Content-Type": {"application/pdf"}}},
		{name: "nothing described", method: "DELETE", path: letters + "/1", status: 200},
		{name: "error to what is not described", method: "GET", path: letters + "/1/2/3", status: 404, body: `{"code":"1"}`, want: []string{
			"GET " + letters + `/1/2/3: answer 404: unknown property "code" of errorDetails`,
		}},
		{name: "gzip", status: 201, body: zipped(t, `{"pages":""}`), header: http.Header{"Content-Type": {"application/json"}, "Content-Encoding": {"gzip"}}, want: []string{
			post + "201: /pages: string, want integer",
		}},
		{name: "unknown encoding", status: 201, body: "?", header: http.Header{"Content-Encoding": {"br"}}, skipped: 1},
	} {
		t.Run(test.name, func(t *testing.T) {
			j := small(t).Answers()
			c := call{
				method: cmp.Or(test.method, "POST"), target: cmp.Or(test.path, letters),
				body: `{"wrong":"on purpose"}`, status: test.status, answer: test.body, answerHeader: test.header,
			}
			got := c.judgedBy(t, j)
			if diff := gocmp.Diff(test.want, got); diff != "" {
				t.Errorf("faults (-want +got):\n%s", diff)
			}
			want := Totals{Answers: 1 - test.skipped, Skipped: test.skipped, Faults: len(got), Lines: test.want}
			if diff := gocmp.Diff(want, j.Totals()); diff != "" {
				t.Errorf("totals (-want +got):\n%s", diff)
			}
		})
	}
}

func zipped(t *testing.T, s string) string {
	t.Helper()
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	if _, err := w.Write([]byte(s)); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func TestManyFaultsOfOneMessageAreCut(t *testing.T) {
	body := `{"stamps":[` + strings.Repeat("1,", 999) + `1]}`
	got := call{method: "POST", target: letters, body: body}.judgedBy(t, small(t))
	if len(got) != most {
		t.Errorf("%d faults, want %d", len(got), most)
	}
}

func TestNoDescriptionIsNoCleanRun(t *testing.T) {
	if _, err := Load("testdata/missing.json"); err == nil {
		t.Error("Load of a missing file succeeded")
	}
	j := &Judge{law: &law{path: "testdata/missing.json"}, counts: new(counts)} // as FromEnv makes it
	got := call{method: "GET", target: letters}.judgedBy(t, j)
	if len(got) != 1 || !strings.Contains(got[0], "cannot be judged") {
		t.Errorf("faults = %q, want one that says it cannot be judged", got)
	}
	if j.Totals().Clean() {
		t.Error("a run without a description is clean")
	}
}

// A description that uses what the judge does not check must not be taken for
// one that is checked in full.
func TestUnderstandOrRefuse(t *testing.T) {
	for _, test := range []struct{ name, description, want string }{
		{"OpenAPI 3", `{"openapi":"3.0.0"}`, "want 2.0"},
		{"allOf", `{"swagger":"2.0","definitions":{"a":{"allOf":[]}}}`, "not understood"},
		{"enum", `{"swagger":"2.0","definitions":{"a":{"type":"object","properties":{"b":{"type":"string","enum":["c"]}}}}}`, "not understood"},
		{"type", `{"swagger":"2.0","definitions":{"a":{"type":"text"}}}`, "not understood"},
		{"dangling reference", `{"swagger":"2.0","definitions":{"a":{"type":"array","items":{"$ref":"#/definitions/b"}}}}`, "does not exist"},
		{"form", `{"swagger":"2.0","paths":{"/a":{"post":{"parameters":[{"name":"b","in":"formData"}]}}}}`, "not understood"},
		{"shared parameters", `{"swagger":"2.0","paths":{"/a":{"parameters":[]}}}`, "not understood"},
	} {
		_, err := compile([]byte(test.description), nil)
		if err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("compile(%s) = %v, want an error with %q", test.name, err, test.want)
		}
	}
}

func TestNilJudgesNothing(t *testing.T) {
	var j *Judge
	if got := (call{method: "GET", target: "/nowhere"}).judgedBy(t, j.Answers()); got != nil {
		t.Errorf("faults = %q, want none", got)
	}
	if got := j.Transport(nil, nil); got != http.DefaultTransport {
		t.Errorf("Transport(nil) = %v, want http.DefaultTransport", got)
	}
	if j.Handler(nil, nil) != nil || j.Flush() != nil || j.Totals().Clean() {
		t.Error("a nil Judge did something")
	}
}

func TestConcurrent(t *testing.T) {
	j := small(t)
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			for range 100 {
				call{method: "POST", target: letters, body: `{"x":1}`, status: 201, answer: `{}`}.judgedBy(t, j)
			}
		})
	}
	wg.Wait()
	want := Totals{Requests: 800, Answers: 800, Faults: 800, Lines: []string{"POST " + template + `: request: unknown property "x" of letter`}}
	if diff := gocmp.Diff(want, j.Totals()); diff != "" {
		t.Errorf("totals (-want +got):\n%s", diff)
	}
}
