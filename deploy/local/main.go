// Command local runs Tallygate on this machine for one person: the three services as processes on loopback, an
// embedded database and the secrets under data/. It is what `make run` starts, and the program tallygate of a release archive.
//
// It knows the services only by their settings, their exit and their /readyz. When it ends, it ends them all: after a
// signal, when the program that started it has ended, and on Linux also after kill -9.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"runtime"
	"syscall"

	"tallygate/kit/build"
)

func main() { os.Exit(exitCode()) }

func exitCode() int {
	binDir := flag.String("bin", "", "the folder of the services' programs; by default that of this program")
	dataDir := flag.String("data", "data", "the folder for secrets, database and logs")
	command := flag.String("command", os.Args[0], "how this program is started: messages name it")
	version := flag.Bool("version", false, "print version, commit and Go version, and exit")
	flag.Parse()
	if *version {
		fmt.Println("tallygate", build.Current())
		return 0
	}

	if flag.NArg() > 0 {
		fmt.Fprintf(os.Stderr, "%s: unknown argument %q (see -help)\n", *command, flag.Arg(0))
		return 2
	}
	l := launcher{command: *command, binDir: *binDir, dataDir: *dataDir}
	if l.binDir == "" {
		own, err := ownFolder()
		if err != nil {
			fmt.Fprintf(os.Stderr, "%s: %v\n", *command, err)
			return 1
		}
		l.binDir = own
	}

	// Linux ends the services when the thread that started them ends. The main thread lives as long as this program.
	runtime.LockOSThread()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM, syscall.SIGHUP)
	defer stop()
	context.AfterFunc(ctx, stop) // a second signal ends this program at once, and the services with it
	ctx, cancel := withParent(ctx)
	defer cancel()

	if err := l.run(ctx, os.LookupEnv, os.Stdout); err != nil {
		fmt.Fprintf(os.Stderr, "%s: %v\n", *command, err)
		return 1
	}
	return 0
}

// ownFolder is the folder of this program, also if a symbolic link started it.
func ownFolder() (string, error) {
	program, err := os.Executable()
	if err != nil {
		return "", fmt.Errorf("find the folder of this program: %w", err)
	}
	program, err = filepath.EvalSymlinks(program)
	if err != nil {
		return "", fmt.Errorf("find the folder of this program: %w", err)
	}
	return filepath.Dir(program), nil
}
