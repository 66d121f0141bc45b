package main

import (
	"os"
	"strings"
	"testing"

	"github.com/spf13/pflag"

	"batchsend/envelope"
)

// TestReadme holds the manual to the program: every flag, command and code is
// in it.
func TestReadme(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("../../README.md")
	if err != nil {
		t.Fatal(err)
	}
	readme := string(text)
	want := func(what, name string) {
		if !strings.Contains(readme, name) {
			t.Errorf("README.md does not tell of %s %s", what, name)
		}
	}
	a := &app{}
	root := a.rootCommand()
	root.PersistentFlags().VisitAll(func(f *pflag.Flag) {
		if f.Name != "verbose" { // told as -v
			want("the flag", "`--"+f.Name)
		}
	})
	for _, cmd := range root.Commands() {
		want("the command", "`"+cmd.Name())
		if cmd.Name() == "send" {
			cmd.Flags().VisitAll(func(f *pflag.Flag) { want("the flag", "`--"+f.Name) })
		}
	}
	for _, e := range envelope.Explanations() {
		want("the code", "`"+string(e.Code)+"` | "+e.Meaning)
	}
	for name := range schema.Variables {
		want("the variable", "`"+schema.Variable(name)+"`")
	}
}
