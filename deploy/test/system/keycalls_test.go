package system_test

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"tallygate/deploy/internal/cluster"
	"tallygate/deploy/internal/contract"
	"tallygate/deploy/internal/testbed"
)

// sending is a call with a key in it, and the status that it gets.
type sending struct {
	path   string
	header http.Header
	want   int
}

// sendings are ways to send a key, good and bad ones, by name.
func sendings(secret, other, token string) map[string]sending {
	bearer := "Bearer " + secret
	return map[string]sending{
		"Bearer":                   {"/echo", http.Header{"Authorization": {bearer}}, http.StatusOK},
		"another case of Bearer":   {"/echo", http.Header{"Authorization": {"bEARER " + secret}}, http.StatusOK},
		"bare":                     {"/echo", http.Header{"Authorization": {secret}}, http.StatusOK},
		"X-API-Key":                {"/echo", http.Header{"X-Api-Key": {secret}}, http.StatusOK},
		"where no tokens go":       {"/blind", http.Header{"Authorization": {bearer}}, http.StatusOK},
		"X-API-Key there":          {"/blind", http.Header{"X-Api-Key": {secret}}, http.StatusOK},
		"beside aliases":           {"/echo", http.Header{"Authorization": {bearer}, "X_api_key": {secret}, "X.Api.Key": {secret}}, http.StatusOK},
		"at math-service":          {"/root?number=9&n=0.5", http.Header{"Authorization": {bearer}}, http.StatusOK},
		"twice in Authorization":   {"/echo", http.Header{"Authorization": {bearer, bearer}}, http.StatusUnauthorized},
		"twice in X-API-Key":       {"/echo", http.Header{"X-Api-Key": {secret, secret}}, http.StatusUnauthorized},
		"in both fields":           {"/echo", http.Header{"Authorization": {bearer}, "X-Api-Key": {secret}}, http.StatusUnauthorized},
		"beside a token":           {"/echo", http.Header{"Authorization": {"Bearer " + token}, "X-Api-Key": {secret}}, http.StatusUnauthorized},
		"two keys in one field":    {"/echo", http.Header{"X-Api-Key": {secret + ", " + other}}, http.StatusUnauthorized},
		"by an alias":              {"/echo", http.Header{"X_api_key": {secret}}, http.StatusUnauthorized},
		"as the password of Basic": {"/echo", http.Header{"Authorization": {"Basic " + base64.StdEncoding.EncodeToString([]byte("ada:"+secret))}}, http.StatusUnauthorized},
		"in the query": {
			"/echo?access_token=" + secret + "&api_key=" + secret + "&ticket=" + secret, nil, http.StatusUnauthorized,
		},
		"in a cookie":         {"/echo", http.Header{"Cookie": {"X-API-Key=" + secret + "; token=" + secret}}, http.StatusUnauthorized},
		"as a WebSocket's":    {"/echo", http.Header{"Sec-Websocket-Protocol": {"tallygate.token." + secret}}, http.StatusUnauthorized},
		"cut short":           {"/echo", http.Header{"Authorization": {bearer[:len(bearer)-1]}}, http.StatusUnauthorized},
		"with a letter more":  {"/echo", http.Header{"Authorization": {bearer + "0"}}, http.StatusUnauthorized},
		"with a wrong prefix": {"/echo", http.Header{"Authorization": {"Bearer TG_" + secret[3:]}}, http.StatusUnauthorized},
	}
}

// TestAKeyIsGoodOnACallAndReachesNoUpstream calls in every way in which a key can be sent. The upstream's bytes never hold the
// key; where it takes tokens, it gets one that stands for the key.
func TestAKeyIsGoodOnACallAndReachesNoUpstream(t *testing.T) { //nolint:tparallel // what is after the calls needs them
	t.Parallel()
	k := startKeyed(t, cluster.Config{})
	key, other := k.newKey(t, nil), k.newKey(t, nil)
	t.Run("sent", func(t *testing.T) {
		for name, one := range sendings(key.Secret, other.Secret, k.token) {
			t.Run(name, func(t *testing.T) {
				t.Parallel()
				k.send(t, one, key)
			})
		}
	})
	k.sendTrailer(t, key.Secret)
	for _, random := range []string{key.Secret[3:33], other.Secret[3:33]} {
		if k.upstream.got(random) {
			t.Error("the upstream got the key")
		}
		for _, p := range k.Services() {
			if strings.Contains(p.Output(), random) {
				t.Errorf("the log of %s holds the key", p.Name)
			}
		}
	}
}

func (k *keyed) send(t *testing.T, one sending, key contract.Key) {
	t.Helper()
	got, err := k.clients[0].Do(http.MethodGet, one.path, one.header, nil)
	if err != nil || got.Status != one.want || one.want == http.StatusUnauthorized && got.Body != badToken {
		t.Fatalf("got %d %s (%v), want %d", got.Status, got.Body, err, one.want)
	}
	if one.want == http.StatusOK && one.path == "/echo" {
		if claims := k.verify(t, got.Body); claims.UserID != k.userID || strconv.FormatInt(claims.KeyID, 10) != key.ID {
			t.Errorf("the upstream got a token with %+v", claims)
		}
	} else if one.path == "/blind" && got.Body != "" {
		t.Errorf("the upstream got %q", got.Body)
	}
}

// sendTrailer sends the key also behind the body.
func (k *keyed) sendTrailer(t *testing.T, secret string) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, k.clients[0].Base+"/echo", io.MultiReader(strings.NewReader("a body")))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Authorization", secret)
	req.Trailer = http.Header{"X-Api-Key": {secret}}
	got, err := k.clients[0].HTTP.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer got.Body.Close()
	if got.StatusCode != http.StatusOK || !k.upstream.got("a body") {
		t.Errorf("with a trailer: got %d", got.StatusCode)
	}
}

// operation is a call of openapi.json.
type operation struct {
	Security  []map[string][]string
	Responses map[string]any
}

// TestAKeyMayNotTouchTheAccount makes every call that needs a token, as openapi.json lists them, with a key and with the token
// that stands for it.
func TestAKeyMayNotTouchTheAccount(t *testing.T) {
	t.Parallel()
	k := startKeyed(t, cluster.Config{})
	key, other := k.newKey(t, nil), k.newKey(t, nil)
	swapped, err := with(k.clients[0], key.Secret, "/echo")
	if err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(filepath.Join(testbed.Root(), "gateway", "internal", "console", "static", "openapi.json"))
	if err != nil {
		t.Fatal(err)
	}
	var api struct {
		Paths map[string]map[string]json.RawMessage
	}
	if err := json.Unmarshal(text, &api); err != nil {
		t.Fatal(err)
	}
	allowed := []string{"GET /root", "GET /users/me/usage", "GET /users/me/limits"}
	fill := regexp.MustCompile(`\{\w+\}`)
	calls := 0
	for path, item := range api.Paths {
		for method, raw := range item {
			call := strings.ToUpper(method) + " " + path
			var of operation
			if method == "parameters" || json.Unmarshal(raw, &of) != nil || !needsToken(of) || slices.Contains(allowed, call) {
				continue
			}
			calls++
			if of.Responses["403"] == nil {
				t.Errorf("%s: openapi.json does not say that it may be 403", call)
			}
			for what, authorization := range map[string]string{"a key": "Bearer " + key.Secret, "the token of a key": swapped.Body} {
				header := http.Header{"Authorization": {authorization}, "Content-Type": {"application/json"}}
				got, err := k.clients[0].Do(strings.ToUpper(method), fill.ReplaceAllString(path, other.ID), header, []byte("{}"))
				if err != nil || got.Status != http.StatusForbidden || !strings.Contains(got.Body, "key-not-allowed") {
					t.Errorf("%s with %s: got %d %s (%v), want 403 key-not-allowed", call, what, got.Status, got.Body, err)
				}
			}
		}
	}
	if calls < 20 {
		t.Errorf("only %d calls were made", calls)
	}
	k.everywhere(t, other.Secret, http.StatusOK)
	k.speaksOfThisKey(t, key, other)
}

func needsToken(of operation) bool {
	return slices.ContainsFunc(of.Security, func(one map[string][]string) bool { return one["token"] != nil })
}

// speaksOfThisKey: a key reads what was called with it, and nothing else.
func (k *keyed) speaksOfThisKey(t *testing.T, key, other contract.Key) {
	t.Helper()
	if err := status(k.clients[0], key.Secret, "/users/me/usage?key="+other.ID, http.StatusForbidden); err != nil {
		t.Error(err)
	}
	for _, one := range []contract.Key{key, other} {
		testbed.Eventually(t, "the one call of the key", func() error {
			var usage struct {
				Total struct{ Requests int64 }
			}
			err := k.clients[0].Call(one.Secret, http.MethodGet, "/users/me/usage", nil, &usage, http.StatusOK)
			if err == nil && usage.Total.Requests != 1 {
				err = fmt.Errorf("got %d requests, want 1", usage.Total.Requests)
			}
			return err
		})
	}
	var list struct {
		Keys []struct {
			contract.Key

			LastUsedAt *string `json:"last_used_at"`
		}
	}
	if err := k.clients[0].Call(k.token, http.MethodGet, "/users/me/keys", nil, &list, http.StatusOK); err != nil {
		t.Fatal(err)
	}
	for _, one := range list.Keys {
		if one.LastUsedAt == nil || one.Secret != "" {
			t.Errorf("the list holds %+v", one)
		}
	}
}

// TestWhatIsNoKeyCausesNoQuestion: only a key of the right form that the gateway does not know is asked about, once.
func TestWhatIsNoKeyCausesNoQuestion(t *testing.T) {
	t.Parallel()
	k := startKeyed(t, cluster.Config{})
	narrow := k.newKey(t, map[string]any{"routes": []string{"blind"}})
	before := k.questions(t)
	random := narrow.Secret[3:33]
	for _, check := range []string{"000000", "zzzzzz", narrow.Secret[33:38] + "-"} {
		if err := status(k.clients[0], "tg_"+random+check, "/blind", http.StatusUnauthorized); err != nil {
			t.Error(err)
		}
	}
	if now := k.questions(t); now != before {
		t.Errorf("look-alikes caused %v questions", now-before)
	}
	for range 20 {
		if err := status(k.clients[0], narrow.Secret, "/blind", http.StatusOK); err != nil {
			t.Error(err)
		}
		got, err := with(k.clients[0], narrow.Secret, "/echo")
		if err != nil || got.Status != http.StatusForbidden || !strings.Contains(got.Body, "route-not-allowed") {
			t.Errorf("another route: got %d %s (%v)", got.Status, got.Body, err)
		}
	}
	if now := k.questions(t); now != before+1 {
		t.Errorf("the key caused %v questions, want 1", now-before)
	}
	if err := k.clients[0].EditKey(k.token, narrow.ID, map[string]any{"routes": nil}); err != nil {
		t.Fatal(err)
	}
	testbed.Eventually(t, "the key to be good everywhere", func() error { return status(k.clients[0], narrow.Secret, "/echo", http.StatusOK) })
}
