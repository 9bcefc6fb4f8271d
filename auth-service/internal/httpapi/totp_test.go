package httpapi_test

import (
	"crypto/hmac"
	"crypto/sha1"
	"encoding/base32"
	"encoding/binary"
	"fmt"
	"strings"
	"testing"
	"time"
)

// authenticator is an app with a user's secret. It shares no code with the service.
type authenticator struct {
	secret []byte
	clock  *clock
}

func newAuthenticator(t testing.TB, secret string, c *clock) authenticator {
	t.Helper()
	return authenticator{must(base32.StdEncoding.DecodeString(secret))(t), c}
}

// code is the code of the step that many steps from now.
func (a authenticator) code(steps int64) string {
	var counter [8]byte
	binary.BigEndian.PutUint64(counter[:], uint64(a.clock.Now().Unix()/30+steps))
	mac := hmac.New(sha1.New, a.secret)
	mac.Write(counter[:])
	sum := mac.Sum(nil)
	at := sum[19] & 15
	return fmt.Sprintf("%06d", (binary.BigEndian.Uint32(sum[at:])&0x7fffffff)%1000000)
}

// wrong is a code that none of the steps around now has.
func (a authenticator) wrong() string {
	for n := range 10 {
		code := fmt.Sprintf("00000%d", n)
		if code != a.code(-1) && code != a.code(0) && code != a.code(1) {
			return code
		}
	}
	return ""
}

const totpPath = "/users/me/totp"

type recovery struct {
	Codes []string `json:"recovery_codes"`
}

// enrol turns on the second factor of a user whose password is 123456.
func (s *service) enrol(t testing.TB, accessToken string) (authenticator, []string) {
	t.Helper()
	begun := fetch[struct{ Secret, URI string }](t, s, call{method: "POST", path: totpPath, token: accessToken, body: `{"password":"123456"}`}, 200)
	app := newAuthenticator(t, begun.Secret, s.clock)
	confirm := call{method: "PUT", path: totpPath, token: accessToken, body: fmt.Sprintf(`{"otp":%q}`, app.code(0))}
	codes := fetch[recovery](t, s, confirm, 200).Codes
	s.clock.advance(30 * time.Second) // the code is spent
	return app, codes
}

// signInWith signs in from an address, with a code unless it is empty.
func (s *service) signInWith(name, password, otp, address string) response {
	body := credentials(name, password)
	if otp != "" {
		body = fmt.Sprintf(`{"username":%q,"password":%q,"otp":%q}`, name, password, otp)
	}
	return s.do(call{method: "POST", path: "/token", body: body, address: address})
}

func wantProblem(t *testing.T, what string, got response, status int, slug string) {
	t.Helper()
	if got.status != status || !strings.Contains(got.body, `"/problems/`+slug+`"`) {
		t.Errorf("%s: got %d %s, want %d %s", what, got.status, got.body, status, slug)
	}
	if status == 401 && got.header.Get("WWW-Authenticate") != "Bearer" {
		t.Errorf("%s: WWW-Authenticate is %q", what, got.header.Get("WWW-Authenticate"))
	}
}

func TestSignInTakesACodeOnceTheSecondFactorIsOn(t *testing.T) {
	t.Parallel()
	onEachDatabase(t, func(t *testing.T, url string) {
		s := newService(t, options{url: url})
		ada := s.user(t, "ada")
		begun := s.do(call{method: "POST", path: totpPath, token: ada.Token, body: `{"password":"123456"}`})
		if begun.header.Get("Cache-Control") != "no-store" {
			t.Errorf("Cache-Control: %q", begun.header.Get("Cache-Control"))
		}
		pending := read[struct{ Secret, URI string }](t, begun)
		want := "otpauth://totp/Tallygate:ada?secret=" + pending.Secret + "&issuer=Tallygate&algorithm=SHA1&digits=6&period=30"
		if pending.URI != want || len(pending.Secret) != 32 {
			t.Errorf("got %+v, want %s", pending, want)
		}
		s.signIn(t, "ada", "123456") // the secret is only pending
		wantTOTP(t, s, ada.Token, false)

		app, codes := s.enrol(t, ada.Token)
		if len(codes) != 10 {
			t.Errorf("got the recovery codes %v", codes)
		}
		wantTOTP(t, s, ada.Token, true)
		wantProblem(t, "no code", s.signInWith("ada", "123456", "", ""), 401, "otp-required")
		wantProblem(t, "an empty code", s.do(call{method: "POST", path: "/token", body: `{"username":"ada","password":"123456","otp":""}`}), 401, "otp-required")
		wantProblem(t, "a wrong code", s.signInWith("ada", "123456", app.wrong(), ""), 401, "otp-not-valid")
		wantProblem(t, "the code of the old secret", s.signInWith("ada", "123456", newAuthenticator(t, pending.Secret, s.clock).code(0), ""), 401, "otp-not-valid")
		wantProblem(t, "a code of two steps ago", s.signInWith("ada", "123456", app.code(-2), ""), 401, "otp-not-valid")
		if got := s.signInWith("ada", "123456", app.code(0), ""); got.status != 200 {
			t.Errorf("the code: got %d %s", got.status, got.body)
		}
		wantProblem(t, "the same code again", s.signInWith("ada", "123456", app.code(0), ""), 401, "otp-not-valid")
		wantProblem(t, "the code before it", s.signInWith("ada", "123456", app.code(-1), ""), 401, "otp-not-valid")
		code := app.code(1)
		if got := s.signInWith("ada", "123456", code[:3]+" "+code[3:], ""); got.status != 200 {
			t.Errorf("the next code, in two groups: got %d %s", got.status, got.body)
		}
		if got := s.do(call{method: "POST", path: "/token", body: fmt.Sprintf(`{"username":"ada","password":"123456","otp":%q}`, strings.Repeat("1", 65))}); got.status != 422 {
			t.Errorf("a code of 65 bytes: got %d %s", got.status, got.body)
		}
	})
}

func wantTOTP(t *testing.T, s *service, accessToken string, want bool) {
	t.Helper()
	got := fetch[struct{ TOTP bool }](t, s, call{path: "/users/me", token: accessToken}, 200)
	if got.TOTP != want {
		t.Errorf("totp is %t, want %t", got.TOTP, want)
	}
}

func TestAWrongPasswordDoesNotTellWhetherThereIsASecondFactor(t *testing.T) {
	t.Parallel()
	s := newService(t, options{})
	app, codes := s.enrol(t, s.user(t, "ada").Token)
	s.register(t, "bob", "123456")
	want := s.signInWith("nobody", "wrong", "", "")
	for _, name := range []string{"ada", "bob", "nobody"} {
		for _, otp := range []string{"", app.code(0), app.wrong(), codes[0], "x"} {
			got := s.signInWith(name, "wrong", otp, "")
			got.header.Del("X-Request-Id")
			want.header.Del("X-Request-Id")
			if got.status != 401 || got.body != want.body || fmt.Sprint(got.header) != fmt.Sprint(want.header) {
				t.Errorf("%s with %q: got %d %s %v, want %s %v", name, otp, got.status, got.body, got.header, want.body, want.header)
			}
		}
	}
	if got := s.signInWith("ada", "123456", app.code(0), ""); got.status != 200 {
		t.Errorf("a wrong password has spent the code: got %d %s", got.status, got.body)
	}
	if got := s.signInWith("ada", "123456", codes[0], ""); got.status != 200 {
		t.Errorf("a wrong password has spent the recovery code: got %d %s", got.status, got.body)
	}
	if got := s.signInWith("bob", "123456", "000000", ""); got.status != 200 {
		t.Errorf("a code of somebody without a second factor: got %d %s", got.status, got.body)
	}
}

func TestRecoveryCodesAreGoodOnceEach(t *testing.T) {
	t.Parallel()
	onEachDatabase(t, func(t *testing.T, url string) {
		s := newService(t, options{url: url})
		root := s.root(t)
		app, codes := s.enrol(t, root.Token)
		for _, code := range []string{codes[3], strings.ToUpper(codes[0]), strings.ReplaceAll(codes[9], "-", " ")} {
			if got := s.signInWith("root", "123456", code, ""); got.status != 200 {
				t.Errorf("%s: got %d %s", code, got.status, got.body)
			}
			wantProblem(t, "again", s.signInWith("root", "123456", code, ""), 401, "otp-not-valid")
		}
		// Whoever has lost the phone moves to another one with two of them.
		confirmed := fmt.Sprintf(`{"password":"123456","otp":%q}`, codes[4])
		begun := fetch[struct{ Secret string }](t, s, call{method: "POST", path: totpPath, token: root.Token, body: confirmed}, 200)
		next := newAuthenticator(t, begun.Secret, s.clock)
		if got := s.signInWith("root", "123456", app.code(0), ""); got.status != 200 {
			t.Errorf("the old app, before the new one is confirmed: got %d %s", got.status, got.body)
		}
		confirm := call{method: "PUT", path: totpPath, token: root.Token, body: fmt.Sprintf(`{"otp":%q}`, next.code(0))}
		after := fetch[recovery](t, s, confirm, 200).Codes
		wantProblem(t, "an old recovery code", s.signInWith("root", "123456", codes[5], ""), 401, "otp-not-valid")
		wantProblem(t, "the old app", s.signInWith("root", "123456", app.code(1), ""), 401, "otp-not-valid")

		again := call{method: "POST", path: totpPath + "/recovery-codes", token: root.Token, body: fmt.Sprintf(`{"password":"123456","otp":%q}`, next.code(1))}
		last := fetch[recovery](t, s, again, 200).Codes
		wantProblem(t, "a replaced recovery code", s.signInWith("root", "123456", after[0], ""), 401, "otp-not-valid")
		if got := s.signInWith("root", "123456", last[0], ""); got.status != 200 {
			t.Errorf("a new recovery code: got %d %s", got.status, got.body)
		}
		want := []string{
			"totp-recovery-used root left=9", "totp-recovery-codes root ", "totp-on root ", "totp-recovery-used root left=6",
			"totp-recovery-used root left=7", "totp-recovery-used root left=8", "totp-recovery-used root left=9", "totp-on root ",
		}
		log := auditLog(t, s, root)
		for i, entry := range want {
			if entry = "root@192.0.2.1 " + entry; log[i] != entry {
				t.Errorf("entry %d of the audit log: got %q, want %q", i, log[i], entry)
			}
		}
	})
}

func TestTheOwnerTurnsTheSecondFactorOffWithPasswordAndCode(t *testing.T) {
	t.Parallel()
	s := newService(t, options{})
	ada := s.user(t, "ada")
	remove := func(body string) response {
		return s.do(call{method: "DELETE", path: totpPath, token: ada.Token, body: body})
	}
	wantProblem(t, "off already", remove(`{"password":"123456"}`), 404, "no-totp")
	wantProblem(t, "codes of nothing", s.do(call{method: "POST", path: totpPath + "/recovery-codes", token: ada.Token, body: `{"password":"123456"}`}), 404, "no-totp")
	wantProblem(t, "confirm nothing", s.do(call{method: "PUT", path: totpPath, token: ada.Token, body: `{"otp":"123456"}`}), 409, "totp-not-begun")
	wantProblem(t, "a wrong password", s.do(call{method: "POST", path: totpPath, token: ada.Token, body: `{"password":"wrong"}`}), 401, "wrong-credentials")
	begin := call{method: "POST", path: totpPath, token: ada.Token, body: `{"password":"123456"}`}
	late := newAuthenticator(t, fetch[struct{ Secret string }](t, s, begin, 200).Secret, s.clock)
	s.clock.advance(time.Hour)
	ada = s.signIn(t, "ada", "123456")
	wantProblem(t, "confirm after an hour", s.do(call{method: "PUT", path: totpPath, token: ada.Token, body: fmt.Sprintf(`{"otp":%q}`, late.code(0))}), 409, "totp-not-begun")

	app, codes := s.enrol(t, ada.Token)
	wantProblem(t, "no code", remove(`{"password":"123456"}`), 401, "otp-required")
	wantProblem(t, "a wrong password", remove(fmt.Sprintf(`{"password":"wrong","otp":%q}`, app.code(0))), 401, "wrong-credentials")
	wantProblem(t, "a wrong code", remove(fmt.Sprintf(`{"password":"123456","otp":%q}`, app.wrong())), 401, "otp-not-valid")
	wantProblem(t, "a new secret without a code", s.do(begin.with(ada.Token)), 401, "otp-required")
	for _, body := range []string{`{}`, `{"password":"123456","otp":1}`, `{"password":"123456","code":"1"}`, `{"otp":"1"}`} {
		if got := remove(body); got.status != 422 {
			t.Errorf("%s: got %d %s", body, got.status, got.body)
		}
	}
	if got := remove(fmt.Sprintf(`{"password":"123456","otp":%q}`, app.code(0))); got.status != 204 {
		t.Errorf("off: got %d %s", got.status, got.body)
	}
	wantTOTP(t, s, ada.Token, false)
	s.signIn(t, "ada", "123456")
	s.enrol(t, ada.Token)
	wantProblem(t, "a recovery code of before", s.signInWith("ada", "123456", codes[0], ""), 401, "otp-not-valid")
}

func (c call) with(token string) call {
	c.token = token
	return c
}
