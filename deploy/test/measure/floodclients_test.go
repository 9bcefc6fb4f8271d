//go:build measure

package measure_test

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"strconv"
	"sync"
	"testing"
	"time"
)

// flooding is the variable that makes this program send a flood of guesses to the address in it. The flood runs in a process
// of its own and does little work for each guess, so that it does not delay the calls that are measured.
const flooding = "MEASURE_FLOOD"

func TestMain(m *testing.M) {
	addr := os.Getenv(flooding)
	if addr == "" {
		os.Exit(m.Run())
	}
	if err := json.NewEncoder(os.Stdout).Encode(flood(addr)); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// flooded is the result of a flood.
type flooded struct {
	Statuses map[int]int
	Refusals []time.Duration // how long each 503 took
	Unguided int             // 429s and 503s without Retry-After
	Errors   []string
}

// startFlood starts a flood. The function that it returns waits for the end.
func startFlood(t *testing.T, addr string) (wait func() flooded) {
	t.Helper()
	program, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), program)
	cmd.Env = append(os.Environ(), flooding+"="+addr)
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	return func() flooded {
		var all flooded
		if err := errors.Join(cmd.Wait(), json.Unmarshal(stdout.Bytes(), &all)); err != nil {
			t.Fatalf("%v\n%s", err, stderr.String())
		}
		return all
	}
}

// flood guesses with many clients, as fast as they can. Each guess is for another name from another address.
func flood(addr string) flooded {
	all := flooded{Statuses: map[int]int{}}
	var (
		mu      sync.Mutex
		clients sync.WaitGroup
		end     = time.Now().Add(floodTime)
	)
	for c := range flooders {
		clients.Go(func() {
			one, err := floodAlone(addr, c, end)
			mu.Lock()
			defer mu.Unlock()
			for status, count := range one.Statuses {
				all.Statuses[status] += count
			}
			all.Refusals = append(all.Refusals, one.Refusals...)
			all.Unguided += one.Unguided
			if err != nil && len(all.Errors) < 10 {
				all.Errors = append(all.Errors, err.Error())
			}
		})
	}
	clients.Wait()
	return all
}

// floodAlone is one client.
func floodAlone(addr string, client int, end time.Time) (flooded, error) {
	seen := flooded{Statuses: map[int]int{}}
	conn, err := net.Dial("tcp", addr)
	if err != nil {
		return seen, err
	}
	defer conn.Close()
	responses := bufio.NewReader(conn)
	var request []byte
	for i := 0; ; i++ {
		began := time.Now()
		if began.After(end) {
			return seen, nil
		}
		body := fmt.Sprintf(`{"username":"name%d-%d","password":"wrong"}`, client, i)
		request = fmt.Appendf(request[:0], "POST /token HTTP/1.1\r\nHost: flood\r\nContent-Type: application/json\r\n"+
			"X-Forwarded-For: 10.%d.%d.%d\r\nContent-Length: %d\r\n\r\n%s", client&255, i>>8&255, i&255, len(body), body)
		if _, err := conn.Write(request); err != nil {
			return seen, err
		}
		status, unguided, err := readResponse(responses)
		if err != nil {
			return seen, err
		}
		seen.Statuses[status]++
		if unguided {
			seen.Unguided++
		}
		if status == 503 {
			seen.Refusals = append(seen.Refusals, time.Since(began))
		}
	}
}

// readResponse reads one response. It is unguided if it is a 429 or 503 without Retry-After.
func readResponse(r *bufio.Reader) (status int, unguided bool, err error) {
	length, retryAfter := 0, false
	for first := true; ; first = false {
		line, err := r.ReadSlice('\n')
		if err != nil {
			return status, false, err
		}
		line = bytes.TrimRight(line, "\r\n")
		name, value, _ := bytes.Cut(line, []byte(": "))
		switch {
		case len(line) == 0:
			_, err := r.Discard(length)
			return status, (status == 429 || status == 503) && !retryAfter, err
		case first && len(line) > len("HTTP/1.1 200"):
			status, err = strconv.Atoi(string(line[len("HTTP/1.1 "):len("HTTP/1.1 200")]))
		case bytes.EqualFold(name, []byte("Content-Length")):
			length, err = strconv.Atoi(string(value))
		case bytes.EqualFold(name, []byte("Retry-After")):
			retryAfter = true
		}
		if err != nil {
			return status, false, err
		}
	}
}
