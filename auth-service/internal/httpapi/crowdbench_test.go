package httpapi_test

import (
	"sync/atomic"
	"testing"
	"time"

	"tallygate/auth-service/internal/password"
)

// BenchmarkSignInsBesideACrowd reports what one other user gets while 200 clients sign in to one account all the time:
// the share of sign-ins that succeed and how long one takes. It reports the crowd's own sign-ins per second too.
// Workers and places are those of a service with the defaults on two cores.
func BenchmarkSignInsBesideACrowd(b *testing.B) {
	for _, database := range benchDatabases() {
		b.Run(database, func(b *testing.B) {
			s := newService(b, options{
				url: benchURL(b, database), guesses: defaultGuesses(), params: password.DefaultParams(), workers: 2, waiting: 128,
			})
			for _, name := range []string{"crowd", "other"} {
				s.register(b, name, "123456")
				s.signIn(b, name, "123456")
			}
			const clients = 200
			var others, succeeded, refused atomic.Int64
			var crowd float64
			var crowdTime, otherTime time.Duration
			for b.Loop() {
				n, took := during(clients+1, func(i int) bool {
					name := "crowd"
					if i == clients {
						name = "other"
					}
					began := time.Now()
					ok := s.guess(name, "123456", "").status == 200
					if i < clients {
						if !ok {
							refused.Add(1)
							time.Sleep(50 * time.Millisecond) // a client would wait longer after this response
						}
						return ok
					}
					others.Add(1)
					if ok {
						succeeded.Add(1)
						otherTime += time.Since(began)
					}
					time.Sleep(100 * time.Millisecond) // otherwise it would take the place that it has just freed
					return false
				})
				crowd, crowdTime = crowd+n, crowdTime+took
			}
			b.ReportMetric(100*float64(succeeded.Load())/float64(max(others.Load(), 1)), "%_others_succeed")
			b.ReportMetric(float64(otherTime.Milliseconds())/float64(max(succeeded.Load(), 1)), "ms/other")
			b.ReportMetric(crowd/crowdTime.Seconds(), "crowd/s")
			b.ReportMetric(float64(refused.Load())/crowdTime.Seconds(), "refused/s")
		})
	}
}
