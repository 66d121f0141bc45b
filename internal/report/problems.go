package report

import (
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"

	"batchsend/envelope"
)

const (
	// problemsWhole is how many lines of problems are shown all.
	problemsWhole = 30
	// problemsShown is how many lines of a longer list are shown.
	problemsShown = 20
)

// notice is a problem as it is told: once, with all the lines of the file that
// have it.
type notice struct {
	envelope.Problem
	lines []int
}

// notices gathers problems that differ only in their line.
func notices(problems []envelope.Problem) (all []*notice) {
	index := map[envelope.Problem]*notice{}
	for _, p := range problems {
		key := p
		key.Position = envelope.Position{File: p.File}
		n := index[key]
		if n == nil {
			n = &notice{Problem: p}
			index[key] = n
			all = append(all, n)
		}
		if last := len(n.lines) - 1; last < 0 || n.lines[last] != p.Line {
			n.lines = append(n.lines, p.Line)
		}
	}
	return all
}

// WriteProblems lists problems, a line each. Those that differ only in their
// line are told once, with all the lines. Of a list that is too long to be read
// it shows some of each code, grouped, and says how many more there are; whole
// says where they all stand.
func WriteProblems(w io.Writer, kind string, problems []envelope.Problem, whole string) {
	all := notices(problems)
	shown := all
	if len(all) > problemsWhole {
		shown = some(all)
	}
	for _, n := range shown {
		fmt.Fprintf(w, "%s%s%s\n", kind, printable(n.Error()), more(n.lines[1:]))
	}
	if len(shown) == len(all) {
		return
	}
	hidden := map[envelope.Code]int{}
	var codes []envelope.Code
	total := 0
	for _, n := range all {
		if slices.Contains(shown, n) {
			continue
		}
		if hidden[n.Code] == 0 {
			codes = append(codes, n.Code)
		}
		hidden[n.Code] += len(n.lines)
		total += len(n.lines)
	}
	var counts []string
	for _, code := range codes {
		counts = append(counts, Number(hidden[code])+" "+string(code))
	}
	fmt.Fprintf(w, "%s... and %s more (%s); %s\n", kind, Number(total), strings.Join(counts, ", "), whole)
}

// some chooses notices of each code, as many of one as of another as far as there
// are any, and puts those of one code together.
func some(all []*notice) []*notice {
	var codes []envelope.Code
	of := map[envelope.Code][]*notice{}
	for _, n := range all {
		if of[n.Code] == nil {
			codes = append(codes, n.Code)
		}
		of[n.Code] = append(of[n.Code], n)
	}
	take := map[envelope.Code]int{}
	left := max(problemsShown, len(codes))
	for round := 1; left > 0; round++ {
		before := left
		for _, code := range codes {
			if left > 0 && len(of[code]) >= round {
				take[code], left = round, left-1
			}
		}
		if left == before {
			break
		}
	}
	var shown []*notice
	for _, code := range codes {
		shown = append(shown, of[code][:take[code]]...)
	}
	return shown
}

// more names further lines with the same problem.
func more(lines []int) string {
	if len(lines) == 0 {
		return ""
	}
	var b strings.Builder
	for i, n := range lines {
		if i == 8 {
			fmt.Fprintf(&b, ", ... (%s in all)", Number(len(lines)+1))
			break
		}
		if i > 0 {
			b.WriteString(", ")
		}
		b.WriteString(strconv.Itoa(n))
	}
	return " [also on " + PluralWord(len(lines), "line") + " " + b.String() + "]"
}
