package gateway_test

import (
	"crypto/tls"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"

	"tallygate/deploy/internal/testbed"
	"tallygate/kit/internalapi/internalapitest"
	"tallygate/kit/token/tokentest"
)

func streamKinds() []string { return []string{"websocket", "events", "download", "upload"} }

// endings are changes of a user's record that end the permission of the session "s", by name. What is not a change is the end
// of the token.
func endings() map[string]internalapitest.Members {
	return map[string]internalapitest.Members{
		"the session has ended": {"ended_sessions": []any{internalapitest.Members{
			"id": "s", "until": time.Now().Add(time.Hour).UTC().Format(time.RFC3339),
		}}},
		"the user is disabled":     {"disabled": true},
		"the user is deleted":      {"exists": false, "generation": 0},
		"the password has changed": {"generation": 4},
		"the token has expired":    nil,
	}
}

// gates are two gateways, one with TLS, that follow one feed.
func gates(t *testing.T) (*internalapitest.AuthService, map[string]*gate) {
	t.Helper()
	auth, authURL := internalapitest.Start(t, internalSecret)
	up := streams(t)
	routes := and(route("ends", "/ends", []string{up}), route("lives", "/lives", []string{up}, "streams: until_closed"))
	cert, key := certify(t, t.TempDir(), 1)
	settings := []string{"AUTH_PRIVATE_URL=" + authURL, "ACCESS_LOG=on"}
	all := map[string]*gate{
		"plain": {startGateway(t, routes, settings...), nil},
		"TLS": {
			startGateway(t, routes, append(settings, "TLS_CERT_FILE="+cert, "TLS_KEY_FILE="+key)...),
			&tls.Config{InsecureSkipVerify: true},
		},
	}
	for _, g := range all {
		testbed.Eventually(t, "the gateway to reach auth-service", func() error {
			_, err := fetch(http.DefaultClient, "http://"+g.private+"/readyz")
			return err
		})
	}
	return auth, all
}

// known is the record of a user whose tokens are good.
func known() internalapitest.Members {
	return internalapitest.Members{"generation": 3, "ended_sessions": []any{}, "monthly_quota": nil, "role": ""}
}

func tokenOf(id int64, life time.Duration) string {
	return tokentest.Params{
		Secret: jwtSecret, Issuer: "tallygate", Audience: "tallygate", MaxLife: life, Now: time.Now(),
		UserID: strconv.FormatInt(id, 10), SessionID: "s", Generation: 3,
	}.Token()
}

// ending is a stream of a user whose permission ends.
type ending struct {
	name, kind string
	user       int64
	change     internalapitest.Members // of the user's record; nil: the token expires
	stream     *stream
	lives      *stream // on the route where streams live on
	ends       time.Time
}

// begin opens the streams.
func (e *ending) begin(t *testing.T, auth *internalapitest.AuthService, g *gate) {
	t.Helper()
	life := time.Hour
	if e.change == nil {
		life = 4 * time.Second
	}
	auth.SetUser(e.user, known())
	e.ends = time.Now().Add(life)
	token := tokenOf(e.user, life)
	e.lives = g.open(t, "lives", "websocket", token)
	e.stream = g.open(t, "ends", e.kind, token)
}

// check waits for the end.
func (e *ending) check(t *testing.T) {
	t.Helper()
	reason := "revoked"
	if e.change == nil {
		reason = "expired"
	}
	if err := e.stream.ended(t, e.kind, reason); err != nil {
		t.Errorf("%s: %v", e.name, err)
	}
	// A stream that has just begun is left alone for a second. The bound is wide: the machine may be busy.
	if took := time.Since(e.ends); took > 20*time.Second {
		t.Errorf("%s: ended after %s", e.name, took)
	}
	if err := e.lives.echo(t.Context()); err != nil {
		t.Errorf("%s, until_closed: %v", e.name, err)
	}
}

// TestStreamsEndWithTheirPermission: of each kind, for each reason, on both gateways, all at the same time.
func TestStreamsEndWithTheirPermission(t *testing.T) {
	t.Parallel()
	auth, all := gates(t)
	var open []*ending
	for why, change := range endings() {
		for name, g := range all {
			for _, kind := range streamKinds() {
				e := &ending{name: why + ", " + name + ", " + kind, kind: kind, user: int64(len(open) + 1), change: change}
				e.begin(t, auth, g)
				open = append(open, e)
			}
		}
	}
	for _, e := range open {
		if e.change != nil {
			record := known()
			maps.Copy(record, e.change)
			e.ends = time.Now()
			auth.SetUser(e.user, record)
		}
	}
	for _, e := range open {
		e.check(t)
	}
	for name, g := range all {
		for reason, want := range map[string]string{"expired": "4", "revoked": "16"} {
			if got := g.metric(t, fmt.Sprintf("tallygate_gateway_streams_ended_total{reason=%q}", reason)); got != want {
				t.Errorf("%s: %s streams ended as %s, want %s", name, got, reason, want)
			}
			testbed.Eventually(t, "the access lines of "+name, func() error {
				if got := strconv.Itoa(strings.Count(g.Output(), fmt.Sprintf(`"ended":%q`, reason))); got != want {
					return fmt.Errorf("%s are %s, want %s", got, reason, want)
				}
				return nil
			})
		}
	}
	testbed.Eventually(t, "one call of each user to be counted", func() error { return countedOnce(auth, int64(len(open))) })
}

// countedOnce is an error unless each user has one call on the route where streams end.
func countedOnce(auth *internalapitest.AuthService, users int64) error {
	requests := map[string]int64{}
	for _, batch := range auth.Batches() {
		rows, _ := batch["rows"].([]any)
		for _, row := range rows {
			members, _ := row.(internalapitest.Members)
			if members["route"] == "ends" {
				n, _ := members["requests"].(json.Number).Int64()
				requests[fmt.Sprint(members["user_id"])] += n
			}
		}
	}
	for user := range users {
		if n := requests[fmt.Sprint(user+1)]; n != 1 {
			return fmt.Errorf("user %d has %d calls", user+1, n)
		}
	}
	return nil
}
