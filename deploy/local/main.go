// Command local runs Tallygate on this machine for one person: the three services as processes on loopback, an
// embedded database and the secrets under data/. It is what `make run` starts.
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
	"runtime"
	"syscall"

	"tallygate/kit/build"
)

func main() { os.Exit(exitCode()) }

func exitCode() int {
	binDir := flag.String("bin", "bin", "the folder of the services' programs")
	dataDir := flag.String("data", "data", "the folder for secrets, database and logs")
	version := flag.Bool("version", false, "print version, commit and Go version, and exit")
	flag.Parse()
	if *version {
		fmt.Println("tallygate", build.Current())
		return 0
	}

	// Linux ends the services when the thread that started them ends. The main thread lives as long as this program.
	runtime.LockOSThread()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM, syscall.SIGHUP)
	defer stop()
	context.AfterFunc(ctx, stop) // a second signal ends this program at once, and the services with it
	ctx, cancel := withParent(ctx)
	defer cancel()

	if err := run(ctx, os.LookupEnv, *binDir, *dataDir, os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "make run:", err)
		return 1
	}
	return 0
}
