package authclient_test

import (
	"net/http"
	"sync/atomic"
	"testing"

	"tallygate/kit/apikey"
)

// TestAQuestionAboutAKeyIsSentAgainOverAnotherConnection: the replica at the end of a kept connection is killed while it has the question.
func TestAQuestionAboutAKeyIsSentAgainOverAnotherConnection(t *testing.T) {
	t.Parallel()
	var questions atomic.Int64
	client, _ := serve(t, func(w http.ResponseWriter, r *http.Request) {
		if len(r.Header.Values("Idempotency-Key")) > 0 {
			t.Error("the request has a field that nobody asked for")
		}
		if questions.Add(1) == 2 {
			panic(http.ErrAbortHandler)
		}
		w.Header().Set("Content-Type", "application/json")
		_, _ = w.Write([]byte(`{"user":{},"key_id":"1","token":""}`))
	})
	for i := range 3 {
		if _, err := client.Key(t.Context(), apikey.Hash("a key")); err != nil {
			t.Errorf("question %d: %v", i+1, err)
		}
	}
	if got := questions.Load(); got != 4 {
		t.Errorf("%d requests, want 4", got)
	}
}
