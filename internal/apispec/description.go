package apispec

import (
	"cmp"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"os"
	"slices"
	"strconv"
	"strings"
)

// description is a Swagger 2.0 file, compiled for judging. It is read with
// encoding/json and not with kin-openapi because every process of a test script
// reads it: 30 ms against 200 (and kin-openapi stays the second opinion in the
// tests). What is not understood is an error, so nothing is waved through.
type description struct {
	basePath    string
	definitions map[string]*schema
	templates   map[string]*path
	paths       map[int][]*path // by number of segments, literal ones first
	failure     *schema         // errors of operations that are not described
}

type path struct {
	template   string
	segments   []string
	operations map[string]*operation // by method
}

type operation struct {
	query     map[string]bool // known parameters; true if they may be repeated
	needQuery []string
	body      *schema // nil = none is described
	needBody  bool
	answers   map[int]*schema // by status; a nil schema says nothing about the body
	failure   *schema         // error answers of other statuses; nil = not described
}

type kind string

const (
	anything kind = ""
	text     kind = "string"
	boolean  kind = "boolean"
	integer  kind = "integer"
	number   kind = "number"
	array    kind = "array"
	object   kind = "object"
)

type schema struct {
	name       string // of the definition; "" = written in place
	kind       kind
	bits       int // of an integer
	properties map[string]*schema
	required   []string
	items      *schema
	others     *schema // properties that are not listed; nil forbids them
}

func (s *schema) String() string { return cmp.Or(s.name, string(s.kind), "anything") }

// An object about which nothing is said holds anything, as in JSON Schema.
var free = &schema{}

type swagger struct {
	Swagger     string
	BasePath    string
	Paths       map[string]map[string]json.RawMessage
	Definitions map[string]*swaggerSchema
	Parameters  map[string]json.RawMessage
	Responses   map[string]json.RawMessage
}

type swaggerOperation struct {
	Parameters []swaggerParameter
	Responses  map[string]struct {
		Ref    string `json:"$ref"`
		Schema *swaggerSchema
	}
}

type swaggerParameter struct {
	Ref      string `json:"$ref"`
	Name     string
	In       string
	Type     string
	Required bool
	Schema   *swaggerSchema
}

type swaggerSchema struct {
	Ref                  string `json:"$ref"`
	Type                 string
	Format               string
	Properties           map[string]*swaggerSchema
	Required             []string
	Items                *swaggerSchema
	AdditionalProperties json.RawMessage

	// Keywords that are not judged. A description that comes to use them must
	// not be taken for one that is judged in full.
	AllOf, Enum, Pattern, MinLength, MaxLength, Minimum, Maximum,
	MinItems, MaxItems, UniqueItems, MultipleOf, Discriminator json.RawMessage
}

func readDescription(path string) (*description, error) {
	raw, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("read the OpenAPI description: %w", err)
	}
	desc, err := compile(raw, Exceptions)
	if err != nil {
		return nil, fmt.Errorf("read the OpenAPI description %s: %w", path, err)
	}
	return desc, nil
}

func compile(raw []byte, exceptions []Exception) (*description, error) {
	var file swagger
	if err := json.Unmarshal(raw, &file); err != nil {
		return nil, err
	}
	if file.Swagger != "2.0" {
		return nil, fmt.Errorf("swagger is %q, want 2.0", file.Swagger)
	}
	if len(file.Parameters)+len(file.Responses) > 0 {
		return nil, fmt.Errorf("shared parameters and responses are not understood")
	}
	d := &description{
		basePath:    strings.TrimSuffix(file.BasePath, "/"),
		definitions: make(map[string]*schema, len(file.Definitions)),
		templates:   make(map[string]*path, len(file.Paths)),
		paths:       make(map[int][]*path),
	}
	// First all, then filled in place, so that they may refer to each other.
	for name := range file.Definitions {
		d.definitions[name] = &schema{name: name}
	}
	for name, s := range file.Definitions {
		if s.Ref != "" {
			return nil, fmt.Errorf("definition %q: a mere $ref is not understood", name)
		}
		if err := d.fill(d.definitions[name], s); err != nil {
			return nil, fmt.Errorf("definition %q: %w", name, err)
		}
	}
	d.failure = d.definitions["errorDetails"]
	for template, item := range file.Paths {
		for method, raw := range item {
			op, err := d.operation(method, raw)
			if err != nil {
				return nil, fmt.Errorf("%s %s: %w", method, template, err)
			}
			if op != nil {
				d.add(strings.ToUpper(method), template, op)
			}
		}
	}
	for _, e := range exceptions {
		if _, err := e.apply(d); err != nil {
			return nil, fmt.Errorf("exception %+v: %w", e, err)
		}
	}
	for _, p := range d.templates {
		d.paths[len(p.segments)] = append(d.paths[len(p.segments)], p)
	}
	for _, paths := range d.paths {
		slices.SortFunc(paths, func(a, b *path) int { return slices.CompareFunc(a.segments, b.segments, literalFirst) })
	}
	return d, nil
}

func (d *description) add(method, template string, op *operation) {
	p := d.templates[template]
	if p == nil {
		p = &path{template: template, segments: strings.Split(template, "/"), operations: make(map[string]*operation)}
		d.templates[template] = p
	}
	p.operations[method] = op
}

// literalFirst puts envelopes/status before envelopes/{envelopeId}.
func literalFirst(a, b string) int {
	if parameter(a) != parameter(b) {
		if parameter(a) {
			return 1
		}
		return -1
	}
	return cmp.Compare(a, b)
}

func parameter(segment string) bool { return strings.HasPrefix(segment, "{") }

// operation returns nil for what is not one, such as an x- extension.
func (d *description) operation(method string, raw json.RawMessage) (*operation, error) {
	switch strings.ToUpper(method) {
	case http.MethodGet, http.MethodPost, http.MethodPut, http.MethodDelete, http.MethodPatch, http.MethodHead, http.MethodOptions:
	case "PARAMETERS", "$REF":
		return nil, fmt.Errorf("%s of a path is not understood", method)
	default:
		return nil, nil
	}
	var in swaggerOperation
	if err := json.Unmarshal(raw, &in); err != nil {
		return nil, err
	}
	op := &operation{query: make(map[string]bool), answers: make(map[int]*schema)}
	for _, p := range in.Parameters {
		switch p.In {
		case "path", "header":
		case "query":
			op.query[p.Name] = p.Type == string(array)
			if p.Required {
				op.needQuery = append(op.needQuery, p.Name)
			}
		case "body":
			s, err := d.schema(p.Schema)
			if err != nil {
				return nil, fmt.Errorf("parameter %q: %w", p.Name, err)
			}
			op.body, op.needBody = cmp.Or(s, free), p.Required
		default:
			return nil, fmt.Errorf("parameter %q in %q is not understood", cmp.Or(p.Name, p.Ref), p.In)
		}
	}
	for status, r := range in.Responses {
		if r.Ref != "" {
			return nil, fmt.Errorf("response %s: $ref is not understood", status)
		}
		s, err := d.schema(r.Schema)
		if err != nil {
			return nil, fmt.Errorf("response %s: %w", status, err)
		}
		if status == "default" {
			op.failure = s
			continue
		}
		n, err := strconv.Atoi(status)
		if err != nil {
			return nil, fmt.Errorf("response %s: not a status", status)
		}
		op.answers[n] = s
	}
	op.failure = cmp.Or(op.failure, op.answers[http.StatusBadRequest], d.definitions["errorDetails"])
	return op, nil
}

// schema returns nil for no schema and for a file.
func (d *description) schema(in *swaggerSchema) (*schema, error) {
	if in == nil || in.Type == "file" {
		return nil, nil
	}
	if in.Ref != "" {
		name := strings.TrimPrefix(in.Ref, "#/definitions/")
		if s := d.definitions[name]; s != nil {
			return s, nil
		}
		return nil, fmt.Errorf("%s does not exist", in.Ref)
	}
	s := new(schema)
	return s, d.fill(s, in)
}

func (d *description) fill(s *schema, in *swaggerSchema) (err error) {
	for _, keyword := range []json.RawMessage{
		in.AllOf, in.Enum, in.Pattern, in.MinLength, in.MaxLength, in.Minimum, in.Maximum,
		in.MinItems, in.MaxItems, in.UniqueItems, in.MultipleOf, in.Discriminator,
	} {
		if keyword != nil {
			return fmt.Errorf("a keyword with the value %.40s is not understood", keyword)
		}
	}
	s.kind, s.required = kind(in.Type), in.Required
	if len(in.Properties) > 0 {
		s.kind = object
	}
	switch s.kind {
	case anything, text, boolean, number:
	case integer:
		s.bits = 64
		if in.Format == "int32" {
			s.bits = 32
		}
	case array:
		if s.items, err = d.schema(in.Items); err != nil {
			return fmt.Errorf("items: %w", err)
		}
		s.items = cmp.Or(s.items, free)
	case object:
		s.properties = make(map[string]*schema, len(in.Properties))
		for name, p := range in.Properties {
			if s.properties[name], err = d.schema(p); err != nil {
				return fmt.Errorf("property %q: %w", name, err)
			}
		}
		switch extra := string(in.AdditionalProperties); {
		case extra == "" && len(in.Properties) == 0, extra == "true":
			s.others = free
		case extra == "", extra == "false":
		default:
			var others swaggerSchema
			if err := json.Unmarshal(in.AdditionalProperties, &others); err != nil {
				return fmt.Errorf("additionalProperties: %w", err)
			}
			if s.others, err = d.schema(&others); err != nil {
				return fmt.Errorf("additionalProperties: %w", err)
			}
		}
	default:
		return fmt.Errorf("type %q is not understood", in.Type)
	}
	return nil
}

// find returns the path that an escaped URL path means, or nil.
func (d *description) find(escaped string) *path {
	rest, ok := strings.CutPrefix(escaped, d.basePath)
	if !ok {
		return nil
	}
	segments := strings.Split(rest, "/")
	for i, s := range segments {
		if plain, err := url.PathUnescape(s); err == nil {
			segments[i] = plain
		}
	}
	for _, p := range d.paths[len(segments)] {
		if slices.EqualFunc(p.segments, segments, func(want, got string) bool {
			return want == got || parameter(want) && got != ""
		}) {
			return p
		}
	}
	return nil
}

func (p *path) methods() []string { return slices.Sorted(maps.Keys(p.operations)) }

func (op *operation) statuses() string {
	var out []string
	for _, n := range slices.Sorted(maps.Keys(op.answers)) {
		out = append(out, strconv.Itoa(n))
	}
	return strings.Join(out, ", ")
}
