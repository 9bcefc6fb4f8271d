package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"

	"tallygate/kit/env"
)

// command is something that the program does instead of serving. Two words name it, a noun and a verb, or the noun alone.
type command struct {
	noun, verb string
	args       []string // names of the arguments. A single one may be like [ID...]: any number of them
	flags      []string // that it takes, anywhere after the two words: "-force", or "-username NAME" for one with a value
	help       string
	run        func(context.Context, call) error
}

// call is what a command gets.
type call struct {
	streams
	args   []string
	flags  map[string]string // by name, "-force"; those without a value have an empty one
	lookup env.Lookup
}

// streams are what a command reads and writes.
type streams struct {
	in       *os.File
	out, err io.Writer
}

func allCommands() []command {
	return slices.Concat(adminCommands(), invitationCommands(), eraseCommands(), keyCommands(), planCommands(), ledgerCommands(),
		backupCommands(), copyCommands(), secretsCommands())
}

// name is the words that name the command.
func (c command) name() string { return strings.TrimSpace(c.noun + " " + c.verb) }

// line shows how the command is called.
func (c command) line() string {
	words := append([]string{c.name()}, c.args...)
	for _, f := range c.flags {
		words = append(words, "["+f+"]")
	}
	return strings.Join(words, " ")
}

// commands adds the help about commands to flags. The function that it returns runs a command if there is one.
func commands(flags *flag.FlagSet) func(context.Context, []string) (int, bool) {
	flags.Usage = func() {
		writeUsage(flags.Output())
		flags.PrintDefaults()
	}
	return func(ctx context.Context, args []string) (int, bool) {
		if len(args) == 0 {
			return 0, false
		}
		return runCommand(ctx, args, os.LookupEnv, streams{in: os.Stdin, out: os.Stdout, err: os.Stderr}), true
	}
}

func writeUsage(out io.Writer) {
	fmt.Fprintf(out, "Usage:\n  auth-service\n        serve until SIGTERM or SIGINT\n")
	for _, c := range allCommands() {
		fmt.Fprintf(out, "  auth-service %s\n        %s\n", c.line(), strings.ReplaceAll(c.help, "\n", "\n        "))
	}
	fmt.Fprintln(out, "Flags:")
}

// runCommand runs one command and returns the exit code: 1 after a failure, 2 after a wrong command line.
func runCommand(ctx context.Context, words []string, lookup env.Lookup, std streams) int {
	c, err := findCommand(words)
	if err != nil {
		fmt.Fprintf(std.err, "auth-service: %v (see -help)\n", err)
		return 2
	}
	args, flags, err := c.split(words[len(strings.Fields(c.name())):])
	if err != nil {
		fmt.Fprintf(std.err, "auth-service: %v\n", err)
		return 2
	}
	if err := c.run(ctx, call{streams: std, args: args, flags: flags, lookup: lookup}); err != nil {
		fmt.Fprintln(std.err, "auth-service:", err)
		if _, wrong := errors.AsType[wrongUseError](err); wrong {
			return 2
		}
		return 1
	}
	return 0
}

// wrongUseError says that the command cannot be used here, and what to do instead.
type wrongUseError string

func (e wrongUseError) Error() string { return string(e) }

// findCommand finds a command by its words. The error names the word that is wrong, and what it can be.
func findCommand(words []string) (command, error) {
	var nouns, verbs []string
	for _, c := range allCommands() {
		if !slices.Contains(nouns, c.noun) {
			nouns = append(nouns, c.noun)
		}
		if c.noun != words[0] {
			continue
		}
		if c.verb == "" || len(words) > 1 && c.verb == words[1] {
			return c, nil
		}
		verbs = append(verbs, c.verb)
	}
	switch {
	case len(verbs) == 0:
		return command{}, fmt.Errorf("unknown command %q: the commands begin with %s", words[0], list(nouns))
	case len(words) == 1:
		return command{}, fmt.Errorf("%s needs one more word: %s", words[0], list(verbs))
	}
	return command{}, fmt.Errorf("unknown command %q after %s: it can be %s", words[1], words[0], list(verbs))
}

func list(words []string) string {
	if len(words) == 1 {
		return words[0]
	}
	last := len(words) - 1
	return strings.Join(words[:last], ", ") + " or " + words[last]
}

// split takes the flags out of the words, wherever they stand, and checks the number of the others.
func (c command) split(words []string) (args []string, flags map[string]string, err error) {
	flags = map[string]string{}
	for len(words) > 0 {
		word := words[0]
		words = words[1:]
		if !strings.HasPrefix(word, "-") || word == "-" {
			args = append(args, word)
			continue
		}
		name, value, hasValue := strings.Cut("-"+strings.TrimLeft(word, "-"), "=")
		takesValue, known := c.flag(name)
		switch {
		case !known:
			return nil, nil, fmt.Errorf("%s has no flag %s: call it as auth-service %s", c.name(), name, c.line())
		case hasValue && !takesValue:
			return nil, nil, fmt.Errorf("the flag %s has no value: call it as auth-service %s", name, c.line())
		case takesValue && !hasValue && len(words) == 0:
			return nil, nil, fmt.Errorf("the flag %s needs a value: call it as auth-service %s", name, c.line())
		case takesValue && !hasValue:
			value, words = words[0], words[1:]
		}
		if _, twice := flags[name]; twice {
			return nil, nil, fmt.Errorf("the flag %s stands there twice", name)
		}
		flags[name] = value
	}
	if len(args) != len(c.args) && !c.takesAny() {
		return nil, nil, fmt.Errorf("%s with %d arguments: call it as auth-service %s", c.name(), len(args), c.line())
	}
	return args, flags, nil
}

// flag finds a flag by its name, and tells whether it takes a value.
func (c command) flag(name string) (takesValue, known bool) {
	for _, f := range c.flags {
		if flag, _, takesValue := strings.Cut(f, " "); flag == name {
			return takesValue, true
		}
	}
	return false, false
}

// takesAny reports whether the command takes any number of arguments.
func (c command) takesAny() bool {
	return len(c.args) == 1 && strings.HasSuffix(c.args[0], "...]")
}
