// Package manual has the help topics of the program, which together are its manual,
// and the command that shows them.
//
// A topic is a Markdown file. Its first line is its title, "# Name: what it tells".
// A fenced block marked sh holds commands that can be run as they stand, against the
// embedded sandbox, from a directory that has the samples; a test runs them. An
// indented block is for reading only.
package manual

import (
	"bytes"
	"embed"
	"fmt"
	"io/fs"
	"regexp"
	"strings"
)

//go:embed *.md
var files embed.FS

// Topic is a part of the manual.
type Topic struct {
	Name     string // as it is typed
	Title    string // what it tells, without the name
	Markdown string // all of it, with the title
}

// order is the order in which the topics are read, from the first day to the
// exceptions.
var order = []string{
	"setup", "files", "columns", "checks", "reminders", "results", "recovery", "limits", "bulk",
	"cron", "exit-codes", "environment", "privacy", "practice", "windows",
}

// Topics returns the topics that are written, in reading order.
func Topics() []Topic {
	topics := make([]Topic, len(order))
	for i, name := range order {
		text, err := fs.ReadFile(files, name+".md")
		if err != nil {
			panic(err) // it is embedded
		}
		first, _, _ := bytes.Cut(text, []byte("\n"))
		_, title, _ := strings.Cut(string(first), ": ")
		topics[i] = Topic{Name: name, Title: title, Markdown: string(text)}
	}
	return topics
}

// Text returns the topic as it is read on a terminal of 80 columns.
func (t Topic) Text() string {
	var b strings.Builder
	fence := ""
	for line := range strings.Lines(t.Markdown) {
		switch title, isTitle := strings.CutPrefix(line, "# "); {
		case strings.HasPrefix(line, "```"):
			if fence == "" {
				fence = strings.TrimSpace(line)
			} else {
				fence = ""
			}
		case fence == "```sh":
			b.WriteString("    " + line)
		case fence != "":
			b.WriteString(line) // indented as it is
		case isTitle:
			b.WriteString(strings.Replace(title, ":", " -", 1))
		case strings.HasPrefix(line, "## "):
			b.WriteString(strings.ToUpper(line[len("## "):]))
		case strings.HasPrefix(line, "### "):
			b.WriteString(line[len("### "):])
		case strings.HasPrefix(line, "    "):
			b.WriteString(line)
		default:
			b.WriteString(marks.Replace(line))
		}
	}
	return b.String()
}

// marks are the marks of Markdown that say nothing on a terminal.
var marks = strings.NewReplacer("`", "", "**", "")

// runnable finds the commands of a block that can be run.
var runnable = regexp.MustCompile("(?ms)^```sh\n(.*?)^```$")

// Commands returns the commands of a Markdown text that can be run, in order, a line
// each.
func Commands(markdown string) (commands []string) {
	for _, block := range runnable.FindAllStringSubmatch(markdown, -1) {
		whole := strings.ReplaceAll(block[1], "\\\n", " ")
		for line := range strings.Lines(whole) {
			commands = append(commands, strings.TrimSpace(line))
		}
	}
	return commands
}

// Contents lists topics, a line each.
func Contents(topics []Topic) string {
	var b strings.Builder
	for _, t := range topics {
		fmt.Fprintf(&b, "  %-12s %s\n", t.Name, t.Title)
	}
	return b.String()
}
