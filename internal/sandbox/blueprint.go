package sandbox

import (
	"cmp"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
)

// blueprint is a template, read once: what envelopes are made of, and the
// answers about it. It is never changed.
type blueprint struct {
	id, name, subject, blurb string
	modified                 time.Time
	notification             *wireNotification
	fields                   []CustomField
	seats                    []seat
	documents                []Document
	hides, locked            bool // enforceSignerVisibility, messageLock

	plain      json.RawMessage            // the template without tabs
	withTabs   json.RawMessage            // and with
	recipients json.RawMessage            // without tabs
	tabbed     json.RawMessage            // and with
	notes      json.RawMessage            // notification
	docs       json.RawMessage            // documents
	shown      json.RawMessage            // the template with the tabs of its documents as well
	docTabs    map[string]json.RawMessage // by document ID: all tabs on it
	summary    map[string]json.RawMessage // for lists, by property
}

// readBlueprint reads a template's REST JSON. Numbers and booleans in it become
// strings, as DocuSign would have written them.
func readBlueprint(raw []byte) (*blueprint, error) {
	var tree map[string]any
	if err := json.Unmarshal(raw, &tree); err != nil {
		return nil, fmt.Errorf("the template is not JSON: %v", err)
	}
	stringify(tree)
	if tree["notification"] == nil {
		tree["notification"] = Notification{Expires: true, ExpireAfter: systemExpiry}.answer()
	}
	var w struct {
		TemplateID   string            `json:"templateId"`
		Name         string            `json:"name"`
		Subject      string            `json:"emailSubject"`
		Blurb        string            `json:"emailBlurb"`
		LastModified string            `json:"lastModified"`
		Notification *wireNotification `json:"notification"`
		CustomFields wireFields        `json:"customFields"`
		Documents    []wireDocument    `json:"documents"`
		Recipients   wireRecipients    `json:"recipients"`
		Hides        text              `json:"enforceSignerVisibility"`
		Locked       text              `json:"messageLock"`
	}
	if err := json.Unmarshal(encode(tree), &w); err != nil {
		return nil, fmt.Errorf("the template is not what the REST API calls one: %v", err)
	}
	if w.TemplateID == "" || w.Name == "" {
		return nil, fmt.Errorf("the template has no templateId or no name: add both")
	}
	b := &blueprint{
		id: w.TemplateID, name: w.Name, subject: w.Subject, blurb: w.Blurb,
		notification: w.Notification,
		fields:       fieldsOf(w.CustomFields),
		documents:    documentsOf(w.Documents),
		hides:        w.Hides.yes(), locked: w.Locked.yes(),
	}
	b.modified, _ = parseTime(w.LastModified)
	for _, kind := range kinds {
		for _, r := range w.Recipients.of(kind) {
			place, err := seatOf(kind, r)
			if err != nil {
				return nil, fmt.Errorf("template %q, role %q: %v", b.name, r.RoleName, err)
			}
			b.seats = append(b.seats, place)
		}
	}
	b.render(tree)
	return b, nil
}

// render makes the answers about the template.
func (b *blueprint) render(tree map[string]any) {
	people, _ := tree["recipients"].(map[string]any)
	if people == nil {
		people = map[string]any{}
		tree["recipients"] = people
	}
	b.shown, b.docTabs = encode(tree), tabsByDocument(tree, people)
	b.docs = encode(documentsAnswer(b.id, tree))
	b.withTabs, b.tabbed, b.notes = encode(tree), encode(people), encode(tree["notification"])
	for _, kind := range kinds {
		list, _ := people[kind].([]any)
		for _, r := range list {
			if r, ok := r.(map[string]any); ok {
				delete(r, "tabs")
			}
		}
	}
	b.plain, b.recipients = encode(tree), encode(people)
	b.summary = make(map[string]json.RawMessage)
	for property, v := range tree {
		b.summary[property] = encode(v)
	}
}

// summaryAlways are the properties every item of a list of templates has;
// summaryOnRequest those it has when include names the key.
var (
	summaryAlways = []string{
		"templateId", "name", "description", "uri", "shared", "owner", "created", "lastModified", "lastModifiedBy",
		"lastUsed", "pageCount", "folderId", "folderName", "passwordProtected", "emailSubject", "emailBlurb",
	}
	summaryOnRequest = map[string]string{
		"documents": "documents", "recipients": "recipients", "custom_fields": "customFields",
		"notifications": "notification", "favorite_template_status": "favoritedByMe",
	}
)

// item is the template's entry in a list.
func (b *blueprint) item(include []string) map[string]json.RawMessage {
	properties := slices.Clone(summaryAlways)
	for _, key := range include {
		if p, ok := summaryOnRequest[strings.ToLower(key)]; ok {
			properties = append(properties, p)
		}
	}
	out := make(map[string]json.RawMessage, len(properties))
	for _, p := range properties {
		if v, ok := b.summary[p]; ok {
			out[p] = v
		}
	}
	return out
}

// seat is a recipient being put together: a place in a template with or without
// a person, or a person without such a place.
type seat struct {
	Recipient
	inTemplate bool
	locked     bool // templateLocked: the sender may not change how it is delivered
	filled     bool // by the request
	stored     bool // the template itself names the person
}

// seatOf reads a place of a template.
func seatOf(kind string, w wireRecipient) (seat, error) {
	person, err := personOf(kind, w)
	if err != nil {
		return seat{}, err
	}
	for _, list := range sortedLists(w.Tabs) {
		for _, t := range w.Tabs[list] {
			person.Tabs = append(person.Tabs, tabOf(list, t))
		}
	}
	person.NeedsCode = w.CodeRequired.yes()
	return seat{Recipient: person, inTemplate: true, locked: w.TemplateLocked.yes(), stored: person.fixed()}, nil
}

// personOf reads all of a recipient but the tabs.
func personOf(kind string, w wireRecipient) (Recipient, error) {
	order, err := routingOrder(w.RoutingOrder, 1)
	check, number := w.asks()
	told, tellError := w.told()
	return Recipient{
		Kind: kind, Role: string(w.RoleName), RoutingOrder: order,
		Name: w.fullName(kind), Email: w.address(kind), SignerName: w.signer(kind),
		Note: string(w.Note), AccessCode: string(w.AccessCode), Delivery: string(w.DeliveryMethod),
		Phone:        Phone{string(w.PhoneNumber.CountryCode), string(w.PhoneNumber.Number)},
		ClientUserID: string(w.ClientUserID), SigningGroup: string(w.SigningGroupID),
		Bulk: w.IsBulkRecipient.yes(),
		Told: told, PhoneCheck: check, CheckNumber: number,
	}, cmp.Or(err, tellError)
}

// told is the number to which a text message goes, besides the mail.
func (w *wireRecipient) told() (Phone, error) {
	if len(w.AdditionalNotifications) == 0 {
		return Phone{}, nil
	}
	n := w.AdditionalNotifications[0]
	digits := func(t text) bool { return t != "" && strings.Trim(string(t), "0123456789") == "" }
	switch {
	case len(w.AdditionalNotifications) > 1:
		return Phone{}, invalidParameter("A recipient has one additional notification at most.")
	case !strings.EqualFold(string(n.Method), "SMS") && !strings.EqualFold(string(n.Method), "WhatsApp"):
		return Phone{}, invalidParameter("The secondaryDeliveryMethod %q is not one.", string(n.Method))
	case !digits(n.Phone.CountryCode) || !digits(n.Phone.Number):
		return Phone{}, invalidParameter("The phone number of an additional notification is not one.")
	}
	return Phone{string(n.Phone.CountryCode), string(n.Phone.Number)}, nil
}

// fullName, address and signer read the names an in-person signer's host has.
func (w *wireRecipient) fullName(kind string) string {
	switch {
	case kind == "inPersonSigners" && w.HostName != "":
		return string(w.HostName)
	case w.Name != "":
		return string(w.Name)
	}
	return strings.TrimSpace(string(w.FirstName) + " " + string(w.LastName))
}

func (w *wireRecipient) address(kind string) string {
	if kind == "inPersonSigners" && w.HostEmail != "" {
		return string(w.HostEmail)
	}
	return string(w.Email)
}

func (w *wireRecipient) signer(kind string) string {
	if kind != "inPersonSigners" {
		return ""
	}
	return string(or(w.SignerName, w.InPersonSignerName))
}

// routingOrder reads a routing order, def if there is none.
func routingOrder(t text, def int) (int, error) {
	if t == "" {
		return def, nil
	}
	n, err := strconv.Atoi(string(t))
	if err != nil || n < 1 {
		return 0, invalidParameter("The routing order %q is not a positive number.", string(t))
	}
	return n, nil
}

func documentsOf(list []wireDocument) []Document {
	var out []Document
	for i, w := range list {
		pages, _ := strconv.Atoi(string(w.Pages))
		position := strconv.Itoa(i + 1)
		out = append(out, Document{
			ID: string(or(w.DocumentID, text(position))), Name: string(w.Name),
			Order: string(or(w.Order, text(position))), Pages: pages, Prefill: prefillOf(w.Tabs.Prefill),
		})
	}
	return out
}

// prefillable are the lists of a document's tabs that the sender fills. Those
// with the sender's own name and company fill themselves.
var prefillable = []string{"textTabs", "checkboxTabs", "radioGroupTabs", "dateTabs", "emailTabs", "numberTabs", "ssnTabs", "zipTabs"}

func prefillOf(w wireTabs) []Tab {
	var out []Tab
	for _, list := range sortedLists(w) {
		if !slices.Contains(prefillable, list) {
			continue
		}
		for _, t := range w[list] {
			out = append(out, tabOf(list, t))
		}
	}
	return out
}

func fieldsOf(w wireFields) []CustomField {
	var out []CustomField
	for _, f := range w.Text {
		out = append(out, fieldOf(f, false))
	}
	for _, f := range w.List {
		out = append(out, fieldOf(f, true))
	}
	return out
}

func fieldOf(w wireField, list bool) CustomField {
	f := CustomField{
		Name: string(w.Name), Value: string(w.Value),
		Show: w.Show.yes(), Required: w.Required.yes(), List: list,
	}
	for _, item := range w.ListItems {
		f.Items = append(f.Items, string(item))
	}
	return f
}

// stringify turns the numbers and booleans below v into strings, but for the
// one property of a template that the API itself writes as a boolean.
func stringify(v any) any {
	switch v := v.(type) {
	case map[string]any:
		for key, value := range v {
			if key != "signerMustAcknowledgeUseAccountDefault" {
				v[key] = stringify(value)
			}
		}
	case []any:
		for i := range v {
			v[i] = stringify(v[i])
		}
	case float64:
		return strconv.FormatFloat(v, 'f', -1, 64)
	case bool:
		return flag(v)
	}
	return v
}

// encode writes a value made of our own types or read from JSON, which cannot
// fail.
func encode(v any) json.RawMessage {
	out, err := json.Marshal(v)
	if err != nil {
		panic(err)
	}
	return out
}
