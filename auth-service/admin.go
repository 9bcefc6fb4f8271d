package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"strings"
	"time"

	"golang.org/x/term"

	"tallygate/auth-service/internal/account"
	"tallygate/auth-service/internal/store"
	"tallygate/kit/env"
)

// databaseWait is how long a command waits for the database. A service waits without a bound.
const databaseWait = 10 * time.Second

func adminCommands() []command {
	name := []string{"NAME"}
	return []command{
		{noun: "admin", verb: "create", args: name, help: "make a new user who is an administrator; asks for the password", run: administer("create")},
		{noun: "admin", verb: "grant", args: name, help: "make a user an administrator", run: administer("grant")},
		{noun: "admin", verb: "revoke", args: name, help: "make an administrator an ordinary user", run: administer("revoke")},
		{
			noun: "admin", verb: "reset", args: name, run: resetPassword,
			help: "print, once, a token (and with PUBLIC_URL a link) with which a user sets a new password within an hour",
		},
		{
			noun: "admin", verb: "password", args: name, run: setPassword,
			help: "set a user's password, which it asks for, and end all their sessions",
		},
		{
			noun: "admin", verb: "edit", args: name, flags: []string{"-plan PLAN", "-roles ROLE,…"}, run: editUser,
			help: "give a user another plan, or these roles and no others; -roles= takes all of them away",
		},
		{
			noun: "admin", verb: "totp", args: []string{"off", "NAME"},
			help: "turn off the second factor of a user who has lost it", run: turnOffTOTP,
		},
		{
			noun: "admin", verb: "import", run: importUsers,
			help: "add users of another system from standard input, a line each:\nNAME HASH [roles=ROLE,…] [plan=PLAN] [created_at=TIME]",
		},
	}
}

// administer changes the database itself: there is no administrator yet who could do it through the API.
func administer(what string) func(context.Context, call) error {
	return func(ctx context.Context, c call) error { return changeAdmin(ctx, what, c.args[0], c) }
}

func changeAdmin(ctx context.Context, what, name string, c call) error {
	accounts, closeAccounts, err := openAccounts(ctx, c.lookup)
	if err != nil {
		return err
	}
	defer closeAccounts()
	user, err := setRole(ctx, accounts, what, name, c.streams)
	if err != nil {
		return aboutUser(name, err)
	}
	done := map[string]string{"create": "is a new administrator", "grant": "is an administrator", "revoke": "is no administrator"}[what]
	fmt.Fprintf(c.out, "%s (user id %d) %s.\n", user.Name, user.ID, done)
	return nil
}

// aboutUser says what is wrong with the user of that name.
func aboutUser(name string, err error) error {
	switch {
	case errors.Is(err, account.ErrNameTaken):
		return fmt.Errorf("there is a user %q already: use admin grant", name)
	case errors.Is(err, account.ErrNoUser):
		return fmt.Errorf("there is no user %q", name)
	}
	return err
}

// turnOffTOTP is the way back for the last administrator, whom no other one can help.
func turnOffTOTP(ctx context.Context, c call) error {
	if c.args[0] != "off" {
		return errors.New("a second factor can be turned off only: call it as auth-service admin totp off NAME")
	}
	accounts, closeAccounts, err := openAccounts(ctx, c.lookup)
	if err != nil {
		return err
	}
	defer closeAccounts()
	user, err := accounts.RemoveFactorByName(ctx, commandLine(), c.args[1])
	switch {
	case errors.Is(err, account.ErrNoUser):
		return fmt.Errorf("there is no user %q", c.args[1])
	case errors.Is(err, account.ErrNoFactor):
		return fmt.Errorf("the second factor of %q is off", c.args[1])
	case err != nil:
		return err
	}
	fmt.Fprintf(c.out, "The second factor of %s (user id %d) is off.\n", user.Name, user.ID)
	return nil
}

// openAccounts opens the domain over the database alone, without the secrets that serving needs.
func openAccounts(ctx context.Context, lookup env.Lookup) (accounts *account.Service, closeAll func(), err error) {
	r := env.NewReader(lookup)
	cfg := &config{database: readDatabase(r), passwords: readPasswords(r), keysPerUser: readKeysPerUser(r)}
	if err := r.Err(); err != nil {
		return nil, nil, err
	}
	db, err := openForCommand(ctx, cfg.database)
	if err != nil {
		return nil, nil, err
	}
	closeAll = func() { _ = db.Close() } // the process ends
	if accounts, err = newAccounts(cfg, db, newQueue(cfg.passwords), keys{}); err != nil {
		closeAll()
	}
	return accounts, closeAll, err
}

// openForCommand opens a database that should be up.
func openForCommand(ctx context.Context, cfg databaseConfig) (*store.Store, error) {
	db, err := openStore(cfg, slog.New(slog.DiscardHandler), nil)
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, databaseWait)
	defer cancel()
	if err := db.Start(ctx); err != nil {
		return nil, errors.Join(fmt.Errorf("database: %w", err), db.Close())
	}
	return db, nil
}

// commandLine is the actor in the audit log.
func commandLine() account.Actor { return account.Actor{Name: "command line"} }

func setRole(ctx context.Context, accounts *account.Service, what, name string, std streams) (account.User, error) {
	by := commandLine()
	switch what {
	case "grant":
		return accounts.SetRole(ctx, by, name, account.RoleAdmin)
	case "revoke":
		return accounts.SetRole(ctx, by, name, account.RoleNone)
	}
	secret, err := readPassword(std)
	if err != nil {
		return account.User{}, err
	}
	return accounts.CreateAdmin(ctx, by, account.Credentials{Name: name, Password: secret})
}

// readPassword asks twice on a terminal, without showing what is typed, and reads one line otherwise.
func readPassword(std streams) (string, error) {
	fd := int(std.in.Fd())
	if !term.IsTerminal(fd) {
		line, err := bufio.NewReader(io.LimitReader(std.in, 4096)).ReadString('\n')
		if err != nil && !errors.Is(err, io.EOF) {
			return "", err
		}
		return strings.TrimSuffix(strings.TrimSuffix(line, "\n"), "\r"), nil
	}
	var typed [2]string
	for i, prompt := range [...]string{"Password: ", "Again: "} {
		fmt.Fprint(std.err, prompt)
		raw, err := term.ReadPassword(fd)
		fmt.Fprintln(std.err)
		if err != nil {
			return "", err
		}
		typed[i] = string(raw)
	}
	if typed[0] != typed[1] {
		return "", errors.New("the two passwords differ")
	}
	return typed[0], nil
}
