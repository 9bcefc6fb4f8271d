package password_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"tallygate/auth-service/internal/password"
)

const hashTime = 50 * time.Millisecond

// rig makes hashes that take 50 ms each, and notes the order in which they start.
type rig struct {
	t     *testing.T
	queue *password.Queue
	all   sync.WaitGroup

	mu            sync.Mutex
	started       []string
	waits         map[string]time.Duration // the longest of each network
	refused       map[string]int
	registrations int // that are running
	mostBesides   int // registrations at once when one of them started while others waited
}

func newRig(t *testing.T, cfg password.QueueConfig) *rig {
	return &rig{t: t, queue: password.NewQueue(cfg), refused: map[string]int{}, waits: map[string]time.Duration{}}
}

// hash has a client of a network hash one password, and returns when it waits, hashes or was refused.
func (r *rig) hash(network string, kind password.Kind, kib uint64, turns int) {
	began := time.Now()
	r.all.Go(func() {
		place := r.queue.Place(password.Claim{Network: network, Kind: kind})
		err := place.Do(r.t.Context(), kib, turns, func() {
			r.note(network, kind, time.Since(began))
			time.Sleep(hashTime * time.Duration(turns))
			r.note("", kind, 0)
		})
		if errors.Is(err, password.ErrBusy) {
			r.mu.Lock()
			defer r.mu.Unlock()
			r.refused[network]++
		} else if err != nil {
			r.t.Error(err)
		}
	})
	synctest.Wait()
}

// note notes a start, of a network, or an end.
func (r *rig) note(network string, kind password.Kind, waited time.Duration) {
	r.mu.Lock()
	defer r.mu.Unlock()
	switch {
	case network == "" && kind == password.Registration:
		r.registrations--
	case network != "":
		r.started = append(r.started, network)
		r.waits[network] = max(r.waits[network], waited)
		if kind != password.Registration {
			return
		}
		r.registrations++
		if r.queue.Waiting(password.SignIn)+r.queue.Waiting(password.Change) > 0 {
			r.mostBesides = max(r.mostBesides, r.registrations)
		}
	}
}

// order waits for the end and returns the networks in the order in which their hashes started.
func (r *rig) order() string {
	r.all.Wait()
	return strings.Join(r.started, " ")
}

func TestAddressesHaveTurnsOneAfterTheOther(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, password.QueueConfig{Workers: 1, Waiting: 20, Wait: time.Minute})
		for network := range strings.FieldsSeq("a a a a b b c") {
			r.hash(network, password.SignIn, 1, 1)
		}
		if got := r.order(); got != "a a b c a b a" {
			t.Errorf("got %s", got)
		}
	})
}

func TestOneAddressThatRegistersGetsNoMoreTurnsThanOthers(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, password.QueueConfig{Workers: 1, Waiting: 20, Wait: time.Minute})
		for range 4 {
			r.hash("r", password.Registration, 1, 1)
		}
		for network := range strings.FieldsSeq("a b c a b c") {
			r.hash(network, password.SignIn, 1, 1)
		}
		if got := r.order(); got != "r a r b c a r b c r" {
			t.Errorf("got %s", got)
		}
	})
}

func TestADearHashCostsItsAddressMoreTurns(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, password.QueueConfig{Workers: 1, Waiting: 20, Wait: time.Minute})
		r.hash("first", password.SignIn, 1, 1)
		r.hash("dear", password.SignIn, 1, 3)
		for range 4 {
			r.hash("a", password.SignIn, 1, 1)
		}
		if got := r.order(); got != "first a a dear a a" {
			t.Errorf("got %s", got)
		}
	})
}

func TestAFloodOfOneAddressKeepsNobodyElseOut(t *testing.T) {
	t.Parallel()
	for _, kind := range password.Kinds() {
		synctest.Test(t, func(t *testing.T) {
			r := newRig(t, password.QueueConfig{Workers: 2, Waiting: 128, Wait: 5 * time.Second})
			for range 500 {
				r.hash("flood", kind, 1, 1)
			}
			if got := r.refused["flood"]; got != 370 {
				t.Errorf("%s: %d of 500 were refused at once, want all that have no place", kind, got)
			}
			for i := range 20 {
				r.hash(fmt.Sprint("other", i), password.SignIn, 1, 1)
			}
			if got := r.refused["flood"]; got != 390 {
				t.Errorf("%s: %d were refused at once, want one more for each of the others", kind, got)
			}
			r.order()
			for i := range 20 {
				name := fmt.Sprint("other", i)
				if r.refused[name] > 0 || r.waits[name] > 2*time.Second {
					t.Errorf("%s: %s was refused %d times and waited %s", kind, name, r.refused[name], r.waits[name])
				}
			}
			if got := r.queue.Refused()["displaced"]; got != 20 {
				t.Errorf("%s: %d were displaced, want 20", kind, got)
			}
		})
	}
}

func TestManyAddressesAreRefusedAtOnce(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, password.QueueConfig{Workers: 2, Waiting: 128, Wait: 5 * time.Second})
		began := time.Now()
		for i := range 500 {
			r.hash(fmt.Sprint(i), password.SignIn, 1, 1)
		}
		if refused := len(r.refused); refused != 370 || time.Since(began) != 0 {
			t.Errorf("%d were refused in %s, want 370 at once", refused, time.Since(began))
		}
		if r.order(); len(r.started) != 130 {
			t.Errorf("%d were hashed, want 130", len(r.started))
		}
	})
}

// TestWhatWouldWaitTooLongIsRefusedAtOnce: a hash takes so long that 130 places are too many.
func TestWhatWouldWaitTooLongIsRefusedAtOnce(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, password.QueueConfig{Workers: 1, Waiting: 128, Wait: 10 * hashTime})
		r.hash("first", password.SignIn, 1, 1)
		r.order()
		began := time.Now()
		for i := range 100 {
			r.hash(fmt.Sprint(i), password.SignIn, 1, 1)
		}
		if refused := len(r.refused); refused != 90 || time.Since(began) != 0 {
			t.Errorf("%d were refused in %s, want 90 at once", refused, time.Since(began))
		}
		r.order()
		if got := r.queue.Refused(); got["waited"] > 0 {
			t.Errorf("got %v, want nobody to wait in vain", got)
		}
	})
}

func TestRegistrationsGetHalfOfTheTurnsWhileOthersWait(t *testing.T) {
	t.Parallel()
	for workers, most := range map[int]int{1: 1, 2: 1, 3: 1, 4: 2, 36: 18} {
		synctest.Test(t, func(t *testing.T) {
			r := newRig(t, password.QueueConfig{Workers: workers, Waiting: 500, Wait: time.Minute})
			for i := range 100 {
				r.hash(fmt.Sprint("r", i), password.Registration, 1, 1)
			}
			for i := range 100 {
				r.hash(fmt.Sprint("s", i), []password.Kind{password.SignIn, password.Change}[i%2], 1, 1)
			}
			order := ""
			for name := range strings.FieldsSeq(r.order()) {
				order += name[:1]
			}
			if r.mostBesides != most {
				t.Errorf("%d workers: got %d registrations at once while others wait, want %d", workers, r.mostBesides, most)
			}
			// The workers were all busy with registrations when the others came.
			if early := order[workers : workers+50]; strings.Count(early, "r") > 25 || strings.Count(early, "r") < 10 {
				t.Errorf("%d workers: got %s, want a half of registrations at most", workers, early)
			}
		})
	}
}

func TestHashesAreAdmittedByTheirMemory(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, password.QueueConfig{Workers: 36, Waiting: 100, Wait: time.Minute, MemoryKiB: 100})
		for i := range 60 {
			r.hash(fmt.Sprint(i), password.SignIn, 19, 1)
		}
		if got := r.queue.Running(); got != 95 {
			t.Errorf("%d KiB are running, want 95", got)
		}
		r.hash("heavy", password.SignIn, 140, 1) // it is made alone, and must not wait for ever
		for i := range 40 {
			r.hash(fmt.Sprint("late", i), password.SignIn, 1, 1)
		}
		r.order()
		if i := slices.Index(r.started, "heavy"); i != 60 {
			t.Errorf("the heavy one was number %d, want 60: nobody passes it", i)
		}
		if r.waits["heavy"] != 12*hashTime || r.waits["late0"] != 13*hashTime {
			t.Errorf("the heavy one waited %s, the next %s: want it to be made alone", r.waits["heavy"], r.waits["late0"])
		}
	})
}

func TestAHashThatTakesMoreThanTheMemoryIsNotMade(t *testing.T) {
	t.Parallel()
	q := password.NewQueue(password.QueueConfig{Workers: 2, Waiting: 100, Wait: time.Minute, MemoryKiB: 100})
	for kib, want := range map[uint64]error{150: nil, 151: password.ErrTooLarge} {
		made := false
		err := q.Place(ada()).Do(t.Context(), kib, 1, func() { made = true })
		if !errors.Is(err, want) || made != (want == nil) {
			t.Errorf("%d KiB: got %v, made %v", kib, err, made)
		}
	}
	if got := q.Refused()["too_large"]; got != 1 || !errors.Is(password.ErrTooLarge, password.ErrBusy) {
		t.Errorf("%d refusals are counted", got)
	}
}

func TestGarbageIsBounded(t *testing.T) {
	t.Parallel()
	const mib = 1 << 10
	q := password.NewQueue(password.QueueConfig{Workers: 4, Waiting: 100, Wait: time.Minute, MemoryKiB: 8 * mib})
	var all sync.WaitGroup
	for range 100 {
		all.Go(func() {
			err := q.Place(ada()).Do(t.Context(), 2*mib, 1, func() {
				if got := q.Running() + q.Garbage(); got > 12*mib+4*2*mib {
					t.Errorf("running and left over: %d KiB", got)
				}
			})
			if err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
}
