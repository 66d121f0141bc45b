package sandbox

// What DocuSign does in these cases is documented badly or not at all. Each
// zero value is the outcome that is likeliest, and of those the most dangerous.

// Duplicates says what happens to a create request whose transaction ID was
// used within the last seven days.
type Duplicates int

const (
	DuplicatesCreate Duplicates = iota // a second envelope is created and mailed
	DuplicatesFirst                    // the answer names the first envelope, nothing is created
	DuplicatesReject                   // INVALID_REQUEST_PARAMETER
)

// EmptyRoles says what happens when an envelope is sent while a placeholder
// role of its template has no recipient. Drafts keep such roles, and refuse to
// be sent, whatever this says.
type EmptyRoles int

const (
	EmptyRolesDrop       EmptyRoles = iota // the role is dropped and the envelope sent without it
	EmptyRolesBadEmail                     // INVALID_EMAIL_ADDRESS_FOR_RECIPIENT
	EmptyRolesIncomplete                   // ENVELOPE_IS_INCOMPLETE
)

// UnknownTabs says what happens to a tab in a request whose type and label the
// matched role does not have.
type UnknownTabs int

const (
	UnknownTabsIgnore UnknownTabs = iota // the value is lost silently
	UnknownTabsAdd                       // the tab is added to the recipient
	UnknownTabsReject                    // INVALID_REQUEST_PARAMETER
)

// PartialNotification says where the missing half comes from when a request
// over a template carries reminders or expirations only.
type PartialNotification int

const (
	PartialSystem   PartialNotification = iota // no reminders; the account's expiration, or 120 days
	PartialTemplate                            // the template
)

// TemplateError is the error code for a template that does not exist. A code
// that ends in NOT_FOUND is answered with status 404, any other with 400.
type TemplateError string

const (
	TemplateIDInvalid TemplateError = "TEMPLATE_ID_INVALID"
	TemplateNotFound  TemplateError = "TEMPLATE_NOT_FOUND"
)

// BurstKind says where a burst window begins.
type BurstKind int

const (
	BurstAligned   BurstKind = iota // on multiples of BurstWindow since the epoch
	BurstFromFirst                  // with the first call after the window before ended
	BurstSliding                    // anywhere: no BurstWindow-long interval holds more than BurstLimit calls
)

// Tells says what an account tells of itself.
type Tells int

const (
	TellsAll     Tells = iota // the account, and its settings with it
	TellsApart                // the settings only where they are asked for by themselves
	TellsNoRules              // no settings: the user has no right to them
	TellsNothing              // not even the account
)

// CodeFormat is what access codes must look like. The zero value asks nothing.
type CodeFormat struct {
	Length                  int  // at least so long
	Letter, Number, Special bool // must hold one
}
