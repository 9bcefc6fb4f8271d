package apikey_test

import (
	"bytes"
	"encoding/base64"
	"testing"

	"tallygate/kit/apikey"
)

func TestATokensIDTellsTheSecret(t *testing.T) { //nolint:paralleltest // allocations are counted
	digest := apikey.Hash("tg_any")
	link := digest.Link()
	id := base64.RawURLEncoding.EncodeToString(append(bytes.Repeat([]byte{7}, 8), link[:]...))
	if got := apikey.LinkOf(id); got != link {
		t.Errorf("got %x, want %x", got, link)
	}
	for _, other := range []string{"", id[1:], id + "A", "!" + id[1:], id[:21] + "_"} {
		if got := apikey.LinkOf(other); got == link || other != id[:21]+"_" && got != (apikey.Link{}) {
			t.Errorf("%q: got %x", other, got)
		}
	}
	if n := testing.AllocsPerRun(100, func() { apikey.LinkOf(id) }); n != 0 {
		t.Errorf("%v allocations", n)
	}
}
