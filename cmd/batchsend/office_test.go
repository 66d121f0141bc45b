package main

import (
	"cmp"
	"flag"
	"fmt"
	"os"
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

// TestOffice plays stories of an office (see [story]) with the whole program, in
// virtual time, and looks whether what was promised is kept. When it is not, it
// prints the story's seed and the shortest story of that kind.
//
// It is played by hand (make office): a template that is edited in the moment
// between its reading and a call is still told of as a fault.
func TestOffice(t *testing.T) {
	if os.Getenv(officeSeeds) == "" {
		t.Skipf("%s is not set: make office plays it", officeSeeds)
	}
	seeds, first := 0, 1
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
	t.Run("seeds", func(t *testing.T) {
		for seed := first; seed < first+seeds; seed++ {
			t.Run(fmt.Sprint("seed ", seed), func(t *testing.T) {
				t.Parallel()
				mu.Lock()
				enough := len(wrong) > 0 && os.Getenv(officeList) != "all"
				mu.Unlock()
				if enough {
					t.Skip("an earlier seed has failed")
				}
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
