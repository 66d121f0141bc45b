package docusign

import (
	"regexp"
	"strings"

	"batchsend/envelope"
)

// Explanation is what there is to know about a code with which DocuSign has
// answered, or a reason for which nobody could be signed in.
type Explanation struct {
	Code    string
	Meaning string
	Done    string // what DocuSign has done, and what batchsend does
	Cure    string
}

// effect is what a code means for a run.
type effect uint8

const (
	failsRow   effect = iota + 1 // the envelope is refused, others are not
	failsAlike                   // the envelope is refused, and others of its template would be for the same reason
	forbids                      // the same for want of a right, which all others may want too
	stops                        // everything is refused before a person has acted
	pauses                       // everything is refused for hours
	waits                        // the call may be made again when its window has room
	repeats                      // nothing was done, the call may be made again at once
	mayExist                     // the envelope may exist
	renews                       // a new token may help
	goesAlone                    // of a bulk list: its envelopes go one by one
	changes                      // of an envelope that was sent: it stays as it is
	signsIn                      // nobody was signed in
)

// done says what an effect comes to.
var done = map[effect]string{
	failsRow:   "DocuSign refused the envelope and created nothing. It is `failed` (exit code 4); the others go on.",
	failsAlike: "DocuSign refused the envelope and created nothing. It is `failed` (exit code 4). If DocuSign says so of one envelope after the other, the run stops (exit code 1).",
	forbids:    "DocuSign refused the envelope and created nothing. It is `failed` (exit code 4); if nothing at all could be sent for this reason, or one envelope after the other is refused so, exit code 1.",
	stops:      "DocuSign did nothing and would refuse whatever comes next. The run stops, what is not sent stays `pending` (exit code 1): a person must act before it can go on.",
	pauses:     "DocuSign did nothing and takes nothing for some hours. The run stops, what is not sent stays `pending` (exit code 5): a later run goes on.",
	waits:      "DocuSign did nothing. The run says until when it waits, and makes the call again then.",
	repeats:    "DocuSign did nothing. The run makes the call again by itself.",
	mayExist:   "DocuSign does not say whether the envelope exists. The run looks it up; what DocuSign has not sent after --settle is sent again, and is `failed` after three such answers.",
	renews:     "DocuSign did nothing. The run signs in once more and repeats the call; if the new token is refused too it stops (exit code 1).",
	goesAlone:  "DocuSign sends a list as a whole or not at all: nobody was mailed. The run sends the list's envelopes one by one.",
	changes:    "Nothing was changed: the envelope is as it was.",
	signsIn:    "Nobody was signed in: nothing was asked and nothing was sent (exit code 1).",
}

// Cures that several codes share.
const (
	askRights   = "ask an administrator of the account for the right, or act for a user who has it"
	askAccount  = "sign in for a user of this account, or name another account; demo and production are worlds apart"
	tellSupport = "if the file is right, tell DocuSign Support the trace"
	seePlan     = "the account's plan or settings do not allow this: ask an administrator"
	seeTemplate = "repair the template: a field or a document of it is not as it should be"
	copyID      = "copy the template ID from DocuSign (Templates, the template, Template ID), and share the template with this user"
	waitLimit   = "nothing; --reserve leaves calls to other applications, --until ends a run that would wait too long"
	fewerCalls  = "nothing; look whether another application asks about the same envelopes all the time"
	badList     = "nothing; if the rows are right, tell DocuSign Support the trace"
	badValue    = "correct the rows that the message names"
	lookThere   = "look at the envelope in DocuSign: it was changed there, or is no longer what it was"
	// unclearAnswer is for answers that DocuSign's API would not give.
	unclearAnswer = "look at the message: if it is not DocuSign that answers, a proxy or a page to log in stands in the way"
	oneEditor     = "wait until whoever edits the envelope or template in DocuSign has closed it, then " + envelope.RunAgain
)

// codes is the one table of what DocuSign answers with. Source: DocuSign "Error
// codes", "Troubleshooting for common errors", REST v2.1 BulkEnvelopes.
var codes = []struct {
	code    string
	effect  effect
	meaning string
	cure    string
}{
	// The account, its plan and its rights.
	{"ENVELOPE_ALLOWANCE_EXCEEDED", stops, "The envelopes of the account's plan are used up for this billing period.", "the plan's envelopes are used up: have the plan extended or wait for the next billing period, then " + envelope.RunAgain},
	{"ENVELOPE_SEND_LIMIT_EXCEEDED", pauses, "DocuSign limits how much this account may send in a time, whatever its plan says.", "DocuSign limits how much this account may send: wait some hours, then " + envelope.RunAgain + "; DocuSign Support can raise the limit"},
	{"ACCOUNT_LACKS_PERMISSIONS", stops, "The account may not do this: sending is blocked, or its plan lacks the feature.", "the account's plan or settings do not allow this, or sending is blocked for it: ask an administrator"},
	{"ACCOUNT_SUSPENDED", stops, "The account is suspended.", "the account is suspended, most often over billing: an administrator sees why under Billing and Usage"},
	{"ACCOUNT_NOT_AUTHORIZED_FOR_ENVELOPE", failsRow, "The envelope belongs to another account.", askAccount},
	{"PLAN_ITEM_NOT_ENABLED", forbids, "The account's plan lacks a feature that the envelope uses.", seePlan},
	{"USER_LACKS_PERMISSIONS", forbids, "The user may not do this in the account.", askRights},
	{"USER_NOT_ACCOUNT_ADMIN", forbids, "Only an administrator of the account may do this.", askRights},
	{"USER_NOT_ENVELOPE_SENDER_OR_RECIPIENT", failsRow, "The user has no part in the envelope.", askRights},
	{"USER_LACKS_MEMBERSHIP", stops, "The user does not belong to the account, or the account is on another server.", askAccount},
	{"USER_DOES_NOT_BELONG_TO_SPECIFIED_ACCOUNT", stops, "The user does not belong to the account.", askAccount},
	{"USER_DOES_NOT_EXIST_IN_SYSTEM", stops, "DocuSign does not know the user in this environment.", askAccount},
	{"USER_NOT_FOUND", stops, "DocuSign does not know the user in this environment, or the user is not active there.", whereIDs + "; demo and production have different users"}, // as a reason: user_not_found
	{"PARTNER_AUTHENTICATION_FAILED", stops, "DocuSign does not know the integration key in this environment, or it is disabled.", "the integration key does not exist here or is disabled: check that the auth server is its environment; a demo key needs Go-Live for production"},
	{"AUTHORIZATION_INVALID_TOKEN", renews, "The access token has expired, was revoked, or is of another environment.", "the token was refused twice: check that the auth server is the environment of the account"},
	{"USER_AUTHENTICATION_FAILED", renews, "DocuSign does not take the access token for this user.", "the token was refused twice: check that the auth server is the environment of the account"},

	// Limits of calls.
	{"HOURLY_APIINVOCATION_LIMIT_EXCEEDED", waits, "The account's calls of this hour are used up, by this and other applications.", waitLimit},
	{"BURST_APIINVOCATION_LIMIT_EXCEEDED", waits, "The account's calls of these 30 seconds are used up, by this and other applications.", waitLimit},
	{"API_REQUEST_IS_THROTTLED", waits, "DocuSign slows this kind of call down.", waitLimit},
	{"Hourly_Envelope_Polling_Limit_Exceeded", waits, "One envelope was asked about too often in an hour.", fewerCalls},
	{"Burst_Envelope_Polling_Limit_Exceeded", waits, "One envelope was asked about too often in 30 seconds.", fewerCalls},
	{"Hourly_APIInvocation_Envelope_Limit_Exceeded", waits, "One envelope was changed too often in an hour.", fewerCalls},
	{"Burst_APIInvocation_Envelope_Limit_Exceeded", waits, "One envelope was changed too often in 30 seconds.", fewerCalls},

	// The envelope and its recipients.
	{"ENVELOPE_HAS_DUPLICATE_RECIPIENTS", failsRow, "Two recipients have the same name, address and routing order.", "give each recipient another name, address or routing order"},
	{"INVALID_EMAIL_ADDRESS_FOR_RECIPIENT", failsRow, "An e-mail address is missing or is none.", "correct the e-mail address"},
	{"ENVELOPE_CUSTOM_FIELD_MISSING", failsAlike, "The template requires an envelope custom field that has no value.", "fill a column \"field:NAME\" for it, or give it a value in the template"},
	{"ENVELOPE_IS_INCOMPLETE", failsAlike, "A document, a recipient or the subject is missing.", "the template needs a document, a subject, and a person for every role"},
	{"ONESIGNALLSIGN_NOT_SATISFIED", failsAlike, "A signer has no field to sign, and the account does not allow that (Document Visibility).", "every signer needs a field of their own: add one for each role in the template, or have an administrator switch Document Visibility off"},
	{"RECIPIENT_LIMIT_EXCEEDED", failsRow, "The envelope has more recipients than DocuSign takes.", "an envelope takes 100 recipients at most"},
	{"INVALID_RECIPIENT_ID", failsRow, "The request names a recipient by an ID that is none.", tellSupport},
	{"UNKNOWN_ENVELOPE_RECIPIENT", failsRow, "The envelope has no such recipient.", lookThere},
	{"RECIPIENT_NOT_IN_SEQUENCE", failsRow, "It is not this recipient's turn.", lookThere},
	{"RECIPIENT_UPDATE_FAILED", changes, "The recipient could not be changed.", lookThere},
	{"INVALID_CAPTIVE_RECIPIENT_OPERATION", failsRow, "The recipient signs within another application, not by e-mail.", "clear the recipient in the template"},
	{"OPTED_OUT_PHONE_NUMBER_FOR_RECIPIENT", failsRow, "Whoever has this number wants no messages from DocuSign.", "this number takes no messages from DocuSign any more: leave phone empty"},
	{"IDENTITY_WORKFLOW_INVALID_ID", failsAlike, "The account does not have the identity check that the request names.", seePlan},
	{"SIGNATURE_PROVIDER_INVALID_NAME", failsAlike, "The account does not have the kind of signature that the template asks for.", seePlan},
	{"INVALID_REQUEST_PARAMETER", failsRow, "DocuSign does not take a value of the request; its message names it.", tellSupport},
	{"INVALID_REQUEST_BODY", failsRow, "DocuSign cannot read the request; its message says why.", tellSupport},
	{"UNSPECIFIED_ERROR", mayExist, "DocuSign failed and gives no better reason than its message.", "DocuSign failed without saying why: if it stays so for one row, look at what is special about it; if for all, tell DocuSign Support the trace"},
	{"SUCCESS", changes, "Nothing went wrong: some of DocuSign's answers say so in the place of an error.", "nothing"},

	// The template and its documents.
	{"TEMPLATE_ID_INVALID", failsAlike, "There is no such template, or the user may not use it.", copyID},
	{"TEMPLATE_NOT_FOUND", failsAlike, "There is no such template, or the user may not use it.", copyID},
	{"TAB_REFERS_TO_MISSING_DOCUMENT", failsAlike, "A field belongs to a document that the template does not have.", "a field of the template refers to a document it does not have: repair the template"},
	{"TAB_PAGENUMBER_IS_NOT_IN_DOCUMENT", failsAlike, "A field stands on a page that its document does not have.", seeTemplate},
	{"TAB_OUT_OF_BOUNDS", failsAlike, "A field stands beside its page.", seeTemplate},
	{"ANCHOR_TAB_STRING_NOT_FOUND", failsAlike, "A field is tied to words that its document does not have.", "a field of the template is tied to words its document does not have: repair the template"},
	{"ANCHOR_TAG_PROCESSING_FAILURE", failsAlike, "A field is tied to words of its document, and DocuSign could not place it.", seeTemplate},
	{"UNABLE_TO_LOAD_DOCUMENT", failsAlike, "DocuSign cannot read a document.", seeTemplate},
	{"UNSUPPORTED_PDF_CONTENT", failsAlike, "A document holds what DocuSign does not take, such as XFA forms.", seeTemplate},
	{"PAGE_IMAGE_NOT_FOUND", failsAlike, "DocuSign has no image of a page.", seeTemplate},
	{"DOCUMENT_DOES_NOT_EXIST", failsAlike, "There is no such document.", seeTemplate},
	{"DOCUMENT_UPLOAD_NOT_ALLOWED", failsAlike, "No document may be added.", seeTemplate},
	{"DOCUMENT_LIMIT_EXCEEDED", failsAlike, "There are more documents than DocuSign takes.", seeTemplate},

	// Envelopes that exist already.
	{"ENVELOPE_DOES_NOT_EXIST", changes, "DocuSign has no such envelope, or not any more.", "look whether it was deleted in DocuSign, and that the account is the right one"},
	{"RESOURCE_NOT_FOUND", changes, "DocuSign has nothing at this address.", "check that the account is the right one; if so, tell DocuSign Support the trace"},
	{"ENVELOPE_INVALID_STATUS", changes, "The envelope's status does not allow this.", lookThere},
	{"ENVELOPE_CANNOT_VOID_INVALID_STATE", changes, "Only an envelope that was sent and is not completed can be voided.", lookThere},
	{"ENVELOPE_NOT_IN_FOLDER", changes, "The envelope is not in this folder.", lookThere},
	{"EDIT_LOCK_ENVELOPE_ALREADY_LOCKED", changes, "Somebody is editing the envelope or the template.", oneEditor},
	{"EDIT_LOCK_ENVELOPE_NOT_LOCKED", changes, "Nobody holds the envelope for editing any more.", oneEditor},
	{"EDIT_LOCK_NOT_LOCK_OWNER", changes, "Somebody else is editing the envelope or the template.", oneEditor},
	{"EDIT_LOCK_INVALID_STATE_FOR_LOCK", changes, "The envelope's status does not allow it to be edited.", lookThere},

	// Bulk lists: making them.
	{"BULK_SEND_MAX_COPIES_EXCEEDED", goesAlone, "The list has more envelopes than the account takes in one.", badList},
	{"BULK_SEND_RECIPIENT_IDS_MUST_BE_UNIQUE", goesAlone, "Two recipients of an envelope have one ID.", badList},
	{"BULK_SEND_RECIPIENT_ID_REQUIRED", goesAlone, "A recipient has neither role nor ID.", badList},
	{"BULK_SEND_RECIPIENT_NAME_REQUIRED", goesAlone, "A recipient has no name.", badValue},
	{"BULK_SEND_EMAIL_ADDRESS_REQUIRED_FOR_EMAIL_RECIPIENT", goesAlone, "A recipient has no e-mail address.", badValue},
	{"BULK_SEND_EMAIL_ADDRESS_NOT_VALID", goesAlone, "An e-mail address is none.", badValue},
	{"BULK_SEND_FAX_NUMBER_REQUIRED_FOR_FAX_RECIPIENT", goesAlone, "A recipient by fax has no number.", badList},
	{"BULK_SEND_FAX_NUMBER_NOT_VALID", goesAlone, "A fax number is none.", badList},
	{"BULK_SEND_PHONE_NUMBER_REQURED_FOR_SMS_AUTH", goesAlone, "A recipient who is to prove who they are by text message has no number.", badValue},
	{"BULK_SEND_PHONE_NUMBER_INVALID_FOR_SMS_AUTH", goesAlone, "The number of a recipient who is to prove who they are by text message is none.", badValue},
	{"BULK_SEND_ROLE_NAMES_MUST_BE_UNIQUE", goesAlone, "A role is filled twice in an envelope.", badList},
	{"BULK_SEND_CANNOT_USE_BOTH_ROLE_AND_ID_ON_SAME_RECIPIENT", goesAlone, "A recipient has both role and ID.", badList},
	{"BULK_SEND_CANNOT_USE_BOTH_ROLE_AND_ID_IN_SAME_LIST", goesAlone, "The list names some recipients by role and some by ID.", badList},
	{"BULK_SEND_INVALID_ID_CHECK_CONFIGURATION", goesAlone, "An identity check lacks its settings.", badList},
	{"BULK_SEND_INVALID_SBS_INPUT_CONFIGURATION", goesAlone, "A kind of signature lacks its settings.", badList},
	{"BULK_SEND_TAB_LABELS_MUST_BE_UNIQUE", goesAlone, "Two fields of a recipient have one label.", badList},
	{"BULK_SEND_TAB_LABEL_REQUIRED", goesAlone, "A field has no label.", badList},
	{"BULK_SEND_TAB_VALUE_REQUIRED", goesAlone, "A field has no value.", badList},
	{"BULK_SEND_ENVELOPE_CUSTOM_FIELD_NAME_MUST_BE_UNIQUE", goesAlone, "Two custom fields of an envelope have one name.", badList},
	{"BULK_SEND_ENVELOPE_CUSTOM_FIELD_NAME_REQUIRED", goesAlone, "A custom field has no name.", badList},
	{"BULK_SEND_ENVELOPE_CUSTOM_FIELD_VALUE_REQUIRED", goesAlone, "A custom field has no value.", badList},

	// Bulk lists: testing and sending them.
	{"BULK_SEND_ENVELOPE_NOT_IN_SENDABLE_STATE", goesAlone, "The draft that the list is for is not one any more, or lacks something.", badList},
	{"BULK_SEND_ENVELOPE_LIST_CONTAINS_NO_COPIES", goesAlone, "The list is empty.", badList},
	{"BULK_SEND_ENVELOPE_LIST_CONTAINS_TOO_MANY_COPIES", goesAlone, "The list has more envelopes than the account takes in one.", badList},
	{"BULK_SEND_ENVELOPE_CANNOT_BE_NULL", goesAlone, "The request names no draft.", badList},
	{"BULK_SEND_BLOB_STORE_ERROR", repeats, "DocuSign could not store the list.", "DocuSign could not store the list: " + envelope.RunAgain + "; if it stays so, tell DocuSign Support the trace"},
	{"BULK_SEND_ACCOUNT_HAS_TOO_MANY_QUEUED_ENVELOPES", waits, "DocuSign has not worked off the account's earlier bulk lists.", "DocuSign still works off earlier bulk sends of the account: " + envelope.RunAgain + " later, which goes on with the rest"},
	{"BULK_SEND_ENVELOPE_NOT_FOUND", goesAlone, "DocuSign does not have the draft that the list is for.", badList},
	{"BULK_SEND_LIST_NOT_FOUND", goesAlone, "DocuSign does not have the list, or not any more.", badList},
	{"BULK_SEND_ENVELOPE_HAS_NO_RECIPIENTS", goesAlone, "The draft has no recipients.", badList},
	{"BULK_SEND_RECIPIENT_ID_DOES_NOT_EXIST_IN_ENVELOPE", goesAlone, "The list names a recipient whom the draft does not have.", badList},
	{"BULK_SEND_RECIPIENT_ID_DOES_NOT_MATCH", goesAlone, "The list names a recipient whom the draft does not have.", badList},
	{"BULK_SEND_RECIPIENT_ROLE_DOES_NOT_MATCH", goesAlone, "The list names a role that the draft does not have.", badList},
	{"BULK_SEND_ENVELOPE_HAS_BULK_RECIPIENT", goesAlone, "The template has a recipient of DocuSign's old bulk sending.", "remove that recipient from the template"},
	{"BULK_SEND_DUPLICATE_RECIPIENT_DETECTED", goesAlone, "One person stands in an envelope twice at one routing order.", badValue},
	{"BULK_SEND_ENVELOPE_HAS_NO_TABS", goesAlone, "The list gives values for fields, and the draft has none.", badList},
	{"BULK_SEND_TAB_LABEL_DOES_NOT_EXIST_IN_ENVELOPE", goesAlone, "The list gives a value for a field that the draft does not have.", badList},
	{"BULK_SEND_TAB_DOES_NOT_MATCH", goesAlone, "The list gives a value for a field of a kind that bulk sending cannot fill.", badList},
	{"BULK_SEND_ENVELOPE_HAS_NO_ENVELOPE_CUSTOM_FIELDS", goesAlone, "The list gives values for custom fields, and the draft has none.", badList},
	{"BULK_SEND_ENVELOPE_CUSTOM_FIELD_DOES_NOT_EXIST_IN_ENVELOPE", goesAlone, "The list gives a value for a custom field that the draft does not have.", badList},
	{"BULK_SEND_ENVELOPE_CUSTOM_FIELD_NAME_DOES_NOT_MATCH", goesAlone, "The list gives a value for a custom field that the draft does not have.", badList},
	{"BULK_SEND_ENVELOPE_SIZE_LIMIT_EXCEEDED", goesAlone, "The envelope is too large for bulk sending (75 MB).", "make the template's documents smaller, or give --via single"},

	// Answers without a code of DocuSign's; see [Error.ErrorCode]. [codeAt] takes
	// every good status for the first, every redirection for the second.
	{"HTTP_200", mayExist, "The answer seems to be a good one and does not tell what it should: it is a web page, it broke off, it names no envelope, or it speaks of a draft that was to be sent.", unclearAnswer},
	{"HTTP_302", mayExist, "The answer points to another address, which DocuSign's API never does.", unclearAnswer},
	{"HTTP_401", renews, "The access token was refused, without a reason.", "the token was refused twice: check that the auth server is the environment of the account"},
	{"HTTP_403", forbids, "The call is forbidden, without a reason: by DocuSign or by a proxy before it.", askRights},
	{"HTTP_404", changes, "There is nothing at this address.", "check the account's address, and that no proxy stands in the way"},
	{"HTTP_407", stops, "The proxy wants a login.", "the proxy wants a login: give it in HTTPS_PROXY"},
	{"HTTP_408", mayExist, "DocuSign's server waited too long for the call.", "if it stays so, look at the network between here and DocuSign"},
	{"HTTP_429", waits, "Too many calls.", waitLimit},
	{"HTTP_444", pauses, "DocuSign blocks this traffic because of excess use.", "DocuSign blocks this traffic because of excess use: wait some hours, then " + envelope.RunAgain + ", and ask DocuSign Support if it stays so"},
	{"HTTP_500", mayExist, "DocuSign's server, or one before it, has failed.", "https://status.docusign.com tells about outages"},
	{"HTTP_502", mayExist, "A server before DocuSign's got no answer from it.", "https://status.docusign.com tells about outages"},
	{"HTTP_503", mayExist, "DocuSign is out of order or overloaded.", "https://status.docusign.com tells about outages"},
	{"HTTP_504", mayExist, "A server before DocuSign's waited too long for it.", "https://status.docusign.com tells about outages"},

	// Reasons for which nobody could be signed in; see [AuthError].
	{string(ConsentRequired), stops, "The user has not allowed the integration key to act for them, or has taken that back.", "let the user open the address that the message shows, log in and accept, once"},
	{string(InvalidSubject), signsIn, "What was given as the user's ID is none.", "give the user's ID, a GUID, not an e-mail address; " + whereIDs},
	{string(IssuerNotFound), signsIn, "The integration key does not exist in this environment.", whereIDs},
	{string(NoValidKey), signsIn, "DocuSign does not take the signature for one of the integration key.", useKey},
	{string(ExpiredGrant), signsIn, "The request was dated too far back.", "check this machine's clock and time zone, then try again"},
	{string(InvalidGrant), signsIn, "DocuSign refused to sign in and does not say why. Often this machine's clock is wrong.", "check this machine's clock and time zone, then try again"},
	{string(UnsupportedGrantType), signsIn, "The server does not offer JWT Grant.", "check the auth server: it must be demo, production or the address of DocuSign's OAuth server"},
	{string(UnauthorizedClient), signsIn, "The integration key may not use JWT Grant.", "on the page Apps and Keys, open the integration key and let it use JWT Grant"},
	{string(InternalServerError), signsIn, "DocuSign could not read the request to sign in.", "check the integration key, the user ID and the private key; all three must be of this environment"},
	{string(Unreachable), signsIn, "No answer came from DocuSign's OAuth server.", "check the network, the proxy (HTTPS_PROXY) and the auth server's name"},
	{string(Unavailable), signsIn, "DocuSign's OAuth server is out of order or was asked too often.", "wait a few minutes and try again; https://status.docusign.com tells about outages"},
	{string(Unreadable), signsIn, "The answer is not one of an OAuth server.", "check the auth server's name, and that no proxy or login page stands in the way"},
	{string(Unsigned), signsIn, "The private key cannot sign.", "use an RSA private key in PEM"},
	{string(TokenRefused), signsIn, "DocuSign does not take the token that it has just given.", "try again; if it stays so, check that the auth server is the environment of the integration key"},
	{string(NoAccount), signsIn, "The user belongs to no account.", "only DocuSign Support can repair this if the user does have an account"},
	{string(AccountUnknown), signsIn, "The account is not one of the user's.", "use one of these accounts, or have the user added to the other"},
	{string(CodeRefused), signsIn, "DocuSign did not take the code that it had given the browser: it was used already, or it is some minutes old.", "run `batchsend login` again"},
	{string(LoginEnded), signsIn, "The login kept on this machine is not good any more: it was not used for 30 days, it was taken back in DocuSign, or a copy of it was used elsewhere.", "run `batchsend login`; for runs without a person use a private key (JWT Grant), which does not end"},
	{string(LoginUnreadable), signsIn, "The login kept on this machine cannot be read or renewed.", "run `batchsend login`"},
	{string(NotPublic), signsIn, "The integration key does not let people log in without a secret.", "on the page Apps and Keys, edit the integration key: say that the app cannot keep a secret, so that it uses Authorization Code Grant with PKCE"},
	{string(BadBaseURI), signsIn, "The account's address, as DocuSign tells it, is not https or not DocuSign's.", "check the auth server; if it is right, tell DocuSign Support of the address"},
}

// What the cures of signing in share.
const (
	whereIDs = "the user ID and the integration key stand on the page Apps and Keys of the same environment"
	useKey   = "use the private key made for this integration key in this environment, or make a new RSA key pair for it on the page Apps and Keys"
)

// codeIndex finds the place of a code in the table by its normal form.
var codeIndex = func() map[string]int {
	index := make(map[string]int, len(codes))
	for i, c := range codes {
		index[normal(c.code)] = i
	}
	return index
}()

var httpStatus = regexp.MustCompile(`^(?:HTTP)?([1-5][0-9][0-9])$`)

// codeAt finds a code in the table, however it is spelt: DocuSign is not
// consistent, and which code a suspended account gets is not documented. A
// number is the status of an answer without a code.
func codeAt(code string) (i int, ok bool) {
	code = normal(code)
	if m := httpStatus.FindStringSubmatch(code); m != nil {
		code = "HTTP" + m[1]
	}
	if i, ok = codeIndex[code]; ok {
		return i, true
	}
	switch {
	case strings.HasPrefix(code, "ONESIGNALLSIGN"):
		code = "ONESIGNALLSIGNNOTSATISFIED"
	case suspended(code):
		code = "ACCOUNTSUSPENDED"
	case strings.HasPrefix(code, "HTTP2"):
		code = "HTTP200"
	case strings.HasPrefix(code, "HTTP3"):
		code = "HTTP302"
	default:
		return 0, false
	}
	i, ok = codeIndex[code]
	return i, ok
}

// Explain tells what there is to know about a code; ok is false for one that
// this package does not know.
func Explain(code string) (e Explanation, ok bool) {
	i, ok := codeAt(code)
	if !ok {
		return e, false
	}
	return explanation(i), true
}

func explanation(i int) Explanation {
	c := codes[i]
	return Explanation{Code: c.code, Meaning: c.meaning, Done: done[c.effect], Cure: c.cure}
}

// Explanations lists every code that this package knows.
func Explanations() []Explanation {
	all := make([]Explanation, len(codes))
	for i := range codes {
		all[i] = explanation(i)
	}
	return all
}

// Hint says what to do about a code, "" if that is not known.
func Hint(code string) string {
	if i, ok := codeAt(code); ok {
		return codes[i].cure
	}
	return ""
}

// Alike reports whether a code with which an envelope was refused speaks of the
// account, the user or the template: others will be refused for the same reason.
func Alike(code string) bool {
	i, ok := codeAt(code)
	return ok && codes[i].effect != failsRow
}

// Forbids reports whether a code speaks of a right or feature that user or
// account lack.
func Forbids(code string) bool { return has(code, forbids) }

// has reports whether a code has an effect.
func has(code string, e effect) bool {
	i, ok := codeAt(code)
	return ok && codes[i].effect == e
}
