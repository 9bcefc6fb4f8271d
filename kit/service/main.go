package service

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"net"
	"os"
	"os/signal"
	"syscall"
	"time"

	"tallygate/kit/build"
	"tallygate/kit/env"
	"tallygate/kit/loglines"
	"tallygate/kit/readyz"
)

// Program is a program to run.
type Program struct {
	Name string
	// PrivateAddr is the default of PRIVATE_ADDR, where -healthcheck sends its request.
	PrivateAddr string
	// Run serves until ctx ends. It returns an error if the configuration is wrong or a failure ended the service.
	Run func(ctx context.Context, lookup env.Lookup, out io.Writer) error
	// Flags, if set, adds the program's own flags. The function that it returns runs after parsing, with the remaining
	// arguments. If handled is true, the program ends with code.
	Flags func(*flag.FlagSet) func(ctx context.Context, args []string) (code int, handled bool)
}

// Main parses the command line, runs the program until SIGINT or SIGTERM, and returns the exit code: 0 after a clean
// stop, 1 after a failure, 2 after a wrong command line. A second signal ends the process at once.
func Main(p Program) int {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	defer stop()
	context.AfterFunc(ctx, stop)

	flags := flag.NewFlagSet(p.Name, flag.ContinueOnError)
	version := flags.Bool("version", false, "print version, commit and Go version, and exit")
	health := flags.Bool("healthcheck", false, "check whether the running service is ready, exit 0 if it is")
	var own func(context.Context, []string) (int, bool)
	if p.Flags != nil {
		own = p.Flags(flags)
	}
	if err := flags.Parse(os.Args[1:]); err != nil {
		if errors.Is(err, flag.ErrHelp) {
			return 0
		}
		return 2
	}
	switch {
	case *version:
		fmt.Println(p.Name, build.Current())
		return 0
	case *health:
		return report(p.Name, healthcheck(ctx, env.NewReader(os.LookupEnv).String("PRIVATE_ADDR", p.PrivateAddr)))
	}
	if own != nil {
		if code, handled := own(ctx, flags.Args()); handled {
			return code
		}
	}
	if flags.NArg() > 0 {
		fmt.Fprintf(os.Stderr, "%s: unknown argument %q (see -help)\n", p.Name, flags.Arg(0))
		return 2
	}
	return report(p.Name, serve(ctx, p))
}

const (
	// maxLogBytes is what a service keeps of its log for a reader that stands still: the lines of some seconds.
	maxLogBytes = 1 << 20
	// logTimeout is how long a service that stops waits for such a reader.
	logTimeout = time.Second
)

// serve runs the program. Whoever reads its log can neither stop it nor end it.
func serve(ctx context.Context, p Program) error {
	signal.Ignore(syscall.SIGPIPE)
	log := loglines.New(os.Stdout, maxLogBytes)
	defer log.Close(logTimeout)
	return p.Run(ctx, os.LookupEnv, log)
}

// report writes an error, to a reader who may stand still, too.
func report(name string, err error) int {
	if err == nil {
		return 0
	}
	errs := loglines.New(os.Stderr, maxLogBytes)
	fmt.Fprintf(errs, "%s: %v\n", name, err)
	errs.Close(logTimeout)
	return 1
}

// healthcheck requests /readyz from the private listener on this machine.
func healthcheck(ctx context.Context, privateAddr string) error {
	host, port, err := net.SplitHostPort(privateAddr)
	if err != nil {
		return fmt.Errorf("PRIVATE_ADDR: %w", err)
	}
	if ip := net.ParseIP(host); host == "" || ip != nil && ip.IsUnspecified() {
		host = "127.0.0.1"
	}
	return readyz.Check(ctx, net.JoinHostPort(host, port))
}
