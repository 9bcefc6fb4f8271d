package gateway_test

import (
	"net/url"
	"os/exec"
	"strings"
	"testing"
)

// scripts are clients as people use them. Each sends one GET to the URL in its last argument.
var scripts = map[string][]string{
	"curl":   {"curl", "--silent", "--show-error", "--fail-with-body", "--globoff", "--path-as-is"},
	"Python": {"python3", "-c", "import sys, requests\nr = requests.get(sys.argv[1])\nsys.exit(0 if r.ok else r.text)"},
	"Node":   {"node", "-e", "fetch(process.argv[1]).then(async r => { if (!r.ok) throw await r.text() })"},
}

// TestCharactersThatClientsLeaveUnescaped: what real clients send is forwarded as one path, in valid characters only.
func TestCharactersThatClientsLeaveUnescaped(t *testing.T) {
	t.Parallel()
	up := newRecorder(t, nil)
	g := startGateway(t, public("/c", up.addr))
	for name, command := range scripts {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			program, err := exec.LookPath(command[0])
			if err != nil {
				t.Skipf("no %s: install it to try what it sends", command[0])
			}
			if name == "Python" && exec.CommandContext(t.Context(), program, "-c", "import requests").Run() != nil {
				t.Skip("no python3-requests: install it to try what it sends")
			}
			prefix := "/c/" + strings.ToLower(name)
			for _, target := range []string{
				"/a[1]/b", "/a|b^c`d", "/{a}/(b)", "/gr\u00fc\u00df/\u20ac", "/x?filter[a][]=1|2", `/x?q={"a":"\u00fc"}`, "/x?a=b^c`d&e=<f>", "/~x/a!$&'()*+,=:@b",
			} {
				args := append(command[1:len(command):len(command)], g.url(prefix+target))
				if out, err := exec.CommandContext(t.Context(), program, args...).CombinedOutput(); err != nil {
					t.Errorf("%s: %v: %s", target, err, out)
					continue
				}
				seen := up.got(prefix)
				if got, err := url.PathUnescape(seen[len(seen)-1].target); err != nil || got != prefix+target {
					t.Errorf("the upstream got %s (%v), want %s", seen[len(seen)-1].target, err, prefix+target)
				}
			}
		})
	}
	t.Cleanup(func() { up.canonical(t) })
}
