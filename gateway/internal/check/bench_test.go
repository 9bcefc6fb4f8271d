package check_test

import (
	"testing"
	"time"
)

// The cost of a token that was seen before, with every core at it.
func BenchmarkSecondCall(b *testing.B) {
	f := start(b, newService(7), nil)
	defer f.stop()
	fields := []string{"Bearer " + params(7, time.Now()).Token()}
	for f.Ready(b.Context()) != nil {
		time.Sleep(time.Millisecond)
	}
	ctx := b.Context()
	b.ReportAllocs()
	b.ResetTimer()
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			if _, err := f.Check(ctx, fields); err != nil {
				b.Fatal(err)
			}
		}
	})
}

// The same with an API key.
func BenchmarkSecondCallWithAKey(b *testing.B) {
	s := newService(7)
	f := start(b, s, nil)
	defer f.stop()
	for f.Ready(b.Context()) != nil {
		time.Sleep(time.Millisecond)
	}
	raw := s.give(b, 7, 70)
	ctx := b.Context()
	b.ReportAllocs()
	b.ResetTimer()
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			if _, _, err := f.Key(ctx, raw, client); err != nil {
				b.Fatal(err)
			}
		}
	})
}
