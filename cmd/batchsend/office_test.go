package main

import (
	"cmp"
	"flag"
	"fmt"
	"os"
	"runtime"
	"strconv"
	"sync"
	"testing"
	"testing/synctest"

	"pgregory.net/rapid"
)

// The environment variables that say how many stories [TestOffice] plays, and
// which is the first.
const (
	officeSeeds = "BATCHSEND_OFFICE_SEEDS"
	officeFirst = "BATCHSEND_OFFICE_FIRST"
	officeTell  = "BATCHSEND_OFFICE_TELL"   // print every story, good or bad
	officeList  = "BATCHSEND_OFFICE_SURVEY" // make nothing shorter: list what is wrong in "all" stories, or in the "first" that fails
)

// TestOffice plays stories of an office with the whole program against the
// sandbox, in virtual time, and looks whether what was promised is kept. When it
// is not, it prints the story's seed and the shortest story of that kind.
//
// The words, and the files that they are in:
//
//   - A story (office_story) is some weeks in the office, drawn from a seed. It is
//     a list of days; each day is one command and the acts around it.
//   - An act (office_acts) is something that people do on purpose: they edit the
//     file or the template, restore a ledger, give another flag.
//   - A mishap (office_mishap) is what goes wrong while the program runs: the
//     power fails, answers are lost. It is an act too, done to a wire.
//   - A wire (office_wire) carries the calls of one run to DocuSign and back.
//   - A desk (office_desk) is one person's computer: file, key, ledger. A book is
//     what people know of the ledger there.
//   - A sheet (office_sheet) is a file; a letter is what one of its envelopes
//     says, and a contract is the letter as the one who gets it sees it.
//   - An edition (office_template) is the templates as they are for a while.
//   - A visit (office_world) is one run of the program; office_command has what
//     was typed.
//   - A finding (office_oracle) is what must not be. The oracle looks for it after
//     each visit.
//   - The tale (office_tale) is the story as it went, for a reader.
//
// Time, chance and the order of calls are the story's; only which of two calls
// of the same moment comes first is not.
func TestOffice(t *testing.T) {
	seeds, first := sized(t, 100, 6), 1
	for name, n := range map[string]*int{officeSeeds: &seeds, officeFirst: &first} {
		if text := os.Getenv(name); text != "" {
			var err error
			if *n, err = strconv.Atoi(text); err != nil {
				t.Fatalf("%s: %v", name, err)
			}
		}
	}
	all := stories()
	var mu sync.Mutex
	wrong := map[int]*finding{} // by seed
	next := first
	take := func() (seed int, ok bool) { // in order
		mu.Lock()
		defer mu.Unlock()
		if next == first+seeds || len(wrong) > 0 && os.Getenv(officeList) != "all" {
			return 0, false
		}
		next++
		return next - 1, true
	}
	t.Run("players", func(t *testing.T) {
		for range runtime.GOMAXPROCS(0) {
			t.Run("player", func(t *testing.T) {
				t.Parallel()
				for seed, ok := take(); ok; seed, ok = take() {
					t.Run(fmt.Sprint("seed ", seed), func(t *testing.T) {
						var found *finding
						dir := officeDir(t)
						synctest.Test(t, func(*testing.T) { found = play(dir, all.Example(seed)) })
						if found != nil {
							mu.Lock()
							defer mu.Unlock()
							wrong[seed] = found
						}
					})
				}
			})
		}
	})
	for seed := first; seed < first+seeds; seed++ {
		if found := wrong[seed]; found != nil {
			t.Logf("seed %d, after %d seeds: %s: %s", seed, seed-first+1, found.kind, found.text)
			if os.Getenv(officeList) != "" {
				t.Fail()
				continue
			}
			shorten(t, all, seed, found)
		}
	}
}

// shorten has rapid look for the shortest story that fails like the one of seed,
// and print it.
func shorten(t *testing.T, all *rapid.Generator[*story], seed int, like *finding) {
	for name, value := range map[string]string{
		"seed": fmt.Sprint(seed), "checks": "1", "nofailfile": "true",
		"shrinktime": cmp.Or(os.Getenv("BATCHSEND_OFFICE_SHRINK"), "60s"),
	} {
		f := flag.Lookup("rapid." + name)
		before := f.Value.String()
		if err := f.Value.Set(value); err != nil {
			t.Fatal(err)
		}
		defer f.Value.Set(before)
	}
	rapid.Check(t, func(t *rapid.T) {
		s := all.Draw(t, "story")
		var found *finding
		dir := officeDir(t)
		rapid.SyncTest(t, func(*rapid.T) { found = play(dir, s) })
		if found != nil && found.kind == like.kind {
			t.Logf("the shortest story of this kind:\n\n%s\n", found.tale)
			t.Fatal(found.kind) // the same whenever it is found again
		}
	})
	t.Errorf("this was not found again: chance has a hand in it. The first time:\n\n%s", like.tale)
}

// officeDir makes a directory that is gone after the story: in memory where
// there is such a place.
func officeDir(t interface {
	Cleanup(func())
	Fatal(...any)
},
) string {
	base := ""
	if info, err := os.Stat("/dev/shm"); err == nil && info.IsDir() {
		base = "/dev/shm"
	}
	dir, err := os.MkdirTemp(base, "batchsend-office-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	return dir
}
