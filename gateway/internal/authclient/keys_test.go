package authclient_test

import (
	"errors"
	"io"
	"net/http"
	"slices"
	"testing"

	"tallygate/gateway/internal/authclient"
	"tallygate/kit/apikey"
	"tallygate/kit/internalapi/internalapitest"
)

func TestTheQuestionAboutAKeyHoldsItsHashOnly(t *testing.T) {
	t.Parallel()
	digest := apikey.Hash("tg_any")
	client, _ := serve(t, func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if got, want := string(body), `{"hash":"`+digest.String()+`"}`; err != nil || got != want || r.URL.Path != "/internal/keys" {
			t.Errorf("%s: got %s, %v", r.URL, got, err)
		}
		_, _ = io.WriteString(w, `{"user":{"user_id":7,"exists":true,"keys":[{"key_id":"9007199254740993",
			"hashes":[{"hash":"x","until":null}],"expires_at":null,"routes":["a"],"monthly_quota":5}]},
			"key_id":"9007199254740993","token":"t","token_expires_at":"2026-11-24T00:00:00Z","plan":"more"}`)
	})
	answer, err := client.Key(t.Context(), digest)
	if err != nil || answer.KeyID != 9007199254740993 || answer.Token != "t" || answer.User.UserID != 7 {
		t.Fatal(answer, err)
	}
	key := answer.User.Keys[0]
	if key.ID != answer.KeyID || key.Hashes[0].Until != nil || !slices.Equal(key.Routes, []string{"a"}) || *key.MonthlyQuota != 5 {
		t.Errorf("got %+v", key)
	}
}

func TestOnlyAuthServiceItselfSaysThatThereIsNoSuchKey(t *testing.T) {
	t.Parallel()
	for body, none := range map[string]bool{
		`{"type":"/problems/no-such-key","status":404}`:             true,
		`{"type":"urn:tallygate:problem:no-such-key","status":404}`: true,  // an earlier version
		`{"type":"/problems/not-found","status":404}`:               false, // an older version
		`<html>404`: false, // a proxy
	} {
		client, _ := serve(t, func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(http.StatusNotFound)
			_, _ = io.WriteString(w, body)
		})
		_, err := client.Key(t.Context(), apikey.Hash("tg_any"))
		if errors.Is(err, authclient.ErrNoKey) != none || errors.Is(err, authclient.ErrUnavailable) == none {
			t.Errorf("%s: got %v", body, err)
		}
	}
}

func TestAKeyIsAskedAboutAsDescribed(t *testing.T) {
	t.Parallel()
	eachVersion(t, func(t *testing.T, client *authclient.Client, auth *internalapitest.AuthService) {
		t.Helper()
		digest := apikey.Hash("tg_any")
		auth.SetUser(7, internalapitest.Members{"keys": []any{internalapitest.Members{
			"key_id": "70", "hashes": []any{internalapitest.Members{"hash": digest.String(), "until": nil}}, "expires_at": nil, "routes": nil, "monthly_quota": nil,
		}}})
		auth.SetKey(digest.String(), 7, internalapitest.Members{"key_id": "70", "token": "t"})
		answer, err := client.Key(t.Context(), digest)
		if err != nil || answer.KeyID != 70 || answer.Token != "t" || answer.User.UserID != 7 || answer.User.Keys[0].ID != 70 {
			t.Errorf("got %+v, %v", answer, err)
		}
		auth.SetKey(digest.String(), 7, internalapitest.Members{"key_id": "70", "token": nil, "token_expires_at": nil})
		if answer, err := client.Key(t.Context(), digest); err != nil || answer.Token != "" {
			t.Errorf("a key that cannot be used now: got %+v, %v", answer, err)
		}
		auth.RemoveKey(digest.String())
		if answer, err := client.Key(t.Context(), digest); !errors.Is(err, authclient.ErrNoKey) {
			t.Errorf("no key: got %+v, %v", answer, err)
		}
	})
}
