package forward_test

import (
	"slices"
	"strings"
	"testing"

	"tallygate/gateway/internal/forward"
)

// borders are the places in p where a close frame may stand, if p comes in pieces of this size.
func borders(p []byte, size int) (all []int) {
	var f forward.Frames
	for i := 0; i < len(p); i += size {
		piece := p[i:min(i+size, len(p))]
		f.Take(piece, false)
		if f.AtBorder() {
			all = append(all, i+len(piece))
		}
	}
	return all
}

// endsAt is where a stream ends that is to be ended when n bytes of it have been sent on; -1 if it does not end at a border.
func endsAt(p []byte, n int) int {
	var f forward.Frames
	f.Take(p[:n], false)
	n += f.Take(p[n:], true)
	if !f.AtBorder() {
		return -1
	}
	return n
}

func TestFramesEndWhereTheirLengthsSay(t *testing.T) {
	t.Parallel()
	stream := []byte("\x81\x02hi" + "\x89\x00" + "\x02\x7e\x00\x80" + strings.Repeat("p", 128) +
		"\x80\x7f\x00\x00\x00\x00\x00\x00\x00\x03abc" + "\x88\x02\x03\xe8")
	want := []int{4, 6, 138, 151}
	if got := borders(stream, 1); !slices.Equal(got, want) {
		t.Errorf("got borders at %v, want %v", got, want)
	}
	for n := range stream {
		end := -1 // after the server's own close frame nothing may stand
		for _, border := range slices.Backward(want) {
			if n <= border {
				end = border
			}
		}
		if n == 0 {
			end = 0
		}
		if got := endsAt(stream, n); got != end {
			t.Errorf("ended after %d bytes: got the end at %d, want %d", n, got, end)
		}
	}
}

func FuzzFrames(f *testing.F) {
	f.Add([]byte("\x81\x02hi\x89\x00\x82\x7e\x00\x02ab"), 3)
	f.Add([]byte("\x82\x7f\xff\xff\xff\xff\xff\xff\xff\xffabc"), 1)
	f.Add([]byte("not frames"), 2)
	f.Fuzz(func(t *testing.T, p []byte, size int) {
		size = max(size%64, 1)
		single := borders(p, 1)
		for _, border := range borders(p, size) {
			if !slices.Contains(single, border) {
				t.Fatalf("%q: in pieces of %d bytes there is a border at %d, byte by byte at %v", p, size, border, single)
			}
		}
		for n := range p {
			if end := endsAt(p, n); end > 0 && !slices.Contains(single, end) {
				t.Fatalf("%q: ended after %d bytes, it ends at %d, which is none of %v", p, n, end, single)
			}
		}
	})
}
