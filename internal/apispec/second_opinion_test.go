package apispec

import (
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/getkin/kin-openapi/openapi2"
	"github.com/getkin/kin-openapi/openapi2conv"
	"github.com/getkin/kin-openapi/openapi3"
	"pgregory.net/rapid"
)

// The judge's walk over a body is our own code; kin-openapi's is not. On any
// body the two must agree whether it is good, up to what kin-openapi does not
// look at: properties given twice.
func TestSecondOpinion(t *testing.T) {
	t.Run("letters", func(t *testing.T) {
		secondOpinion(t, "testdata/letters.swagger.json", map[string]string{
			"letter": `{"subject":"Offer","pages":2,"weight":1.5e1,"urgent":true,"stamps":["a","b"],
				"reply":{"reply":{"copies":[{},{"subject":""}]}},"marks":{"any":"x"},"anything":{"x":[1,null,{}]},"a/b~c":""}`,
			"oops": `{"why":"because"}`,
		})
	})
	t.Run("official", func(t *testing.T) {
		official(t)
		secondOpinion(t, os.Getenv(EnvDescription), map[string]string{
			"envelopeDefinition":   composite,
			"envelopeSummary":      created,
			"bulkSendTestResponse": `{"canBeSent":true,"validationErrors":["a"]}`,
			"bulkSendingList":      `{"name":"b","bulkCopies":[{"recipients":[{"roleName":"E","customFields":["x"],"tabs":[{"tabLabel":"S","initialValue":"4"}]}]}]}`,
		})
	})
}

func secondOpinion(t *testing.T, file string, good map[string]string) {
	raw, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	ours, err := compile(raw, nil)
	if err != nil {
		t.Fatal(err)
	}
	var two openapi2.T
	if err := json.Unmarshal(raw, &two); err != nil {
		t.Fatal(err)
	}
	theirs, err := openapi2conv.ToV3(&two)
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range theirs.Components.Schemas {
		forbidUnknown(s)
	}
	for name, body := range good {
		if err := theirs.Components.Schemas[name].Value.VisitJSON(decoded(t, []byte(body))); err != nil {
			t.Errorf("kin-openapi refuses the good %s: %v", name, err)
		}
		rapid.Check(t, func(t *rapid.T) {
			body := []byte(body)
			for range rapid.IntRange(0, 2).Draw(t, "changes") {
				body = encoded(t, change(t, decoded(t, body)))
			}
			var first string
			check(ours.definitions[name], body, false, func(pointer, problem string) {
				if first == "" {
					first = pointer + ": " + problem
				}
			})
			err := theirs.Components.Schemas[name].Value.VisitJSON(decoded(t, body))
			if (first == "") != (err == nil) {
				t.Errorf("%s: %s\njudge: %q\nkin-openapi: %v", name, body, first, err)
			}
		})
	}
}

// forbidUnknown closes the objects that list their properties. Both the
// definition and what is written in place in it are changed.
func forbidUnknown(ref *openapi3.SchemaRef) {
	if ref == nil || ref.Ref != "" {
		return
	}
	s := ref.Value
	if len(s.Properties) > 0 && s.AdditionalProperties.Schema == nil {
		no := false
		s.AdditionalProperties.Has = &no
	}
	for _, p := range s.Properties {
		forbidUnknown(p)
	}
	forbidUnknown(s.Items)
}

// change changes one thing somewhere in v.
func change(t *rapid.T, v any) any {
	switch v := v.(type) {
	case map[string]any:
		names := slices.Sorted(maps.Keys(v))
		if len(names) == 0 || rapid.IntRange(0, 9).Draw(t, "here") == 0 {
			break
		}
		name := rapid.SampledFrom(names).Draw(t, "property")
		switch rapid.IntRange(0, 4).Draw(t, "how") {
		case 0:
			delete(v, name)
		case 1:
			v[strings.ToUpper(name)] = v[name]
			delete(v, name)
		default:
			v[name] = change(t, v[name])
		}
		return v
	case []any:
		if len(v) == 0 || rapid.IntRange(0, 9).Draw(t, "here") == 0 {
			break
		}
		i := rapid.IntRange(0, len(v)-1).Draw(t, "item")
		v[i] = change(t, v[i])
		return v
	}
	return rapid.SampledFrom([]any{
		nil, true, "", "x", 0.0, 1.5, -3.0, 2147483648.0,
		[]any{},
		[]any{"a"},
		[]any{1.0},
		[]any{map[string]any{}},
		map[string]any{},
		map[string]any{"x": "y"},
	}).Draw(t, "value")
}

type fatal interface{ Fatalf(string, ...any) }

func decoded(t fatal, body []byte) (v any) {
	if err := json.Unmarshal(body, &v); err != nil {
		t.Fatalf("%s: %v", body, err)
	}
	return v
}

func encoded(t fatal, v any) []byte {
	b, err := json.Marshal(v)
	if err != nil {
		t.Fatalf("%v: %v", v, err)
	}
	return b
}

// Whatever comes, check neither panics nor lets pass what is not JSON.
func FuzzCheck(f *testing.F) {
	for _, seed := range []string{offer, composite, created, `{"subject":"a","reply":{"pages":1}}`, `[`, `{"a":}`, "\xff", `{"subject":"\ud800"}`, `1e999`} {
		f.Add([]byte(seed))
	}
	raw, err := os.ReadFile("testdata/letters.swagger.json")
	if err != nil {
		f.Fatal(err)
	}
	d, err := compile(raw, nil)
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		var said []string
		check(d.definitions["letter"], body, true, func(pointer, problem string) {
			said = append(said, fmt.Sprint(pointer, problem))
		})
		if !json.Valid(body) && len(said) != 1 {
			t.Errorf("check(%q) = %q, want one fault", body, said)
		}
		if len(said) > most {
			t.Errorf("check(%q) told %d faults", body, len(said))
		}
	})
}
