package report

import (
	"fmt"
	"io"
	"iter"
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

// notices are problems, those that differ only in their line as one. Of each code
// they are as many as can be shown; of the rest there is a number.
type notices struct {
	all   []*notice
	index map[envelope.Problem]*notice
	codes map[envelope.Code]int // notices
	lines map[envelope.Code]int // also those of which there is no notice
}

func (ns *notices) add(p envelope.Problem) {
	key := p
	key.Position = envelope.Position{File: p.File}
	n := ns.index[key]
	if n == nil {
		if ns.codes[p.Code] > problemsWhole {
			ns.lines[p.Code]++
			return
		}
		n = &notice{Problem: p}
		ns.index[key] = n
		ns.codes[p.Code]++
		ns.all = append(ns.all, n)
	}
	if last := len(n.lines) - 1; last < 0 || n.lines[last] != p.Line {
		n.lines = append(n.lines, p.Line)
		ns.lines[p.Code]++
	}
}

// WriteProblems lists problems, a line each. Those that differ only in their
// line are told once, with all the lines. Of a list that is too long to be read
// it shows some of each code, grouped, and says how many more there are; whole
// says where they all stand.
func WriteProblems(w io.Writer, kind string, problems iter.Seq2[envelope.Problem, error], whole string) error {
	ns := notices{index: map[envelope.Problem]*notice{}, codes: map[envelope.Code]int{}, lines: map[envelope.Code]int{}}
	for p, err := range problems {
		if err != nil {
			return err
		}
		ns.add(p)
	}
	shown := ns.all
	if len(ns.all) > problemsWhole {
		shown = some(ns.all)
	}
	for _, n := range shown {
		fmt.Fprintf(w, "%s%s%s\n", kind, printable(n.Error()), more(n.lines[1:]))
		ns.lines[n.Code] -= len(n.lines)
	}
	if len(shown) == len(ns.all) {
		return nil
	}
	var codes []envelope.Code // in the order of the first hidden ones
	var counts []string
	total := 0
	for _, n := range ns.all {
		hidden := ns.lines[n.Code]
		if hidden == 0 || slices.Contains(codes, n.Code) || slices.Contains(shown, n) {
			continue
		}
		codes = append(codes, n.Code)
		counts = append(counts, Number(hidden)+" "+string(n.Code))
		total += hidden
	}
	fmt.Fprintf(w, "%s... and %s more (%s); %s\n", kind, Number(total), strings.Join(counts, ", "), whole)
	return nil
}

// AllOf makes a sequence of problems of a list.
func AllOf(problems []envelope.Problem) iter.Seq2[envelope.Problem, error] {
	return func(yield func(envelope.Problem, error) bool) {
		for _, p := range problems {
			if !yield(p, nil) {
				return
			}
		}
	}
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
