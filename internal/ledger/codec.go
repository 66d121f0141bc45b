package ledger

import (
	"bytes"
	"encoding/hex"
	"fmt"
	"strings"
	"time"
	"unicode/utf8"

	"batchsend/envelope"
	"batchsend/internal/history"
)

// letters stand for the states, in their order. No envelope is written as new, but
// events name the state before.
const letters = "npcsfu"

func letter(s history.State) string { return letters[s : s+1] }

func stateOf(letter string) (history.State, error) {
	if i := strings.Index(letters, letter); i > 0 && len(letter) == 1 {
		return history.State(i), nil
	}
	return 0, fmt.Errorf("unknown state %q", letter)
}

// transactionID reads a key, which the schema keeps 16 bytes long.
func transactionID(key []byte) (id envelope.TransactionID) {
	copy(id[:], key)
	return id
}

// noID stands for an envelope ID that is not known, so that the row does not grow
// when it becomes known.
var noID = make([]byte, 16)

// packID returns an envelope ID as 16 bytes if it is a GUID, else as its text. A text
// of 16 bytes gets a zero byte more, to be told from a GUID.
func packID(id envelope.ID) []byte {
	if id == "" {
		return noID
	}
	if b, ok := guid(string(id)); ok && !bytes.Equal(b, noID) {
		return b
	}
	if len(id) == 16 {
		id += "\x00"
	}
	return []byte(id)
}

// idOrNull is packID, with null for no ID.
func idOrNull(id envelope.ID) any {
	if id == "" {
		return nil
	}
	return packID(id)
}

func unpackID(b []byte) envelope.ID {
	switch {
	case bytes.Equal(b, noID):
		return ""
	case len(b) == 16:
		return envelope.ID(guidString(b))
	}
	return envelope.ID(bytes.TrimSuffix(b, []byte{0}))
}

// guid returns the bytes of a canonical GUID: lower case, with hyphens.
func guid(s string) ([]byte, bool) {
	if len(s) != 36 || s[8] != '-' || s[13] != '-' || s[18] != '-' || s[23] != '-' || strings.ContainsAny(s, "ABCDEF") {
		return nil, false
	}
	b := make([]byte, 16)
	at := 0
	for _, digits := range [...]string{s[:8], s[9:13], s[14:18], s[19:23], s[24:]} {
		n, err := hex.Decode(b[at:], []byte(digits))
		if err != nil {
			return nil, false
		}
		at += n
	}
	return b, true
}

func guidString(b []byte) string {
	h := hex.EncodeToString(b)
	if len(h) != 32 {
		return h
	}
	return h[:8] + "-" + h[8:12] + "-" + h[12:16] + "-" + h[16:20] + "-" + h[20:]
}

func millis(t time.Time) int64 { return t.UnixMilli() }

func timeOf(ms int64) time.Time { return time.UnixMilli(ms).UTC() }

// millisOrZero and timeOrZero write the zero time as 0.
func millisOrZero(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return millis(t)
}

func timeOrZero(ms int64) time.Time {
	if ms == 0 {
		return time.Time{}
	}
	return timeOf(ms)
}

// cut shortens s to n bytes at most, between two runes.
func cut(s string, n int) string {
	if len(s) <= n {
		return s
	}
	n -= len("…")
	for n > 0 && !utf8.RuneStart(s[n]) {
		n--
	}
	return s[:n] + "…"
}

// orNull writes an empty string as null.
func orNull(s string) any {
	if s == "" {
		return nil
	}
	return s
}
