package sandbox

import (
	_ "embed"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
)

//go:embed offerletter.json
var offerLetter []byte

// shelf holds the account's templates.
type shelf struct {
	mu      sync.RWMutex
	byID    map[string]*blueprint // by lower-case ID
	ordered []*blueprint          // by name
	stamp   string                // of the files they were read from
	problem error                 // why changed files were not taken
}

// reloadTemplates reads the templates, first or again after their files
// changed. When changed files are wrong, the templates stay as they were.
func (s *Server) reloadTemplates() error {
	sh := &s.shelf
	paths, stamp, err := s.templateFiles()
	if err != nil {
		return err
	}
	sh.mu.RLock()
	same, problem := sh.byID != nil && sh.stamp == stamp, sh.problem
	sh.mu.RUnlock()
	if same {
		return problem
	}
	sources, err := s.templateSources(paths)
	if err != nil {
		return err
	}
	sh.mu.Lock()
	defer sh.mu.Unlock()
	sh.stamp = stamp
	sh.problem = sh.fill(sources)
	return sh.problem
}

// source is a template and where it came from.
type source struct {
	name string
	raw  []byte
}

func (sh *shelf) fill(sources []source) error {
	byID := make(map[string]*blueprint)
	var ordered []*blueprint
	for _, src := range sources {
		b, err := readBlueprint(src.raw)
		if err != nil {
			return fmt.Errorf("%s: %w", src.name, err)
		}
		if other := byID[strings.ToLower(b.id)]; other != nil {
			return fmt.Errorf("%s: template %q has the templateId of template %q: give it another", src.name, b.name, other.name)
		}
		byID[strings.ToLower(b.id)] = b
		ordered = append(ordered, b)
	}
	slices.SortStableFunc(ordered, func(a, b *blueprint) int { return strings.Compare(a.name, b.name) })
	sh.byID, sh.ordered = byID, ordered
	return nil
}

// templateFiles returns the files with templates, if they come from files, and
// a stamp that changes when any template does.
func (s *Server) templateFiles() (paths []string, stamp string, err error) {
	if s.Templates != nil {
		return nil, fmt.Sprintf("%p/%d", s.Templates, len(s.Templates)), nil
	}
	if s.TemplateDir == "" {
		return nil, "built in", nil
	}
	paths, err = filepath.Glob(filepath.Join(s.TemplateDir, "template*.json"))
	if err != nil {
		return nil, "", err
	}
	var b strings.Builder
	for _, path := range paths {
		info, err := os.Stat(path)
		if err != nil {
			return nil, "", err
		}
		fmt.Fprintf(&b, "%s %d %d\n", path, info.ModTime().UnixNano(), info.Size())
	}
	return paths, b.String(), nil
}

// templateSources reads the templates' JSON.
func (s *Server) templateSources(paths []string) ([]source, error) {
	var out []source
	switch {
	case s.Templates != nil:
		for i, raw := range s.Templates {
			out = append(out, source{"template " + strconv.Itoa(i+1), raw})
		}
	case s.TemplateDir == "":
		out = []source{{"the built-in template", offerLetter}}
	}
	for _, path := range paths {
		raw, err := os.ReadFile(path)
		if err != nil {
			return nil, err
		}
		out = append(out, source{path, raw})
	}
	return out, nil
}

// templates returns all templates by name, as their files are now.
func (s *Server) templates() []*blueprint {
	s.reloadTemplates() // an error is shown on the page; the old ones remain
	s.shelf.mu.RLock()
	defer s.shelf.mu.RUnlock()
	return s.shelf.ordered
}

// template finds a template by its ID.
func (s *Server) template(id string) (*blueprint, error) {
	s.reloadTemplates()
	s.shelf.mu.RLock()
	b := s.shelf.byID[strings.ToLower(id)]
	s.shelf.mu.RUnlock()
	if b != nil {
		return b, nil
	}
	code := or(s.TemplateError, TemplateIDInvalid)
	err := refuse(string(code), "The template ID %q does not name a template you may use.", id)
	if strings.HasSuffix(string(code), "NOT_FOUND") {
		err.Status = http.StatusNotFound
	}
	return nil, err
}

// maxTemplates is how many templates a list gives at most; the rest is cut off
// without a word.
const maxTemplates = 2000

func (s *Server) listTemplates(c *call) (any, error) {
	var found []*blueprint
	wanted := strings.ToLower(c.query("search_text"))
	if units(wanted) > 48 {
		return nil, invalidParameter("search_text is longer than 48 characters.")
	}
	after, before, err := c.period("modified_from_date", "modified_to_date")
	if err != nil {
		return nil, err
	}
	for _, b := range s.templates() {
		if strings.Contains(strings.ToLower(b.name), wanted) && within(b.modified, after, before) {
			found = append(found, b)
		}
	}
	if strings.EqualFold(c.query("order_by"), "modified") {
		slices.SortStableFunc(found, func(a, b *blueprint) int { return a.modified.Compare(b.modified) })
	}
	if strings.EqualFold(c.query("order"), "desc") {
		slices.Reverse(found)
	}
	p, err := c.page(min(len(found), maxTemplates), maxTemplates)
	if err != nil {
		return nil, err
	}
	include := commaList(c.query("include"))
	items := []map[string]json.RawMessage{}
	for _, b := range found[p.from:p.to] {
		items = append(items, b.item(include))
	}
	return struct {
		Templates []map[string]json.RawMessage `json:"envelopeTemplates"`
		paging
	}{items, p.paging(c)}, nil
}

func (s *Server) getTemplate(c *call) (any, error) {
	b, err := s.template(c.PathValue("template"))
	if err != nil {
		return nil, err
	}
	switch {
	case !c.includes("include", "tabs"):
	case s.ShowDocumentTabs:
		return b.shown, nil
	default:
		return b.withTabs, nil
	}
	return b.plain, nil
}

func (s *Server) getTemplateRecipients(c *call) (any, error) {
	b, err := s.template(c.PathValue("template"))
	if err != nil {
		return nil, err
	}
	if text(c.query("include_tabs")).yes() {
		return b.tabbed, nil
	}
	return b.recipients, nil
}

func (s *Server) getTemplateNotification(c *call) (any, error) {
	b, err := s.template(c.PathValue("template"))
	if err != nil {
		return nil, err
	}
	return b.notes, nil
}
