package console

import (
	"context"
	"log/slog"
	"strings"
	"time"
)

// toJSON has messages become lines of JSON.
func (w *Writer) toJSON() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.json = true
}

// levels are the beginnings of messages that tell how bad a thing is. What begins
// otherwise is for information.
var levels = []struct {
	prefix string
	level  slog.Level
}{{"warning: ", slog.LevelWarn}, {"batchsend: ", slog.LevelError}}

// jsonLines turns each line of a message into a line of the log, with the keys "time",
// "level" and "msg". A line that the log has written stays.
func jsonLines(text string) string {
	var b strings.Builder
	handler := slog.NewJSONHandler(&b, nil)
	for line := range strings.Lines(text) {
		message := strings.TrimRight(line, "\r\n ")
		if message == "" {
			continue
		}
		if strings.HasPrefix(message, `{"time":`) {
			b.WriteString(line)
			continue
		}
		level := slog.LevelInfo
		for _, l := range levels {
			if strings.HasPrefix(message, l.prefix) {
				level = l.level
			}
		}
		_ = handler.Handle(context.Background(), slog.NewRecord(time.Now(), level, message, 0)) // a Builder takes all
	}
	return b.String()
}
