package totp_test

import (
	"bytes"
	"fmt"
	"strings"
	"testing"
	"time"

	"tallygate/auth-service/internal/totp"
)

// rfcSecret is the secret of RFC 6238 appendix B for SHA-1.
func rfcSecret() (s totp.Secret) {
	copy(s[:], "12345678901234567890")
	return s
}

// The vectors of RFC 6238 appendix B have eight digits. The six of a shorter code are the last ones: RFC 4226 section 5.3 takes the
// same number modulo 10^6.
func TestCodesAreThoseOfTheRFC(t *testing.T) {
	t.Parallel()
	for seconds, code := range map[int64]string{
		59: "94287082", 1111111109: "07081804", 1111111111: "14050471", 1234567890: "89005924", 2000000000: "69279037",
		20000000000: "65353130",
	} {
		step, ok := rfcSecret().Match(code[2:], time.Unix(seconds, 0), -1)
		if !ok || step != seconds/30 {
			t.Errorf("at %d: %s gives %d, %t, want step %d", seconds, code, step, ok, seconds/30)
		}
	}
}

func TestACodeIsGoodOneStepEitherWayAndOnce(t *testing.T) {
	t.Parallel()
	const seconds = 1234567890 // the first second of its step
	for _, row := range []struct {
		name  string
		after int64
		last  int64
		want  bool
	}{
		{"in its own step", 0, 0, true},
		{"in the last second of the step after", 59, 0, true},
		{"two steps later", 60, 0, false},
		{"in the first second of the step before", -30, 0, true},
		{"two steps earlier", -31, 0, false},
		{"when it was used", 0, seconds / 30, false},
		{"when a later one was used", 0, seconds/30 + 1, false},
		{"when the one before was used", 0, seconds/30 - 1, true},
	} {
		_, ok := rfcSecret().Match("005924", time.Unix(seconds+row.after, 0), row.last)
		if ok != row.want {
			t.Errorf("%s: got %t, want %t", row.name, ok, row.want)
		}
	}
}

func TestWhatIsNoCodeIsRefused(t *testing.T) {
	t.Parallel()
	now := time.Unix(1234567890, 0)
	for _, text := range []string{"", "005925", "05924", "5924", "0005924", "89005924", "005924 ", "٠٠٥٩٢٤", strings.Repeat("0", 1<<16)} {
		if _, ok := rfcSecret().Match(text, now, 0); ok {
			t.Errorf("%.20q is taken", text)
		}
	}
}

func TestTheURIIsWhatAppsRead(t *testing.T) {
	t.Parallel()
	want := "otpauth://totp/Tallygate:ada%3A%20%C3%A9?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ&issuer=Tallygate&algorithm=SHA1&digits=6&period=30"
	if got := rfcSecret().URI("Tallygate", "ada: é"); got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}

func TestSecretsAreDrawnAndNotPrinted(t *testing.T) {
	t.Parallel()
	s, err := totp.NewSecret(bytes.NewReader([]byte("12345678901234567890")))
	if err != nil || s != rfcSecret() {
		t.Errorf("got %v", err)
	}
	if _, err := totp.NewSecret(strings.NewReader("short")); err == nil {
		t.Error("too few random bytes: no error")
	}
	for _, format := range []string{"%v", "%s", "%#v", "%+v"} {
		if got := fmt.Sprintf(format, s); got != "[one-time code secret]" {
			t.Errorf("%s prints %s", format, got)
		}
	}
}
