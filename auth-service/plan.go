package main

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"text/tabwriter"

	"tallygate/auth-service/internal/account"
	"tallygate/kit/rate"
)

func planCommands() []command {
	name := []string{"NAME"}
	return []command{
		{noun: "plan", verb: "list", help: "list the plans and what they allow", run: listPlans},
		{
			noun: "plan", verb: "set", args: name, run: setPlan,
			flags: []string{"-month N", "-day N", "-rates ROUTE=10/s:BURST,…", "-in-flight N"},
			help:  "make a plan, or replace what it allows; what is left out has no limit",
		},
		{noun: "plan", verb: "delete", args: name, help: "delete a plan that nobody has", run: deletePlan},
	}
}

func listPlans(ctx context.Context, c call) error {
	accounts, closeAccounts, err := openAccounts(ctx, c.lookup)
	if err != nil {
		return err
	}
	defer closeAccounts()
	table := tabwriter.NewWriter(c.out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "NAME\tMONTH\tDAY\tIN FLIGHT\tRATES")
	for after := ""; ; {
		page, err := accounts.Plans(ctx, after, account.MaxPage)
		if err != nil {
			return err
		}
		for _, p := range page {
			after = p.Name.String()
			month := limitText(p.PerMonth)
			if p.Name == "" && p.PerMonth == nil {
				month = "MONTHLY_QUOTA"
			}
			fmt.Fprintf(table, "%s\t%s\t%s\t%s\t%s\n", p.Name, month, limitText(p.PerDay), limitText(p.InFlight), ratesText(p.Rates))
		}
		if len(page) < account.MaxPage {
			return table.Flush()
		}
	}
}

func limitText(limit *int64) string {
	if limit == nil {
		return "-"
	}
	return strconv.FormatInt(*limit, 10)
}

// ratesText is a list of rates as setPlan reads it.
func ratesText(rates []account.PlanRate) string {
	if len(rates) == 0 {
		return "-"
	}
	texts := make([]string, len(rates))
	for i, r := range rates {
		texts[i] = rate.Limit(r).String()
	}
	return strings.Join(texts, ",")
}

func setPlan(ctx context.Context, c call) error {
	limits, err := readLimits(c.flags)
	if err != nil {
		return err
	}
	accounts, closeAccounts, err := openAccounts(ctx, c.lookup)
	if err != nil {
		return err
	}
	defer closeAccounts()
	p, created, err := accounts.PutPlan(ctx, commandLine(), c.args[0], limits, nil)
	switch {
	case errors.Is(err, account.ErrTooManyPlans):
		return fmt.Errorf("there are %d plans already, or they have too many rates together", account.MaxPlans)
	case err != nil:
		return reasonOf(err)
	case created:
		fmt.Fprintf(c.out, "The plan %s is new.\n", p.Name)
	default:
		fmt.Fprintf(c.out, "The plan %s is replaced.\n", p.Name)
	}
	return nil
}

func readLimits(flags map[string]string) (l account.Limits, err error) {
	for name, into := range map[string]**int64{"-month": &l.PerMonth, "-day": &l.PerDay, "-in-flight": &l.InFlight} {
		text, given := flags[name]
		if !given {
			continue
		}
		if *into, err = readCount(name, text); err != nil {
			return l, err
		}
	}
	if text, given := flags["-rates"]; given {
		l.Rates, err = parseRates(text)
	}
	return l, err
}

// readCount reads the number of a flag, which may be 0.
func readCount(flag, text string) (*int64, error) {
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil || n < 0 {
		return nil, fmt.Errorf("%s: %q is not a whole number", flag, text)
	}
	return &n, nil
}

// parseRates reads a list like *=10/s:20,root=60/m.
func parseRates(text string) (rates []account.PlanRate, err error) {
	for one := range strings.SplitSeq(text, ",") {
		r, ok := rate.ParseLimit(one)
		if !ok {
			return nil, fmt.Errorf("-rates: %q is not %s", one, rate.AboutLimit)
		}
		rates = append(rates, account.PlanRate(r))
	}
	return rates, nil
}

func deletePlan(ctx context.Context, c call) error {
	accounts, closeAccounts, err := openAccounts(ctx, c.lookup)
	if err != nil {
		return err
	}
	defer closeAccounts()
	err = accounts.DeletePlan(ctx, commandLine(), c.args[0], nil)
	switch {
	case errors.Is(err, account.ErrPlanNotFound):
		return fmt.Errorf("there is no plan %q", c.args[0])
	case errors.Is(err, account.ErrPlanInUse):
		return fmt.Errorf("a user or an open invitation has the plan %q: give the user another one, or withdraw the invitation, first", c.args[0])
	case errors.Is(err, account.ErrDefaultPlan):
		return errors.New("the plan default is everybody's who has no other: it cannot be deleted")
	case err != nil:
		return err
	}
	fmt.Fprintf(c.out, "The plan %s is deleted.\n", c.args[0])
	return nil
}

func editUser(ctx context.Context, c call) error {
	var edit account.Edit
	if text, given := c.flags["-plan"]; given {
		name, err := account.NewPlanName(text)
		if err != nil {
			return reasonOf(err)
		}
		edit.Plan = &name
	}
	if text, given := c.flags["-roles"]; given {
		roles, err := account.NewRoles(splitNames(text))
		if err != nil {
			return reasonOf(err)
		}
		edit.Roles = &roles
	}
	if edit == (account.Edit{}) {
		return errors.New("nothing to change: give -plan or -roles")
	}
	accounts, closeAccounts, err := openAccounts(ctx, c.lookup)
	if err != nil {
		return err
	}
	defer closeAccounts()
	user, err := accounts.EditUserByName(ctx, commandLine(), c.args[0], edit)
	switch {
	case errors.Is(err, account.ErrNoUser):
		return fmt.Errorf("there is no user %q", c.args[0])
	case errors.Is(err, account.ErrNoPlan):
		return fmt.Errorf("there is no plan %q", c.flags["-plan"])
	case err != nil:
		return reasonOf(err)
	}
	has := "no roles"
	if user.Roles != "" {
		has = "the roles " + user.Roles.String()
	}
	fmt.Fprintf(c.out, "%s (user id %d) has the plan %s and %s.\n", user.Name, user.ID, user.Plan, has)
	return nil
}

// splitNames reads a list with commas; an empty text is an empty list.
func splitNames(list string) []string {
	if list == "" {
		return nil
	}
	return strings.Split(list, ",")
}
