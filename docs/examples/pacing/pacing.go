// Command pacing calls a URL with an API key, as fast as the RateLimit field allows.
//
//	TALLYGATE_KEY=tg_… go run pacing.go 'http://localhost:8000/root?number=9&n=0.5' 20
package main

import (
	"fmt"
	"io"
	"log"
	"net/http"
	"os"
	"strconv"
	"strings"
	"time"
)

const longest = time.Hour // nobody waits for the next month

func main() {
	log.SetFlags(0)
	if len(os.Args) != 3 {
		log.Fatal("usage: pacing URL CALLS")
	}
	calls, err := strconv.Atoi(os.Args[2])
	if err != nil {
		log.Fatal(err)
	}
	for calls > 0 {
		status, wait, err := call(os.Args[1], os.Getenv("TALLYGATE_KEY"))
		if err != nil {
			log.Fatal(err)
		}
		fmt.Println(status)
		if status != http.StatusTooManyRequests { // a call that was refused is made again
			calls--
		}
		if calls > 0 && wait > longest {
			log.Fatalf("The next call is allowed in %v.", wait)
		}
		if calls > 0 {
			time.Sleep(wait)
		}
	}
}

// call makes one call. wait is for how long to wait before the next one.
func call(url, key string) (status int, wait time.Duration, err error) {
	req, err := http.NewRequest(http.MethodGet, url, nil)
	if err != nil {
		return 0, 0, err
	}
	req.Header.Set("Authorization", "Bearer "+key)
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return 0, 0, err
	}
	defer resp.Body.Close()
	if _, err := io.Copy(io.Discard, resp.Body); err != nil {
		return 0, 0, err
	}
	if resp.StatusCode == http.StatusTooManyRequests {
		return resp.StatusCode, seconds(resp.Header.Get("Retry-After")), nil
	}
	// A limit that leaves nothing is like "name";r=0;t=SECONDS. There may be several limits, with commas between them.
	for item := range strings.SplitSeq(strings.Join(resp.Header.Values("RateLimit"), ","), ",") {
		parameters := map[string]string{}
		for _, p := range strings.Split(strings.TrimSpace(item), ";")[1:] {
			name, value, _ := strings.Cut(p, "=")
			parameters[name] = value
		}
		if parameters["r"] == "0" {
			wait = max(wait, seconds(parameters["t"]))
		}
	}
	return resp.StatusCode, wait, nil
}

func seconds(text string) time.Duration {
	n, err := strconv.Atoi(text)
	if err != nil {
		return time.Second
	}
	return time.Duration(n) * time.Second
}
