package shred_test

import (
	"bytes"
	"errors"
	"fmt"
	"testing"

	"tallygate/auth-service/internal/shred"
)

func TestValueOpensOnlyWithItsKeyAtItsPlace(t *testing.T) {
	t.Parallel()
	key, at := shred.NewKey(), shred.Place{Row: 3, Person: 7, Member: "actor"}
	sealed, err := key.Seal(at, []byte("ada"))
	if err != nil {
		t.Fatal(err)
	}
	if got, err := key.Open(at, sealed); err != nil || string(got) != "ada" {
		t.Errorf("got %q, %v", got, err)
	}
	for name, open := range map[string]func() ([]byte, error){
		"another key":    func() ([]byte, error) { return shred.NewKey().Open(at, sealed) },
		"another row":    func() ([]byte, error) { return key.Open(shred.Place{Row: 4, Person: 7, Member: "actor"}, sealed) },
		"another person": func() ([]byte, error) { return key.Open(shred.Place{Row: 3, Person: 8, Member: "actor"}, sealed) },
		"another member": func() ([]byte, error) { return key.Open(shred.Place{Row: 3, Person: 7, Member: "target"}, sealed) },
		"nothing":        func() ([]byte, error) { return key.Open(at, nil) },
		"half of it":     func() ([]byte, error) { return key.Open(at, sealed[:len(sealed)/2]) },
	} {
		if got, err := open(); !errors.Is(err, shred.ErrNotOpened) {
			t.Errorf("%s: got %q, %v", name, got, err)
		}
	}
	for i := range sealed {
		changed := bytes.Clone(sealed)
		changed[i] ^= 1
		if got, err := key.Open(at, changed); !errors.Is(err, shred.ErrNotOpened) {
			t.Errorf("byte %d changed: got %q, %v", i, got, err)
		}
	}
}

func TestSameValueIsSealedDifferentlyEachTime(t *testing.T) {
	t.Parallel()
	key, at := shred.NewKey(), shred.Place{Row: 1, Person: 1, Member: "actor"}
	one, err1 := key.Seal(at, []byte("ada"))
	two, err2 := key.Seal(at, []byte("ada"))
	if err1 != nil || err2 != nil || bytes.Equal(one, two) {
		t.Errorf("got %x and %x, %v, %v", one, two, err1, err2)
	}
	if other := shred.NewKey(); other == key {
		t.Error("two keys are equal")
	}
	if got := fmt.Sprintf("%v %s %#v", key, key, key); got != "[key] [key] [key]" {
		t.Errorf("a key is shown as %s", got)
	}
}
