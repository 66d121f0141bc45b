package envelope_test

import (
	"bytes"
	"encoding/json"
	"log/slog"
	"strings"
	"testing"

	"batchsend/envelope"
)

func TestParseTransactionID(t *testing.T) {
	t.Parallel()
	const text = "0b9f6f1e-6d3c-5f0a-9a70-3d8f0c1b7e10"
	for _, in := range []string{text, strings.ToUpper(text)} {
		if id, err := envelope.ParseTransactionID(in); err != nil || id.String() != text {
			t.Errorf("ParseTransactionID(%q) = %v, %v", in, id, err)
		}
	}
	for _, in := range []string{
		"", "mine", text + " ", text[1:], strings.ReplaceAll(text, "-", ""), "{" + text + "}", "urn:uuid:" + text,
		strings.Replace(text, "f", "g", 1), strings.Replace(text, "-", "_", 1),
	} {
		if id, err := envelope.ParseTransactionID(in); err == nil || !id.IsZero() {
			t.Errorf("ParseTransactionID(%q) = %v, %v; want an error", in, id, err)
		}
	}
}

// TestTransactionIDText: JSON and logs have the text that people see.
func TestTransactionIDText(t *testing.T) {
	t.Parallel()
	const text = "0b9f6f1e-6d3c-5f0a-9a70-3d8f0c1b7e10"
	id, _ := envelope.ParseTransactionID(text)
	for _, want := range []envelope.TransactionID{id, {}} {
		var got envelope.TransactionID
		data, err := json.Marshal(want)
		if err == nil {
			err = json.Unmarshal(data, &got)
		}
		if err != nil || got != want || string(data) != `"`+want.String()+`"` {
			t.Errorf("%v is %s in JSON and comes back as %v, %v", want, data, got, err)
		}
	}
	var log bytes.Buffer
	slog.New(slog.NewTextHandler(&log, nil)).Info("sent", "transaction_id", id)
	slog.New(slog.NewJSONHandler(&log, nil)).Info("sent", "transaction_id", id)
	for _, want := range []string{"transaction_id=" + text, `"transaction_id":"` + text + `"`} {
		if !strings.Contains(log.String(), want) {
			t.Errorf("the log has no %s:\n%s", want, log.String())
		}
	}
}
