package internalapitest

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"

	"tallygate/kit/internalapi"
)

// AuthService plays auth-service's private listener. Its responses are the description's examples with the members that
// a test sets. Every request and every response is validated, unless it was made by NewFast. Safe for concurrent use.
type AuthService struct {
	contract *Contract
	bearer   *internalapi.Bearer // nil: every credential is right
	report   func(error)         // nil: nothing is validated

	mu       sync.Mutex
	users    map[int64]Members
	everyone Members // the record of a user who is not in users
	plans    map[string]Members
	older    bool  // plans are not known
	version  int64 // of the last change
	oldest   int64 // cursors below it are gone
	changed  chan struct{}
	lease    func(request Members) (response Members)
	refusals map[string]int
	newer    bool
	lookups  int
	keys     map[string]Members // by hash
	opened   int
	batches  []Members
	ended    []string
	reports  map[string]Members // by gateway, the last of each
}

// Start starts a listener that lives as long as the test, and returns its URL. Gateways need the secret as
// INTERNAL_SECRET. A request or a response that is not as described fails the test.
func Start(t testing.TB, secret string) (*AuthService, string) {
	t.Helper()
	s, err := newAuthService()
	if err != nil {
		t.Fatal(err)
	}
	if s.bearer, err = internalapi.NewBearer(secret); err != nil {
		t.Fatal(err)
	}
	s.report = func(err error) { t.Errorf("not as kit/internalapi/openapi.yaml describes it: %v", err) }
	server := httptest.NewServer(s)
	t.Cleanup(func() { server.CloseClientConnections(); server.Close() })
	return s, server.URL
}

// NewFast returns a handler that validates nothing and accepts every credential, for benchmarks.
func NewFast() (*AuthService, error) { return newAuthService() }

func newAuthService() (*AuthService, error) {
	contract, err := Load()
	if err != nil {
		return nil, err
	}
	s := &AuthService{
		contract: contract, users: map[int64]Members{}, keys: map[string]Members{}, plans: map[string]Members{},
		changed: make(chan struct{}), refusals: map[string]int{}, reports: map[string]Members{},
		lease: func(Members) Members { return contract.ResponseExample("leaseCalls", http.StatusOK) },
	}
	users, _ := contract.ResponseExample("readChanges", http.StatusOK)["users"].([]any)
	s.everyone = set(copyOf(users[0]), Members{"version": 0}) // the example of a user who does not exist
	s.plans["default"] = s.plan("default", nil)
	return s, nil
}

// ReplaceSecret replaces INTERNAL_SECRET. Gateways with the old one are refused from now on.
func (s *AuthService) ReplaceSecret(secret string) error { return s.bearer.Replace(secret) }

// ServeHTTP responds to one call.
func (s *AuthService) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return // the gateway is gone
	}
	route, params, err := s.contract.router.FindRoute(r)
	if err != nil {
		s.fail(w, fmt.Errorf("%s %s: %w", r.Method, r.URL, err))
		return
	}
	if s.report != nil {
		if err := s.contract.CheckRequest(r, body); err != nil {
			s.fail(w, fmt.Errorf("%s %s %s: %w", r.Method, r.URL, body, err))
			return
		}
	}
	status, response := s.respond(r, route.Operation.OperationID, params, body)
	if r.Context().Err() == nil {
		s.send(w, r, status, response)
	}
}

// fail reports a request that no auth-service understands.
func (s *AuthService) fail(w http.ResponseWriter, err error) {
	if s.report != nil {
		s.report(err)
	}
	http.Error(w, err.Error(), http.StatusBadRequest)
}

func (s *AuthService) respond(r *http.Request, operation string, params map[string]string, body []byte) (int, Members) {
	if s.bearer != nil && !s.bearer.Check(r.Header.Get("Authorization")) {
		return http.StatusUnauthorized, s.contract.ResponseExample(operation, http.StatusUnauthorized)
	}
	s.mu.Lock()
	status, refused := s.refusals[operation]
	s.mu.Unlock()
	if refused {
		return status, s.contract.ResponseExample(operation, status)
	}
	switch operation {
	case "readRecord":
		return http.StatusOK, s.record(params["id"])
	case "readChanges":
		return s.changes(r.Context(), r.URL.Query())
	case "openKey":
		return s.open(body)
	case "addUsage", "addUsageInUnits":
		s.keep(body)
		return http.StatusNoContent, nil
	case "leaseCalls":
		return http.StatusOK, s.grant(body)
	case "endLeases":
		s.end(params["gateway"])
		return http.StatusNoContent, nil
	case "reportGateway":
		s.keepReport(params["gateway"], body)
		return http.StatusNoContent, nil
	}
	panic("the fake does not know the operation " + operation + "; add it in kit/internalapi/internalapitest")
}

func (s *AuthService) send(w http.ResponseWriter, r *http.Request, status int, response Members) {
	var body []byte
	if response != nil {
		media := "application/json"
		if status >= http.StatusBadRequest {
			media = "application/problem+json"
		}
		w.Header().Set("Content-Type", media)
		body = encode(response)
	}
	if status == http.StatusUnauthorized {
		w.Header().Set("WWW-Authenticate", "Bearer")
	}
	if s.report != nil {
		if err := s.contract.CheckResponse(r, status, w.Header(), body); err != nil {
			s.report(fmt.Errorf("the fake's own response to %s %s: %d %s: %w", r.Method, r.URL, status, body, err))
		}
	}
	s.mu.Lock()
	newer := s.newer
	s.mu.Unlock()
	if newer && response != nil {
		addLater(response)
		body = encode(response)
	}
	w.WriteHeader(status)
	_, _ = w.Write(body) //nolint:gosec // JSON for the test's own gateway; if that is gone, the test fails elsewhere
}

func encode(response Members) []byte {
	body, err := json.Marshal(response)
	if err != nil {
		panic(err) // a test has set a value that is not JSON
	}
	return body
}

// addLater adds members that no description has to every object, as a newer auth-service may.
func addLater(value any) {
	switch value := value.(type) {
	case Members:
		for _, member := range value {
			addLater(member)
		}
		value["added_later"] = Members{"deep": []any{1, "two", nil}}
	case []any:
		for _, item := range value {
			addLater(item)
		}
	}
}

// await waits until changed is closed or ctx ends, and reports whether ctx has ended.
func await(ctx context.Context, changed <-chan struct{}) (ended bool) {
	select {
	case <-changed:
		return false
	case <-ctx.Done():
		return true
	}
}
