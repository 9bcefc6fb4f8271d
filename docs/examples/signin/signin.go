// Command signin signs in and calls a path: it refreshes the token before it ends, and waits when a response says so.
//
//	TALLYGATE_PASSWORD=… go run signin.go http://localhost:8000 NAME '/root?number=9&n=0.5' 3
package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log"
	"net/http"
	"os"
	"strconv"
	"time"
)

const (
	early   = 30 * time.Second // before the end of a token, in which it is refreshed
	longest = time.Hour        // nobody waits for the next month
)

// session is the sign-in of a user.
type session struct {
	base, name, password string
	token, refreshToken  string
	ends                 time.Time
}

func main() {
	log.SetFlags(0)
	if len(os.Args) != 5 {
		log.Fatal("usage: signin URL NAME PATH CALLS")
	}
	calls, err := strconv.Atoi(os.Args[4])
	if err != nil {
		log.Fatal(err)
	}
	s := &session{base: os.Args[1], name: os.Args[2], password: os.Getenv("TALLYGATE_PASSWORD")}
	if err := s.signIn(); err != nil {
		log.Fatal(err)
	}
	for range calls {
		status, err := s.call(os.Args[3])
		if err != nil {
			log.Fatal(err)
		}
		fmt.Println(status)
	}
}

// call makes a call with a token that is good.
func (s *session) call(path string) (status int, err error) {
	if time.Until(s.ends) <= early {
		if err := s.refresh(); err != nil {
			return 0, err
		}
	}
	status, _, err = s.request(http.MethodGet, path, nil)
	if err == nil && status == http.StatusUnauthorized { // the token was revoked before its end
		if err := s.refresh(); err != nil {
			return 0, err
		}
		status, _, err = s.request(http.MethodGet, path, nil)
	}
	if err == nil && status == http.StatusUnauthorized {
		err = errors.New("A new token is refused.")
	}
	return status, err
}

func (s *session) signIn() error {
	status, body, err := s.post("/token", map[string]string{"username": s.name, "password": s.password})
	if err != nil {
		return err
	}
	if status != http.StatusOK {
		var problem struct{ Message string }
		if err := json.Unmarshal(body, &problem); err != nil {
			return err
		}
		return errors.New(problem.Message)
	}
	return s.keep(body)
}

func (s *session) refresh() error {
	status, body, err := s.post("/token/refresh", map[string]string{"refresh_token": s.refreshToken})
	if err != nil {
		return err
	}
	if status != http.StatusOK { // the session has ended
		return s.signIn()
	}
	return s.keep(body)
}

// keep remembers the tokens of a response. A refresh token is good once: the next one comes with the new token.
func (s *session) keep(body []byte) error {
	var tokens struct {
		Token        string `json:"token"`
		RefreshToken string `json:"refresh_token"`
		ExpiresIn    int    `json:"expires_in"`
	}
	if err := json.Unmarshal(body, &tokens); err != nil {
		return err
	}
	s.token, s.refreshToken = tokens.Token, tokens.RefreshToken
	s.ends = time.Now().Add(time.Duration(tokens.ExpiresIn) * time.Second)
	return nil
}

func (s *session) post(path string, value any) (status int, body []byte, err error) {
	text, err := json.Marshal(value)
	if err != nil {
		return 0, nil, err
	}
	return s.request(http.MethodPost, path, text)
}

// request makes a request, with the token unless it has a body. After a 429 the same request is made again.
func (s *session) request(method, path string, body []byte) (status int, text []byte, err error) {
	for {
		req, err := http.NewRequest(method, s.base+path, bytes.NewReader(body))
		if err != nil {
			return 0, nil, err
		}
		if body != nil {
			req.Header.Set("Content-Type", "application/json")
		} else {
			req.Header.Set("Authorization", "Bearer "+s.token)
		}
		resp, err := http.DefaultClient.Do(req)
		if err != nil {
			return 0, nil, err
		}
		text, err := io.ReadAll(resp.Body)
		if err = errors.Join(err, resp.Body.Close()); err != nil {
			return 0, nil, err
		}
		if resp.StatusCode != http.StatusTooManyRequests {
			return resp.StatusCode, text, nil
		}
		seconds, err := strconv.Atoi(resp.Header.Get("Retry-After"))
		if err != nil {
			seconds = 1
		}
		wait := time.Duration(seconds) * time.Second
		if wait > longest {
			return 0, nil, fmt.Errorf("The next call is allowed in %d seconds.", seconds)
		}
		time.Sleep(wait)
	}
}
