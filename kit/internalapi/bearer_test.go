package internalapi_test

import (
	"strings"
	"testing"

	"tallygate/kit/internalapi"
)

const (
	one = "0f1e2d3c4b5a69788796a5b4c3d2e1f00f1e2d3c"
	two = "ffeeddccbbaa99887766554433221100ffeeddcc"
)

func TestBothSidesOfOneSecretAgree(t *testing.T) {
	t.Parallel()
	a, b, c := bearer(t, one), bearer(t, one), bearer(t, two)
	if !a.Check(b.Header()) || !a.Check(strings.Replace(b.Header(), "Bearer", "bearer", 1)) {
		t.Error("the same secret is refused")
	}
	for _, bad := range []string{"", "Bearer ", "Bearer " + one, one, c.Header(), b.Header() + "x", strings.TrimPrefix(b.Header(), "Bearer ")} {
		if a.Check(bad) {
			t.Errorf("%q is accepted", bad)
		}
	}
	if strings.Contains(a.Header(), one) {
		t.Error("the secret itself is sent")
	}
}

func TestDuringARotationBothSecretsAreAccepted(t *testing.T) {
	t.Parallel()
	both := bearer(t, two+","+one)
	if !both.Check(bearer(t, one).Header()) || !both.Check(bearer(t, two).Header()) {
		t.Error("one of two listed secrets is refused")
	}
	if both.Header() != bearer(t, two).Header() {
		t.Error("not the first secret is sent")
	}
	if err := both.Replace("short"); err == nil || !both.Check(bearer(t, one).Header()) {
		t.Errorf("a bad replacement took effect: %v", err)
	}
}

func bearer(t *testing.T, secret string) *internalapi.Bearer {
	t.Helper()
	b, err := internalapi.NewBearer(secret)
	if err != nil {
		t.Fatal(err)
	}
	return b
}
