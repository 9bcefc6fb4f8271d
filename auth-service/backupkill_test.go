package main

import (
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// TestABackUpThatIsKilledLeavesNothingThatLooksWhole kills the command under load: when its file appears, and when there is something in it.
func TestABackUpThatIsKilledLeavesNothingThatLooksWhole(t *testing.T) {
	t.Parallel()
	vars, folder := withRoot(t), t.TempDir()
	vars["GUESS_FREE_PER_NAME"] = "1000"
	file := filepath.Join(folder, "tallygate.bak")
	const users = 40_000
	alter(t, databaseOf(vars), "with recursive n(i) as (select 2 union all select i + 1 from n where i < 40000) insert into users "+
		"(id, username, password_hash, created_at) select i, 'user-' || i, hex(randomblob(100)), i from n")
	r := start(t, vars)
	waitUntil(t, "ready", func() bool { return r.ready(t) })
	l := startLoad(t, r)
	for _, size := range []int64{0, 1} {
		left := killedBackUp(t, vars, file, size)
		if _, err := os.Stat(file); err == nil {
			t.Fatal("a back-up that was killed has its name")
		}
		other := maps.Clone(vars)
		other["DATABASE_URL"] = "sqlite:" + filepath.Join(t.TempDir(), "restored.db")
		if code, out := child(t, other, "restore", left); code == 0 && query[int](t, databaseOf(other), "select count(*) from users") < users {
			t.Errorf("half of a back-up is restored: %s", out)
		}
		if err := os.Remove(left); err != nil {
			t.Fatal(err)
		}
	}
	acknowledged, batches := l.acknowledged()
	waitUntil(t, "load after the kills", func() bool {
		now, more := l.acknowledged()
		return l.failed() || len(now) > len(acknowledged) && more > batches
	})
	wantChild(t, vars, 0, "The ledger in it agrees.", "backup", file)
	l.stop(t)
	for _, name := range acknowledged {
		if query[int](t, file, "select count(*) from users where username = '"+name+"'") != 1 {
			t.Errorf("%s is not in the back-up", name)
		}
	}
}

// killedBackUp kills a back-up when its unfinished file has at least that size, and returns that file.
func killedBackUp(t *testing.T, vars map[string]string, file string, size int64) (left string) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), os.Args[0])
	cmd.Env = append(os.Environ(), childWords+"="+strings.Join([]string{"backup", file}, "\n"), "DATABASE_URL="+vars["DATABASE_URL"])
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	waitUntil(t, "an unfinished file", func() bool {
		found, err := filepath.Glob(file + ".unfinished-*")
		if err != nil || len(found) == 0 {
			return false
		}
		left = found[0]
		info, err := os.Stat(left)
		return err == nil && info.Size() >= size
	})
	if err := cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	if err := cmd.Wait(); err == nil {
		t.Fatal("the back-up was finished before it was killed")
	}
	return left
}
