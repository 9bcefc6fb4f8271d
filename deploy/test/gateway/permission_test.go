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

// TestStreamsEndWithTheirPermission: of each kind, for each reason, on both gateways.
func TestStreamsEndWithTheirPermission(t *testing.T) { //nolint:tparallel // the group ends before what it has caused is counted
	t.Parallel()
	auth, all := gates(t)
	var users int64
	t.Run("group", func(t *testing.T) {
		for ending, change := range endings() {
			for name, g := range all {
				for _, kind := range streamKinds() {
					users++
					user := users
					auth.SetUser(user, known())
					t.Run(ending+", "+name+", "+kind, func(t *testing.T) {
						t.Parallel()
						streamEnds(t, auth, g, user, kind, change)
					})
				}
			}
		}
	})
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
	testbed.Eventually(t, "one call of each user to be counted", func() error { return countedOnce(auth, users) })
}

// streamEnds opens streams of a user, makes the change (nil: the token expires), and waits for their ends.
func streamEnds(t *testing.T, auth *internalapitest.AuthService, g *gate, user int64, kind string, change internalapitest.Members) {
	t.Helper()
	life, reason := time.Hour, "revoked"
	if change == nil {
		life, reason = 4*time.Second, "expired"
	}
	ends := time.Now().Add(life)
	token := tokenOf(user, life)
	lives := g.open(t, "lives", "websocket", token)
	s := g.open(t, "ends", kind, token)
	if change != nil {
		record := known()
		maps.Copy(record, change)
		auth.SetUser(user, record)
		ends = time.Now()
	}
	if err := s.ended(t, kind, reason); err != nil {
		t.Error(err)
	}
	// A stream that has just begun is left alone for a second. The bound is wide: the machine may be busy.
	took := time.Since(ends)
	t.Logf("ended after %s", took)
	if took > 20*time.Second {
		t.Errorf("ended after %s", took)
	}
	if err := lives.echo(t.Context()); err != nil {
		t.Errorf("until_closed: %v", err)
	}
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
