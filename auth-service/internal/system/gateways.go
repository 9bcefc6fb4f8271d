package system

import (
	"context"
	"fmt"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"tallygate/auth-service/internal/fault"
	"tallygate/auth-service/internal/ledger"
)

const (
	// keptReports is how long a gateway that reports no more is shown.
	keptReports = 24 * time.Hour
	// SeenWithin is three reports of a gateway. One whose last is older is not seen.
	SeenWithin = 15 * time.Second
	// maxGateways bounds the response. Those that reported last are in it.
	maxGateways = 1000
	// maxSentence bounds text that an upstream or a gateway has written, in bytes.
	maxSentence = 200
)

// Report keeps the state of a gateway in place of what it told before. Errors: *fault.InvalidError, fault.ErrUnavailable,
// fault.ErrBusy.
func (s *Service) Report(ctx context.Context, gateway string, r Report) error {
	if err := ledger.CheckGateway(gateway); err != nil {
		return err
	}
	if err := r.check(); err != nil {
		return err
	}
	r.clean()
	now := s.now()
	return s.cfg.Store.SaveReport(ctx, gateway, r, now, now.Add(-keptReports))
}

// check refuses what no gateway sends. Names that only a newer gateway knows are let through.
func (r *Report) check() error {
	switch {
	case r.Name == "" || len(r.Name) > 253:
		return fault.Invalid("report", "The name has to have 1 to 253 bytes.")
	case r.Version == "" || len(r.Version) > 100:
		return fault.Invalid("report", "The version has to have 1 to 100 bytes.")
	case r.StartedAt.IsZero():
		return fault.Invalid("report", "The time of the start is missing.")
	case len(r.TLS) > 100:
		return fault.Invalid("report", "A report has at most 100 certificates.")
	}
	if err := notNegative(map[string]*int64{
		"undelivered": r.Undelivered, "connections": r.Connections, "in_flight": r.InFlight, "streams": r.Streams,
		"log_lines_dropped": r.LogLinesDropped,
	}); err != nil {
		return err
	}
	if err := notNegative(map[string]*float64{"feed_age_seconds": r.FeedAge, "undelivered_seconds": r.UndeliveredSeconds}); err != nil {
		return err
	}
	if m := r.LastMinute; m != nil && min(m.Requests, m.RateLimited, m.ServerErrors) < 0 {
		return fault.Invalid("report", "No number of the last minute can be negative.")
	}
	for i := range r.Upstreams {
		if err := r.Upstreams[i].check(); err != nil {
			return err
		}
	}
	return nil
}

func (u *Upstream) check() error {
	if u.Route == "" || len(u.Route) > 128 {
		return fault.Invalid("report", "The route of an upstream has to have 1 to 128 bytes.")
	}
	for i := range u.Replicas {
		if r := &u.Replicas[i]; r.Address == "" || len(r.Address) > 300 || r.State == "" || len(r.State) > 64 {
			return fault.Invalid("report", "A replica needs an address of at most 300 bytes and a state.")
		}
	}
	if share := u.ServerErrorShare; share != nil && (*share < 0 || *share > 1) {
		return fault.Invalid("report", "A share is a number from 0 to 1.")
	}
	return notNegative(map[string]*float64{"p50_seconds": u.P50, "p99_seconds": u.P99})
}

func notNegative[N int64 | float64](numbers map[string]*N) error {
	for name, n := range numbers {
		if n != nil && *n < 0 {
			return fault.Invalid("report", fmt.Sprintf("%s cannot be negative.", name))
		}
	}
	return nil
}

// clean bounds the texts.
func (r *Report) clean() {
	r.Name, r.Version = printable(r.Name), printable(r.Version)
	if r.LastError != nil {
		r.LastError.Cause.clean()
	}
	for i := range r.TLS {
		names := r.TLS[i].Names
		r.TLS[i].Names = names[:min(len(names), 100)]
		for j := range r.TLS[i].Names {
			r.TLS[i].Names[j] = printable(r.TLS[i].Names[j])
		}
	}
	for i := range r.Upstreams {
		u := &r.Upstreams[i]
		u.Route = printable(u.Route)
		for j := range u.Replicas {
			replica := &u.Replicas[j]
			replica.Address, replica.State = printable(replica.Address), printable(replica.State)
			if replica.Reason != nil {
				replica.Reason.clean()
			}
		}
	}
}

func (c *Cause) clean() { c.Code, c.Message = printable(c.Code), printable(c.Message) }

// printable has a space for each control character, and at most maxSentence bytes of the text.
func printable(text string) string {
	text = strings.Map(func(r rune) rune {
		if unicode.IsControl(r) {
			return ' '
		}
		return r
	}, text)
	if len(text) <= maxSentence {
		return text
	}
	end := maxSentence
	for !utf8.RuneStart(text[end]) {
		end--
	}
	return text[:end]
}

// Seen reports whether the gateway still reports.
func (r *Reported) Seen(now time.Time) bool { return now.Sub(r.At) <= SeenWithin }

// Lag is how many seconds the ledger is behind: the age of the oldest call that a gateway has counted and not delivered. nil: no
// gateway is seen.
func (s *State) Lag() *float64 {
	var lag *float64
	for i := range s.Gateways {
		g := &s.Gateways[i]
		if age := g.Report.UndeliveredSeconds; age != nil && g.Seen(s.Now) && (lag == nil || *age > *lag) {
			lag = age
		}
	}
	return lag
}
