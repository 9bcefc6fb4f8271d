package main

import (
	"crypto/x509"
	"fmt"
	"io"
	"os"
	"slices"
	"time"

	"tallygate/gateway/internal/authclient"
	"tallygate/gateway/internal/report"
	"tallygate/kit/build"
)

// newReporter returns what tells auth-service the state of the gateway. log is where the log goes.
func (g *gateway) newReporter(auth *authclient.Client, log io.Writer) *report.Reporter {
	g.dropped = func() int64 { return 0 }
	if counts, ok := log.(interface{ Dropped() int64 }); ok {
		g.dropped = counts.Dropped
	}
	name, err := os.Hostname()
	if err != nil {
		g.log.Warn("the host's name is not known; reports to auth-service do not have it", "error", err)
		name = "unknown"
	}
	return report.New(report.Config{
		Gateway: g.meter.Instance(), Name: name, Version: build.Current().Version, StartedAt: time.Now(), State: g.state, AuthService: auth, Log: g.log,
	})
}

// state gathers what is reported.
func (g *gateway) state() report.State {
	now := time.Now()
	s := report.State{
		Undelivered: g.meter.Undelivered(), UndeliveredFor: now.Sub(g.meter.DeliveredUpTo()), InMemory: g.meter.InMemory(),
		Troubles: g.troubles(now), LogLinesDropped: g.dropped(), Edge: g.edge.State(),
	}
	if age, known := g.checker.FeedAge(); known {
		s.FeedAge = &age
	}
	if g.certs != nil {
		for _, leaf := range g.certs.Leaves() {
			if leaf != nil {
				s.Certificates = append(s.Certificates, shown(leaf))
			}
		}
	}
	return s
}

// troubles are what is wrong now, what matters most first.
func (g *gateway) troubles(now time.Time) []report.Trouble {
	var all []report.Trouble
	found := func(code, message string, since time.Time) {
		all = append(all, report.Trouble{Code: code, Message: message, Since: since})
	}
	if g.meter.InMemory() {
		found(report.UsageInMemory, "STATE_DIR cannot be written. What is counted is in memory only: a crash would lose it.", time.Time{})
	}
	if stale := g.checker.Staleness(); stale > 0 {
		since := now.Add(-stale)
		found(report.AuthServiceUnreachable, "auth-service has not been reached since "+since.UTC().Format("15:04")+" UTC.", since)
	} else if g.meter.Unreachable() {
		since := g.meter.DeliveredUpTo()
		found(report.AuthServiceUnreachable, "Usage has not reached auth-service since "+since.UTC().Format("15:04")+" UTC.", since)
	}
	if why := g.meter.Refusal(); why != nil {
		found(report.UsageRefused, fmt.Sprintf("auth-service refuses usage, which is kept and sent again: %v", why), time.Time{})
	}
	if g.acme != nil {
		for i, leaf := range g.acme.Leaves() {
			if leaf == nil {
				found(report.CertificateMissing, "There is no certificate for "+g.cfg.acme.domains[i]+" yet. The gateway's log says why.", time.Time{})
			}
		}
	}
	if why := g.routes.invalid.Load(); why != nil {
		found(report.RoutesFileInvalid, fmt.Sprintf("The routes file is not in force as it is now, but as it was: %v", *why), time.Time{})
	}
	return all
}

// shown is what clients see of a certificate.
func shown(leaf *x509.Certificate) report.Certificate {
	names := slices.Clone(leaf.DNSNames)
	for _, address := range leaf.IPAddresses {
		names = append(names, address.String())
	}
	if len(names) == 0 && leaf.Subject.CommonName != "" {
		names = []string{leaf.Subject.CommonName}
	}
	return report.Certificate{Names: names, NotAfter: leaf.NotAfter}
}
