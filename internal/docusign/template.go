package docusign

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"batchsend/reminders"
	"batchsend/template"
)

// Template reads a template with its roles and tabs and with the reminders and
// expiration it stores, in one call. The error is [template.ErrUnknown] if there
// is no such template.
func (c *Client) Template(ctx context.Context, id string) (*template.Template, reminders.Stored, error) {
	var got wireTemplate
	err := c.do(ctx, call{
		op: "read template", method: http.MethodGet, path: "/templates/" + url.PathEscape(id),
		query: url.Values{"include": {"recipients,tabs"}},
	}, &got)
	if e, ok := errors.AsType[*Error](err); ok && e.Kind == Refused && e.Cause == nil {
		if e.Status == http.StatusNotFound || e.Status == http.StatusBadRequest && strings.Contains(normal(e.Code), "TEMPLATE") {
			e.Cause = template.ErrUnknown
		}
	}
	if err != nil {
		return nil, reminders.Stored{}, err
	}
	got.ID = got.ID.or(text(id))
	t, err := got.template()
	if err != nil {
		return nil, reminders.Stored{}, &Error{Kind: Refused, Op: "read template", Status: http.StatusOK, Cause: err}
	}
	return t, got.Notification.stored(), nil
}

// maxElsewhere is how many other accounts [Client.TemplateElsewhere] asks.
const maxElsewhere = 5

// TemplateElsewhere looks for a template in the user's other accounts, one call
// for each of the first few. It returns the name and the ID of the first that has it.
func (c *Client) TemplateElsewhere(ctx context.Context, id string) (name, account string, found bool) {
	here, asked := c.login.Load(), 0
	for _, a := range here.Accounts {
		if a.ID == here.AccountID || asked == maxElsewhere || c.checkBase(a.BaseURI) != nil {
			continue
		}
		asked++
		site := &Login{AccountID: a.ID, BaseURI: a.BaseURI}
		if c.doAt(ctx, site, call{op: "find template", method: http.MethodGet, path: "/templates/" + url.PathEscape(id)}, nil) == nil {
			return a.Name, a.ID, true
		}
	}
	return "", "", false
}

// Templates lists the templates that the user may use, by name.
func (c *Client) Templates(ctx context.Context) ([]template.Listed, error) {
	list := call{
		op: "list templates", method: http.MethodGet, path: "/templates",
		query: url.Values{"count": {strconv.Itoa(perPage)}, "order_by": {"name"}, "order": {"asc"}},
	}
	var all []template.Listed
	err := each(ctx, c, list, func(got *wireTemplates) (page, int) {
		for _, w := range got.Templates {
			all = append(all, template.Listed{ID: w.ID.guid(), Name: string(w.Name), Modified: w.modified()})
		}
		return got.page, len(got.Templates)
	})
	if err != nil {
		return nil, err
	}
	return all, nil
}

// wireTemplates is the schema "envelopeTemplateResults".
type wireTemplates struct {
	Templates []wireTemplate `json:"envelopeTemplates"`
	page
}

func (w *wireTemplates) keys() (keys []string) {
	for i := range w.Templates {
		keys = append(keys, string(w.Templates[i].ID))
	}
	return keys
}

// What a template says of itself: the schema "envelopeTemplate" and those that
// it refers to, as far as they matter here.
type (
	wireTemplate struct {
		ID               text                       `json:"templateId"`
		Name             text                       `json:"name"`
		Subject          text                       `json:"emailSubject"`
		Blurb            text                       `json:"emailBlurb"`
		LastModified     text                       `json:"lastModified"`
		ModifiedDateTime text                       `json:"lastModifiedDateTime"`
		Notification     *wireNotification          `json:"notification"`
		CustomFields     wireTemplateFields         `json:"customFields"`
		Recipients       map[string]json.RawMessage `json:"recipients"`
		Documents        []wireTemplateDocument     `json:"documents"`
		Hides            text                       `json:"enforceSignerVisibility"`
		MessageLock      text                       `json:"messageLock"`
	}

	wireTemplateFields struct {
		Text []wireTemplateField `json:"textCustomFields"`
		List []wireTemplateField `json:"listCustomFields"`
	}

	wireTemplateField struct {
		wireField
		Items []text `json:"listItems"`
	}

	wireRole struct {
		RoleName     text                       `json:"roleName"`
		RoutingOrder text                       `json:"routingOrder"`
		Name         text                       `json:"name"`
		Email        text                       `json:"email"`
		HostEmail    text                       `json:"hostEmail"`
		SignerName   text                       `json:"signerName"`
		InPersonName text                       `json:"inPersonSignerName"`
		Phone        wireTel                    `json:"phoneNumber"`
		GroupID      text                       `json:"signingGroupId"`
		GroupName    text                       `json:"signingGroupName"`
		Locked       text                       `json:"templateLocked"`
		AccessCode   text                       `json:"accessCode"`
		CodeRequired text                       `json:"templateAccessCodeRequired"`
		Tabs         map[string]json.RawMessage `json:"tabs"`
		Delivery     text                       `json:"deliveryMethod"`
		ClientUser   text                       `json:"clientUserId"`
		Besides      []wireAdditional           `json:"additionalNotifications"`
		wirePhoneCheck
	}

	// wirePhoneCheck is how a recipient must prove by telephone who they are: in
	// the old way by the name of a configuration, in the new by a workflow.
	wirePhoneCheck struct {
		CheckName text             `json:"idCheckConfigurationName"`
		SMS       wireCheckNumbers `json:"smsAuthentication"`
		Call      wireCheckNumbers `json:"phoneAuthentication"`
		Identity  struct {
			Options []wireInputOption `json:"inputOptions"`
		} `json:"identityVerification"`
	}

	wireInputOption struct {
		Type    text      `json:"valueType"`
		Numbers []wireTel `json:"phoneNumberList"`
	}

	wireCheckNumbers struct {
		Numbers  []text `json:"senderProvidedNumbers"`
		Anywhere text   `json:"recipMayProvideNumber"`
	}

	wireTab struct {
		TabLabel  text `json:"tabLabel"`
		GroupName text `json:"groupName"`
		MaxLength text `json:"maxLength"`
		Pattern   text `json:"validationPattern"`
		Message   text `json:"validationMessage"`
		Value     text `json:"value"`
		Selected  text `json:"selected"`
		Formula   text `json:"formula"`
		ForSender text `json:"senderRequired"`
		Required  text `json:"required"`
		Locked    text `json:"locked"`
		Items     []struct {
			Text     text  `json:"text"`
			Value    *text `json:"value"` // nil: the text is the value
			Selected text  `json:"selected"`
		} `json:"listItems"`
		Radios []struct {
			Value    text `json:"value"`
			Selected text `json:"selected"`
			Required text `json:"required"`
			Locked   text `json:"locked"`
		} `json:"radios"`
	}
)

func (w *wireTemplate) modified() time.Time { return w.LastModified.or(w.ModifiedDateTime).time() }

func (w *wireTemplate) template() (*template.Template, error) {
	t := &template.Template{
		ID: w.ID.guid(), Name: string(w.Name),
		Subject: string(w.Subject), Blurb: string(w.Blurb), Modified: w.modified(),
		HidesDocuments: w.Hides.true(), MessageLocked: w.MessageLock.true(),
	}
	for _, kind := range lists(w.Recipients, template.Kinds()) {
		var roles []wireRole
		if err := json.Unmarshal(w.Recipients[string(kind)], &roles); err != nil {
			return nil, fmt.Errorf("the template's %s cannot be read", kind)
		}
		for i := range roles {
			role, err := roles[i].role(kind)
			if err != nil {
				return nil, err
			}
			t.Roles = append(t.Roles, role)
		}
	}
	slices.SortStableFunc(t.Roles, func(a, b template.Role) int { return cmp.Compare(a.RoutingOrder, b.RoutingOrder) })
	for _, f := range w.CustomFields.Text {
		t.Fields = append(t.Fields, f.field(false))
	}
	for _, f := range w.CustomFields.List {
		t.Fields = append(t.Fields, f.field(true))
	}
	for _, d := range w.Documents {
		document, err := d.document()
		if err != nil {
			return nil, err
		}
		t.Documents = append(t.Documents, document)
	}
	t.Fields = slices.DeleteFunc(t.Fields, func(f template.Field) bool { return ours(f.Name) })
	return t, nil
}

// lists returns the keys of from that hold lists: first those known, in their
// order, then the rest by name. What DocuSign may add some day is not lost: a
// kind of recipient that nobody here knows must not look like none.
func lists[K ~string](from map[string]json.RawMessage, known []K) []K {
	var keys []K
	for _, key := range slices.Sorted(maps.Keys(from)) {
		if value := from[key]; len(value) > 0 && value[0] == '[' {
			keys = append(keys, K(key))
		}
	}
	slices.SortStableFunc(keys, func(a, b K) int { return cmp.Compare(rank(a, known), rank(b, known)) })
	return keys
}

func rank[K ~string](key K, known []K) int {
	if i := slices.Index(known, key); i >= 0 {
		return i
	}
	return len(known)
}

func (w *wireRole) role(kind template.Kind) (template.Role, error) {
	role := template.Role{
		Name: string(w.RoleName), Kind: kind, RoutingOrder: max(w.RoutingOrder.int(), 1),
		Person: w.person(kind),
		Locked: w.Locked.true(), NeedsAccessCode: w.CodeRequired.true() && w.AccessCode == "",
		Fieldless: true, Texted: w.texted(), Check: w.check(), Embedded: w.ClientUser != "",
	}
	for _, list := range lists(w.Tabs, template.FillableTabs()) {
		if !strings.HasSuffix(string(list), "Tabs") {
			continue // tabGroups: rules about tabs
		}
		var tabs []wireTab
		if err := json.Unmarshal(w.Tabs[string(list)], &tabs); err != nil {
			return role, fmt.Errorf("the %s of the template's role %q cannot be read", list, w.RoleName)
		}
		role.Fieldless = role.Fieldless && len(tabs) == 0
		for i := range tabs {
			if tab := tabs[i].tab(list); tab.Label != "" {
				role.Tabs = append(role.Tabs, tab)
			}
		}
	}
	return role, nil
}

// texted reports whether the recipient is told by text message.
func (w *wireRole) texted() bool {
	return strings.EqualFold(string(w.Delivery), "SMS") || strings.EqualFold(string(w.Delivery), "WhatsApp") || len(w.Besides) > 0
}

func (w *wirePhoneCheck) check() template.PhoneCheck {
	ready := false
	switch normal(string(w.CheckName)) {
	case "SMSAUTH$":
		ready = len(w.SMS.Numbers) > 0
	case "PHONEAUTH$":
		ready = len(w.Call.Numbers) > 0 || w.Call.Anywhere.true()
	default:
		i := slices.IndexFunc(w.Identity.Options, func(o wireInputOption) bool { return strings.EqualFold(string(o.Type), "PhoneNumberList") })
		if i < 0 {
			return template.NoPhoneCheck
		}
		ready = len(w.Identity.Options[i].Numbers) > 0
	}
	if ready {
		return template.PhoneCheckReady
	}
	return template.PhoneCheckBlank
}

// person is whom the template itself names. One who is reached by telephone
// alone is named by the number, and in person one signs who has a host and a
// name.
func (w *wireRole) person(kind template.Kind) template.Person {
	p := template.Person{Name: string(w.Name), Email: string(w.Email), Group: string(w.GroupName.or(w.GroupID))}
	if kind == template.InPersonSigner {
		signer := w.SignerName.or(w.InPersonName).or(w.Name)
		p.Name, p.Email = string(signer), string(w.HostEmail.or(w.Email))
		if signer == "" {
			p.Email = ""
		}
	}
	if p.Email == "" && p.Name != "" && w.Phone.Number != "" {
		p.Email = "+" + string(w.Phone.CountryCode+" "+w.Phone.Number)
	}
	return p
}

func (w *wireTab) tab(list template.TabType) template.Tab {
	t := template.Tab{
		Label: string(w.TabLabel.or(w.GroupName)), Type: list,
		MaxLength: max(w.MaxLength.int(), 0), Pattern: string(w.Pattern), Hint: string(w.Message),
		SenderRequired: w.ForSender.true(), Required: w.Required.true(), Locked: w.Locked.true(),
		Filled: w.Value != "" || w.Formula != "",
	}
	if list == template.Checkbox {
		t.Filled = w.Selected.true()
	}
	w.items(&t)
	w.radios(&t)
	return t
}

// items adds what a list offers.
func (w *wireTab) items(t *template.Tab) {
	differ := false
	for _, item := range w.Items {
		value := item.Text
		if item.Value != nil {
			value = *item.Value
		}
		if value == "" {
			continue // it says that nothing is chosen
		}
		t.Options, t.Texts = append(t.Options, string(value)), append(t.Texts, string(item.Text.or(value)))
		differ = differ || item.Text != "" && item.Text != value
		t.Filled = t.Filled || item.Selected.true()
	}
	if !differ {
		t.Texts = nil
	}
}

// radios adds what a group of radio buttons offers. Each button says for itself
// what holds for the group.
func (w *wireTab) radios(t *template.Tab) {
	locked := len(w.Radios) > 0
	for _, radio := range w.Radios {
		if radio.Value != "" {
			t.Options = append(t.Options, string(radio.Value))
		}
		t.Required = t.Required || radio.Required.true()
		t.Filled = t.Filled || radio.Selected.true()
		locked = locked && radio.Locked.true()
	}
	t.Locked = t.Locked || locked
}

func (w *wireTemplateField) field(list bool) template.Field {
	f := template.Field{
		Name: string(w.Name), Value: string(w.Value),
		Show: w.Show.true(), Required: w.Required.true(), List: list,
	}
	for _, item := range w.Items {
		f.Options = append(f.Options, string(item))
	}
	return f
}
