package apispec

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"
)

// most is how many faults are told of one message: a list of a thousand copies
// that are all wrong in one way needs no thousand lines.
const most = 20

// check holds a JSON body against a schema. Properties that are not described
// are faults at every depth, so are properties given twice and, unless nulls is
// set, nulls. A body that is null as a whole is always a fault. What is within a
// value about which the schema says nothing is not looked at.
func check(s *schema, body []byte, nulls bool, say func(pointer, problem string)) {
	switch {
	case !json.Valid(body):
		var v any
		problem := "not JSON"
		if syntax, ok := errors.AsType[*json.SyntaxError](json.Unmarshal(body, &v)); ok {
			problem = fmt.Sprintf("not JSON: %v (byte %d)", syntax, syntax.Offset)
		}
		say("", problem)
	case !utf8.Valid(body):
		say("", "not UTF-8")
	default:
		c := checker{rest: body, nulls: nulls, say: say, left: most}
		c.value(s)
	}
}

// checker walks once over a body that is known to be JSON, and so need not look
// for mistakes in its grammar. With json.Decoder's tokens it took three times as
// long.
type checker struct {
	rest    []byte
	nulls   bool
	say     func(pointer, problem string)
	left    int
	pointer []byte   // to the value that is looked at
	names   []string // properties seen in the objects around it, outermost first
}

func (c *checker) fault(format string, args ...any) {
	if c.left--; c.left >= 0 {
		c.say(string(c.pointer), fmt.Sprintf(format, args...))
	}
}

// next passes over space and returns the byte after it.
func (c *checker) next() byte {
	c.rest = bytes.TrimLeft(c.rest, " \t\r\n")
	return c.rest[0]
}

// take returns the first n bytes and passes over them.
func (c *checker) take(n int) []byte {
	out := c.rest[:n]
	c.rest = c.rest[n:]
	return out
}

// string passes over a string and returns it with its quotes.
func (c *checker) string() []byte {
	for i := 1; ; i++ {
		switch c.rest[i] {
		case '"':
			return c.take(i + 1)
		case '\\':
			i++
		}
	}
}

// scalar passes over a number, true, false or null and returns it.
func (c *checker) scalar() []byte {
	if i := bytes.IndexAny(c.rest, ",]} \t\r\n"); i >= 0 {
		return c.take(i)
	}
	return c.take(len(c.rest))
}

func (c *checker) value(s *schema) {
	var got kind
	switch c.next() {
	case 'n':
		c.scalar()
		if s.kind != anything && (!c.nulls || len(c.pointer) == 0) {
			c.fault("null, want %v", s.kind)
		}
		return
	case '{':
		got = object
	case '[':
		got = array
	case '"':
		got = text
	case 't', 'f':
		got = boolean
	default:
		got = number
	}
	switch {
	case s.kind == anything:
		c.skip()
	case got == number && s.kind == integer:
		if _, err := strconv.ParseInt(string(c.scalar()), 10, s.bits); err != nil {
			c.fault("number, want integer of %d bits", s.bits)
		}
	case got != s.kind:
		c.fault("%v, want %v", got, s.kind)
		c.skip()
	case got == array:
		c.array(s)
	case got == object:
		c.object(s)
	default:
		c.skip()
	}
}

func (c *checker) array(s *schema) {
	here := len(c.pointer)
	c.take(1)
	for i := 0; c.next() != ']'; i++ {
		c.pointer = strconv.AppendInt(append(c.pointer, '/'), int64(i), 10)
		c.value(s.items)
		c.pointer = c.pointer[:here]
		if c.next() == ',' {
			c.take(1)
		}
	}
	c.take(1)
}

var escape = strings.NewReplacer("~", "~0", "/", "~1")

func (c *checker) object(s *schema) {
	here, first := len(c.pointer), len(c.names)
	c.take(1)
	for c.next() != '}' {
		name := unquote(c.string())
		c.next() // the colon
		c.take(1)
		if slices.Contains(c.names[first:], name) {
			c.fault("property %q is given twice", name)
		}
		c.names = append(c.names, name)
		p, known := s.properties[name]
		if !known {
			p = s.others
		}
		if p == nil {
			c.fault("unknown property %q%s", name, s.near(name))
			c.skip()
		} else {
			c.pointer = append(append(c.pointer, '/'), escape.Replace(name)...)
			c.value(p)
			c.pointer = c.pointer[:here]
		}
		if c.next() == ',' {
			c.take(1)
		}
	}
	c.take(1)
	for _, name := range s.required {
		if !slices.Contains(c.names[first:], name) {
			c.fault("property %q is missing", name)
		}
	}
	c.names = c.names[:first]
}

func unquote(quoted []byte) string {
	if bytes.IndexByte(quoted, '\\') < 0 {
		return string(quoted[1 : len(quoted)-1])
	}
	var s string
	_ = json.Unmarshal(quoted, &s) // it is known to be a JSON string
	return s
}

// near names the definition, and the property that differs only in case.
func (s *schema) near(name string) string {
	out := ""
	if s.name != "" {
		out = " of " + s.name
	}
	for _, p := range slices.Sorted(maps.Keys(s.properties)) {
		if strings.EqualFold(p, name) {
			return out + fmt.Sprintf(" (is it %q?)", p)
		}
	}
	return out
}

// skip passes over a value, whatever it is.
func (c *checker) skip() {
	for depth := 0; ; {
		switch c.next() {
		case '{', '[':
			depth++
			c.take(1)
		case '}', ']':
			depth--
			c.take(1)
		case ',', ':':
			c.take(1)
			continue
		case '"':
			c.string()
		default:
			c.scalar()
		}
		if depth == 0 {
			return
		}
	}
}
