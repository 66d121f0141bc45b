package envelope

// Explanation is what there is to know about a [Code].
type Explanation struct {
	Code     Code
	Meaning  string
	DocuSign string // what DocuSign would have done
	Cure     string
}

// Explain tells more about a code; ok is false for one that is not ours.
func Explain(code Code) (Explanation, bool) {
	for _, e := range explanations {
		if e.Code == code {
			return e, true
		}
	}
	return Explanation{}, false
}

// Explanations lists every code of ours.
func Explanations() []Explanation { return explanations }

var explanations = []Explanation{
	{
		RoleUnknown, "The row's roleName (or a column \"Role::...\") is no role of the template. Upper and lower case, spaces and invisible characters count.",
		"Adds an extra recipient without any fields, leaves the role empty, and mails the envelope.",
		"Write the role as the template has it; `batchsend template ID` lists the roles.",
	},
	{
		RoutingMismatch, "The row's routingOrder is not the one that the role has in the template.",
		"Takes it for another recipient without the role's fields and mails the envelope.",
		"Leave routingOrder empty, or give the template's number.",
	},
	{
		RoleMissing, "A role that the template leaves open is filled by no row of the envelope, or can be filled by none because the role has no name or shares it with another at the same routing order.",
		"Drops the role, or refuses the envelope, depending on the account.",
		"Add a row with this role and the same value in the envelope column; name or rename the role in the template if the message says so.",
	},
	{
		RoleRepeated, "Two rows of one envelope fill the same role.",
		"Adds the second as an extra recipient without the role's fields.",
		"Correct the role, or give the row another value in the envelope column.",
	},
	{
		RoleFixed, "The template itself names who fills this role, or locks it.",
		"Keeps the template's recipient and mails the row's as well, at routing order 1.",
		"Remove the row. To choose the recipient by file, clear name and e-mail of the role in the template.",
	},
	{
		RoleKind, "The role is of a kind (in-person signer, witness, notary) that needs more than a name and an address.",
		"Refuses the envelope or leaves the role empty.",
		"Settle the recipient in the template.",
	},
	{
		DuplicateRecipient, "One address stands in two roles of an envelope, or in one beside a role that the template itself fills with it.",
		"At the same routing order it refuses the envelope; at different ones it mails the person twice.",
		"Correct the address. If one person does hold both roles, give --allow-same-person (never possible at the same routing order).",
	},
	{
		DuplicateEnvelope, "An envelope with the same template, recipients and values stands earlier in the file. As a warning: the same people, or people of the same names, get or got other values.",
		"Sends both.",
		"Remove one of the two.",
	},
	{
		AlreadySentCode, "An envelope with the very same content was sent before under another name, in this batch or another.",
		"Sends it again.",
		"Remove the rows, or give --allow-repeat if it must go out once more.",
	},
	{
		KeyConflict, "This batch has already sent an envelope with the same value in the envelope column and other content, or, without such a column, an envelope with other content to the same people that no row says any more: a cell seems to have been corrected.",
		"Sends this one too: it does not know that they are meant to be the same.",
		"Restore the row, and correct or void what was sent in DocuSign if it was wrong. If this is another envelope, give it another envelope value, or name another batch with --batch; if both must go out, give --allow-repeat.",
	},
	{
		EmailInvalid, "The e-mail address is missing or cannot exist.",
		"Refuses the envelope, or accepts it and the mail bounces.",
		"Correct the address: one per cell, without name or brackets.",
	},
	{
		NameMissing, "The recipient has no name, or one that nobody can see.",
		"Refuses the envelope, or drops the recipient.",
		"Fill in the name.",
	},
	{
		TooLong, "A text is longer than DocuSign takes. A subject counts with its merge fields filled in.",
		"Refuses the envelope.",
		"Shorten the text.",
	},
	{
		ReminderInvalid, "reminderDelay or reminderFrequency is no whole number of days in range, or cannot work together with the expiry.",
		"Refuses odd numbers; accepts reminders that can never be sent.",
		"Use 1 to 999 (frequency also 0); the first reminder must come before the envelope expires, and a frequency needs a delay.",
	},
	{
		ExpirationInvalid, "expireAfter or expireWarn is no whole number of days in range, or the warning would come at or before the start.",
		"Refuses odd numbers; accepts warnings that can never be sent.",
		"Use 1 to 999 (warn also 0) with the warning shorter than the expiry.",
	},
	{
		TabUnknown, "The role has no tab with this label, or only the recipient can fill it.",
		"Drops the value and sends the envelope with the tab empty.",
		"Correct the label after `tab:`; `batchsend template ID` lists the labels.",
	},
	{
		TabValue, "The value does not fit the tab: its choices, length, pattern or kind; or there is none and the sender must give one. As a warning: a tab stays empty without which nobody can sign, or only the first of several is filled, or the value looks like something a spreadsheet made.",
		"Often accepts it, and the recipient cannot finish signing; refuses the envelope if the sender must fill the tab.",
		"Correct or fill in the value; the message names the choices. Tabs whose labels cannot be told apart must be renamed in the template.",
	},
	{
		FieldUnknown, "The template has no envelope custom field of this name.",
		"Adds a field of that name, which no report of yours looks for.",
		"Correct the name after `field:`.",
	},
	{
		FieldValue, "The value is none of the list field's choices, or the template requires one and there is none.",
		"Refuses the envelope.",
		"Use one of the choices; fill a required field in a column `field:<name>`.",
	},
	{
		AccessCodeInvalid, "The access code holds one of < > & #, does not look as the account demands (length, letters, digits, special characters), or is missing where the template demands one.",
		"Refuses the envelope.",
		"Use another code, up to 50 characters; the account's administrator sets what codes must look like.",
	},
	{
		PhoneInvalid, "The phone number cannot be read, or the recipient cannot be told by text message: not in this role, not beside a check of who they are by telephone, not more than 10 of an envelope, or not in this account.",
		"Refuses the envelope or sends no message.",
		"Write the number with its country code: +46 701234567. Leave the cell empty where text messages are not possible: the mail goes out all the same.",
	},
	{
		TextInvalid, "A subject is missing, shows nothing or holds a merge field that names nothing; a subject or a message is given that the template locks; a subject or a name holds a line break; or a name, a text or an envelope value holds control characters, invisible signs that change what is read, a spreadsheet's error, a number that a spreadsheet has shortened, a placeholder that was not filled in, or what a wrong conversion made of letters. As a warning: a name or a text looks like one of these, or names have the surname first.",
		"Refuses the envelope, or mails the text as it stands.",
		"Correct the text: a name and a subject are one line each, numbers are kept whole in columns formatted as text, and the subject's merge fields are [[Role_UserName]], [[Role_Email]] and [[ECF:field]].",
	},
	{
		RowDisagrees, "Two rows of one envelope give different values for something that belongs to the envelope.",
		"Never sees it: only one value could be sent.",
		"Give the value on one row, or alike on all.",
	},
	{
		TemplateUnknown, "No template is named, or the account has none with this ID.",
		"Refuses the envelope.",
		"Correct templateId or --template; `batchsend template` lists those you may use.",
	},
	{
		TemplateChanged, "The template is not what it was when the batch was begun, and some of the batch has not been sent yet.",
		"Sends the rest with the changed template.",
		"Look at the template. If the rest shall be sent with it as it is now, give --allow-changed-template.",
	},
	{
		TemplateUnusable, "The template is such that no envelope of it can be sent, whatever the rows say: it has no document, a field that the sender must fill (prefill) has no value, a signer has no field and the account uses Document Visibility, or a recipient whom the template itself names is wrong.",
		"Refuses every envelope.",
		"Mend the template as the message says; `batchsend template ID` shows what it asks for.",
	},
	{
		TooManyRecipients, "The envelope has more than 100 recipients, those whom the template itself names among them.",
		"Refuses the envelope (RECIPIENT_LIMIT_EXCEEDED).",
		"Make several envelopes of it, or use a signing group.",
	},
	{
		EncodingGuessed, "The file is not Unicode, and nothing in it says which code page it was saved in. The message shows how it was read and the first cells that depend on it.",
		"Mails the names as they are read, garbled if the guess is wrong.",
		"Look at the cells. If they are right, give --encoding with the name in the message; if not, with the right one, such as windows-1250, windows-1251, macintosh or ibm850; or save the file again as CSV UTF-8.",
	},
	{
		CSVMalformed, "The file or the row is not readable as CSV. As a warning: the last line has no end, as if the file had been cut off, or lines that are no rows were ignored: the header again, or a report's footer.",
		"Never sees it.",
		"Mend the quotes or delimiters on the line named, or save the file again as CSV UTF-8. The other rows of its envelope wait for it.",
	},
	{
		ColumnUnknown, "A column's name is none that is known.",
		"Its own Bulk Send ignores such columns.",
		"Correct the name; tab values go in `tab:<label>`, custom fields in `field:<name>`.",
	},
	{
		ColumnRepeated, "Two columns have the same name (case, spaces and underscores do not count) or fill the same tab or custom field.",
		"Never sees it: only one of them could count.",
		"Remove or rename one.",
	},
	{
		ColumnMissing, "A column that every recipient needs is not there.",
		"Refuses the envelope.",
		"Add the column.",
	},
	{
		BulkCopyFailed, "DocuSign took the envelope over in a bulk list and could not make it; nobody was mailed.",
		"Says why in its own words, and no code: they are in the message.",
		"Mend what they say and " + RunAgain + "; it sends only what is missing.",
	},
}
