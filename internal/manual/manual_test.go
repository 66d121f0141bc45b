package manual

import (
	"io/fs"
	"os"
	"regexp"
	"strings"
	"testing"
	"unicode/utf8"
)

// TestTopics holds the topics to a terminal of 80 columns and to what Text knows of
// Markdown, and sees that every file is a topic.
func TestTopics(t *testing.T) {
	t.Parallel()
	written, err := fs.Glob(files, "*.md")
	if err != nil || len(written) != len(order) {
		t.Errorf("%d files, %d topics (%v)", len(written), len(order), err)
	}
	for _, topic := range Topics() {
		if topic.Title == "" || !strings.HasPrefix(topic.Markdown, "# "+strings.ToUpper(topic.Name[:1])) {
			t.Errorf("%s: the first line is not \"# Name: what it tells\"", topic.Name)
		}
		for line := range strings.Lines(topic.Text()) {
			line = strings.TrimSuffix(line, "\n")
			if n := utf8.RuneCountInString(line); n > 80 {
				t.Errorf("%s: %d columns: %s", topic.Name, n, line)
			}
			if strings.Contains(line, "`") || strings.Contains(line, "](") || strings.HasPrefix(line, "#") || strings.HasPrefix(line, "|") {
				t.Errorf("%s: Markdown is left: %s", topic.Name, line)
			}
		}
		for _, name := range regexp.MustCompile(`\bthe\s+topic\s+([a-z-]+)`).FindAllStringSubmatch(topic.Markdown, -1) {
			if name[1] != flagsTopic && !strings.Contains(strings.Join(order, " "), name[1]) {
				t.Errorf("%s: there is no topic %s", topic.Name, name[1])
			}
		}
	}
}

// TestReadme holds the README to be short, and to name every topic.
func TestReadme(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("../../README.md")
	if err != nil {
		t.Fatal(err)
	}
	readme := string(text)
	if n := strings.Count(readme, "\n"); n >= 200 {
		t.Errorf("README.md has %d lines: it is for a stranger, who reads fewer than 200", n)
	}
	for _, topic := range Topics() {
		if !strings.Contains(readme, "| ["+topic.Name+"](internal/manual/"+topic.Name+".md) | "+topic.Title+" |\n") {
			t.Errorf("README.md does not list the topic %s with its title", topic.Name)
		}
	}
	for code, meaning := range exitCodes {
		if !strings.Contains(readme, "| "+code+" | "+meaning+" |\n") {
			t.Errorf("README.md does not tell of the exit code %s in the words of the help", code)
		}
	}
}

func TestCommands(t *testing.T) {
	t.Parallel()
	got := Commands("a\n```sh\none \\\n  two\nthree\n```\n    four\n```text\nfive\n```\n```sh\nsix\n```\n")
	if want := "one    two|three|six"; strings.Join(got, "|") != want {
		t.Errorf("Commands gives %q, want %q", strings.Join(got, "|"), want)
	}
}
