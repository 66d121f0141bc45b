package jsonschema_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"iter"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	validator "github.com/santhosh-tekuri/jsonschema/v6"

	"batchsend/envelope"
	"batchsend/internal/docusign"
	"batchsend/internal/explain"
	"batchsend/internal/job"
	"batchsend/internal/jsonschema"
	"batchsend/internal/report"
)

const guid = "0ffe1e77-0000-4000-8000-000000000001"

// sampleOf are values of fields that do not take any text, by the field's name.
var sampleOf = map[string]string{
	"Source": "template", "State": "sent", "FilledBy": "row", "Required": "sender", "ID": guid,
}

// filled returns a value none of whose parts is zero.
func filled[T any]() (v T) {
	fill(reflect.ValueOf(&v).Elem(), "")
	return v
}

func fill(v reflect.Value, name string) {
	if !v.CanSet() {
		return
	}
	switch v.Interface().(type) {
	case time.Time:
		v.Set(reflect.ValueOf(time.Date(2026, 2, 3, 4, 5, 6, 7, time.UTC)))
		return
	case envelope.Status:
		v.SetString(string(envelope.Failed))
		return
	case envelope.ID:
		v.SetString(guid)
		return
	case report.Counts: // what writes them adds the others
		v.Set(reflect.ValueOf(report.Counts{envelope.Sent: 1}))
		return
	}
	switch v.Kind() {
	case reflect.Struct:
		for i := range v.NumField() {
			if f := v.Type().Field(i); f.Tag.Get("json") != "-" {
				fill(v.Field(i), f.Name)
			}
		}
	case reflect.Pointer:
		v.Set(reflect.New(v.Type().Elem()))
		fill(v.Elem(), name)
	case reflect.Slice:
		v.Set(reflect.MakeSlice(v.Type(), 1, 1))
		fill(v.Index(0), name)
	case reflect.Array:
		for i := range v.Len() {
			fill(v.Index(i), name)
		}
	case reflect.Map:
		key, value := reflect.New(v.Type().Key()).Elem(), reflect.New(v.Type().Elem()).Elem()
		fill(key, name)
		fill(value, name)
		v.Set(reflect.MakeMap(v.Type()))
		v.SetMapIndex(key, value)
	case reflect.String:
		text := sampleOf[name]
		if text == "" {
			text = "text"
		}
		v.SetString(text)
	case reflect.Bool:
		v.SetBool(true)
	case reflect.Float64:
		v.SetFloat(1.5)
	case reflect.Int, reflect.Int64:
		v.SetInt(3)
	case reflect.Uint8:
		v.SetUint(7)
	}
}

func one[T any](v T) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) { yield(v, nil) }
}

// TestEveryField: every field that a command can print is described, and nothing else is.
func TestEveryField(t *testing.T) {
	t.Parallel()
	values := map[string][]any{
		"send":          {filled[report.Summary]()},
		"status":        {filled[[]report.BatchStatus](), filled[[]report.EnvelopeStatus](), []report.BatchStatus{}},
		"limits":        {filled[report.Limits](), report.Limits{Sharing: []report.Sharing{}}},
		"report":        {filled[report.LedgerSummary]()},
		"reconcile":     {filled[report.Reconciled]()},
		"template list": {filled[[]report.ListedTemplate]()},
		"template show": {filled[report.TemplateDetails]()},
		"explain":       {filled[explain.Explanation](), explain.All()},
		"version":       {filled[report.Version]()},
		"doctor":        {report.Steps{Works: true, ExitCode: 1, Steps: []report.Step{{Name: "key", State: report.StepOK, Detail: "RSA", Cure: "none"}}}, filled[job.GoLive](), filled[[]docusign.LoggedCall]()},
	}
	for _, name := range jsonschema.Commands() {
		schema, properties := compile(t, name)
		if len(values[name]) == 0 {
			t.Errorf("%s: nothing is held against its schema", name)
		}
		var printed bytes.Buffer
		for _, v := range append(values[name], filled[report.Failure]()) {
			var text bytes.Buffer
			if err := write(&text, v); err != nil {
				t.Fatal(err)
			}
			hold(t, name, schema, text.Bytes())
			printed.Write(text.Bytes())
		}
		for _, p := range properties {
			if p == "sentWindowLimit" {
				continue // of a timeline, which only a report of a ledger makes
			}
			if !bytes.Contains(printed.Bytes(), fmt.Appendf(nil, "%q:", p)) {
				t.Errorf("%s: the schema has a property %q, which nothing has", name, p)
			}
		}
	}
}

// write prints a value as the commands do.
func write(w io.Writer, v any) error {
	switch v := v.(type) {
	case report.Summary:
		return v.Write(w)
	case report.LedgerSummary:
		return v.Write(w, one(filled[report.EnvelopeStatus]()))
	}
	return report.WriteJSON(w, v)
}

// TestRefuses: a schema is not met by whatever one holds against it.
func TestRefuses(t *testing.T) {
	t.Parallel()
	for name, texts := range map[string][]string{
		"send":    {`{}`, `[]`, `{"exitCode":6,"error":"x"}`, `{"exitCode":2}`, `{"exitCode":2,"error":"x","more":1}`},
		"status":  {`{}`, `[{}]`, `[{"file":"a.csv"}]`},
		"version": {`{"version":"1"}`, `null`},
	} {
		schema, _ := compile(t, name)
		for _, text := range texts {
			if v, err := validator.UnmarshalJSON(strings.NewReader(text)); err != nil || schema.Validate(v) == nil {
				t.Errorf("%s: %s passes (%v)", name, text, err)
			}
		}
	}
}

// compile returns the schema of a command and the names of all properties in it.
func compile(t *testing.T, name string) (*validator.Schema, []string) {
	t.Helper()
	text, ok := jsonschema.Of(name)
	if !ok {
		t.Fatalf("%s has no schema", name)
	}
	doc, err := validator.UnmarshalJSON(bytes.NewReader(text))
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	c := validator.NewCompiler()
	c.AssertFormat()
	if err := c.AddResource("schema.json", doc); err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	schema, err := c.Compile("schema.json")
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	return schema, propertiesIn(doc)
}

func propertiesIn(node any) (names []string) {
	switch node := node.(type) {
	case map[string]any:
		for key, value := range node {
			if properties, ok := value.(map[string]any); ok && key == "properties" {
				for name := range properties {
					names = append(names, name)
				}
			}
			names = append(names, propertiesIn(value)...)
		}
	case []any:
		for _, value := range node {
			names = append(names, propertiesIn(value)...)
		}
	}
	slices.Sort(names)
	return slices.Compact(names)
}

func hold(t *testing.T, name string, schema *validator.Schema, text []byte) {
	t.Helper()
	v, err := validator.UnmarshalJSON(bytes.NewReader(text))
	if err == nil {
		err = schema.Validate(v)
	}
	if err != nil {
		t.Errorf("%s: %v\n%s", name, err, text)
	}
	if !json.Valid(text) {
		t.Errorf("%s: not one value: %s", name, text)
	}
}

func TestOf(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"", "sandbox", "../schemas/send", "template"} {
		if _, ok := jsonschema.Of(name); ok {
			t.Errorf("%q has a schema", name)
		}
	}
}
