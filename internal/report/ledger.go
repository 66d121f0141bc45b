package report

import (
	"bufio"
	"bytes"
	"encoding/json"
	"io"
	"iter"
	"slices"
	"time"
)

// LedgerSummary is what the ledger knows of some of its envelopes, in short.
type LedgerSummary struct {
	Subject  string    `json:"subject"`
	Made     time.Time `json:"made"`
	Accounts []string  `json:"accounts"`
	Batches  []string  `json:"batches"`
	Files    []string  `json:"files"`
	Since    time.Time `json:"from,omitzero"`
	Until    time.Time `json:"to,omitzero"`
	Counts   Counts    `json:"counts"`
	Reasons  []*Reason `json:"reasons"`
	LedgerTimes
	Templates []BatchTemplate `json:"templates"`
	Next      []Next          `json:"next"`
}

// LedgerTimes say when envelopes were sent and completed.
type LedgerTimes struct {
	First      time.Time `json:"first,omitzero"` // of their last changes
	Last       time.Time `json:"last,omitzero"`
	Timeline   Timeline  `json:"-"`
	Signing    Signing   `json:"-"`
	AtDocuSign []string  `json:"atDocuSign,omitempty"`
}

// BatchTemplate is a template with which a batch was sent, as it was then.
type BatchTemplate struct {
	Batch       string `json:"batch"`
	Template    string `json:"template"`
	Fingerprint string `json:"fingerprint"`
}

// Add adds an envelope that changed at a time.
func (s *LedgerSummary) Add(account, batch, file string, at time.Time) {
	for _, of := range []struct {
		list  *[]string
		value string
	}{{&s.Accounts, account}, {&s.Batches, batch}, {&s.Files, file}} {
		if !slices.Contains(*of.list, of.value) {
			*of.list = append(*of.list, of.value)
		}
	}
	if s.First.IsZero() || at.Before(s.First) {
		s.First = at
	}
	if at.After(s.Last) {
		s.Last = at
	}
}

// Write prints the summary and the envelopes as one indented JSON object. It holds no
// more than one of them in memory.
func (s *LedgerSummary) Write(w io.Writer, envelopes iter.Seq2[EnvelopeStatus, error]) error {
	counts := Counts{}
	for _, status := range Statuses() {
		counts[status] = s.Counts[status]
	}
	sum := *s
	sum.Counts = counts
	sum.Accounts, sum.Batches, sum.Files = orEmpty(s.Accounts), orEmpty(s.Batches), orEmpty(s.Files)
	sum.Reasons, sum.Templates, sum.Next = orEmpty(s.Reasons), orEmpty(s.Templates), orEmpty(s.Next)
	windows, length, limit := s.Timeline.Intervals()
	var head bytes.Buffer
	err := WriteJSON(&head, struct {
		LedgerSummary
		SentWindowSeconds float64    `json:"sentWindowSeconds"`
		SentWindowLimit   int        `json:"sentWindowLimit,omitempty"`
		Sent              []Interval `json:"sent"`
		DaysToSignature   []int      `json:"daysToSignature"`
	}{sum, length.Seconds(), limit, orEmpty(windows), s.Signing.Days[:]})
	if err != nil {
		return err
	}
	out := bufio.NewWriter(w)
	out.Write(bytes.TrimSuffix(bytes.TrimSpace(head.Bytes()), []byte("\n}")))
	out.WriteString(",\n  \"envelopes\": [")
	separator := "\n    "
	for e, err := range envelopes {
		if err != nil {
			return err
		}
		text, err := json.Marshal(e)
		if err != nil {
			return err
		}
		out.WriteString(separator)
		out.WriteString(escaped(string(text)))
		separator = ",\n    "
	}
	if separator[0] == ',' {
		out.WriteString("\n  ")
	}
	out.WriteString("]\n}\n")
	return out.Flush()
}
