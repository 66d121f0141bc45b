package report

// Failure is the JSON object of a command that could not do its work.
type Failure struct {
	ExitCode int    `json:"exitCode"`
	Error    string `json:"error"`
	Hint     string `json:"hint,omitempty"` // what to do
}

// Reconciled is what looking up lost answers came to, in JSON. Each counts envelopes.
type Reconciled struct {
	Batches []string `json:"batches"` // that had any
	Sent    int      `json:"sent"`    // DocuSign has them
	NotSent int      `json:"notSent"` // proven never to have been created
	Open    int      `json:"open"`    // not known yet
	Later   int      `json:"later"`   // of these, they need nobody: another run learns it
	Stopped string   `json:"stopped,omitempty"`
}

// Version tells which program this is, in JSON.
type Version struct {
	Version string `json:"version"`
	Go      string `json:"go"`
	OS      string `json:"os"`
	Arch    string `json:"arch"`
}
