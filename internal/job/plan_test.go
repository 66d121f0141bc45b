package job

import (
	"fmt"
	"testing"

	"batchsend/envelope"
	"batchsend/internal/history"
	"batchsend/reminders"
)

// TestSettings counts what is due by what will apply, the most frequent first.
func TestSettings(t *testing.T) {
	t.Parallel()
	x := tabled(t)
	add := func(s setting) {
		n := x.accept("b", fmt.Sprint(x.Len()), history.StateNew)
		x.entry(n).setting = x.values.settings.number(s, nil)
	}
	add(setting{})
	for range 3 {
		add(setting{reminders.Settings{Delay: 1}, true})
	}
	for i := range 6 {
		add(setting{applies: reminders.Settings{Expire: 10 + i}})
	}
	p := Planned{Compared: Compared{Checked: Checked{Input: Input{Index: x}}}, Due: x.due(0)}
	settings := p.settingsOfDue()
	if len(settings) != 8 || settings[0].Envelopes != 3 || settings[0].Source != "override" || settings[1].Source != "template" {
		t.Errorf("settings %+v", settings)
	}
	if p.Due = x.due(2); len(p.settingsOfDue()) != 2 || p.settingsOfDue()[0].Envelopes != 1 {
		t.Errorf("settings of the first two %+v", p.settingsOfDue())
	}
}

// TestOutcomes returns those that are asked for, in the order of the files.
func TestOutcomes(t *testing.T) {
	t.Parallel()
	x := tabled(t)
	for i, out := range []envelope.Outcome{
		{Status: envelope.Failed, Message: "no"},
		{Status: envelope.Unknown, Message: "?"},
		{Status: envelope.Sent, ID: "e1"},
		{Status: envelope.Failed},
		{Status: envelope.Pending, Message: "later"},
		{Status: envelope.Rejected, Code: "X", Message: "bad"},
	} {
		if err := x.settle(x.accept("b", fmt.Sprint(i), history.StateNew), out); err != nil {
			t.Fatal(err)
		}
	}
	for _, tt := range []struct {
		of   []envelope.Status
		want string
	}{
		{[]envelope.Status{envelope.Failed, envelope.Unknown}, "[{failed   no} {unknown   ?} {failed   }]"},
		{[]envelope.Status{envelope.Sent}, "[{sent e1  }]"},
		{[]envelope.Status{envelope.Pending}, "[{pending   later}]"},
		{[]envelope.Status{envelope.Rejected}, "[{rejected  X bad}]"},
		{nil, "[]"},
	} {
		var got []envelope.Outcome
		for out, err := range x.Outcomes(tt.of...) {
			if err != nil || out.Where() != "b:2" {
				t.Fatalf("%+v, %v", out, err)
			}
			got = append(got, out.Outcome)
		}
		if fmt.Sprint(got) != tt.want {
			t.Errorf("outcomes of %v: %v, want %v", tt.of, got, tt.want)
		}
	}
	for p, err := range x.Problems() {
		if err != nil || p.Code != "X" || p.Message != "bad" {
			t.Errorf("%+v, %v", p, err)
		}
	}
}
