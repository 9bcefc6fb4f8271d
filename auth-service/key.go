package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
	"text/tabwriter"
	"time"

	"tallygate/auth-service/internal/account"
)

func keyCommands() []command {
	owner, key := []string{"NAME"}, []string{"NAME", "KEY_ID"}
	return []command{
		{noun: "key", verb: "list", args: owner, help: "show the API keys of a user, without their secrets", run: ofUser(listKeys)},
		{
			noun: "key", verb: "create", args: []string{"NAME", "LABEL"}, run: ofUser(createKey),
			flags: []string{"-expires 2027-06-30", "-routes ROUTE,…", "-month N"},
			help:  "make an API key for a user, and write it to standard output; nobody can read it again",
		},
		{
			noun: "key", verb: "rotate", args: key, flags: []string{"-overlap 1h"}, run: ofUser(rotateKey),
			help: "give an API key a new secret, and write it to standard output; the old one ends at once, or after the overlap",
		},
		{noun: "key", verb: "revoke", args: key, help: "end an API key of a user", run: ofUser(revokeKey)},
	}
}

// ofUser runs something for the user whom the first argument names.
func ofUser(run func(context.Context, *account.Service, account.User, call) error) func(context.Context, call) error {
	return func(ctx context.Context, c call) error {
		accounts, closeAccounts, err := openAccounts(ctx, c.lookup)
		if err != nil {
			return err
		}
		defer closeAccounts()
		user, err := accounts.UserByName(ctx, c.args[0])
		if err == nil {
			err = run(ctx, accounts, user, c)
		}
		full := new(account.KeysFullError)
		switch {
		case errors.Is(err, account.ErrNoUser):
			return fmt.Errorf("there is no user %q", c.args[0])
		case errors.Is(err, account.ErrNoKey):
			return fmt.Errorf("%s has no API key %s: see auth-service key list %s", user.Name, c.args[1], user.Name)
		case errors.As(err, &full):
			return fmt.Errorf("%s has %d API keys, the most that KEYS_PER_USER allows: revoke one first", user.Name, full.Most)
		}
		return reasonOf(err)
	}
}

func listKeys(ctx context.Context, accounts *account.Service, user account.User, c call) error {
	keys, err := accounts.KeysOf(ctx, user.ID)
	if err != nil {
		return err
	}
	if len(keys) == 0 {
		fmt.Fprintf(c.err, "%s has no API keys.\n", user.Name)
		return nil
	}
	return writeKeys(c.out, keys)
}

func writeKeys(out io.Writer, keys []account.APIKey) error {
	table := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "KEY_ID\tCREATED\tEXPIRES\tLAST USED\tROUTES\tQUOTA\tNAME")
	for _, k := range keys {
		routes, quota := "all", "none"
		if k.Routes != nil {
			routes = strings.Join(k.Routes, ",")
		}
		if k.MonthlyQuota != nil {
			quota = strconv.FormatInt(*k.MonthlyQuota, 10)
		}
		fmt.Fprintf(table, "%d\t%s\t%s\t%s\t%s\t%s\t%s\n",
			k.ID, moment(k.CreatedAt), moment(k.ExpiresAt), moment(k.LastUsedAt), routes, quota, k.Name)
	}
	return table.Flush()
}

// moment is a time to the second; the zero time is never.
func moment(t time.Time) string {
	if t.IsZero() {
		return "never"
	}
	return t.UTC().Format(time.RFC3339)
}

func createKey(ctx context.Context, accounts *account.Service, user account.User, c call) error {
	edit, err := readKeyEdit(c.flags)
	if err != nil {
		return err
	}
	edit.Name = &c.args[1]
	key, secret, err := accounts.CreateKeyOf(ctx, commandLine(), user.ID, edit)
	if err != nil {
		return err
	}
	fmt.Fprintf(c.err, "%s has a new API key with the key id %d:\n", user.Name, key.ID)
	fmt.Fprintln(c.out, secret)
	return nil
}

// readKeyEdit reads the bounds of a key.
func readKeyEdit(flags map[string]string) (e account.KeyEdit, err error) {
	if text, given := flags["-expires"]; given {
		at, err := readExpiry(text)
		if err != nil {
			return e, err
		}
		e.ExpiresAt = &at
	}
	if text, given := flags["-routes"]; given {
		names := strings.Split(text, ",")
		e.Routes = &names
	}
	if text, given := flags["-month"]; given {
		limit, err := readCount("-month", text)
		if err != nil {
			return e, err
		}
		e.Quota = &account.Quota{Limit: limit}
	}
	return e, nil
}

// readExpiry reads a date, which is its beginning in UTC, or a time.
func readExpiry(text string) (time.Time, error) {
	for _, form := range []string{time.DateOnly, time.RFC3339} {
		if at, err := time.Parse(form, text); err == nil {
			return at, nil
		}
	}
	return time.Time{}, fmt.Errorf("-expires: %q is neither a date like 2027-06-30 nor a time like 2027-06-30T12:00:00Z", text)
}

func rotateKey(ctx context.Context, accounts *account.Service, user account.User, c call) error {
	id, err := readKeyID(c.args[1])
	if err != nil {
		return err
	}
	overlap, err := readOverlap(c.flags)
	if err != nil {
		return err
	}
	_, secret, err := accounts.RotateKeyOf(ctx, commandLine(), user.ID, id, overlap)
	if err != nil {
		return err
	}
	fmt.Fprintf(c.err, "The API key %d of %s is now:\n", id, user.Name)
	fmt.Fprintln(c.out, secret)
	return nil
}

// readOverlap reads how long the old secret of a key lives on.
func readOverlap(flags map[string]string) (time.Duration, error) {
	text, given := flags["-overlap"]
	if !given {
		return 0, nil
	}
	overlap, err := time.ParseDuration(text)
	if err != nil || overlap < 0 || overlap > account.MaxKeyOverlap {
		return 0, fmt.Errorf("-overlap: %q is not a duration like 1h, up to a week (168h)", text)
	}
	return overlap, nil
}

func revokeKey(ctx context.Context, accounts *account.Service, user account.User, c call) error {
	id, err := readKeyID(c.args[1])
	if err != nil {
		return err
	}
	if err := accounts.RevokeKeyOf(ctx, commandLine(), user.ID, id); err != nil {
		return err
	}
	fmt.Fprintf(c.out, "The API key %d of %s is revoked.\n", id, user.Name)
	return nil
}

// readKeyID reads an id as key list writes it. What is none is the id of no key.
func readKeyID(text string) (int64, error) {
	id, err := strconv.ParseInt(text, 10, 64)
	if err != nil {
		return 0, account.ErrNoKey
	}
	return id, nil
}
