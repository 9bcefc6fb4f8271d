package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"strings"

	"tallygate/auth-service/internal/account"
	"tallygate/kit/env"
)

// importUsers adds users of another system, one line each: the name, white space, the hash of the password. Names that
// are taken are left as they are, so an import that broke off can be started anew.
func importUsers(ctx context.Context, lookup env.Lookup, std streams) error {
	accounts, closeAccounts, err := openAccounts(ctx, lookup)
	if err != nil {
		return err
	}
	defer closeAccounts()
	added, present, line := 0, 0, 0
	lines := bufio.NewScanner(std.in)
	for lines.Scan() {
		line++
		fields := strings.Fields(lines.Text())
		if len(fields) == 0 {
			continue
		}
		if len(fields) != 2 {
			return fmt.Errorf("line %d: has to be a name and a hash (%d users were imported before it)", line, added)
		}
		_, err := accounts.ImportUser(ctx, commandLine(), fields[0], fields[1])
		switch {
		case err == nil:
			added++
		case errors.Is(err, account.ErrNameTaken):
			present++
		default:
			return fmt.Errorf("line %d: %w (%d users were imported before it)", line, err, added)
		}
	}
	fmt.Fprintf(std.out, "%d users imported, %d were there before.\n", added, present)
	return lines.Err()
}
