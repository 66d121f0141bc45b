package apispec

import (
	"encoding/json"
	"net/http"
	"strings"
)

// An Exception says where the official description is wrong, or older or
// shorter than DocuSign's own later word. It only ever allows more, and does
// nothing to a description that lacks what it speaks of.
type Exception interface {
	// apply reports whether d needed it; a newer description may not.
	apply(d *description) (needed bool, err error)
}

// Property adds properties to definitions.
type Property struct {
	Definitions []string
	Names       []string
	Schema      string // in Swagger; "" = {"type":"string"}
	Source      string
}

// Query adds query parameters to an operation.
type Query struct {
	Operation string // method and path
	Names     []string
	Source    string
}

// Status adds a status to an operation, answered like one that is described.
type Status struct {
	Operation    string
	Status, Like int
	Source       string
}

// Definition adds a definition, where there is another that it belongs to.
type Definition struct {
	Name, Beside string
	Schema       string // in Swagger
	Source       string
}

// Operation adds an operation with its body and its one good answer.
type Operation struct {
	Operation    string
	Body, Answer string // definitions; no Body: it takes none
	Status       int    // of the answer
	Source       string
}

// Exceptions are all there are. "SDK 10" is the official Node SDK
// docusign-esign 10.0.0 (API 2.1-26.2.01.01, July 2026); file names are below
// its src/. The description is esignature.rest.swagger-v2.1.json, whose text
// is of about 2021-22.
var Exceptions = []Exception{
	Property{
		Definitions: []string{"envelopesInformation"},
		Names:       []string{"nextUri", "previousUri"},
		Source:      "SDK 10 model/EnvelopesInformation.js; the description has both in envelopeTemplateResults and bulkSendBatchSummaries",
	},
	Property{
		Definitions: []string{"templateRole"},
		Names:       []string{"deliveryMethod"},
		Source:      "SDK 10 model/TemplateRole.js; guide \"SMS or WhatsApp delivery\", which needs it beside phoneNumber",
	},
	Property{
		Definitions: []string{"signer", "carbonCopy", "certifiedDelivery", "inPersonSigner", "agent", "editor", "intermediary", "witness"},
		Names:       []string{"templateAccessCodeRequired"},
		Source:      "the description's own prose lists it among the core recipient parameters, its definitions forgot it",
	},
	Property{
		Definitions: []string{"tabs"},
		Names:       []string{"numericalTabs"},
		Schema:      `{"type":"array","items":{"$ref":"#/definitions/currency"}}`,
		Source:      "SDK 10 model/Tabs.js and model/Numerical.js, whose properties are those of currency; guide \"EnvelopeRecipientTabs\" of 2026",
	},
	Property{
		Definitions: []string{"bulkSendErrorStatus"},
		Names:       []string{"envelopeId"},
		Source:      "SDK 10 model/BulkSendErrorStatus.js",
	},
	Property{
		Definitions: []string{"bulkSendBatchStatus"},
		Names:       []string{"resendsRemaining"},
		Source:      "SDK 10 model/BulkSendBatchStatus.js",
	},
	Property{
		Definitions: []string{"bulkSendBatchSummary"},
		Names:       []string{"action", "actionStatus"},
		Source:      "SDK 10 model/BulkSendBatchSummary.js",
	},
	Property{
		Definitions: []string{"bulkSendEnvelopesInfo"},
		Names: []string{
			"authoritativeCopy", "correct", "created", "deleted", "delivered",
			"digitalSignaturesPending", "sent", "signed", "timedOut", "transferCompleted",
		},
		Source: "SDK 10 model/BulkSendEnvelopesInfo.js",
	},
	Query{
		Operation: "POST /v2.1/accounts/{accountId}/envelopes",
		Names:     []string{"tab_label_exact_matches"},
		Source:    "SDK 10 api/EnvelopesApi.js createEnvelope",
	},
	Query{
		Operation: "GET /v2.1/accounts/{accountId}/bulk_send_batch",
		Names:     []string{"from_date", "to_date", "user_id"},
		Source:    "SDK 10 api/BulkEnvelopesApi.js getBulkSendBatches",
	},
	Status{
		Operation: "POST /v2.1/accounts/{accountId}/bulk_send_lists/{bulkSendListId}/test",
		Status:    http.StatusOK, Like: http.StatusCreated,
		Source: "a test creates nothing, and 200 is what our notes have; the description has 201. Not settled, so both pass",
	},
	Operation{
		Operation: "POST /v2.1/accounts/{accountId}/envelopes/{envelopeId}/custom_fields",
		Body:      "customFields", Answer: "customFields", Status: http.StatusCreated,
		Source: "left out when the description was shortened; SDK 10 api/EnvelopesApi.js createCustomFields; bulk send's mailingListId (how-to \"bulk send envelopes\")",
	},
	Operation{
		Operation: "PUT /v2.1/accounts/{accountId}/envelopes/{envelopeId}/custom_fields",
		Body:      "customFields", Answer: "customFields", Status: http.StatusOK,
		Source: "left out when the description was shortened; SDK 10 api/EnvelopesApi.js updateCustomFields",
	},
	Operation{
		Operation: "PUT /v2.1/accounts/{accountId}/bulk_send_lists/{bulkSendListId}",
		Body:      "bulkSendingList", Answer: "bulkSendingList", Status: http.StatusOK,
		Source: "left out when the description was shortened; SDK 10 api/BulkEnvelopesApi.js updateBulkSendList",
	},
	Definition{
		Name: "bulkSendBatchRequest", Beside: "bulkSendBatchStatus",
		Schema: `{"type":"object","properties":{"batchName":{"type":"string"}}}`,
		Source: "SDK 10 model/BulkSendBatchRequest.js",
	},
	Operation{
		Operation: "PUT /v2.1/accounts/{accountId}/bulk_send_batch/{bulkSendBatchId}",
		Body:      "bulkSendBatchRequest", Answer: "bulkSendBatchStatus", Status: http.StatusOK,
		Source: "left out when the description was shortened; SDK 10 api/BulkEnvelopesApi.js updateBulkSendBatchStatus",
	},
	Definition{
		Name: "foldersRequest", Beside: "folder",
		Schema: `{"type":"object","properties":{"envelopeIds":{"type":"array","items":{"type":"string"}},
			"folders":{"type":"array","items":{"$ref":"#/definitions/folder"}},"fromFolderId":{"type":"string"}}}`,
		Source: "SDK 10 model/FoldersRequest.js",
	},
	Definition{
		Name: "foldersResponse", Beside: "folder",
		Schema: `{"type":"object","properties":{"envelopes":{"type":"array","items":{"$ref":"#/definitions/envelopeSummary"}},
			"folders":{"type":"array","items":{"$ref":"#/definitions/folder"}},
			"endPosition":{"type":"string"},"nextUri":{"type":"string"},"previousUri":{"type":"string"},
			"resultSetSize":{"type":"string"},"startPosition":{"type":"string"},"totalSetSize":{"type":"string"}}}`,
		Source: "SDK 10 model/FoldersResponse.js",
	},
	Operation{
		Operation: "PUT /v2.1/accounts/{accountId}/folders/{folderId}",
		Body:      "foldersRequest", Answer: "foldersResponse", Status: http.StatusOK,
		Source: "left out when the description was shortened; SDK 10 api/FoldersApi.js moveEnvelopes; guide \"Delete and restore an envelope\", which deletes drafts so",
	},
	Definition{
		Name: "userInformation", Beside: "accountInformation",
		Schema: `{"type":"object","properties":{"userId":{"type":"string"},"userName":{"type":"string"},"email":{"type":"string"},
			"userStatus":{"type":"string"},"permissionProfileName":{"type":"string"},
			"userSettings":{"type":"object","properties":{"canSendEnvelope":{"type":"string"},"bulkSend":{"type":"string"}}}}}`,
		Source: "SDK 10 model/UserInformation.js, model/UserSettingsInformation.js, as far as sending depends on them",
	},
	Operation{
		Operation: "GET /v2.1/accounts/{accountId}/users/{userId}",
		Answer:    "userInformation", Status: http.StatusOK,
		Source: "left out when the description was shortened; SDK 10 api/UsersApi.js getInformation",
	},
}

func (e Property) apply(d *description) (needed bool, err error) {
	in := &swaggerSchema{Type: string(text)}
	if e.Schema != "" {
		if err := json.Unmarshal([]byte(e.Schema), &in); err != nil {
			return false, err
		}
	}
	for _, name := range e.Definitions {
		definition := d.definitions[name]
		if definition == nil || definition.kind != object {
			continue
		}
		for _, property := range e.Names {
			if definition.properties[property] != nil {
				continue
			}
			if definition.properties[property], err = d.schema(in); err != nil {
				return false, err
			}
			needed = true
		}
	}
	return needed, nil
}

func (e Query) apply(d *description) (needed bool, err error) {
	op := d.named(e.Operation)
	if op == nil {
		return false, nil
	}
	for _, name := range e.Names {
		if _, known := op.query[name]; !known {
			op.query[name], needed = false, true
		}
	}
	return needed, nil
}

func (e Status) apply(d *description) (needed bool, err error) {
	op := d.named(e.Operation)
	if op == nil {
		return false, nil
	}
	if _, known := op.answers[e.Status]; known {
		return false, nil
	}
	like, known := op.answers[e.Like]
	if known {
		op.answers[e.Status] = like
	}
	return known, nil
}

func (e Definition) apply(d *description) (needed bool, err error) {
	if d.definitions[e.Name] != nil || d.definitions[e.Beside] == nil {
		return false, nil
	}
	in := new(swaggerSchema)
	if err := json.Unmarshal([]byte(e.Schema), in); err != nil {
		return false, err
	}
	definition := &schema{name: e.Name}
	d.definitions[e.Name] = definition
	return true, d.fill(definition, in)
}

func (e Operation) apply(d *description) (needed bool, err error) {
	body, answer := d.definitions[e.Body], d.definitions[e.Answer]
	method, template, _ := strings.Cut(e.Operation, " ")
	if d.named(e.Operation) != nil || body == nil && e.Body != "" || answer == nil {
		return false, nil
	}
	d.add(method, template, &operation{
		query:   make(map[string]bool),
		body:    body,
		answers: map[int]*schema{e.Status: answer},
		failure: d.failure,
	})
	return true, nil
}

func (d *description) named(operation string) *operation {
	method, template, _ := strings.Cut(operation, " ")
	if p := d.templates[template]; p != nil {
		return p.operations[method]
	}
	return nil
}
