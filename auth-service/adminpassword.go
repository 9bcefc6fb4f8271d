package main

import (
	"context"
	"fmt"
	"time"

	"tallygate/kit/env"
)

// resetPassword prints a reset token. What people read goes to standard error, so that scripts find nothing but the token and the
// link on standard output.
func resetPassword(ctx context.Context, c call) error {
	r := env.NewReader(c.lookup)
	publicURL := readPublicURL(r)
	if err := r.Err(); err != nil {
		return err
	}
	accounts, closeAccounts, err := openAccounts(ctx, c.lookup)
	if err != nil {
		return err
	}
	defer closeAccounts()
	user, token, err := accounts.ResetByName(ctx, commandLine(), c.args[0])
	if err != nil {
		return aboutUser(c.args[0], err)
	}
	fmt.Fprintf(c.err, "%s (user id %d) can set a new password, once, until %s:\n", user.Name, user.ID, token.ExpiresAt.Format(time.RFC3339))
	fmt.Fprintln(c.out, token.Text())
	if link := token.Link(publicURL); link != "" {
		fmt.Fprintln(c.out, link)
	}
	return nil
}

// setPassword is for the operator at the machine, who has the database and no password.
func setPassword(ctx context.Context, c call) error {
	accounts, closeAccounts, err := openAccounts(ctx, c.lookup)
	if err != nil {
		return err
	}
	defer closeAccounts()
	secret, err := readPassword(c.streams)
	if err != nil {
		return err
	}
	user, err := accounts.SetPassword(ctx, commandLine(), c.args[0], secret)
	if err != nil {
		return aboutUser(c.args[0], err)
	}
	fmt.Fprintf(c.out, "%s (user id %d) has a new password. All sessions of the user have ended.\n", user.Name, user.ID)
	return nil
}
