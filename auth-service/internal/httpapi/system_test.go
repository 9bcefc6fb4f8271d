package httpapi_test

import (
	"strings"
	"testing"
	"time"

	"tallygate/auth-service/internal/account"
	"tallygate/auth-service/internal/ledger"
)

// systemAnswer is what GET /admin/system responds with.
type systemAnswer struct {
	Now      time.Time `json:"now"`
	Database struct {
		Kind        string
		SizeBytes   int64  `json:"size_bytes"`
		WALBytes    *int64 `json:"wal_bytes"`
		Connections *struct {
			InUse int `json:"in_use"`
			Limit int
		}
	}
	Ledger struct {
		LastBatchAt *time.Time `json:"last_batch_at"`
		VerifiedAt  *time.Time `json:"verified_at"`
		Differences *int       `json:"verify_differences"`
		RolledUpTo  *string    `json:"rolled_up_to"`
		OldestHour  *time.Time `json:"oldest_hour"`
	}
	Secrets struct {
		Signing struct {
			ChangedAt *time.Time `json:"changed_at"`
			Others    int        `json:"others_accepted"`
		}
	}
	AuthService struct{ Version string } `json:"auth_service"`
}

func readSystem(t *testing.T, s *service, token string) systemAnswer {
	t.Helper()
	got := s.do(call{path: "/admin/system", token: token})
	if got.status != 200 {
		t.Fatalf("got %d %s", got.status, got.body)
	}
	if strings.Contains(got.body, jwtSecret) || strings.Contains(got.body, internalSecret) {
		t.Errorf("a secret is in %s", got.body)
	}
	return read[systemAnswer](t, got)
}

func TestAdministratorsReadTheStateOfLedgerAndDatabase(t *testing.T) {
	t.Parallel()
	onEachDatabase(t, func(t *testing.T, url string) {
		s := newService(t, options{url: url})
		root := s.root(t)
		before := readSystem(t, s, root.Token)
		if l := before.Ledger; l.LastBatchAt != nil || l.VerifiedAt != nil || l.Differences != nil || l.RolledUpTo != nil || l.OldestHour != nil {
			t.Errorf("a new ledger: got %+v, want null everywhere", l)
		}
		if d := before.Database; d.SizeBytes < 4096 {
			t.Errorf("the database has %d bytes", d.SizeBytes)
		}
		switch d := before.Database; {
		case strings.HasPrefix(url, "sqlite:"):
			if d.Kind != "sqlite" || d.WALBytes == nil || *d.WALBytes == 0 || d.Connections != nil {
				t.Errorf("got %+v, want SQLite with what is in its log", d)
			}
		case d.Kind != "postgres" || d.WALBytes != nil || d.Connections == nil || d.Connections.InUse < 1 || d.Connections.Limit < d.Connections.InUse:
			t.Errorf("got %+v, want PostgreSQL with its connections", d)
		}
		if before.AuthService.Version != "tested" || before.Secrets.Signing.Others != 1 || before.Secrets.Signing.ChangedAt != nil {
			t.Errorf("got %+v", before)
		}
		hour := s.clock.Now().Add(-49 * time.Hour).Truncate(time.Hour)
		batch := ledger.Batch{Gateway: "g1", Sequence: 1, Rows: []ledger.Row{{UserID: 1, Route: "root", Start: hour, Counts: ledger.Counts{Requests: 3, Units: 3}}}}
		if _, err := s.usage.Add(t.Context(), batch); err != nil {
			t.Fatal(err)
		}
		if err := s.usage.RollUp(t.Context()); err != nil {
			t.Fatal(err)
		}
		if _, err := s.usage.VerifyAndNote(t.Context()); err != nil {
			t.Fatal(err)
		}
		s.clock.advance(time.Minute)
		l := readSystem(t, s, root.Token).Ledger
		now := s.clock.Now().Add(-time.Minute)
		if l.LastBatchAt == nil || !l.LastBatchAt.Equal(now) || l.VerifiedAt == nil || !l.VerifiedAt.Equal(now) || l.Differences == nil || *l.Differences != 0 {
			t.Errorf("got %+v", l)
		}
		if l.OldestHour == nil || !l.OldestHour.Equal(hour) || l.RolledUpTo == nil || *l.RolledUpTo != now.AddDate(0, 0, -1).Format(time.DateOnly) {
			t.Errorf("got %+v, want the hour %s", l, hour)
		}
	})
}

func TestOnlyAdministratorsReadTheState(t *testing.T) {
	t.Parallel()
	s := newService(t, options{})
	s.root(t)
	ada := s.user(t, "ada")
	_, key := s.key(t, "ada", account.KeyEdit{})
	for name, step := range map[string]struct {
		token  string
		status int
	}{
		"a user": {ada.Token, 403}, "no token": {"none", 401}, "an API key": {key, 401}, "a gateway": {s.internal, 401},
	} {
		if got := s.do(call{path: "/admin/system", token: step.token}); got.status != step.status {
			t.Errorf("%s: got %d %s, want %d", name, got.status, got.body, step.status)
		}
	}
}
