package censor

import (
	"regexp"
	"slices"
	"strings"
)

// What a log of requests and answers holds of people.
var (
	// member is a member of a JSON object that is a text.
	member = regexp.MustCompile(`"([A-Za-z0-9_]+)"(\s*:\s*)"((?:[^"\\]|\\.)*)"`)
	// numeric is one that is a number.
	numeric = regexp.MustCompile(`"([A-Za-z0-9_]+)"(\s*:\s*)(-?[0-9][0-9.eE+-]*)`)
	// list is a JSON list of texts.
	list = regexp.MustCompile(`\[\s*"(?:[^"\\]|\\.)*"(?:\s*,\s*"(?:[^"\\]|\\.)*")*\s*\]`)
	// inTags is a text between XML tags.
	inTags = regexp.MustCompile(`>[^<>\r\n]+</`)
	// address is an e-mail address, also as it stands in a URL.
	address = regexp.MustCompile(`[\pL\pN._%+'-]+(?:@|%40)[\pL\pN-]+(?:\.[\pL\pN-]+)+`)
	// secretHeader is a header with a credential.
	secretHeader = regexp.MustCompile(`(?im)^((?:proxy-)?authorization|x-docusign-authentication|x-authorization-digest|cookie|set-cookie)(\s*:).*$`)
	// searched is what somebody has searched for.
	searched = regexp.MustCompile(`(?i)([?&](?:search_text|email|user_name|user_filter|custom_field)=)[^&\s"]*`)
	// quoted is what an error message repeats of a request.
	quoted = regexp.MustCompile(`'[^']*'|\\"(?:[^"\\]|\\[^"])*\\"`)
	// harmlessValue says nothing of anybody.
	harmlessValue = regexp.MustCompile(`^(?:|true|false|[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12})$`)
)

// harmlessMembers are the members of requests and answers whose values may be shown. All
// others may hold what concerns people: names, addresses, numbers, texts, values of fields.
var harmlessMembers = strings.Fields(`errorCode status statusDateTime envelopeId templateId recipientId recipientIdGuid roleName
	routingOrder sequence compositeTemplateId transactionId uri tabLabel groupName documentId order pages pageNumber
	useAccountDefaults reminderEnabled reminderDelay reminderFrequency expireEnabled expireAfter expireWarn show required
	resultSetSize startPosition endPosition totalSetSize nextUri previousUri created lastModified sentDateTime
	createdDateTime deliveredDateTime completedDateTime voidedDateTime statusChangedDateTime batchId batchSize listId
	queued sent failed canBeSent apiRequestLogging apiRequestLogMaxEntries apiRequestLogRemainingEntries
	billingPeriodEnvelopesAllowed billingPeriodEnvelopesSent billingPeriodDaysRemaining envelopeSendingBlocked
	allowBulkSend bulkSend bulkSendMaxCopiesInBatch bulkSendMaxUnprocessedEnvelopesCount`)

// Exchange returns the text of a request and its answer as it may be given to others:
// without secrets and without what concerns people. Where it is in doubt it hides.
func Exchange(text string) string {
	text = secretHeader.ReplaceAllString(Text(text), "${1}${2} "+mark)
	text = numeric.ReplaceAllStringFunc(text, func(m string) string {
		parts := numeric.FindStringSubmatch(m)
		if slices.Contains(harmlessMembers, parts[1]) {
			return m
		}
		return `"` + parts[1] + `"` + parts[2] + `"` + mark + `"`
	})
	text = member.ReplaceAllStringFunc(text, func(m string) string {
		parts := member.FindStringSubmatch(m)
		switch {
		case parts[1] == "message":
			return `"message"` + parts[2] + `"` + quoted.ReplaceAllString(parts[3], mark) + `"`
		case slices.Contains(harmlessMembers, parts[1]), harmlessValue.MatchString(parts[3]):
			return m
		}
		return `"` + parts[1] + `"` + parts[2] + `"` + mark + `"`
	})
	text = list.ReplaceAllString(text, `["`+mark+`"]`)
	text = inTags.ReplaceAllString(text, ">"+mark+"</")
	text = searched.ReplaceAllString(text, "${1}"+mark)
	return address.ReplaceAllString(text, mark)
}
