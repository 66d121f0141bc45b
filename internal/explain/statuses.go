package explain

import "batchsend/envelope"

// statuses explain the words of the column status. Two of them stand for a code in
// messages about what has none.
var statuses = []Explanation{
	{
		Code: "sent", Meaning: "DocuSign has the envelope and has mailed it.",
		Done: "The envelope ID stands in the results.",
		Cure: "nothing",
	},
	{
		Code: "already-sent", Meaning: "An earlier run sent the envelope.",
		Done: "Nothing was sent again.",
		Cure: "nothing; to send it once more on purpose: --batch NEW --allow-repeat",
	},
	{
		Code: "rejected", Meaning: "The row was found wrong before anything was sent.",
		Done: "Nothing was sent of its envelope.",
		Cure: "correct the row; the code beside it tells more",
	},
	{
		Code: "failed", Meaning: "DocuSign refused the envelope, or has not sent it although it was asked three times.",
		Done: "Nobody was mailed. The next run tries it again.",
		Cure: "the code and the message beside it say what to mend",
	},
	{
		Code: "unknown", Meaning: "No answer told whether the envelope was sent, and it was not found at DocuSign since.",
		Done: "It is never simply sent again: every run looks it up first.",
		Cure: envelope.RunAgain + ", or batchsend reconcile, which sends nothing; after seven days look in DocuSign by recipient and date",
	},
	{
		Code: "sending", Meaning: "DocuSign has the envelope in a bulk list and is working on it.",
		Done: "The next run learns its envelope ID.",
		Cure: envelope.RunAgain + " later",
	},
	{
		Code: "pending", Meaning: "The envelope was not tried.",
		Done: "Nothing was sent of it.",
		Cure: "what stopped the run says whether a person must act first; else " + envelope.RunAgain,
	},
	{
		Code: "valid", Meaning: "A dry run found nothing wrong with the envelope.",
		Done: "Nothing was sent.",
		Cure: "run the command without --dry-run",
	},
}
