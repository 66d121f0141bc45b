package sandbox

import (
	"strconv"
	"strings"
	"time"
)

// page is the part of a list that a call asked for.
type page struct {
	from, to, count, total int
}

// page reads count and start_position.
func (c *call) page(total, most int) (page, error) {
	count, err := c.number("count", most)
	if err != nil {
		return page{}, err
	}
	from, err := c.number("start_position", 0)
	if err != nil {
		return page{}, err
	}
	count = min(count, most)
	from = min(from, total)
	return page{from, min(from+count, total), count, total}, nil
}

// number reads a query parameter that must not be negative.
func (c *call) number(name string, def int) (int, error) {
	v := c.query(name)
	if v == "" {
		return def, nil
	}
	n, err := strconv.Atoi(v)
	if err != nil || n < 0 {
		return 0, invalidParameter("%s must be a number that is not negative, not %q.", name, v)
	}
	return n, nil
}

// period reads two dates, zero where they are absent.
func (c *call) period(fromName, toName string) (from, to time.Time, err error) {
	for _, end := range []struct {
		name string
		to   *time.Time
	}{{fromName, &from}, {toName, &to}} {
		v := c.query(end.name)
		if v == "" {
			continue
		}
		t, ok := parseTime(v)
		if !ok {
			return from, to, invalidParameter("%s %q is not a date.", end.name, v)
		}
		*end.to = t
	}
	return from, to, nil
}

// within tells whether t lies in a period, of which zero ends are open.
func within(t, from, to time.Time) bool {
	return !t.Before(from) && (to.IsZero() || !t.After(to))
}

// paging is what the OpenAPI's lists have in common.
type paging struct {
	Size     string `json:"resultSetSize"`
	Start    string `json:"startPosition"`
	End      string `json:"endPosition"`
	Total    string `json:"totalSetSize"`
	Next     string `json:"nextUri"`
	Previous string `json:"previousUri"`
}

func (p page) paging(c *call) paging {
	return paging{
		Size: strconv.Itoa(p.to - p.from), Start: strconv.Itoa(p.from),
		End: strconv.Itoa(max(p.from, p.to-1)), Total: strconv.Itoa(p.total),
		Next: p.link(c, p.to), Previous: p.link(c, p.from-p.count),
	}
}

// link is the address of another page of the list, "" if there is none.
func (p page) link(c *call, from int) string {
	if from >= p.total || from < 0 && p.from == 0 || p.count == 0 {
		return ""
	}
	q := c.URL.Query()
	q.Set("start_position", strconv.Itoa(max(0, from)))
	q.Set("count", strconv.Itoa(p.count))
	return strings.TrimPrefix(c.URL.Path, restRoot+"/accounts/"+c.PathValue("account")) + "?" + q.Encode()
}
