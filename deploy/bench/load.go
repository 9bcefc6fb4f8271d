package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"time"
)

// calls is wrk's script: it calls one path with the tokens of a file, one after the other.
const calls = `
local calls, next_call = {}, 0
function init(args)
  for token in io.lines(args[1]) do
    calls[#calls + 1] = wrk.format("GET", args[2], { ["Authorization"] = "Bearer " .. token })
  end
end
function request()
  next_call = next_call % #calls + 1
  return calls[next_call]
end
`

// loaded is the result of one round.
type loaded struct {
	requests float64
	perSec   float64
	p99      time.Duration
}

// load calls an address for the given length of time. Any response but 2xx is an error: it costs less than a 2xx.
func (b *bench) load(ctx context.Context, addr, path, tokens string, connections int, length time.Duration) (loaded, error) {
	script := filepath.Join(b.dir, "calls.lua")
	if err := os.WriteFile(script, []byte(calls), 0o600); err != nil {
		return loaded{}, err
	}
	cmd := exec.CommandContext(ctx, "wrk", "-t1", fmt.Sprintf("-c%d", connections), fmt.Sprintf("-d%.0fs", length.Seconds()),
		"--latency", "-s", script, "http://"+addr, "--", tokens, path)
	out, err := cmd.CombinedOutput()
	if err != nil {
		return loaded{}, fmt.Errorf("wrk: %w: %s", err, out)
	}
	if bad := regexp.MustCompile(`(Non-2xx|Socket errors).*`).Find(out); bad != nil {
		return loaded{}, errors.New(string(bad))
	}
	var l loaded
	l.requests = number(out, `([0-9.]+) requests in`)
	l.perSec = number(out, `Requests/sec: +([0-9.]+)`)
	if m := regexp.MustCompile(`99% +([0-9.]+(us|ms|s))`).FindSubmatch(out); m != nil {
		l.p99, _ = time.ParseDuration(string(m[1]))
	}
	if l.requests == 0 {
		return l, fmt.Errorf("no request got a response: %s", out)
	}
	return l, nil
}

func number(out []byte, pattern string) float64 {
	m := regexp.MustCompile(pattern).FindSubmatch(out)
	if m == nil {
		return 0
	}
	f, _ := strconv.ParseFloat(string(m[1]), 64)
	return f
}

// row is a program's results over all rounds.
type row struct {
	name  string
	costs []float64 // CPU microseconds per request
	rates []float64
	p99s  []time.Duration
}

// subject is a program to measure: where to call it, and whose CPU time counts.
type subject struct {
	name      string
	addr      string
	path      string
	tokens    string
	processes []*process
}

// measure calls the subjects in turn in each round, so that other work of the machine disturbs all of them alike.
func (b *bench) measure(ctx context.Context, subjects []subject) ([]row, error) {
	rows := make([]row, len(subjects))
	for range b.rounds {
		for i, s := range subjects {
			before := cpu(s.processes)
			l, err := b.load(ctx, s.addr, s.path, s.tokens, b.connections, b.length)
			if err != nil {
				return nil, fmt.Errorf("%s: %w", s.name, err)
			}
			used := cpu(s.processes) - before
			rows[i].name = s.name
			rows[i].costs = append(rows[i].costs, float64(used.Microseconds())/l.requests)
			rows[i].rates = append(rows[i].rates, l.perSec)
			rows[i].p99s = append(rows[i].p99s, l.p99)
		}
	}
	return rows, nil
}

func cpu(processes []*process) (total time.Duration) {
	for _, p := range processes {
		total += p.cpu()
	}
	return total
}

func median[T float64 | time.Duration](values []T) T {
	sorted := slices.Sorted(slices.Values(values))
	return sorted[len(sorted)/2]
}

// cost is the median cost.
func (r row) cost() float64 { return median(r.costs) }

// to divides this program's cost by another's, round by round, and returns the median. Other work of the machine changes
// over minutes, so within one round it disturbs both alike.
func (r row) to(other row) float64 {
	ratios := make([]float64, len(r.costs))
	for i := range ratios {
		ratios[i] = r.costs[i] / other.costs[i]
	}
	return median(ratios)
}

func printRows(title string, rows []row) {
	fmt.Printf("\n%s\n%-34s %10s   %-34s %12s %8s\n", title, "", "CPU µs/req", "all rounds", "requests/s", "p99")
	for _, r := range rows {
		p99 := "-"
		if len(r.p99s) > 0 {
			p99 = median(r.p99s).Round(10 * time.Microsecond).String()
		}
		fmt.Printf("%-34s %10.2f   %-34s %12.0f %8s\n", r.name, r.cost(), fmt.Sprintf("%.1f", r.costs), median(r.rates), p99)
	}
}
