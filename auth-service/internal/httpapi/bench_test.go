package httpapi_test

import (
	"fmt"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"golang.org/x/crypto/argon2"

	"tallygate/auth-service/internal/password"
)

// BenchmarkLogins reports sign-ins per second, and how many hashes per second as many workers make if they do nothing else.
// The two run alternately, so that other load on the machine slows down both.
func BenchmarkLogins(b *testing.B) {
	for _, database := range benchDatabases() {
		b.Run(database, func(b *testing.B) {
			params := password.DefaultParams()
			s := newService(b, options{url: benchURL(b, database), guesses: defaultGuesses(), params: params, workers: runtime.GOMAXPROCS(0)})
			const clients = 16
			var bodies [clients]string
			for i := range clients {
				name := fmt.Sprint("user", i)
				s.register(b, name, "123456")
				s.signIn(b, name, "123456")
				bodies[i] = credentials(name, "123456")
			}
			var logins, hashes float64
			var loginTime, hashTime time.Duration
			for b.Loop() {
				n, took := during(clients, func(i int) bool {
					return s.do(call{method: "POST", path: "/token", body: bodies[i]}).status == 200
				})
				logins, loginTime = logins+n, loginTime+took
				n, took = during(runtime.GOMAXPROCS(0), func(int) bool {
					return len(argon2.IDKey([]byte("123456"), make([]byte, 16), params.Passes, params.MemoryKiB, params.Threads, 32)) > 0
				})
				hashes, hashTime = hashes+n, hashTime+took
			}
			perSecond, most := logins/loginTime.Seconds(), hashes/hashTime.Seconds()
			b.ReportMetric(perSecond, "logins/s")
			b.ReportMetric(most, "argon2id/s")
			b.ReportMetric(perSecond/most, "ratio")
		})
	}
}

// during has workers do something for three seconds, and returns how often it was done, and the time that took.
func during(workers int, do func(worker int) bool) (times float64, took time.Duration) {
	const length = 3 * time.Second
	var done atomic.Int64
	start := time.Now()
	var all sync.WaitGroup
	for i := range workers {
		all.Go(func() {
			for time.Since(start) < length {
				if do(i) {
					done.Add(1)
				}
			}
		})
	}
	all.Wait()
	return float64(done.Load()), time.Since(start)
}

// BenchmarkRefreshes reports refreshes per second of 32 sessions at once.
func BenchmarkRefreshes(b *testing.B) {
	for _, database := range benchDatabases() {
		b.Run(database, func(b *testing.B) {
			s := newService(b, options{url: benchURL(b, database)})
			const clients = 32
			var tokens [clients]signedIn
			for i := range clients {
				tokens[i] = s.user(b, fmt.Sprint("user", i))
			}
			var refreshes float64
			var took time.Duration
			for b.Loop() {
				n, t := during(clients, func(i int) bool {
					got := s.refresh(tokens[i])
					tokens[i] = read[signedIn](b, got)
					return got.status == 200
				})
				refreshes, took = refreshes+n, took+t
			}
			b.ReportMetric(refreshes/took.Seconds(), "refreshes/s")
		})
	}
}

func benchDatabases() []string { return []string{"sqlite", "postgres"} }

func benchURL(b *testing.B, database string) string {
	b.Helper()
	if database == "sqlite" {
		return shared.SQLite(b)
	}
	return shared.Postgres(b)
}
