package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"strings"
	"text/tabwriter"
	"time"

	"tallygate/auth-service/internal/account"
	"tallygate/kit/env"
)

func invitationCommands() []command {
	return []command{
		{
			noun: "admin", verb: "invite", flags: []string{"-username NAME", "-plan PLAN", "-roles ROLE,…", "-expires 72h"},
			help: "make an invitation with which one user can register, and print it, and with PUBLIC_URL a link",
			run:  invite,
		},
		{noun: "admin", verb: "invitations", help: "list the invitations, the newest first", run: listInvitations},
		{noun: "admin", verb: "withdraw", args: []string{"ID"}, help: "withdraw an invitation", run: withdrawInvitation},
	}
}

// invite prints the invitation alone to standard output, and what it is to standard error, so that a script can take it.
func invite(ctx context.Context, c call) error {
	wanted, err := readInvited(c.flags)
	if err != nil {
		return err
	}
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
	made, token, err := accounts.Invite(ctx, commandLine(), wanted)
	switch {
	case errors.Is(err, account.ErrTooManyInvitations):
		return fmt.Errorf("%d invitations are open already: withdraw some, or wait until they expire", account.MaxOpenInvitations)
	case err != nil:
		return err
	}
	fmt.Fprintf(c.err, "Invitation %s for %s, good until %s:\n", made.IDText(), cmp.Or(made.Name, "anybody"), made.ExpiresAt.Format(time.RFC3339))
	fmt.Fprintln(c.out, token.Text())
	if link := token.Link(publicURL); link != "" {
		fmt.Fprintln(c.out, link)
	}
	return nil
}

func readInvited(flags map[string]string) (w account.Invited, err error) {
	w.Life = account.DefaultInvitationLife
	if text, ok := flags["-expires"]; ok {
		if w.Life, err = time.ParseDuration(text); err != nil {
			return w, fmt.Errorf("-expires: %q is not a duration like 72h", text)
		}
	}
	if name, ok := flags["-username"]; ok {
		if w.Name, err = account.PrepareName(name); err != nil {
			return w, err
		}
	}
	if plan, ok := flags["-plan"]; ok {
		if w.Plan, err = account.NewPlanName(plan); err != nil {
			return w, err
		}
	}
	if roles := flags["-roles"]; roles != "" {
		w.Roles, err = account.NewRoles(strings.Split(roles, ","))
	}
	return w, err
}

func listInvitations(ctx context.Context, c call) error {
	accounts, closeAccounts, err := openAccounts(ctx, c.lookup)
	if err != nil {
		return err
	}
	defer closeAccounts()
	table := tabwriter.NewWriter(c.out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "ID\tSTATE\tEXPIRES\tUSERNAME\tPLAN\tROLES\tCREATED BY\tUSED BY")
	for after := (account.InvitationPlace{}); ; {
		page, err := accounts.Invitations(ctx, after, account.MaxPage)
		if err != nil {
			return err
		}
		for _, i := range page {
			fmt.Fprintf(table, "%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\n", i.IDText(), accounts.StateOf(i), i.ExpiresAt.Format(time.RFC3339),
				cmp.Or(i.Name, "-"), i.Plan, i.Roles, person(i.CreatedBy, commandLine().Name), person(i.UsedBy, "-"))
			after = account.InvitationPlace{CreatedAt: i.CreatedAt, ID: i.ID}
		}
		if len(page) < account.MaxPage {
			return table.Flush()
		}
	}
}

// person shows a user, or the word for nobody.
func person(p account.Person, nobody string) string {
	if p.ID == 0 {
		return nobody
	}
	return cmp.Or(p.Name, fmt.Sprintf("user id %d", p.ID))
}

func withdrawInvitation(ctx context.Context, c call) error {
	accounts, closeAccounts, err := openAccounts(ctx, c.lookup)
	if err != nil {
		return err
	}
	defer closeAccounts()
	id, err := account.ParseInvitationID(c.args[0])
	if err == nil {
		err = accounts.WithdrawInvitation(ctx, commandLine(), id)
	}
	switch {
	case errors.Is(err, account.ErrNoInvitation):
		return fmt.Errorf("there is no invitation %q, or it was withdrawn before", c.args[0])
	case errors.Is(err, account.ErrInvitationUsed):
		return errors.New("somebody has registered with this invitation already")
	case err != nil:
		return err
	}
	fmt.Fprintf(c.out, "Invitation %s is withdrawn.\n", c.args[0])
	return nil
}
