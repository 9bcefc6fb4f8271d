package gateway_test

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/dunglas/httpsfv"

	"tallygate/deploy/internal/testbed"
)

// standing is what the fields of a response say of one limit.
type standing struct{ quota, window, remaining, reset int64 }

// standings reads the fields with a parser that has no part in writing them.
func standings(t *testing.T, header http.Header) map[string]standing {
	t.Helper()
	all := map[string]standing{}
	for _, one := range numbers(t, header, "RateLimit-Policy", "q", "w") {
		all[one.name] = standing{quota: one.values[0], window: one.values[1]}
	}
	states := numbers(t, header, "RateLimit", "r", "t")
	for _, one := range states {
		s := all[one.name]
		s.remaining, s.reset = one.values[0], one.values[1]
		all[one.name] = s
	}
	if len(states) != len(all) {
		t.Errorf("the fields have other limits: %v", header)
	}
	return all
}

// limitNumbers are the parameters of one limit in one field.
type limitNumbers struct {
	name   string
	values [2]int64
}

// numbers reads a list of strings with two parameters.
func numbers(t *testing.T, header http.Header, field string, parameters ...string) (all []limitNumbers) {
	t.Helper()
	list, err := httpsfv.UnmarshalList(header.Values(field))
	if err != nil {
		t.Fatalf("%s: %q: %v", field, header.Values(field), err)
	}
	for _, member := range list {
		item, isItem := member.(httpsfv.Item)
		if !isItem || len(item.Params.Names()) != len(parameters) {
			t.Fatalf("%s: %q", field, header.Values(field))
		}
		one := limitNumbers{}
		one.name, _ = item.Value.(string)
		for i, name := range parameters {
			value, _ := item.Params.Get(name)
			n, isNumber := value.(int64)
			if !isNumber || one.name == "" {
				t.Fatalf("%s: %q", field, header.Values(field))
			}
			one.values[i] = n
		}
		all = append(all, one)
	}
	return all
}

// get makes a call with a token.
func (g *gateway) get(t *testing.T, path, token string) (*http.Response, string) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, g.url(path), nil)
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+token)
	resp, err := newClient(t).Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp, string(body)
}

// limited is a gateway with two routes that have rates, one of whose upstreams is not there, and a monthly quota.
func limited(t *testing.T) *gateway {
	t.Helper()
	up := serveHTTP(t, func(w http.ResponseWriter, r *http.Request) {
		if strings.HasSuffix(r.URL.Path, "/missing") {
			w.WriteHeader(http.StatusNotFound)
		}
	})
	return startWithUsers(t, and(route("calls", "/calls", []string{up}, "rate: 20/s"),
		route("slow", "/slow", []string{testbed.FreeAddresses(t, 1)[0]}, "rate: 2/h")), "MONTHLY_QUOTA=5000")
}

func TestWhatRemainsIsAStructuredFieldOfEveryResponse(t *testing.T) {
	t.Parallel()
	g := limited(t)
	_, token := g.user(t, "ada")
	for i, want := range []struct {
		path   string
		status int
		rate   standing
		month  int64
	}{
		{"/calls", 200, standing{20, 1, 19, 1}, 4999},
		{"/slow", 503, standing{2, 3600, 1, 3600}, 4998},
		{"/slow", 503, standing{2, 3600, 0, 3600}, 4997},
		{"/slow", 429, standing{2, 3600, 0, 3600}, 4997},
		{"/calls/missing", 404, standing{20, 1, 19, 1}, 4996},
	} {
		resp, body := g.get(t, want.path, token)
		got := standings(t, resp.Header)
		rate, month := got[strings.Split(want.path, "/")[1]], got["month"]
		if resp.StatusCode != want.status || len(got) != 2 {
			t.Errorf("call %d: got %d %s, %+v", i+1, resp.StatusCode, body, got)
		}
		// Time passes, and one call more or less of a fast rate may be back.
		if rate.quota != want.rate.quota || rate.window != want.rate.window || want.path == "/slow" && rate.remaining != want.rate.remaining ||
			rate.reset > want.rate.reset || rate.reset < want.rate.reset-10 {
			t.Errorf("call %d: got %+v, want %+v", i+1, rate, want.rate)
		}
		if month.quota != 5000 || month.remaining != want.month || month.window < 28*86400 || month.reset > month.window {
			t.Errorf("call %d: got %+v, want %d remaining", i+1, month, want.month)
		}
	}
}

// TestAClientThatObeysMeetsNoRefusal makes as many calls as the fields allow for three seconds.
func TestAClientThatObeysMeetsNoRefusal(t *testing.T) {
	t.Parallel()
	g := limited(t)
	_, token := g.user(t, "ada")
	calls := 0
	begin := time.Now()
	for time.Since(begin) < 3*time.Second {
		resp, body := g.get(t, "/calls", token)
		if calls++; resp.StatusCode != http.StatusOK {
			t.Fatalf("call %d: got %d %s", calls, resp.StatusCode, body)
		}
		if s := standings(t, resp.Header)["calls"]; s.remaining == 0 {
			<-time.After(time.Duration(s.reset) * time.Second)
		}
	}
	if rate := float64(calls) / time.Since(begin).Seconds(); rate < 0.8*20/2 {
		t.Errorf("%d calls, %.1f a second", calls, rate)
	}
}

func TestCallersSeeTheLimitsThatAreEnforced(t *testing.T) {
	t.Parallel()
	g := limited(t)
	_, token := g.user(t, "ada")
	key := g.makeKey(t, token, `{"name":"a script","monthly_quota":7}`)
	for _, credential := range []string{token, token, key} {
		if resp, body := g.get(t, "/calls", credential); resp.StatusCode != http.StatusOK {
			t.Fatalf("got %d %s", resp.StatusCode, body)
		}
	}
	resp, _ := g.get(t, "/calls", key)
	if got := standings(t, resp.Header)["key"]; got.quota != 7 || got.remaining != 5 {
		t.Errorf("the key's second call: got %+v", got)
	}
	const rates = "[map[burst:20 rate:20/s route:calls] map[burst:2 rate:2/h route:slow]]"
	for credential, want := range map[string]string{
		token: "{default [{month 5000 4 4996}] " + rates + " <nil>}",
		key:   "{default [{month 5000 4 4996} {key 7 2 5}] " + rates + " <nil>}",
	} {
		testbed.Eventually(t, "the calls to be counted", func() error {
			resp, body := g.get(t, "/users/me/limits", credential)
			if resp.Header["Ratelimit"] != nil {
				return fmt.Errorf("the call is limited itself: %v", resp.Header)
			}
			var got struct {
				Plan   string `json:"plan"`
				Quotas []struct {
					Name                   string
					Limit, Used, Remaining int64
				} `json:"quotas"`
				Rates    []any `json:"rates"`
				InFlight *int  `json:"in_flight"`
			}
			if err := json.Unmarshal([]byte(body), &got); err != nil {
				return fmt.Errorf("%s: %w", body, err)
			}
			if text := fmt.Sprint(got); text != want {
				return fmt.Errorf("got %s, want %s", text, want)
			}
			return nil
		})
	}
}

// makeKey makes an API key and returns its secret.
func (g *gateway) makeKey(t *testing.T, token, body string) string {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, g.url("/users/me/keys"), strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+token)
	req.Header.Set("Content-Type", "application/json")
	resp, err := newClient(t).Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	var made struct{ Key string }
	if err := json.NewDecoder(resp.Body).Decode(&made); err != nil || resp.StatusCode != http.StatusCreated {
		t.Fatalf("got %d (%v)", resp.StatusCode, err)
	}
	return made.Key
}
