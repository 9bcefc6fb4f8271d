package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"os"
	"slices"

	"tallygate/kit/env"
)

const usage = `Usage:
  auth-service                        serve until SIGTERM or SIGINT
  auth-service admin create NAME      make an administrator; asks for the password
  auth-service admin grant NAME       make a user an administrator
  auth-service admin revoke NAME      make an administrator a user
  auth-service admin import           add users from lines of NAME and HASH (argon2id or bcrypt) on standard input
  auth-service ledger verify          prove that batches, hours and days of the tally agree
  auth-service secrets init DIR       make the secrets that DIR does not hold yet
  auth-service secrets share FROM DIR put each secret into a folder under DIR for the containers that need it:
                                      the one in FROM, or else a new one; with SECRETS_DIR set, FROM has all
  auth-service secrets rotate jwt|internal DIR [-force]
                                      replace the secret in DIR while the services run, as far as is possible now
Flags:
`

// streams are what a command talks through.
type streams struct {
	in       *os.File
	out, err io.Writer
}

// commands handles what stands after the flags, if anything does: the commands that are not serving.
func commands(flags *flag.FlagSet) func(context.Context, []string) (int, bool) {
	flags.Usage = func() {
		fmt.Fprint(flags.Output(), usage)
		flags.PrintDefaults()
	}
	return func(ctx context.Context, args []string) (int, bool) {
		if len(args) == 0 {
			return 0, false
		}
		return command(ctx, args, os.LookupEnv, streams{in: os.Stdin, out: os.Stdout, err: os.Stderr}), true
	}
}

// command runs one command and returns the exit code.
func command(ctx context.Context, args []string, lookup env.Lookup, std streams) int {
	var err error
	switch {
	case len(args) == 3 && slices.Equal(args[:2], []string{"secrets", "init"}):
		err = initSecrets(args[2])
	case len(args) == 4 && slices.Equal(args[:2], []string{"secrets", "share"}):
		settled, _ := lookup("SECRETS_DIR")
		err = shareSecrets(args[2], settled, args[3])
	case (len(args) == 4 || len(args) == 5 && args[4] == "-force") && slices.Equal(args[:2], []string{"secrets", "rotate"}):
		err = rotateSecret(ctx, args[2], args[3], len(args) == 5, lookup, std.out)
	case len(args) == 3 && args[0] == "admin" && slices.Contains([]string{"create", "grant", "revoke"}, args[1]):
		err = administer(ctx, args[1], args[2], lookup, std)
	case slices.Equal(args, []string{"admin", "import"}):
		err = importUsers(ctx, lookup, std)
	case slices.Equal(args, []string{"ledger", "verify"}):
		err = verifyLedger(ctx, lookup, std)
	default:
		fmt.Fprintf(std.err, "auth-service: unknown command %q (see -help)\n", args)
		return 2
	}
	if err != nil {
		fmt.Fprintln(std.err, "auth-service:", err)
		return 1
	}
	return 0
}
